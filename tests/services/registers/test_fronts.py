"""Two fronts write to the same registers in groups: nothing is lost, nothing happens twice, nobody waits for ever."""

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from random import Random

import pytest
from sqlalchemy import select

from engine.errors import SenderError, TryAgain
from engine.services.registers import lock_order
from engine.services.registers.entries import Entries
from engine.services.registers.tables import entry, version
from engine.store.database import Database
from engine.store.writer import Writer
from tests.services.registers.office import LI, PERSON, Office
from tests.support.seals import SEAL


class Front:
    """One process: registers and a writer that commits what has gathered, as the doors do."""

    def __init__(self, url, stack):
        self.database = stack.enter_context(closing(Database(url)))
        self.office = Office(self.database)
        self.writer = Writer(self.database)
        stack.callback(self.writer.stop)

    def handle(self, connection, messages):
        """Answer a group on one connection, in the order in which all fronts lock; a refusal is an answer."""
        answers = {}
        for message in sorted(messages, key=lock_order):
            try:
                answers[message.receipt] = self.office.registers[message.register](connection, message).text
            except SenderError as refusal:
                answers[message.receipt] = refusal.code
        return [answers[message.receipt] for message in messages]

    def send(self, message):
        return self.writer.submit(self.handle, message)


@pytest.fixture
def fronts(url):
    with ExitStack() as stack:
        yield [Front(url, stack) for _ in range(2)]


def settled(futures: list[Future]):
    return [future.result(timeout=30) for future in futures]


def test_in_one_group_a_later_message_sees_the_earlier_one(fronts):
    front = fronts[0]
    messages = [
        front.office.message("orders", "add", number="N1", body="a"),
        front.office.message("orders", "add", number="N1", body="b"),
        front.office.message("orders", "update", number="N1", body="c"),
        front.office.message("orders", "update", number="N2", body="d"),
        front.office.message("orders", "add", number="N2", body="d"),
    ]
    with front.writer.coming():
        futures = [front.send(message) for message in messages]
    assert settled(futures) == ["已登记", "SND-731", "已更新", "SND-732", "已登记"]
    assert front.office.ask("orders", "query", number="N1").items[0]["body"] == "c"


def test_of_two_fronts_that_add_one_number_at_once_one_is_taken(fronts):
    for turn in range(12):
        values = {"number": f"N{turn}", "patientId": "P1", "identity": LI, **PERSON}
        messages = [front.office.message("orders", "add", **values, body=str(place)) for place, front in enumerate(fronts)]
        told = settled([front.send(message) for front, message in zip(fronts, messages, strict=True)])
        assert sorted(told) == ["SND-731", "已登记"]
    assert fronts[0].office.ask("orders", "query", patientId="P1").total == 12


def test_updates_from_two_fronts_are_all_kept_as_versions(fronts):
    fronts[0].office.ask("orders", "add", number="N1", body="0")
    rounds = 15
    for turn in range(rounds):
        messages = [
            front.office.message("orders", "update", number="N1", body=f"{turn}-{place}") for place, front in enumerate(fronts)
        ]
        assert settled([front.send(message) for front, message in zip(fronts, messages, strict=True)]) == ["已更新"] * 2
    with fronts[0].database.read() as connection:
        assert connection.execute(select(entry.c.version)).scalar_one() == 2 * rounds + 1
        assert list(connection.execute(select(version.c.version).order_by(version.c.version)).scalars()) == list(
            range(1, 2 * rounds + 1)
        )
        entries = Entries(SEAL)
        one = entries.read(connection, "orders", "H1", entries.lookup("N1"))
        said = [each["body"] for each in entries.versions(connection, one)] + [one.values["body"]]
    assert sorted(said) == sorted(["0", *(f"{turn}-{place}" for turn in range(rounds) for place in range(2))])


def test_a_crowd_of_residents_visits_and_merges_conserves_everything(fronts):
    people, hospitals = 12, ("H1", "H2", "H3")
    wanted = []
    for number in range(people):
        for hospital in hospitals:
            values = {"patientId": f"P{number}", "name": f"测试患者{number}", "gender": "1", "birth": f"199003{number + 10}"}
            wanted.append(("residents", hospital, {**values, "healthCard": f"C{number}"}))
            wanted.append(
                ("orders", hospital, {**values, "number": f"N{number}", "healthCard": f"C{number}", "body": f"{number}"})
            )
    Random(5).shuffle(wanted)

    def work(place):
        front = fronts[place % 2]
        for register, hospital, values in wanted[place::8]:
            told = _sent(front, front.office.message(register, "add", hospital, **values))
            assert told == "已登记"

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    with ThreadPoolExecutor(8) as pool:
        merging = [(hospital, number) for hospital in hospitals for number in range(0, people, 2)]
        told = list(pool.map(lambda pair: _merge(fronts[pair[1] % 4 // 2], *pair), merging))
    assert set(told) == {"merged"}
    office = fronts[0].office
    for hospital in hospitals:
        assert office.ask("orders", "query", hospital, limit="200").total == people
        assert office.ask("orders", "query", hospital, patientId="P0").total == 2 * len(hospitals)
        assert office.ask("residents", "query", hospital, patientId="P1").items[0]["patientId"] == "P0"


def _merge(front, hospital, number):
    message = front.office.message("residents", "merge", hospital, survivorId=f"P{number}", obsoleteId=f"P{number + 1}")
    assert _sent(front, message) == f"已合并：P{number + 1} 并入 P{number}"
    return "merged"


def _sent(front, message):
    for _ in range(10):
        try:
            return front.send(message).result(timeout=30)
        except TryAgain:
            continue
    raise AssertionError("the store never took it")
