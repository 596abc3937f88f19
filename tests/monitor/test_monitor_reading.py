"""Read the overview from a real store, SQLite and PostgreSQL, and press its buttons."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from engine.app.checking import checked
from engine.message import SHANGHAI
from engine.monitor.overviewarchive import OverviewArchive
from engine.monitor.reading import Archive
from engine.services.audit import Audit
from engine.store import tables
from engine.store.backlog import backlog_note, note
from engine.store.dead import blocked, dead, is_dead
from engine.store.entries import Order
from engine.store.hours import fold, hour_count, hourly
from engine.store.journal import Journal
from engine.store.queue import Queue, Settlement
from tests.store.conftest import database, url  # noqa: F401 # the same empty databases as the store's own tests
from tests.store.samples import entry
from tests.support.seals import SEAL

NOW = datetime(2026, 3, 14, 7, 20, 41, tzinfo=UTC)


@pytest.fixture
def archive(database):  # noqa: F811 # the fixture of that name is meant
    seal = SEAL
    return Archive(database, Journal(database, seal), Queue(database, seal))


NAMES = {"H1": "长春测试医院", "H2": "吉林示例医院"}


def overview_of(archive, now=NOW):
    return OverviewArchive(archive.database, archive.queue, lambda: NAMES).read(now)


def file(archive, *entries):
    with archive.database.write() as connection:
        return archive.journal.file(connection, entries)


def at(number, *, minutes=0, state="ROUTED", code="0", orders=()):
    """Invent an entry received `minutes` before NOW."""
    received = NOW - timedelta(minutes=minutes)
    receipt = f"{received.astimezone(SHANGHAI):%Y%m%d}-{number:012d}"
    made = entry(f"D{number}", f"content {number}")
    return replace(made, receipt=receipt, received=received, state=state, code=code, orders=orders)


def settle(archive, state, code="", text="", *, now=NOW, only=None):
    """Claim what may be sent and settle it all the same way; gives the receipts."""
    with archive.database.write() as connection:
        claimed = archive.queue.claim(connection, worker="w", now=now, lease=60, limit=50, destinations=only)
        done = [Settlement(claimed=c, state=state, now=now, error_code=code, error_text=text, due=now) for c in claimed]
        archive.queue.settle(connection, done)
    return [one.receipt for one in claimed]


def test_an_empty_store_is_a_calm_overview(archive):
    overview = overview_of(archive)
    assert overview.taken == overview.accounted == 0
    assert overview.destinations == overview.dead == overview.backlog == overview.processes == []
    assert overview.checked is None
    assert [(one.lane, one.taken, one.waiting, one.oldest) for one in overview.lanes] == [
        ("live", 0, 0, None),
        ("history", 0, 0, None),
    ]
    assert [one.code for one in overview.hospitals] == ["H1", "H2"]
    assert len(overview.hours) == 24
    assert archive.waiting() == ({}, {})


def test_counts_of_today_and_of_all_time_are_told_apart(archive):
    file(
        archive,
        at(1, minutes=5),
        at(2, minutes=10, state="INVALID", code="SND-331"),
        at(3, minutes=9, state="ERROR", code="ENG-000"),
    )
    file(archive, at(4, minutes=16 * 60), at(5, minutes=15 * 60, state="FILTERED"), at(6, minutes=60 * 24 * 40))
    overview = overview_of(archive)
    assert overview.taken == overview.accounted == 6
    assert overview.difference == 0
    assert overview.total == {"ROUTED": 3, "INVALID": 1, "FILTERED": 1, "ERROR": 1, "DISCARDED": 0}
    # Midnight in Shanghai was 15 h 20 min before NOW.
    assert overview.today == {"ROUTED": 1, "INVALID": 1, "FILTERED": 1, "ERROR": 1, "DISCARDED": 0}
    assert overview.taken_today == 4


def test_hours_are_counted_by_state_and_cover_a_day(archive):
    file(archive, at(1, minutes=1), at(2, minutes=2, state="INVALID", code="SND-331"), at(3, minutes=70), at(4, minutes=60 * 30))
    hours = overview_of(archive).hours
    assert [(hour.start, hour.good, hour.invalid, hour.error) for hour in hours[-2:]] == [
        (datetime(2026, 3, 14, 6, tzinfo=UTC), 1, 0, 0),
        (datetime(2026, 3, 14, 7, tzinfo=UTC), 1, 1, 0),
    ]
    assert sum(hour.total for hour in hours) == 3
    assert hours[0].start == datetime(2026, 3, 13, 8, tzinfo=UTC)


def test_hours_before_and_after_are_left_out(archive):
    file(archive, at(1, minutes=30), at(2, minutes=90), at(3, minutes=1), at(4, minutes=31, state="FILTERED"))
    first = datetime(2026, 3, 14, 5, tzinfo=UTC)
    with archive.database.read() as connection:
        flows = hourly(connection, first, 2)
    assert [(flow.start, dict(flow.taken)) for flow in flows] == [
        (first, {("live", "ROUTED"): 1}),
        (first + timedelta(hours=1), {("live", "ROUTED"): 1, ("live", "FILTERED"): 1}),
    ]


def test_folding_changes_no_figure_and_forgets_hours_of_long_ago(archive):
    orders = (Order(destination="lab", key=""),)
    file(archive, at(1, minutes=1, orders=orders), at(2, minutes=70), at(3, minutes=60 * 24 * 9))
    settle(archive, "SENT")
    before = overview_of(archive)
    assert fold(archive.database, NOW) == 4
    assert fold(archive.database, NOW) == 0
    after = overview_of(archive)
    assert (after.hours, after.lanes, after.answering, after.today) == (
        before.hours,
        before.lanes,
        before.answering,
        before.today,
    )
    with archive.database.read() as connection:
        assert sum(connection.execute(sa.select(hour_count.c.number)).scalars()) == 3


def test_what_goes_out_is_counted_by_what_came_of_each_try_and_how_long_it_took(archive):
    orders = (Order(destination="lab", key=""), Order(destination="ward", key=""))
    file(archive, at(1, minutes=12, orders=orders), at(2, minutes=1, orders=orders))
    settle(archive, "QUEUED", "DST-101", "连接被拒绝", only=["ward"])
    settle(archive, "SENT", only=["lab"])
    settle(archive, "SENT", only=["ward"], now=NOW + timedelta(minutes=1))
    hour = overview_of(archive).hours[-1]
    assert (hour.good, hour.sent, hour.failed) == (2, 4, 2)
    # Due 1, 2, 12 and 13 minutes before they arrived.
    assert (hour.p50, hour.p95) == (120.0, 900.0)
    assert overview_of(archive).hours[-2].p50 is None


def test_lanes_are_told_apart(archive):
    order = (Order(destination="lab", key=""),)
    file(archive, at(1, minutes=3, orders=order), replace(at(2, minutes=70, orders=order), lane="history"))
    file(archive, replace(at(3, minutes=5, orders=order), lane="history"))
    live, history = overview_of(archive).lanes
    assert (live.taken, live.this_hour, live.waiting, live.oldest) == (1, 1, 1, NOW - timedelta(minutes=3))
    assert (history.taken, history.this_hour, history.waiting, history.oldest) == (2, 1, 2, NOW - timedelta(minutes=70))


def test_what_waited_is_noted_by_the_minute_and_shown_by_ten(archive):
    order = (Order(destination="lab", key=""),)
    note(archive.database, NOW - timedelta(days=9))
    for minutes in (21, 20, 1):
        file(archive, at(minutes, minutes=30, orders=order))
        note(archive.database, NOW - timedelta(minutes=minutes))
    note(archive.database, NOW - timedelta(minutes=1))
    found = [(one.start, one.waiting, one.dead) for one in overview_of(archive).backlog if one.lane == "live"]
    ten = datetime(2026, 3, 14, 7, 0, tzinfo=UTC)
    assert found == [(ten - timedelta(minutes=10), 1, 0), (ten, 2, 0), (ten + timedelta(minutes=10), 3, 0)]
    with archive.database.read() as connection:
        assert connection.execute(sa.select(sa.func.min(backlog_note.c.at))).scalar_one() == NOW - timedelta(minutes=21)


def test_the_last_comparison_with_the_rows_is_kept_with_what_it_found(archive):
    file(archive, at(1, minutes=1))
    assert checked(archive.database) == []
    overview = overview_of(archive, datetime.now(UTC))
    assert overview.checked.differences == 0
    assert overview.now - overview.checked.at < timedelta(minutes=1)
    with archive.database.write() as connection:
        connection.execute(sa.delete(tables.message))
    assert checked(archive.database) != []
    assert overview_of(archive).checked.differences > 0


def test_refused_today_are_those_that_are_refused_now(archive):
    file(archive, at(1, minutes=5, state="INVALID", code="SND-331"), at(2, minutes=60 * 20, state="INVALID", code="SND-331"))
    assert overview_of(archive).refused == 1
    with archive.database.write() as connection:
        connection.execute(sa.update(tables.message).values(state="ROUTED"))
    assert overview_of(archive).refused == 0
    assert overview_of(archive).today["INVALID"] == 1


def test_retried_deliveries_are_those_that_failed_and_are_not_dead(archive):
    for number, (name, state) in enumerate((("lab", "QUEUED"), ("ward", "UNKNOWN"), ("file", "DEAD"))):
        file(archive, at(number, orders=(Order(destination=name, key=""),)))
        settle(archive, state, "DST-101", "x", only=[name])
    file(archive, at(9, orders=(Order(destination="lab", key=""),)))
    overview = overview_of(archive)
    assert (overview.retrying, overview.waiting, overview.dead_count) == (2, 3, 1)


def test_a_destination_tells_what_waits_since_when_and_its_last_error(archive):
    orders = (Order(destination="lab", key="k1"), Order(destination="records", key=""))
    file(archive, at(1, minutes=4, orders=orders), at(2, minutes=2, orders=orders))
    settle(archive, "SENT", only=["records"])
    settle(archive, "QUEUED", "DST-101", "连接被拒绝", only=["lab"])
    lab, records = overview_of(archive).destinations
    assert (lab.name, lab.waiting, lab.dead) == ("lab", 2, 0)
    assert lab.oldest == NOW - timedelta(minutes=4)
    assert (lab.trouble.code, lab.trouble.text, lab.trouble.at) == ("DST-101", "连接被拒绝", NOW)
    assert (records.waiting, records.counts["SENT"], records.oldest, records.trouble) == (0, 2, None, None)
    waiting, oldest = archive.waiting()
    assert waiting == {"lab": 2, "records": 0}
    assert oldest["lab"] > 0


@pytest.fixture
def stuck(archive):
    """Give a store in which one delivery is dead and two of its key wait behind it."""
    orders = (Order(destination="lab", key="same-order"),)
    file(
        archive,
        *(at(n, minutes=9 - n, orders=orders) for n in range(1, 4)),
        at(4, orders=(Order(destination="lab", key="other"),)),
    )
    with archive.database.write() as connection:
        (first, second) = archive.queue.claim(connection, worker="w", now=NOW, lease=60, limit=9)
        archive.queue.settle(
            connection, [Settlement(claimed=first, state="DEAD", now=NOW, error_code="DST-201", error_text="缺少科室")]
        )
        archive.queue.settle(connection, [Settlement(claimed=second, state="SENT", now=NOW)])
    return archive


def test_a_dead_delivery_is_listed_with_what_waits_behind_it(stuck):
    overview = overview_of(stuck)
    (line,) = overview.dead
    assert (line.destination, line.attempts, line.behind) == ("lab", 1, 2)
    assert (line.trouble.code, line.trouble.text, line.trouble.at) == ("DST-201", "缺少科室", NOW)
    assert line.receipt.endswith("-000000000001")
    assert overview.destinations[0].blocked == 1
    assert overview.dead_unlisted == 0


def test_retrying_puts_a_dead_delivery_back_once_with_one_audit_row(stuck):
    line = overview_of(stuck).dead[0]
    assert stuck.retry(line.id, by="operator-1", peer="10.0.0.9") is True
    assert stuck.retry(line.id, by="operator-1", peer="10.0.0.9") is False
    overview = overview_of(stuck)
    assert overview.dead == []
    assert overview.destinations[0].counts == {"QUEUED": 3, "SENT": 1}
    assert [(row.reason, row.actor, row.peer, row.subject, row.count) for row in audited(stuck)] == [
        ("delivery retry", "operator-1", "10.0.0.9", str(line.id), 1)
    ]


def test_discarding_frees_the_key_and_keeps_the_reason_with_the_message(stuck):
    line = overview_of(stuck).dead[0]
    assert stuck.discard(line.id, by="operator-1", peer="10.0.0.9", reason="已电话更正") is True
    assert stuck.discard(line.id, by="operator-1", peer="10.0.0.9", reason="again") is False
    assert stuck.retry(line.id, by="operator-1", peer="10.0.0.9") is False
    with stuck.database.read() as connection:
        found = stuck.journal.find(connection, None, receipt=line.receipt)
    assert any("已电话更正" in event.detail and "operator-1" in event.detail for event in found.events)
    assert [row.reason for row in audited(stuck)] == ["delivery discard"]
    assert settle(stuck, "SENT", now=datetime.now(UTC) + timedelta(seconds=1))[0].endswith("-000000000002")


def test_only_a_dead_delivery_can_be_discarded_here(stuck):
    line = overview_of(stuck).dead[0]
    stuck.retry(line.id, by="operator-1", peer="")
    assert stuck.discard(line.id, by="operator-2", peer="", reason="stale page") is False
    with stuck.database.write() as connection:
        assert not is_dead(connection, line.id)
        assert not is_dead(connection, 987_654)


def audited(archive):
    with archive.database.read() as connection:
        return Audit().rows(connection, verdict="changed")


def test_dead_deliveries_of_several_destinations_are_listed_newest_first_up_to_the_limit(archive):
    for number, name in enumerate(("lab", "ward", "lab", "file")):
        file(archive, at(number, orders=(Order(destination=name, key=""),)))
        settle(archive, "DEAD", "DST-201", "no", now=NOW + timedelta(seconds=number))
    with archive.database.read() as connection:
        lines = dead(connection, SEAL, ["file", "lab", "ward"], limit=3)
        assert [line.destination for line in lines] == ["file", "lab", "ward"]
        assert blocked(connection, "lab") == 0
