"""Send bad packing, bad encodings and bad XML to a running engine."""

import gzip

import pytest

from engine.documents.packing import unpack_binary
from engine.errors import SenderError
from tests.hostile.cases import hold
from tests.hostile.content_cases import CASES, flipped


@pytest.mark.parametrize("case", CASES, ids=str)
def test_bad_content_is_refused_with_a_receipt_or_taken_as_the_rules_say(site, case):
    hold(site, case)


def test_a_flipped_bit_never_makes_another_document(site):
    """BI-108, over the wire at two hundred places of one document."""
    flipped(site)
    site.check_well()


def test_a_flipped_bit_at_any_place_of_two_kilobytes_is_found(site):
    """BI-108, at every place: refused by a code of packing, or the very same text."""
    paper = site.paper()
    whole = gzip.compress(paper.xml[:4500], mtime=0)[:]
    assert 1000 < len(whole) < 4000
    wrong = []
    for place in range(len(whole) * 8):
        broken = bytearray(whole)
        broken[place // 8] ^= 1 << (place % 8)
        try:
            same = unpack_binary(bytes(broken)).content == paper.xml[:4500]
        except SenderError as refusal:
            same = refusal.code.startswith("SND-2")
        if not same:
            wrong.append(place)
    assert wrong == []
