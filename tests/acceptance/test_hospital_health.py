"""Test now and a look at the WSDL end on the hospital's card, whatever they come to."""

from __future__ import annotations

import contextlib
import shutil
from datetime import UTC, datetime

import pytest

from engine.app.appointments import Booking
from engine.app.hospitals import LOOK, TEST, callers_of, health_errands, open_hospitals, plan_looks, terms_of
from engine.app.house import load_house, load_in_force, open_seal, open_store, put_in_force
from engine.errors import Unavailable
from engine.outbound.adapters import load_adapters
from engine.services.hospitalhealth import HospitalHealth, cards
from engine.settings import load_settings
from engine.store.database import Database
from engine.store.errands import drop
from engine.store.migrations import migrate
from tests.support.adapters import ENTRY, KEY, SIGN, hospital, project
from tests.support.destination import Destination, http_reply, saying
from tests.support.project import Project


@pytest.fixture
def database(tmp_path):
    with contextlib.closing(Database(f"sqlite:///{tmp_path / 'test.db'}")) as opened:
        migrate(opened)
        yield opened


@pytest.fixture
def settings(tmp_path):
    secrets = tmp_path / "data/secrets"
    secrets.mkdir(parents=True)
    (secrets / "his-a-sign").write_text(SIGN + "\n", encoding="utf-8")
    (secrets / "his-a-key").write_text(KEY + "\n", encoding="utf-8")
    return load_settings({"data": tmp_path / "data"}, {})


def card(database):
    with database.read() as connection:
        (only,) = cards(connection, datetime.now(UTC))
    return only


def test_test_now_and_the_look_end_on_the_card(tmp_path, database, settings):
    with Destination(hospital()) as there:
        root = project(tmp_path, H001=ENTRY.format(address=there.url))
        health = HospitalHealth(database)
        hospitals = open_hospitals(settings, load_adapters(root), root, health.observe)
        errands = health_errands(hospitals, health, "10.1.2.3")
        assert errands[TEST]("H001") is None
        health.flush()
        assert (card(database).last_outcome, card(database).answered) == ("0", 1)
        there.act = saying(http_reply(b"oops", "500 Error"))
        errands[TEST]("H001")
        health.flush()
        assert (card(database).last_outcome, card(database).calls) == ("DST-103", 2)
        there.act = saying(
            http_reply((root / "wsdl/hospital/HospitalService.wsdl").read_bytes().replace(b"HealthCardService", b"PubService"))
        )
        assert plan_looks(database, ["H001", "H002"], lambda: 0.0) == 2
        assert plan_looks(database, ["H001", "H002"], lambda: 0.0) == 0, "what is asked for already is not asked for again"
        errands[LOOK]("H001")
        assert card(database).wsdl_words == ("缺少操作 HealthCardService", "新增操作 PubService")
        there.act = saying(http_reply(b"", "404 Not Found"))
        errands[LOOK]("H001")
        assert card(database).wsdl_words == ("不能读取 WSDL：HTTP 404",)
        there.act = saying(http_reply(b"", "503 Busy"))
        with pytest.raises(Unavailable):
            errands[LOOK]("H001")
        assert errands[LOOK]("H999") is None
        with database.write() as connection:
            drop(connection, LOOK, "H001")
        assert plan_looks(database, ["H001"], lambda: 0.0) == 0, "it was looked at today"
        hospitals.close()
        health.close()


def test_an_adapter_tells_who_may_call_and_the_terms_of_booking(tmp_path, settings):
    text = (
        ENTRY.format(address="http://his.test/")
        + "caller: HIS-A\nunlimited-is-99: true\nsync: {horizon-days: 14}\nbooking: {cancel-days: 1}\n"
    )
    root = project(tmp_path, H001=text)
    adapters = load_adapters(root)
    caller = callers_of(settings, adapters, root)("HIS-A")
    assert (caller.institution, caller.hospital_id, caller.keys.sign) == ("H001", "22010001", SIGN)
    assert callers_of(settings, adapters, root)("H001") is None
    terms = terms_of(adapters)("H001")
    assert (terms.unlimited_is_99, terms.horizon_days, dict(terms.rules), "2007" in terms.functions) == (
        True,
        14,
        {"cancel-days": 1},
        True,
    )
    assert terms_of(adapters)("H002") is None


def test_the_set_that_the_store_keeps_holds_all_that_a_hospital_is_called_by(tmp_path, settings):
    copy = Project.copy(tmp_path / "copy")
    folder = copy.root / "config/institutions/H001"
    folder.mkdir(parents=True)
    text = (
        ENTRY.format(address="http://127.0.0.1:9/") + 'functions:\n  "1001": {response-xslt: config/institutions/H001/from.xsl}\n'
    )
    (folder / "adapter.yaml").write_text(text, encoding="utf-8")
    sheet = '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/"/></xsl:stylesheet>'
    (folder / "from.xsl").write_text(sheet, encoding="utf-8")
    mine = settings.model_copy(update={"project": copy.root})
    with open_store(mine) as database:
        seal = open_seal(database, mine)
        put_in_force(mine, database, seal, load_house(mine))
        shutil.rmtree(folder)
        house = load_in_force(mine, database, seal)
        booking = Booking(mine, database, seal, house)
        assert booking.hospitals.offers("H001", "2007")
        assert booking.callers("H001").hospital_id == "22010001"
        assert {"test", "wsdl-look"} <= set(booking.errands())
        booking.renew(load_house(mine))
        assert not booking.hospitals.knows("H001")
        assert booking.callers("H001") is None
        booking.close()
