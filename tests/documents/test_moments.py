"""Hold the question that every time in a document is asked, whether there is such a moment (times.format)."""

import pytest
from lxml import etree

from engine.documents.ruletests import REAL_MOMENT

_ASK = etree.XPath(REAL_MOMENT)


def real(value):
    return bool(_ASK(etree.Element("time", value=value)))


@pytest.mark.parametrize(
    "value",
    [
        "20240501", "20240501083000", "20240501235959", "20240131", "20240229", "20241231235959", "202405", "2024", "202405010830",
        "20240501083000.123", "20240501083000+0800", "20240229083000+0800", "09990101", "00010101000000", "20000229000000",
    ],
)  # fmt: skip
def test_a_moment_that_exists_holds(value):
    assert real(value)


@pytest.mark.parametrize(
    "value",
    [
        "20240001", "20241301", "20240500", "20240532", "20240431", "20230229", "19000229", "20240501240000", "20240501236000",
        "20240501235960", "20240501083000+1500", "2024050108300",
    ],
)  # fmt: skip
def test_a_moment_that_does_not_exist_fails(value):
    assert not real(value)


def test_a_time_without_value_is_not_asked():
    assert bool(_ASK(etree.Element("time")))
