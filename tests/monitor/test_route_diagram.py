"""A route is drawn from its file: boxes one under the other, branches to its destinations, nothing on top of anything else."""

from itertools import pairwise

import pytest

from engine.app.house import load_house
from engine.monitor.diagram import WIDTH, cut, draw_route
from engine.monitor.texts import speaker
from engine.settings import load_settings


@pytest.fixture(scope="module")
def routes():
    return load_house(load_settings({}, {})).book.routes


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_box_of_any_route_lies_on_another_or_outside(routes, language):
    for route in routes.values():
        drawn = draw_route(route, language, speaker(language))
        boxes = [*drawn.boxes, *drawn.branches]
        assert len(boxes) == 1 + len(route.steps) + len(route.sends) + bool(route.answer_path), route.name
        for upper, lower in pairwise(boxes):
            assert upper.y + drawn.high < lower.y, route.name
        assert all(box.x > 0 and box.x + box.width < WIDTH for box in boxes)
        assert boxes[-1].y + drawn.high < drawn.height
        assert drawn.trunk[1:] == (drawn.boxes[-1].y + drawn.high, drawn.branches[-1].middle)
        assert len(drawn.arrows) == len(drawn.boxes) - 1


def test_a_long_text_is_cut_by_its_width_and_kept_in_full():
    assert cut("short", 10) == "short"
    assert cut("一二三四五六", 8) == "一二三…"
    assert cut("abcdefghij", 8) == "abcdefg…"


def test_many_keys_are_counted(routes):
    source = draw_route(routes["progress-notes"], "en", speaker("en")).boxes[0]
    assert "15 in all" in source.line
