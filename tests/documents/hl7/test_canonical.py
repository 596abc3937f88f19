"""Hold the canonical form: values out of it, answers into it, and nothing else."""

import pytest

from engine.documents.hl7.canonical import NAMESPACE, answer_document, values_of
from engine.documents.reading import XmlDocument, open_document
from engine.errors import EngineError


def values(inner):
    return values_of(open_document(f'<request xmlns="{NAMESPACE}">{inner}</request>'.encode()))


def test_text_mappings_lists_and_bodies_become_plain_values():
    found = values(
        "<name> 甲 </name><birth/><phone>1</phone><phone>2</phone><place><city>长春</city></place>"
        '<entry><number>1</number><body><subject xmlns="urn:hl7-org:v3"><a xmlns:y="urn:y" b="1"/></subject></body></entry>'
    )
    assert found == {
        "name": "甲",
        "phone": ("1", "2"),
        "place": {"city": "长春"},
        "entry": ({"number": "1", "body": '<subject xmlns="urn:hl7-org:v3"><a b="1"/></subject>'},),
    }


@pytest.mark.parametrize("inner", ["<body/>", "<body><a/><b/></body>", '<a xmlns="urn:x"/>'])
def test_what_is_not_of_the_form_is_our_own_error(inner):
    with pytest.raises(EngineError):
        values(inner)


def test_another_root_is_our_own_error():
    with pytest.raises(EngineError, match="not <request"):
        values_of(open_document(b"<request/>"))


def test_an_answer_carries_its_facts_and_items_and_puts_bodies_back():
    body = '<subject xmlns="urn:hl7-org:v3"><a b="1"/></subject>'
    items = ({"name": "甲<&", "body": body, "frame": ({"total": 3}, {"total": 4}), "gone": None},)
    made = answer_document("S0004", "hospital", items, message_id="m", target="t", time="20260101", text="查到", total=7)
    root = open_document(made.content).root
    assert dict(root.attrib) == {
        "action": "S0004", "dialect": "hospital", "id": "m", "target": "t", "time": "20260101", "verdict": "AA", "text": "查到", "total": "7",
    }  # fmt: skip
    text = made.content.decode()
    assert "甲&lt;&amp;" in text
    assert '<subject xmlns="urn:hl7-org:v3"><a b="1"/></subject>' in text
    assert text.count("<frame>") == 2
    assert "gone" not in text


def test_a_body_that_is_no_xml_is_our_own_error():
    with pytest.raises(EngineError):
        answer_document("S0004", "hospital", ({"body": "<a"},))
    assert isinstance(answer_document("S0004", "hospital", ()), XmlDocument)
