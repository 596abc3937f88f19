"""What was counted along a route becomes figures that a person can read."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.monitor.routefigures import POINTS, arrivals_of, curves_of, figures_of, hours_of, rate_of, times_of
from engine.monitor.routes import lasting, spark
from engine.store.routecounts import RouteKey, bucket_of, slot_of

NOW = datetime(2026, 3, 2, 4, 3, tzinfo=UTC)


def key(state="ROUTED", name="0", *, route="visit", at=NOW, seconds=0.02):
    return RouteKey(slot_of(at), route, state, name, bucket_of(seconds))


def test_messages_and_deliveries_are_counted_apart():
    found = figures_of({
        key(): 90, key("INVALID", "SND-331"): 6, key("INVALID", "SND-401"): 2, key("ERROR", "ENG-000"): 2, key("FILTERED"): 5,
        key("SENT", "archive", seconds=8): 70, key("DEAD", "DST-201", seconds=99): 1, key(route="other"): 4,
    })  # fmt: skip
    visit = found["visit"]
    assert (visit.taken, visit.errors, visit.sent, visit.dead) == (105, 10, 70, 1)
    assert visit.share == pytest.approx(10 / 105)
    assert visit.codes == (("SND-331", 6), ("SND-401", 2), ("ENG-000", 2)), "what went well is no error"
    assert visit.answered.p99 < 0.03
    assert 4 < visit.delivered.p50 <= 8 * 1.01, "a dead one did not arrive"
    assert (found["other"].taken, found["other"].delivered, found["other"].share) == (4, None, 0)


@pytest.mark.parametrize("seconds", [0.0007, 0.004, 0.037, 0.5, 3.3, 61, 4000, 200_000])
def test_a_percentile_is_right_within_a_fifth(seconds):
    times = times_of({bucket_of(seconds): 1000})
    assert times.p50 == pytest.approx(seconds, rel=0.3) or seconds < 0.001
    assert times.p50 <= times.p95 <= times.p99 <= seconds * 1.42 + 0.001


def test_percentiles_part_the_quick_from_the_slow():
    times = times_of({bucket_of(0.01): 960, bucket_of(2.0): 30, bucket_of(30.0): 10})
    assert times.p50 < 0.012
    assert times.p95 < 0.012
    assert 1.4 < times.p99 <= 2.1
    assert times_of({}) is None


def test_the_curve_covers_the_last_hour_and_the_rate_the_last_minutes():
    counted = {key(at=NOW - timedelta(minutes=5 * n)): n + 1 for n in range(20)} | {key("SENT", "archive"): 99}
    curve = curves_of(arrivals_of(counted), NOW)["visit"]
    assert curve == tuple(range(POINTS, 0, -1))
    assert rate_of(curve, NOW) == pytest.approx(3 / 8), "three messages in five minutes and three"
    assert curves_of(arrivals_of({key("SENT", "archive"): 9}), NOW) == {}


def test_hours_hold_what_came_in_them():
    first = NOW.replace(minute=0) - timedelta(hours=2)
    counted = {
        key(at=first): 3,
        key("INVALID", "SND-331", at=first): 1,
        key(at=NOW): 7,
        key("ERROR", "ENG-000", at=NOW): 2,
        key("SENT", "archive"): 9,
    }
    hours = hours_of(counted, first, 3)
    assert [(hour.good, hour.invalid, hour.error) for hour in hours] == [(3, 1, 0), (0, 0, 0), (7, 0, 2)]
    assert [hour.start for hour in hours] == [first + timedelta(hours=n) for n in range(3)]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.0123, "12 ms"), (0.9994, "999 ms"), (1.44, "1.4 s"), (42, "42 s"), (400, "6.7 min"), (7300, "2.0 h"), (200_000, "2.3 d")],
)
def test_a_time_is_told_with_the_precision_that_it_has(seconds, told):
    assert lasting(seconds) == told


def test_a_curve_of_nothing_lies_at_the_foot_and_one_of_something_reaches_the_top():
    assert {point.split(",")[1] for point in spark((0, 0, 0)).split()} == {"17.0"}
    points = spark((0, 5, 10)).split()
    assert [point.split(",")[0] for point in points] == ["0.0", "36.0", "72.0"]
    assert points[2].split(",")[1] == "1.0"
