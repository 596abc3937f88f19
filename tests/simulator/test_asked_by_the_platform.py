"""The platform asks simulated hospitals by their adapters alone, and learns of every fault what may have happened."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from engine.errors import DestinationError
from engine.simulator.dialects import DIALECTS
from tests.support.simulated import asking, simulated, wish


def asked(client, number, hospital, function="2012"):
    values = {"ORDER_ID": number, "HOSP_PATIENT_ID": "", "BEGIN_DATE": "2026-01-01", "END_DATE": "2026-01-01", "PAGE_CURRENT": "1", "PAGE_SIZE": "9"}  # fmt: skip
    return client.ask(hospital.wanted.code, function, values)


@pytest.mark.parametrize("profile", ["MD5", "SM3"])
@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_an_adapter_is_all_that_a_dialect_and_a_profile_need(tmp_path, dialect, profile):
    with simulated("H1", dialect=dialect, profile=profile) as hospital, asking(tmp_path, hospital) as client:
        assert client.ask("H1", "1001", {"IP": "10.0.0.1"}).code == "0"
        booked = client.ask("H1", "2007", wish(hospital, "CB1"))
        assert (booked.code, booked.values["HOSP_ORDER_ID"]) == ("0", "H00000001")
        assert client.ask("H1", "2007", wish(hospital, "CB1")).code == "200708"
        assert asked(client, "CB1", hospital).values["ORDER_LIST"][0]["ORDER_STATUS"] == "2"
        assert asked(client, "CB2", hospital).code == "201201"


@pytest.mark.parametrize("acts", ["yes", "no"])
@pytest.mark.parametrize("kind", ["garbage", "5xx", "wrong-signature", "half-open", "drip"])
def test_whatever_spoils_the_answer_the_platform_never_takes_what_the_hospital_did_for_undone(tmp_path, kind, acts):
    with simulated("H1", f"{kind},acts={acts}") as hospital, asking(tmp_path, hospital, deadline=0.5) as client:
        with pytest.raises(DestinationError) as told:
            client.ask("H1", "2007", wish(hospital, "CB1"))
        if hospital.book.orders:
            assert told.value.unknown, "the hospital has the order"
        hospital.service.board.set()
        repeated = client.ask("H1", "2007", wish(hospital, "CB1")).code
        assert repeated == ("200708" if acts == "yes" or kind == "drip" else "0")
        assert len(hospital.book.orders) == 1


def test_a_hospital_that_is_down_has_surely_not_acted(tmp_path):
    with simulated("H1") as hospital, asking(tmp_path, hospital) as client:
        hospital.door.close()
        with pytest.raises(DestinationError) as told:
            client.ask("H1", "2007", wish(hospital, "CB1"))
        assert not told.value.unknown
        hospital.door.open()
        assert client.ask("H1", "2007", wish(hospital, "CB1")).code == "0"


def test_a_dripping_hospital_passes_no_deadline_and_delays_no_other(tmp_path):
    """Sixteen callers hang at the one that sends a byte a second; twenty others are each asked beside them without delay."""
    with ExitStack() as stack:
        others = [stack.enter_context(simulated(f"H{n}")) for n in range(20)]
        drip = stack.enter_context(simulated("DRIP", "drip"))
        client = stack.enter_context(asking(tmp_path, drip, *others, deadline=2.0, patience=0.5))
        pool = stack.enter_context(ThreadPoolExecutor(16))

        def hang(_):
            started = time.monotonic()
            with pytest.raises(DestinationError) as told:
                client.ask("DRIP", "1001", {"IP": "1"})
            return time.monotonic() - started, told.value.unknown

        hanging = [pool.submit(hang, n) for n in range(16)]
        delays = []
        while not all(one.done() for one in hanging):
            for other in others:
                started = time.monotonic()
                assert client.ask(other.wanted.code, "1001", {"IP": "1"}).code == "0"
                delays.append(time.monotonic() - started)
        spent = [one.result() for one in hanging]
    assert max(seconds for seconds, _ in spent) < 3.5, "2 s of deadline, 0.5 s of patience, and some for a busy machine"
    assert sum(unknown for _, unknown in spent) == 4, "as many as may be asked at once did hang; the others were never asked"
    assert len(delays) >= 20
    assert sorted(delays)[len(delays) * 9 // 10] < 0.5
