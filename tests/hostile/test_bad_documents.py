"""Send wrong documents, wrong persons and wrong words to a running engine."""

import re
from dataclasses import replace

import pytest

from tests.hostile.cases import hold
from tests.hostile.document_cases import CASES
from tests.hostile.site import result_of
from tests.support.stores import until


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_wrong_document_is_refused_with_place_and_cure_or_taken_as_the_rules_say(site, case):
    hold(site, case)


def test_no_number_of_a_sender_becomes_a_file_name(site):
    """BI-264: reports with hostile numbers are written to the archive folder under receipts alone."""
    # Numbers that no other case of this engine has used, for a used one would be a conflict and go nowhere.
    numbers = ("../../../file", "AUX", "/etc/file", "...", "b\\..\\file", "nul\u3000")
    results = [result_of(site.upload(replace(site.paper("C0007"), number=number))) for number in numbers]
    assert {result["status"] for result in results} == {"accepted"}
    receipts = [result["receipt"] for result in results]
    outbox = site.engine.data / "outbox"
    until(lambda: all(list(outbox.rglob(f"*{receipt}*")) for receipt in receipts))
    assert all(re.fullmatch(r"\d{8}-[0-9a-z]{12}-[0-9a-f]{8}\.xml", path.name) for path in outbox.rglob("*") if path.is_file())
    site.mark()
    site.check_well()
