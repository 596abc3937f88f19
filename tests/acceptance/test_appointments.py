"""Portals book at hospitals of two dialects through the started engine, and hospitals call it by the Jilin text."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import requests
import zeep

from engine.simulator.calling import Unreached
from tests.support.clients import HERE, Php, need, run_json
from tests.support.databases import STORES
from tests.support.engine import ROOT
from tests.support.hospital import PASSWORD
from tests.support.province import PATIENT, PORTAL, listed, province
from tests.support.stores import enrol, until

HOSPITALS = ("HOSP-A", "HOSP-B")
EXAMPLES = ROOT / "docs" / "examples" / "portal"
pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("appointments")]


@pytest.fixture(scope="module", params=STORES)
def here(request, tmp_path_factory):
    with province(request.param, tmp_path_factory.mktemp(request.param)) as made:
        yield made


def booked(here, hospital, **more):
    """Book the first free slot for a new person's account."""
    slot = here.slots(hospital)[0]
    wish = {"requestId": uuid.uuid4().hex, "hospital": hospital, "slot": slot.slot, "patient": PATIENT, "account": "A-1"} | more
    answer = here.portal().Book(**wish)
    assert (answer.code, answer.order.state) == ("0", "booked"), answer.message
    return answer.order, wish


def paid(here, order):
    answer = here.portal().NotifyPayment(
        order=order.order, payment={"serial": uuid.uuid4().hex, "channel": "1", "paid": order.payable}
    )
    assert (answer.code, answer.order.state) == ("0", "paid"), answer.message
    return answer.order


def in_their_book(here, hospital, order):
    return here.hospitals[hospital].book.orders[order.order]


@pytest.mark.parametrize("hospital", HOSPITALS)
@pytest.mark.parametrize("query", ["wsdl", "wsdl12"])
def test_a_portal_finds_books_pays_fetches_and_lists(here, hospital, query):
    own = here.portal(query)
    known = {one.hospital: one for one in own.ListHospitals().hospitals.hospital}
    assert (known[hospital].name, known[hospital].reachable) == (f"测试医院 {hospital}", True)
    (department,) = own.ListDepartments(hospital=hospital).departments.department
    (doctor,) = own.ListDoctors(hospital=hospital, department=department.department).doctors.doctor
    assert doctor.department == department.department
    assert own.CheckPatient(hospital=hospital, patient=PATIENT).hospitalPatientId
    order, wish = booked(here, hospital)
    assert order.doctor == doctor.doctor
    assert order.patientName != PATIENT["name"]
    again = own.Book(**wish)
    assert (again.code, again.order.order) == ("0", order.order)
    assert own.Book(**wish | {"account": "A-2"}).code == "SND-712"
    paid(here, order)
    fetched = own.FetchNumber(order=order.order).order
    assert (fetched.state, bool(fetched.queueNumber)) == ("fetched", True)
    assert own.Cancel(order=order.order).code == "SND-714"
    assert own.QueryOrder(requestId=wish["requestId"]).order.state == "fetched"
    found = own.ListOrders(idNumber=PATIENT["idNumber"], hospital=hospital, states={"state": ["fetched"]})
    assert order.order in [one.order for one in found.orders.order]


@pytest.mark.parametrize("hospital", HOSPITALS)
def test_a_lock_is_booked_and_a_paid_order_is_refunded(here, hospital):
    own = here.portal()
    slot = here.slots(hospital)[0]
    locked = own.Lock(requestId=uuid.uuid4().hex, hospital=hospital, slot=slot.slot, patient=PATIENT).order
    assert (locked.state, bool(locked.lockedUntil)) == ("locked", True)
    order = own.Book(requestId=uuid.uuid4().hex, order=locked.order).order
    assert (order.order, order.state) == (locked.order, "booked")
    paid(here, order)
    back = own.Cancel(order=order.order, reason="不去了")
    assert (back.code, back.order.state, back.order.refund) == ("0", "refunded", order.payable)
    assert own.Cancel(order=order.order).order.state == "refunded"
    second = own.Lock(requestId=uuid.uuid4().hex, hospital=hospital, slot=slot.slot, patient=PATIENT).order
    assert own.Unlock(order=second.order).order.state == "cancelled"


def test_an_order_is_its_portals_alone_and_hospitals_may_not_book(here):
    order, _ = booked(here, "HOSP-A")
    enrol(here.engine, {"PORTAL-2": "portal"})
    other = here.portal(code="PORTAL-2")
    until(lambda: _knows(other))
    assert other.Cancel(order=order.order).code == other.QueryOrder(order=order.order).code == "SND-713"
    with pytest.raises(zeep.exceptions.Fault) as caught:
        here.portal(code="HOSP-A").ListHospitals()
    assert caught.value.detail.findtext(".//{urn:changbai:fault:1}code") == "SND-103"


def _knows(service):
    try:
        return service.ListHospitals().code == "0"
    except zeep.exceptions.Fault:
        return False


@pytest.mark.parametrize("hospital", HOSPITALS)
def test_a_hospital_calls_and_a_repeat_is_answered_as_the_first_time(here, hospital):
    """5002, 5005, 5004 and 7001 by the hospital's own client, which seals and opens with the keys it shares with us."""
    own = here.portal()
    order, _ = booked(here, hospital)
    assert here.command(hospital, "cancel", order=order.order)["code"] == "0"
    assert own.QueryOrder(order=order.order).order.state == "cancelled"
    second, _ = booked(here, hospital)
    assert here.command(hospital, "pay", order=second.order)["code"] == "0"
    told = here.command(hospital, "print", order=second.order)
    assert told["code"] == "0"
    values = {"HOS_ID": hospital, "ORDER_ID": second.order, "PRINT_DATE": "2026-11-20 09:00:00"}
    first = here.command(hospital, "call", function="5004", values=values)
    assert here.command(hospital, "call", function="5004", values=values) == first
    assert own.QueryOrder(order=second.order).order.state == "fetched"
    unknown = values | {"ORDER_ID": "NO-SUCH-ORDER"}
    assert here.command(hospital, "call", function="5004", values=unknown)["code"] == "500401"
    assert here.command(hospital, "call", function="5004", values=values | {"HOS_ID": "another"})["code"] == "3"
    kinds = [
        one.kind
        for one in listed(own.ListNotices(page={"size": 200}), "notices", "notice")
        if one.order in (order.order, second.order)
    ]
    assert "cancelled-by-hospital" in kinds


@pytest.mark.parametrize("hospital", HOSPITALS)
def test_of_many_equal_calls_at_once_one_is_done_and_all_are_answered_alike(here, hospital):
    order, _ = booked(here, hospital)
    paid(here, order)
    values = {
        "HOS_ID": hospital, "ORDER_ID": order.order, "HOSP_ORDER_ID": order.hospitalOrder, "HOSP_REFUND_ID": "R-1", "REFUND_TYPE": "1",
        "REFUND_DATE": "2026-11-20", "TOTAL_FEE": order.payable, "REFUND_FEE": order.payable,
    }  # fmt: skip
    platform = here.hospitals[hospital].control.platform
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _: platform.call("5003", values), range(8)))
    assert {one.code for one in told} == {"0"}
    assert len({one.values["REFUND_ID"] for one in told}) == 1
    assert here.portal().QueryOrder(order=order.order).order.state == "refunded"
    notices = listed(here.portal().ListNotices(page={"size": 200}), "notices", "notice")
    assert [one.kind for one in notices if one.order == order.order] == ["refunded"]


def test_a_stopped_clinic_refunds_and_tells_the_portal(here):
    own = here.portal()
    order, _ = booked(here, "HOSP-B")
    paid(here, order)
    place = in_their_book(here, "HOSP-B", order).place
    assert here.command("HOSP-B", "stop", place=place)["code"] == "0"
    until(lambda: own.QueryOrder(order=order.order).order.state == "refunded", 90.0)
    told = [one for one in listed(own.ListNotices(page={"size": 200}), "notices", "notice") if one.order == order.order]
    assert [(one.kind, "停诊" in one.text) for one in told] == [("clinic-stopped", True)]
    later = listed(own.ListNotices(after=told[-1].notice), "notices", "notice")
    assert order.order not in [one.order for one in later]


@pytest.mark.foreign
@pytest.mark.parametrize("example", ["python", "php"])
def test_the_portals_examples_book_pay_and_cancel(here, example):
    need(example if example == "php" else sys.executable)
    command = [sys.executable, str(EXAMPLES / "book.py")] if example == "python" else ["php", str(EXAMPLES / "book.php")]
    done = subprocess.run(
        [*command, here.address, PORTAL, PASSWORD, "HOSP-A"], capture_output=True, text=True, check=False, timeout=90
    )
    assert done.returncode == 0, done.stdout + done.stderr
    states = re.findall(r"^order (\w+)", done.stdout, re.MULTILINE)
    assert states == ["booked", "paid", "refunded"]
    assert re.search(r"^refund \d+$", done.stdout, re.MULTILINE)
    wrong = subprocess.run(
        [*command, here.address, PORTAL, PASSWORD, "NOWHERE"], capture_output=True, text=True, check=False, timeout=90
    )
    assert (wrong.returncode, "SND-701" in wrong.stderr) == (1, True), wrong.stdout + wrong.stderr


def test_the_page_of_services_names_them_and_nobodys_name_is_in_the_log(here):
    page = requests.get(f"{here.engine.services}/services/", timeout=10).text
    for path in ("/services/appointment", "/services/api", "/ApiService.asmx"):
        assert f'<a href="{path}?wsdl">' in page
    log = (here.engine.data / "engine.log").read_text(encoding="utf-8")
    assert PATIENT["name"] not in log
    assert PATIENT["idNumber"] not in log


@pytest.mark.foreign
def test_php_calls_the_started_engine_as_a_hospital(here, tmp_path):
    Php(tmp_path)
    order, _ = booked(here, "HOSP-A")
    paid(here, order)
    values = {"HOS_ID": "HOSP-A", "ORDER_ID": order.order, "HOSP_SERIAL_NUM": "A007", "PRINT_DATE": "2026-11-20 09:00:00"}
    file = tmp_path / "req.xml"
    file.write_text(
        f"<REQ>{''.join(f'<{name}><![CDATA[{value}]]></{name}>' for name, value in values.items())}</REQ>", encoding="utf-8"
    )
    wsdl, keys = f"{here.engine.services}/ApiService.asmx?wsdl", here.hospitals["HOSP-A"].wanted
    command = [
        "php",
        str(HERE / "php/api.php"),
        wsdl,
        "RegService",
        "5004",
        "HOSP-A",
        keys.sign_key,
        keys.encryption_key,
        str(file),
    ]
    first = run_json(command)
    assert (first["code"], first["signed"]) == ("0", True)
    assert run_json(command) == first
    assert here.portal().QueryOrder(order=order.order).order.queueNumber == "A007"
    command[5] = "NOBODY"
    assert (run_json(command)["code"], run_json(command)["signed"]) == ("4", False)


def test_a_hospital_that_drips_delays_no_other_and_its_order_is_settled_later(here):
    own = here.portal()
    known = {"hospitalPatientId": own.CheckPatient(hospital="HOSP-A", patient=PATIENT).hospitalPatientId}
    slow, quick = here.slots("HOSP-A")[0], here.slots("HOSP-B")[0]
    here.command("HOSP-A", "fault", faults=["drip"])
    try:
        wish = {"requestId": uuid.uuid4().hex, "hospital": "HOSP-A", "slot": slow.slot, "patient": PATIENT | known}
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(own.Book, **wish)
            began = time.monotonic()
            assert here.portal().Lock(requestId=uuid.uuid4().hex, hospital="HOSP-B", slot=quick.slot, patient=PATIENT).code == "0"
            assert time.monotonic() - began < 4
            answer = waiting.result()
            assert time.monotonic() - began < 15
    finally:
        here.command("HOSP-A", "fault", faults=[])
    assert answer.code in {"0", "SND-719"}, answer.message
    if answer.code == "0":
        assert (answer.order.state, bool(answer.message)) == ("booking", True)
        until(lambda: own.QueryOrder(order=answer.order.order).order.state in {"booked", "failed"}, 90.0)


def test_a_new_user_id_of_a_hospital_is_known_after_a_reload(here):
    values = {"HOS_ID": "HOSP-B", "ORDER_ID": "NO-SUCH-ORDER", "PRINT_DATE": "2026-11-20 09:00:00"}
    assert here.command("HOSP-B", "call", function="5004", values=values)["code"] == "500401"
    here.project.change("config/institutions/HOSP-B/adapter.yaml", 'caller: "HOSP-B"', 'caller: "NEW-NAME"')
    here.engine.command("reload", *here.project.option)
    platform = here.hospitals["HOSP-B"].control.platform
    renamed = replace(platform, user="NEW-NAME")
    until(lambda: code_of(renamed, values) == "500401", 90.0)
    assert code_of(platform, values) == "unread"


def code_of(platform, values):
    """Call 5004 as the hospital; an unsigned refusal is nothing that it could rely on."""
    try:
        return platform.call("5004", values).code
    except Unreached:
        return "unread"
