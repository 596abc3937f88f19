"""Send wrong documents, wrong persons and wrong words to a running engine."""

import pytest

from tests.hostile.cases import hold
from tests.hostile.document_cases import CASES


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_wrong_document_is_refused_with_place_and_cure_or_taken_as_the_rules_say(site, case):
    hold(site, case)
