"""Each kind of rule opens one alert when its trouble starts and closes it when it ends, with its cause in words."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from engine.message import SHANGHAI
from engine.services.alerts.away import note_away
from engine.services.alerts.evidence import Outside
from engine.services.alerts.samples import take_sample
from engine.services.alerts.tables import sample
from engine.services.hospitalhealth import hospital_state
from engine.services.institutions import Institutions
from engine.services.institutions import certificate as certificates
from engine.store.journal import Journal
from engine.store.queue import Queue, Settlement
from engine.store.tables import message
from tests.store.samples import entry
from tests.support.seals import SEAL
from tests.support.watch import MORNING, rule

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def one(lines):
    (line,) = lines
    return line


def started_and_ended(watch, mend, *, subject, start, value=None, threshold=None):
    """See a trouble that is there start one alert, and end it once it is mended."""
    watch.judge()
    line = one(watch.open)
    assert (line.subject, line.closed) == (subject, None)
    for words in start:
        assert words in line.cause.zh + line.cause.en
    if value is not None:
        assert line.value == pytest.approx(value)
    if threshold is not None:
        assert line.threshold == pytest.approx(threshold)
    watch.judge(10)
    assert one(watch.open).number == line.number
    mend()
    watch.judge(10)
    assert watch.open == []
    assert (one(watch.closed).number, one(watch.closed).ended) == (line.number, "calm")
    watch.judge(10)
    assert len(watch.rows()) == 1


def filed(database, *entries):
    with database.write() as connection:
        Journal(database, SEAL).file(connection, list(entries))


def settled(database, state, now, code=""):
    queue = Queue(database, SEAL)
    with database.write() as connection:
        claimed = queue.claim(connection, worker="w", now=now, lease=60, limit=10)
        queue.settle(
            connection, [Settlement(claimed=c, state=state, now=now, due=now, error_code=code, error_text="") for c in claimed]
        )
    return claimed


def test_a_delivery_that_waits_too_long(watch):
    filed(watch.database, entry(received=MORNING - timedelta(minutes=6)))
    settled(watch.database, "QUEUED", MORNING, "DST-101")
    watch.by(late=rule("waiting-age", older_than="5m"))
    started_and_ended(
        watch, lambda: settled(watch.database, "SENT", watch.now),
        subject="destination archive", start=("6 分", "DST-101", "6 min"), value=360, threshold=300,
    )  # fmt: skip


def test_dead_deliveries_are_no_waiting_ones(watch):
    filed(watch.database, entry(received=MORNING - timedelta(minutes=6)))
    (claimed,) = settled(watch.database, "DEAD", MORNING, "DST-202")
    watch.by(late=rule("waiting-age", older_than="5m"), dead=rule("dead-deliveries", more_than=0))

    def discard():
        with watch.database.write() as connection:
            Queue(watch.database, SEAL).discard(connection, claimed.id, "测试", "tester", watch.now)

    started_and_ended(watch, discard, subject="destination archive", start=("1 件投递已成死信", "DST-202"), value=1, threshold=0)


def test_only_the_destinations_that_are_named(watch):
    filed(watch.database, entry(received=MORNING - timedelta(minutes=6)))
    watch.by(late=rule("waiting-age", older_than="5m", destinations=["other"]))
    watch.judge()
    assert watch.rows() == []


def note(watch, worker, names, at=None):
    with watch.database.write() as connection:
        note_away(connection, worker, names, at or watch.now)


def test_a_breaker_that_is_open_for_any_worker(watch):
    watch.by(away=rule("breaker"))
    note(watch, "w1", ["his"])
    note(watch, "w2", ["his"])
    note(watch, "w1", [])
    started_and_ended(watch, lambda: note(watch, "w2", []), subject="destination his", start=("连续没有应答", "has not answered"))


def test_a_breaker_of_a_worker_that_is_gone_is_not_believed_for_ever(watch):
    watch.by(away=rule("breaker"))
    note(watch, "w1", ["his"])
    watch.judge()
    assert len(watch.open) == 1
    watch.judge(200)
    assert watch.open == []


def test_a_large_part_that_is_refused(watch):
    watch.samples("H1", [(MORNING - HOUR, 1000, 10)])
    watch.samples("H2", [(MORNING - HOUR, 1000, 10)])
    watch.count(taken__H1=1030, message__H1__ROUTED=1000, message__H1__INVALID=30)
    watch.count(taken__H2=1010, message__H2__ROUTED=990, message__H2__INVALID=20)
    watch.by(refused=rule("error-share", above=0.5, least=20))
    started_and_ended(
        watch, lambda: watch.count(taken__H1=100, message__H1__ROUTED=100), subject="institution H1",
        start=("30 份，拒收 20 份（66.7%）", "20 of 30"), value=2 / 3, threshold=0.5,
    )  # fmt: skip


def a_week(watch, institution, hourly, until=MORNING):
    """Write down the samples of seven days on which so many came in each hour, up to now."""
    start = datetime(2026, 11, 19, 0, 0, tzinfo=SHANGHAI)
    hours = int((until - start) / HOUR)
    watch.samples(institution, [(start + n * HOUR, 100 + n * hourly, 0) for n in range(hours + 1)])
    return 100 + hours * hourly


def last_came(watch, institution, at):
    filed(watch.database, entry(institution=institution, received=at, orders=()))
    with watch.database.read() as connection:
        assert connection.scalar(sa.select(sa.func.max(message.c.received)).where(message.c.institution == institution)) == at


def test_silence_of_an_institution_that_usually_sends(watch):
    watch.now = MORNING.replace(hour=13)
    total = a_week(watch, "H1", 10, MORNING.replace(hour=8))
    watch.samples("H1", [(MORNING.replace(hour=hour), total, 0) for hour in range(9, 13)])
    last_came(watch, "H1", MORNING.replace(hour=7, minute=50))
    watch.count(taken__H1=total - 1)
    watch.by(silent=rule("silence", longer_than="4h"))
    started_and_ended(
        watch, lambda: watch.count(taken__H1=1), subject="institution H1",
        start=("5 小时没有上传", "2026-11-26 07:50", "7 天上传过"), value=5 * 3600, threshold=4 * 3600,
    )  # fmt: skip


@pytest.mark.parametrize(("hour", "hourly"), [(11, 10), (21, 10), (13, 0)])
def test_no_silence_before_its_time_nor_at_night_nor_of_one_that_never_sends(watch, hour, hourly):
    watch.now = MORNING.replace(hour=hour)
    total = a_week(watch, "H1", hourly, MORNING.replace(hour=8))
    watch.samples("H1", [(MORNING.replace(hour=each), total, 0) for each in range(9, 22)])
    watch.count(taken__H1=total)
    watch.by(silent=rule("silence", longer_than="4h"))
    watch.judge()
    assert watch.rows() == []


def test_silence_still_ends_at_night_when_documents_come(watch):
    watch.now = MORNING.replace(hour=19, minute=50)
    total = a_week(watch, "H1", 10, MORNING.replace(hour=8))
    watch.samples("H1", [(MORNING.replace(hour=hour), total, 0) for hour in range(9, 20)])
    watch.count(taken__H1=total)
    watch.by(silent=rule("silence", longer_than="4h"))
    watch.judge()
    assert len(watch.open) == 1
    watch.judge(3600)
    assert [(line.ended, line.closed) for line in watch.closed] == [("calm", watch.now)]


@pytest.mark.parametrize(("came", "words", "threshold"), [(6, "最近一小时收到 6 份", 0.2), (700, "700 documents came", 5.0)])
def test_a_rate_far_below_or_above_the_usual(watch, came, words, threshold):
    total = a_week(watch, "H1", 60)
    watch.count(taken__H1=total - 60 + came)
    watch.by(rate=rule("rate", below=0.2, above=5.0))

    def usual():
        watch.count(taken__H1=60 - came)

    started_and_ended(
        watch, usual, subject="institution H1", start=(words, "约 60 份"), value=came / 60, threshold=threshold
    )  # fmt: skip


def test_a_rate_is_not_judged_without_figures_of_enough_days(watch):
    watch.samples("H1", [(MORNING - HOUR, 1000, 0)])
    watch.count(taken__H1=1000)
    watch.by(rate=rule("rate", below=0.2))
    watch.judge()
    assert watch.rows() == []


def test_the_certificate_of_our_own_ports(watch):
    watch.outside = Outside(disk_free=50, disk_total=100, certificate_until=MORNING + 20 * DAY)
    watch.by(month=rule("certificate", within="30d"), week=rule("certificate", within="7d", severity="critical"))

    def renew():
        watch.outside = Outside(disk_free=50, disk_total=100, certificate_until=MORNING + 400 * DAY)

    started_and_ended(watch, renew, subject="platform-certificate", start=("还有 20 天", "in 20 d"), value=20, threshold=30)


def test_the_latest_client_certificate_of_an_institution_counts(watch):
    Institutions(watch.database, SEAL).add("H1", "测试医院", "hospital", "a-password-for-tests")

    def enter(fingerprint, until):
        row = {"fingerprint": fingerprint, "institution": "H1", "subject": "CN=H1", "not_after": until, "added": MORNING}
        with watch.database.write() as connection:
            connection.execute(sa.insert(certificates), row)

    enter("a", MORNING - HOUR)
    watch.by(ends=rule("certificate", within="30d"))
    started_and_ended(
        watch,
        lambda: enter("b", MORNING + 300 * DAY),
        subject="client-certificate H1",
        start=("已于 2026-11-26 09:00 到期", "It ended"),
    )


def test_the_certificate_of_a_hospitals_service(watch):
    def shown(until):
        row = {"institution": "H2", "last_outcome": "", "wsdl_words": "", "certificate_until": until}
        with watch.database.write() as connection:
            connection.execute(sa.delete(hospital_state))
            connection.execute(sa.insert(hospital_state), row)

    shown(MORNING + 3 * DAY)
    watch.by(ends=rule("certificate", within="7d", of=["hospitals"]))
    started_and_ended(watch, lambda: shown(MORNING + 90 * DAY), subject="hospital-certificate H2", start=("还有 3 天",), value=3)


def test_a_disk_that_fills_up(watch):
    watch.outside = Outside(disk_free=5 << 30, disk_total=100 << 30)
    watch.by(disk=rule("disk", below=0.1))

    def free():
        watch.outside = Outside(disk_free=60 << 30, disk_total=100 << 30)

    started_and_ended(watch, free, subject="disk", start=("剩余 5.0 GiB，占 5%", "5.0 GiB are free"), value=0.05, threshold=0.1)


def test_books_that_differ(watch):
    watch.count(taken__H1=3, message__H1__ROUTED=2)
    watch.by(books=rule("conservation"))
    started_and_ended(
        watch, lambda: watch.count(message__H1__ERROR=1), subject="store", start=("已接收 3 份，五种状态合计 2 份",), value=1
    )


def test_workers_that_give_no_sign_of_life_are_missed_by_the_clock(watch):
    watch.alive(worker=MORNING - timedelta(minutes=5), clock=MORNING)
    watch.by(still=rule("standstill", longer_than="2m"))
    started_and_ended(
        watch, lambda: watch.alive(worker=watch.now), subject="worker", start=("最后一次动静在 2026-11-26 09:55",), value=300
    )


def test_a_clock_that_gives_no_sign_of_life_is_missed_by_a_worker(watch):
    watch.alive(worker=MORNING, clock=MORNING - timedelta(minutes=5))
    watch.by(still=rule("standstill", longer_than="2m"))
    watch.process().watch(watch.now)
    line = one(watch.open)
    assert (line.subject, line.value) == ("clock", 300)
    watch.judge(10)
    assert one(watch.open).number == line.number, "the clock leaves to the workers what is about itself"
    watch.alive(clock=watch.now)
    watch.process().watch(watch.now + timedelta(seconds=10))
    assert watch.open == []


def test_samples_are_taken_once_a_slot_and_those_of_full_hours_are_kept_longer(watch):
    watch.count(taken__H1=7, message__H1__INVALID=2)
    for minutes in (0, 1, 4, 5, 60, 65):
        with watch.database.write() as connection:
            take_sample(connection, MORNING + timedelta(minutes=minutes))
    with watch.database.read() as connection:
        rows = list(connection.execute(sa.select(sample).order_by(sample.c.at)))
    assert [(row.at - MORNING, row.taken, row.refused) for row in rows] == [(timedelta(minutes=n), 7, 2) for n in (0, 5, 60, 65)]
    with watch.database.write() as connection:
        take_sample(connection, MORNING + timedelta(hours=8))
    with watch.database.read() as connection:
        kept = list(connection.execute(sa.select(sample.c.at).order_by(sample.c.at)).scalars())
    assert [at.astimezone(UTC) - MORNING for at in kept] == [timedelta(), HOUR, 8 * HOUR]
    with watch.database.write() as connection:
        take_sample(connection, MORNING + timedelta(days=10))
    with watch.database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(sample)) == 1
