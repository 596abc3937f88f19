"""What a hospital writes in the workbook is found by portals at the started engine, with the slots of its own simulated clinic."""

from __future__ import annotations

import subprocess
import sys
import uuid
from datetime import datetime

import pytest
import requests
import zeep
from zeep.transports import Transport
from zeep.wsse.username import UsernameToken

from engine.message import SHANGHAI
from tests.support.clients import need
from tests.support.engine import ROOT
from tests.support.guidefiles import HOSPITAL, picture, workbook
from tests.support.hospital import PASSWORD
from tests.support.province import PATIENT, PORTAL, listed, province

EXAMPLES = ROOT / "docs" / "examples" / "portal"
OURS = "HOSP-A"
pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("guide-service")]


class Site:
    """The engine with a hospital whose workbook is on show."""

    def __init__(self, province, folder):
        self.engine, self.province, self.folder = province.engine, province, folder
        own = province.portal()
        (self.clinic,) = listed(own.ListDepartments(hospital=OURS), "departments", "department")
        (self.doctor,) = listed(own.ListDoctors(hospital=OURS), "doctors", "doctor")
        (folder / "医生.png").write_bytes(picture())

    @property
    def address(self):
        return f"{self.engine.services}/services/guide"

    def portal(self, query="wsdl", code=PORTAL):
        transport = Transport(session=requests.Session(), timeout=30)
        return zeep.Client(f"{self.address}?{query}", transport=transport, wsse=UsernameToken(code, PASSWORD)).service

    def written(self, code=OURS, **differing):
        """Fill in the template for the simulated clinic; gives the files."""
        clinic = {"department": self.clinic.department, "name": "内分泌科", "diseases": "甲状腺结节、痛风"}
        who = {
            "doctor": self.doctor.doctor, "name": "王测试", "sex": "女", "department": clinic["department"], "title": "主任医师",
            "specialty": "擅长2型糖尿病", "introduction": "从医 30 年。", "picture": "医生.png",
        } | differing  # fmt: skip
        book = self.folder / f"{code}.xlsx"
        book.write_bytes(workbook(HOSPITAL | {"institution": code}, (clinic,), (who,)))
        return str(book), str(self.folder / "医生.png")

    def guide(self, act, *arguments):
        """Run a command of the guide beside the running engine."""
        where = [] if act == "check" else self.engine._where()
        command = [sys.executable, str(ROOT / "run_engine.py"), "guide", act, *arguments, *where]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    with province("sqlite", tmp_path_factory.mktemp("guide")) as made:
        site = Site(made, tmp_path_factory.mktemp("files"))
        assert site.portal().GetHospital(hospital=OURS).code == "SND-780"
        taken = site.guide("import", OURS, *site.written())
        assert taken.returncode == 0, taken.stdout + taken.stderr
        assert site.portal().GetHospital(hospital=OURS).code == "SND-780"
        assert site.guide("approve", OURS, "1").returncode == 0
        yield site


@pytest.mark.parametrize("query", ["wsdl", "wsdl12"])
@pytest.mark.parametrize(
    "words", ["王", "王测试", "wcs", "wangceshi", "糖尿病", "痛风", "内分泌科 主任医师", "长春测试医院 wang"]
)
def test_a_workbook_that_was_imported_is_found_by_its_words(here, query, words):
    found = here.portal(query).SearchDoctors(words=words)
    (one,) = found.doctors.doctor
    assert (found.total, one.hospital, one.doctor, one.name) == (1, OURS, here.doctor.doctor, "王测试")
    assert (one.hospitalName, one.departmentName, one.introduction) == (HOSPITAL["name"], "内分泌科", None)


@pytest.mark.parametrize("query", ["wsdl", "wsdl12"])
def test_a_doctor_is_shown_with_the_slots_of_the_hospital_and_one_of_them_can_be_booked(here, query):
    own = here.portal(query)
    him = own.GetDoctor(hospital=OURS, doctor=here.doctor.doctor).doctor
    assert "从医 30 年" in him.introduction
    assert own.GetPicture(picture=him.picture).mediaType.startswith("image/")
    today, clock = f"{datetime.now(SHANGHAI):%Y-%m-%d %H:%M}".split()
    slots = own.ListFreeSlots(hospital=OURS, doctor=him.doctor).slots.slot
    assert {one.slot for one in slots} == {one.slot for one in here.province.slots(OURS) if (one.date, one.end) > (today, clock)}
    half = him.nextFree
    first = [one for one in slots if (one.date, one.half) == (half.date, half.half)]
    assert (him.free, half.free, half.schedule) == (True, sum(one.free for one in first), first[0].schedule)
    wish = {"requestId": uuid.uuid4().hex, "hospital": OURS, "slot": first[0].slot, "patient": PATIENT, "account": "A-1"}
    assert here.province.portal().Book(**wish).code == "0"
    assert own.GetDoctor(hospital=OURS, doctor=him.doctor).doctor.nextFree.free == half.free - 1


def test_a_workbook_with_a_mistake_is_told_by_its_place_and_shows_nothing(here):
    files = here.written("HOSP-B", department="NONE")
    checked, taken = here.guide("check", "HOSP-B", *files), here.guide("import", "HOSP-B", *files)
    assert (checked.returncode, taken.returncode) == (1, 1)
    assert "HOSP-B.xlsx 医生!" in checked.stdout
    assert here.guide("versions", "HOSP-B").stdout.strip() == "no version yet"
    assert here.portal().GetHospital(hospital="HOSP-B").code == "SND-780"


def test_hospitals_may_not_ask_it_and_the_page_of_services_names_it(here):
    with pytest.raises(zeep.exceptions.Fault) as caught:
        here.portal(code=OURS).ListHospitals()
    assert caught.value.detail.findtext(".//{urn:changbai:fault:1}code") == "SND-103"
    assert '<a href="/services/guide?wsdl">' in requests.get(f"{here.engine.services}/services/", timeout=10).text


def shown(here, command, tmp_path, words):
    run = [*command, here.address, PORTAL, PASSWORD, words]
    return subprocess.run(run, capture_output=True, text=True, check=False, timeout=90, cwd=tmp_path)


@pytest.mark.foreign
@pytest.mark.parametrize("example", ["guide.php", "guide.py"])
def test_the_portals_examples_find_a_doctor_with_slots_and_picture(here, example, tmp_path):
    if example.endswith("php"):
        need("php")
    command = ["php" if example.endswith("php") else sys.executable, str(EXAMPLES / example)]
    done = shown(here, command, tmp_path, "糖尿病")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"doctor {here.doctor.doctor} 王测试 内分泌科 {HOSPITAL['name']}" in done.stdout
    assert "total 1" in done.stdout
    assert "  slot " in done.stdout
    assert len(list(tmp_path.glob("*.img"))) == 1
    refused = shown(here, command, tmp_path, "，")
    assert (refused.returncode, "SND-784" in refused.stderr) == (1, True), refused.stdout + refused.stderr


def test_a_hospital_that_was_taken_off_is_found_no_more(here):
    assert here.guide("withdraw", OURS).returncode == 0
    assert here.portal().SearchDoctors(words="王测试").doctors is None
    assert here.portal().GetHospital(hospital=OURS).code == "SND-780"
    assert here.guide("approve", OURS, "1").returncode == 0
    assert here.portal().SearchDoctors(words="王测试").total == 1
