"""Ask the three questions of the one look, and look at the chart's bars."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.monitor.chart import HEIGHT, LEFT, TOP, WIDTH, Hour, draw
from engine.monitor.curves import draw_backlog, draw_latency
from engine.monitor.look import Said, look
from engine.monitor.overview import Destination, Overview, Trouble
from engine.store.backlog import Backlog, Checked
from engine.store.latency import BUCKETS
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
    assert "2 个投递正常排队，最早的等了 1 分" in stuck.lines[0].text
    assert turn.tone == "good"


def test_deliveries_that_wait_too_long_are_a_warning_with_the_name():
    _, stuck, turn = look(Overview(now=NOW, destinations=(waiting("lab", 12, "DST-101"), waiting("records", 0))), "zh")
    assert stuck.tone == "warn"
    assert stuck.headline == "2 个投递等待过久"
    assert "lab" in stuck.lines[0].text
    assert "records" not in stuck.lines[0].text
    assert turn.headline == "目的地系统"


def test_dead_deliveries_are_bad_and_the_operators_turn():
    gone = Destination(name="lab", counts={"DEAD": 3}, trouble=Trouble(code="DST-201", text="x", at=NOW))
    _, stuck, turn = look(Overview(now=NOW, destinations=(gone,)), "zh")
    assert stuck.tone == "bad"
    assert stuck.lines == (Said("目的地：lab。", "/waiting?show=dead"),)
    assert turn.headline == "值班人员"


def test_beside_dead_deliveries_those_that_wait_too_long_are_named_too():
    _, stuck, _ = look(a_busy_day(NOW), "zh")
    assert "referral-hospital" in stuck.lines[0].text
    assert stuck.lines[1].text == "另有等待过久：regional-lab，最早的等了 14 分 5 秒。"


def test_returned_documents_are_the_hospitals_turn_and_no_alarm():
    _, _, turn = look(Overview(now=NOW, refused=4), "zh")
    assert turn.tone == "warn"
    assert turn.headline == "医院"


def test_several_turns_name_the_gravest_first_and_list_all():
    _, _, turn = look(a_busy_day(NOW), "zh")
    assert turn.headline == "平台运维等 6 方"
    assert len(turn.lines) == 6
    _, _, english = look(a_busy_day(NOW), "en")
    assert english.headline == "Platform operations and 5 more"


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
    chart = draw([Hour(start=NOW, good=70, invalid=20, error=10, sent=60, failed=30), *hours(100, 0, 3)])
    for slot in chart.slots:
        for bar in (slot.taken, slot.out):
            assert bar.x >= slot.x >= LEFT
            assert bar.x + bar.width <= slot.x + slot.width <= WIDTH
            for piece in bar.pieces:
                assert piece.y >= TOP
                assert piece.y + piece.height <= HEIGHT
        assert slot.taken.x + slot.taken.width <= slot.out.x
    good, invalid, error = chart.slots[0].taken.pieces
    assert invalid.y + invalid.height == pytest.approx(good.y)
    assert error.y + error.height == pytest.approx(invalid.y)
    assert [piece.kind for piece in chart.slots[0].out.pieces] == ["sent", "failed"]
    assert chart.slots[2].taken.pieces == ()
    assert (chart.total, chart.sent, chart.failed, chart.peak) == (203, 60, 30, 100)


def test_an_hour_with_one_message_can_be_seen_beside_one_with_many():
    assert draw(hours(90_000, 1)).slots[1].taken.pieces[0].height >= 1


def test_more_deliveries_than_messages_stay_within_the_drawing_too():
    (slot,) = draw([Hour(start=NOW, good=3, sent=900)]).slots
    assert slot.out.pieces[0].y >= TOP


def test_labels_stand_every_six_hours_of_shanghai():
    chart = draw([Hour(start=datetime(2026, 3, 13, 16, tzinfo=UTC) + timedelta(hours=n)) for n in range(24)])
    assert [slot.label for slot in chart.slots if slot.label] == [f"{hour:02}:00" for hour in range(0, 24, 6)]


def points(curve):
    return [tuple(float(part) for part in point.split(",")) for point in curve.points.split()]


def test_what_waited_is_drawn_by_lane_and_breaks_where_nobody_took_notes():
    start = NOW.replace(minute=0)
    day = [Hour(start=start + timedelta(hours=number)) for number in range(3)]
    noted = [Backlog(start + timedelta(minutes=10 * number), "live", 10, 1) for number in (0, 1, 2, 9, 10)]
    drawn = draw_backlog(day, [*noted, Backlog(start, "history", 40, 1)])
    assert [one.kind for one in drawn.curves] == ["live", "live", "history", "dead", "dead"]
    assert drawn.latest == {"live": 10, "history": 40, "dead": 1}
    assert drawn.peak == 40
    assert points(drawn.curves[3])[0][1] < points(drawn.curves[4])[0][1], "two dead stand higher than one"
    for curve in drawn.curves:
        for x, y in points(curve):
            assert LEFT <= x <= WIDTH
            assert TOP <= y <= HEIGHT
    assert points(drawn.curves[0])[0][0] == LEFT
    assert draw_backlog((), ()).curves == ()


def test_latency_is_drawn_by_its_class_and_an_hour_without_deliveries_is_a_gap():
    day = [Hour(start=NOW + timedelta(hours=n), p50=0.3, p95=value) for n, value in enumerate((1.0, 3600.0))]
    day += [Hour(start=NOW + timedelta(hours=2)), Hour(start=NOW + timedelta(hours=3), p50=0.05, p95=0.05)]
    drawn = draw_latency(day)
    assert [one.kind for one in drawn.curves] == ["p95", "p95", "p50", "p50"]
    first, second = points(drawn.curves[0])
    assert second[1] < first[1], "slower stands higher"
    assert BUCKETS[drawn.latest["p95"]] == 0.05
    assert BUCKETS[drawn.peak] == 3600.0


def test_each_turn_says_where_one_acts():
    _, _, turn = look(a_busy_day(NOW), "zh")
    assert [line.address for line in turn.lines] == [
        "#processes", "/waiting?show=dead", "/messages?state=ERROR", "/waiting?show=retrying", "#hospitals",
        "/messages?state=INVALID&from=2026-03-14",
    ]  # fmt: skip


def test_the_sum_says_when_it_was_held_against_the_rows():
    lost, _, _ = look(a_calm_day(NOW), "zh")
    assert lost.lines[-1].text == "按行核对于 10:20:00，相符。"
    lost, _, _ = look(replace(a_calm_day(NOW), checked=Checked(NOW, 3)), "en")
    assert "3 differences" in lost.lines[-1].text
    lost, _, _ = look(replace(a_calm_day(NOW), checked=None), "zh")
    assert "还没有按行核对过" in lost.lines[-1].text
