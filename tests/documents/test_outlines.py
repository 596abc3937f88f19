"""An outline says what a schema allows in an element: children in order, attributes, text."""

from pathlib import Path

import pytest
from lxml import etree

from engine.documents.outlines import Outlines

XSD = Path(__file__).resolve().parents[2] / "xsd" / "clinical" / "clinical-document.xsd"
HEAD = 'xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


@pytest.fixture(scope="module")
def outlines():
    return Outlines(XSD)


def element(path):
    """Give the last of nested elements."""
    names = path.split("/")
    text = "".join(f"<{name} {HEAD}>" if not at else f"<{name}>" for at, name in enumerate(names))
    node = etree.fromstring(text + "".join(f"</{name.split()[0]}>" for name in reversed(names)))
    while len(node):
        node = node[0]
    return node


def test_children_come_in_the_order_of_the_schema_through_groups_and_includes(outlines):
    names = outlines.of(element("ClinicalDocument/component/structuredBody/component/section/entry/observation")).names
    assert names[:6] == ("realmCode", "typeId", "templateId", "id", "code", "derivationExpr")
    assert names[-4:] == ("entryRelationship", "reference", "precondition", "referenceRange")


def test_what_must_stand_is_told_from_a_choice(outlines):
    entry = outlines.of(element("ClinicalDocument/component/structuredBody/component/section/entry"))
    assert [c.name for c in entry.children if c.chosen][:2] == ["observation", "organizer"]
    media = element("ClinicalDocument/component/structuredBody/component/section/entry/observationMedia")
    assert [c.name for c in outlines.of(media).children if c.must] == ["value"]


def test_a_restricted_type_loses_what_it_prohibits(outlines):
    title = outlines.of(element("ClinicalDocument/title"))
    assert title.text
    assert "compression" not in title.attributes
    assert "qualifier" not in outlines.of(element("ClinicalDocument/code")).names


def test_an_xsi_type_changes_what_may_stand(outlines):
    path = "ClinicalDocument/component/structuredBody/component/section/entry/observation/value"
    assert outlines.of(element(path)).names == ()
    assert outlines.of(element(f'{path} xsi:type="IVL_PQ"')).names == ("translation", "low", "width", "high", "center")
    assert {"ST", "CD", "RTO_PQ_PQ"} <= set(outlines.kinds(element(path)))
    assert "ANY" not in outlines.kinds(element(path))


def test_an_unknown_element_has_an_empty_outline(outlines):
    assert outlines.of(element("ClinicalDocument/nothing/there")).names == ()
