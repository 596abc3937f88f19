"""Ask the three questions of the one look, and look at the chart's bars."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.monitor.chart import HEIGHT, LEFT, TOP, WIDTH, Hour, draw
from engine.monitor.look import look
from engine.monitor.overview import Destination, Overview, Trouble
from tests.monitor.sample import a_busy_day, a_calm_day

NOW = datetime(2026, 3, 14, 7, 20, tzinfo=UTC)


def waiting(name, minutes, code="", **counts):
    trouble = Trouble(code=code, text="x", at=NOW) if code else None
    return Destination(name=name, counts=counts or {"QUEUED": 2}, oldest=NOW - timedelta(minutes=minutes), trouble=trouble)


def tones(overview):
    return [answer.tone for answer in look(overview, "zh")]


def test_a_calm_day_is_good_in_all_three():
    assert tones(a_calm_day(NOW)) == ["good", "good", "good"]


def test_a_missing_message_is_bad_and_the_platform_engineers_turn():
    lost, _, turn = look(replace(a_calm_day(NOW), taken=a_calm_day(NOW).taken + 1), "zh")
    assert lost.tone == "bad"
    assert "相差 1 份" in lost.headline
    assert turn.headline == "平台工程师"


def test_a_message_counted_twice_is_bad_too():
    lost, _, _ = look(replace(a_calm_day(NOW), taken=a_calm_day(NOW).taken - 2), "en")
    assert lost.tone == "bad"
    assert lost.headline.startswith("2 ")


def test_deliveries_in_line_are_nothing_stuck():
    _, stuck, turn = look(Overview(now=NOW, destinations=(waiting("lab", 1),)), "zh")
    assert stuck.tone == "good"
    assert "2 个投递正常排队，最早的等了 1 分" in stuck.lines[0]
    assert turn.tone == "good"


def test_deliveries_that_wait_too_long_are_a_warning_with_the_name():
    _, stuck, turn = look(Overview(now=NOW, destinations=(waiting("lab", 12, "DST-101"), waiting("records", 0))), "zh")
    assert stuck.tone == "warn"
    assert stuck.headline == "2 个投递等待过久"
    assert "lab" in stuck.lines[0]
    assert "records" not in stuck.lines[0]
    assert turn.headline == "目的地系统"


def test_dead_deliveries_are_bad_and_the_operators_turn():
    gone = Destination(name="lab", counts={"DEAD": 3}, trouble=Trouble(code="DST-201", text="x", at=NOW))
    _, stuck, turn = look(Overview(now=NOW, destinations=(gone,)), "zh")
    assert stuck.tone == "bad"
    assert stuck.lines == ("目的地：lab。",)
    assert turn.headline == "值班人员"


def test_beside_dead_deliveries_those_that_wait_too_long_are_named_too():
    _, stuck, _ = look(a_busy_day(NOW), "zh")
    assert "referral-hospital" in stuck.lines[0]
    assert stuck.lines[1] == "另有等待过久：regional-lab，最早的等了 14 分 5 秒。"


def test_returned_documents_are_the_hospitals_turn_and_no_alarm():
    _, _, turn = look(Overview(now=NOW, today={"INVALID": 4}), "zh")
    assert turn.tone == "warn"
    assert turn.headline == "医院"


def test_several_turns_name_the_gravest_first_and_list_all():
    _, _, turn = look(a_busy_day(NOW), "zh")
    assert turn.headline == "值班人员等 4 方"
    assert len(turn.lines) == 4
    _, _, english = look(a_busy_day(NOW), "en")
    assert english.headline == "Operator and 3 more"


def hours(*totals):
    return [Hour(start=NOW + timedelta(hours=number), good=total) for number, total in enumerate(totals)]


@pytest.mark.parametrize(
    ("peak", "top"),
    [(0, 1), (1, 1), (5, 5), (6, 6), (11, 15), (99, 100), (999, 1000), (1017, 1250), (2400, 2500), (30_001, 35_000)],
)
def test_the_grid_has_few_lines_and_round_numbers(peak, top):
    lines = draw(hours(peak)).lines
    assert len(lines) <= 6
    assert lines[0].value == 0
    assert lines[-1].value >= peak
    assert lines[-1].value <= max(top, 1) * 1.2


def test_bars_stay_within_the_drawing_and_stack_without_gaps():
    chart = draw([Hour(start=NOW, good=70, invalid=20, error=10), *hours(100, 0, 3)])
    for bar in chart.bars:
        assert bar.x >= LEFT
        assert bar.x + bar.width <= WIDTH
        for piece in bar.pieces:
            assert piece.y >= TOP
            assert piece.y + piece.height <= HEIGHT
    good, invalid, error = chart.bars[0].pieces
    assert invalid.y + invalid.height == pytest.approx(good.y)
    assert error.y + error.height == pytest.approx(invalid.y)
    assert chart.bars[2].pieces == ()


def test_an_hour_with_one_message_can_be_seen_beside_one_with_many():
    assert draw(hours(90_000, 1)).bars[1].pieces[0].height >= 1


def test_labels_stand_every_three_hours_of_shanghai():
    chart = draw([Hour(start=datetime(2026, 3, 13, 16, tzinfo=UTC) + timedelta(hours=n)) for n in range(24)])
    assert [bar.label for bar in chart.bars if bar.label] == [f"{hour:02}:00" for hour in range(0, 24, 3)]
