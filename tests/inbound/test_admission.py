"""Admission lets in who proves who it is, and tells everybody else the same after the same time."""

import asyncio
import ssl
import time
from datetime import timedelta
from pathlib import Path

import pytest

from engine.errors import SenderError, TryAgain
from engine.inbound.admission import Admission
from engine.inbound.calls import Address, Caller, Claims, Credential
from engine.inbound.credentials import identify
from engine.inbound.delays import Delays
from engine.services.access import Access
from engine.services.audit import Audit
from engine.services.institutions import Institutions
from engine.services.passwords import PasswordChecks
from engine.store.database import Database
from tests.support.databases import migrated_file
from tests.support.seals import SEAL

SECRET = "correct-horse-1"
PEMS = Path(__file__).resolve().parent.parent / "services" / "certificates"
ACCESS = Access.model_validate({"services": {"collection": {"callers": ["hospital"]}, "guide": {"callers": ["portal"]}}})
COLLECTION = Address(service="DataCollection", operation="Upload", institution="H1", peer="192.0.2.1")


def at(peer):
    return Address(service="DataCollection", operation="Upload", institution="H1", peer=peer)


def der(name):
    return ssl.PEM_cert_to_DER_cert((PEMS / name).read_text(encoding="ascii"))


def password(kind="wsse", institution="H1", secret=SECRET, **more):
    return Credential(kind=kind, institution=institution, secret=secret, **more)


def shown(name="hospital-a.pem"):
    return Credential(kind="certificate", certificate=der(name))


@pytest.fixture
def url(tmp_path):
    return migrated_file(tmp_path / "test.db")


@pytest.fixture
def database(url):
    opened = Database(url)
    yield opened
    opened.close()


@pytest.fixture
def institutions(database):
    """Register two hospitals, a portal, one that is disabled and one that has only applied."""
    register = Institutions(database, SEAL)
    for code, kind in (("H1", "hospital"), ("H2", "hospital"), ("P1", "portal"), ("H3", "hospital")):
        register.add(code, "测试机构", kind, SECRET)
    register.add("H4", "测试机构", password=SECRET, state="applied")
    register.disable("H3")
    register.certificate("H1", (PEMS / "hospital-a.pem").read_text(encoding="ascii"))
    return Institutions(database, SEAL)


class Door:
    """One admission with its audit, called from tests as if each call were a request."""

    def __init__(self, database, institutions, **options):
        self.database = database
        self.audit = Audit()
        self.admission = Admission(institutions, ACCESS, self.audit, self._write, **options)

    async def _write(self, note):
        with self.database.write() as connection:
            self.audit.write(connection, [note])

    def come(self, *found, address=COLLECTION):
        return asyncio.run(self.admission.admit(Claims(found), address))

    def refused(self, *found, address=COLLECTION):
        """Come and be refused: gives the error and the seconds it took."""
        began = time.perf_counter()
        with pytest.raises(SenderError) as refusal:
            self.come(*found, address=address)
        return refusal.value, time.perf_counter() - began

    def reasons(self):
        self.audit.flush(self.database)
        with self.database.read() as connection:
            rows = self.audit.rows(connection)
        return {(row.verdict, row.institution, row.reason): row.count for row in rows if row.verdict != "changed"}


@pytest.fixture
def door(database, institutions):
    made = Door(database, institutions)
    yield made
    made.admission.close()


@pytest.mark.parametrize("kind", ["wsse", "header", "basic"])
def test_a_right_password_in_any_form_is_admitted(door, kind):
    assert door.come(password(kind)) == Caller(institution="H1", kind="hospital")
    assert door.reasons() == {("admitted", "H1", "Upload"): 1}


def test_a_registered_certificate_is_admitted_alone_and_with_the_right_password(door):
    assert door.come(shown()).institution == "H1"
    assert door.come(shown(), password(), password("basic")).institution == "H1"


FAILURES = {
    "wrong-password": [password(secret="wrong-horse-12")],
    "unknown-institution": [password(institution="H9")],
    "institution-disabled": [password(institution="H3")],
    "institution-applied": [password(institution="H4")],
    "given-twice": [password(), password()],
    "disagree": [password(), password("basic", "H2")],
    "digest-not-open": [password(form="digest", nonce="bm9uY2U=", created="2026-03-01T00:00:00Z")],
    "incomplete": [password(institution="")],
    "certificate-unknown": [shown("hospital-b.pem"), password()],
}
OTHERS = {
    "disagree two secrets": ([password(), password("basic", secret="another-horse-2")], "disagree"),
    "disagree with the certificate": ([shown(), password(institution="H2")], "disagree"),
    "wrong password beside a right certificate": ([shown(), password(secret="wrong-horse-12")], "wrong-password"),
    "code in other case": ([password(institution="h1")], "unknown-institution"),
    "code with a comment's blank": ([password(institution="H1 ")], "unknown-institution"),
    "code that is no code": ([password(institution="' OR 1=1")], "unknown-institution"),
    "NUL in the password": ([password(secret=f"{SECRET}\0")], "wrong-password"),
    "a megabyte of password": ([password(secret=SECRET * 70_000)], "wrong-password"),
    "password with white space around": ([password(secret=f" {SECRET}")], "wrong-password"),
    "no password": ([password(secret="")], "incomplete"),
    "unknown certificate alone": ([shown("hospital-b.pem")], "certificate-unknown"),
}


def test_every_failure_sounds_the_same_and_takes_the_same_time(door):
    """They take turns, so that what else the machine does falls on all of them."""
    taken, words = {reason: [] for reason in FAILURES}, set()
    for turn in range(5):
        for number, (reason, found) in enumerate(FAILURES.items()):
            refusal, seconds = door.refused(*found, address=at(f"192.0.2.{5 * number + turn}"))
            taken[reason].append(seconds)
            words.add((refusal.code, refusal.first.message, refusal.first.hint))
    assert {key[2] for key in door.reasons()} == set(FAILURES)
    assert [code for code, _, _ in words] == ["SND-101"]
    best = {reason: min(tries) for reason, tries in taken.items()}
    assert max(best.values()) < 1.5 * min(best.values()), best


@pytest.mark.parametrize("case", OTHERS)
def test_other_ways_to_fail_are_refused_alike_and_audited(door, case):
    found, reason = OTHERS[case]
    refusal, _ = door.refused(*found)
    assert refusal.code == "SND-101"
    assert [key[2] for key in door.reasons()] == [reason]


def test_no_credentials_at_all_are_refused_without_a_password_check(database, institutions):
    class Idle(PasswordChecks):
        def check(self, owner, stored, given):
            raise AssertionError("a password was checked")

    door = Door(database, institutions, checks=Idle())
    refusal, _ = door.refused()
    assert refusal.code == "SND-101"
    assert door.reasons() == {("refused", "", "no-credentials"): 1}


def test_what_is_no_code_is_audited_as_a_question_mark(door):
    door.refused(password(institution="<script>" * 10))
    assert door.reasons() == {("refused", "?", "unknown-institution"): 1}


def test_another_institutions_address_is_refused_with_its_own_code_and_audited(door):
    refusal, _ = door.refused(password(institution="H2"))
    assert refusal.code == "SND-102"
    refusal, _ = door.refused(
        shown(), address=Address(service="DataCollection", operation="Upload", institution="H2", peer="192.0.2.1")
    )
    assert refusal.code == "SND-102"
    assert door.reasons() == {("refused", "H2", "other-address"): 1, ("refused", "H1", "other-address"): 1}


def test_a_kind_that_may_not_call_is_refused_and_audited(door):
    guide = Address(service="GuideService", operation="SearchDoctors", peer="192.0.2.1")
    refusal, _ = door.refused(password(), address=guide)
    assert refusal.code == "SND-103"
    assert "SearchDoctors" in refusal.first.message
    assert door.come(password(institution="P1"), address=guide).kind == "portal"
    assert door.reasons()["refused", "H1", "kind-not-allowed"] == 1


def test_an_expired_certificate_is_nobody(institutions):
    register = institutions.refresh()
    held = register.certificates[next(iter(register.certificates))][1]
    claims = Claims((shown(),))
    assert identify(claims, register, held.not_after - timedelta(seconds=1)).institution.code == "H1"
    late = identify(claims, register, held.not_after)
    assert (late.institution, late.fault) == (None, "certificate-expired")


def test_guessing_is_slowed_down_for_the_guesser_alone(door):
    seconds = [door.refused(password(secret=f"wrong-horse-{n}"))[1] for n in range(4)]
    assert seconds[0] < 1
    assert seconds[1] > 0.2
    assert seconds[2] > 0.45
    assert seconds[3] > 0.95
    began = time.perf_counter()
    elsewhere = Address(service="DataCollection", operation="Upload", institution="H1", peer="192.0.2.2")
    assert door.come(password(), address=elsewhere).institution == "H1"
    assert door.come(password(institution="H2"), address=Address(service="DataCollection", operation="Upload", peer="192.0.2.1"))
    assert time.perf_counter() - began < 1


def test_the_right_password_known_before_is_not_slowed_by_a_guesser_beside_it(door):
    door.come(password())
    for n in range(2):
        door.refused(password(secret=f"wrong-horse-{n}"))
    began = time.perf_counter()
    door.come(password())
    assert time.perf_counter() - began < 0.4


def test_many_first_calls_at_once_cost_one_check(door):
    async def together():
        return await asyncio.gather(*(door.admission.admit(Claims((password(),)), COLLECTION) for _ in range(50)))

    began = time.perf_counter()
    assert {one.institution for one in asyncio.run(together())} == {"H1"}
    assert time.perf_counter() - began < 1.2
    assert door.reasons() == {("admitted", "H1", "Upload"): 50}


def test_the_event_loop_goes_on_while_passwords_are_checked(door):
    async def beat():
        longest, last = 0.0, time.perf_counter()
        while True:
            await asyncio.sleep(0.001)
            longest, last = max(longest, time.perf_counter() - last), time.perf_counter()
            beats.append(longest)

    async def both():
        task = asyncio.create_task(beat())
        for n in range(5):
            address = Address(service="DataCollection", operation="Upload", peer=f"192.0.2.{n}")
            with pytest.raises(SenderError):
                await door.admission.admit(Claims((password(secret=f"wrong-horse-{n}"),)), address)
        task.cancel()

    beats = []
    asyncio.run(both())
    assert len(beats) > 100


def admitted(door, *found):
    try:
        door.come(*found)
    except SenderError:
        return False
    return True


@pytest.mark.parametrize("act", ["rotate", "disable"])
def test_a_remembered_password_ends_within_a_second_of_a_change_elsewhere(door, url, act):
    elsewhere = Database(url)
    assert admitted(door, password())
    getattr(Institutions(elsewhere, SEAL), act)("H1")
    changed_at = time.monotonic()
    while admitted(door, password()):
        assert time.monotonic() - changed_at < 1
    assert time.monotonic() - changed_at < 1.2
    elsewhere.close()


def test_a_password_changed_while_its_check_waited_no_longer_admits(database, institutions):
    class Late(PasswordChecks):
        def check(self, owner, stored, given):
            answer = super().check(owner, stored, given)
            Institutions(database, SEAL).rotate(owner, "another-horse-2")
            time.sleep(0.6)
            return answer

    refusal, _ = Door(database, institutions, checks=Late()).refused(password())
    assert refusal.code == "SND-101"


def test_a_store_that_is_away_is_try_again_and_no_verdict(database, institutions):
    class Away(Institutions):
        def refresh(self):
            raise TryAgain("the store is away")

    door = Door(database, Away(database, SEAL))
    with pytest.raises(TryAgain):
        door.come(password())


def test_a_caller_who_hangs_up_does_not_spoil_the_check_of_another(door):
    async def two():
        first = asyncio.create_task(door.admission.admit(Claims((password(),)), COLLECTION))
        second = asyncio.create_task(door.admission.admit(Claims((password(),)), COLLECTION))
        await asyncio.sleep(0.005)
        first.cancel()
        return await second

    assert asyncio.run(two()).institution == "H1"


def test_waiting_times_grow_to_eight_seconds_and_then_it_is_try_again():
    moment = [0.0]
    delays = Delays(clock=lambda: moment[0])
    waits = []
    for _ in range(8):
        waits.append(delays.reserve("192.0.2.1", "H1"))
        moment[0] += waits[-1]
    assert waits == [0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
    assert delays.reserve("192.0.2.1", "H1") == 8.0
    with pytest.raises(TryAgain) as told:
        delays.reserve("192.0.2.1", "H1")
    assert told.value.retry_after == 16
    delays.forgive("192.0.2.1", "H1")
    assert delays.reserve("192.0.2.1", "H1") == 0.0


def test_failures_are_forgotten_after_a_quarter_of_an_hour_and_memory_is_bounded():
    moment = [0.0]
    delays = Delays(kept=100, clock=lambda: moment[0])
    delays.reserve("192.0.2.1", "H1")
    assert delays.reserve("192.0.2.1", "H1") == 0.25
    moment[0] = 901.0
    assert delays.reserve("192.0.2.1", "H1") == 0.0
    for n in range(1000):
        delays.reserve("192.0.2.1", f"X{n}")
    assert len(delays._records) == 100


def test_no_refusal_carries_secrets(door):
    refusal, _ = door.refused(password(secret="wrong-horse-12"))
    assert "wrong-horse" not in str(refusal)
    assert "wrong-horse" not in repr(password(secret="wrong-horse-12"))
