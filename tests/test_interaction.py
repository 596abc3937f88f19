"""A message of an interaction service is told from a document by its type alone."""

import pytest

from engine.documents.catalogue import Catalogue
from engine.documents.hl7.services import HIP, REGIONAL
from engine.interaction import UNKNOWN, is_message
from tests.support.engine import ROOT


@pytest.mark.parametrize("kind", [*HIP, *REGIONAL, UNKNOWN])
def test_every_interaction_is_a_message(kind):
    assert is_message(kind)


def test_no_document_is_a_message():
    kinds = Catalogue.load(ROOT / "xsd" / "catalogue.yaml").types
    assert [kind for kind in (*kinds, "", "C9999", "S1", "S00011", "s0001", "hip", "local-01") if is_message(kind)] == []
