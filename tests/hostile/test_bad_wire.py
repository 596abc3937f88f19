"""Send bad HTTP, bad envelopes and bad credentials to a running engine."""

import pytest

from tests.hostile.cases import hold
from tests.hostile.wire_cases import CASES


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_bad_on_the_wire_is_refused_as_a_fault_and_nothing_is_stored(site, case):
    hold(site, case)
