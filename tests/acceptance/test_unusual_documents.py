"""Unusual but legal documents, written by hand in the habits of many vendors, are taken over SOAP; one mistake in them is not."""

from pathlib import Path

import pytest

from engine.documents.reading import open_document
from tests.clinical.twins import TWINS
from tests.support.hospital import Paper

pytestmark = [pytest.mark.xdist_group("acceptance-unusual"), pytest.mark.parametrize("engine", ["sqlite"], indirect=True)]

FOLDER = Path(__file__).resolve().parents[1] / "clinical" / "documents"


def kind_of(xml):
    return open_document(xml).root.find("{*}code").get("code")


def of_listed_type(hospital, name, xml, number):
    """Make a paper of a type that the platform lists; skip the test when it does not yet."""
    kind = kind_of((FOLDER / name).read_bytes())
    listed = {row["code"] for row in hospital.call("ListDocumentTypes")["types"]}
    if kind not in listed:
        pytest.skip(f"{kind} is not collected yet")
    return Paper(kind, number, xml)


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.xml")))
def test_a_hand_written_document_is_taken(ours, name):
    result = ours.upload(of_listed_type(ours, name, (FOLDER / name).read_bytes(), f"HAND-{name}"))
    assert (result["status"] in {"accepted", "accepted-with-warnings"}, result["code"]) == (True, "0"), result
    assert ours.receipt(result["receipt"])["state"] == "routed"


@pytest.mark.parametrize("twin", TWINS[::4], ids=str)
def test_its_twin_with_one_mistake_is_refused_with_the_same_words_over_soap(ours, twin):
    xml = twin.edited((FOLDER / twin.document).read_bytes().decode()).encode()
    result = ours.upload(of_listed_type(ours, twin.document, xml, f"TWIN-{twin.name}"))
    assert (result["status"], result["code"]) == ("rejected", twin.code)
    issue = result["issues"][0]
    assert (issue["path"], issue["message"]) == (twin.path, twin.message)
    assert twin.cure in issue["hint"]
