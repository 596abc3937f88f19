"""GuideService shows a portal what is on show, in every word, with the seats of the pool; what is not there is a coded verdict."""

from __future__ import annotations

from contextlib import closing

import pytest
import zeep
from sqlalchemy import insert, select
from zeep.wsse.username import UsernameToken

from engine.inbound.calling import Service
from engine.inbound.guide import GUIDE
from engine.inbound.guide_door import GuideDoor
from engine.inbound.limits import FrontLimits
from engine.services.guide.asking import Guide
from engine.services.guide.searchtables import guide_listed
from engine.services.guide.seats import note_free
from engine.services.guide.tables import guide_picture, guide_picture_use
from engine.store.database import Database
from tests.support.booking import HOSPITAL, Office
from tests.support.front import PASSWORD, Echo, Running
from tests.support.guide import DEPARTMENTS, doctor, hospital, show
from tests.support.house_hospital import DAY, MemoryHospital, Seats

PICTURE, BYTES = "p-0001", b"\x89PNG-invented"
SAID = hospital(
    short_name="测试", kind="综合医院", address="测试路 1 号", telephone="0431-00000000", website="https://hospital.example",
    opens_at="8:00", transport="轻轨", picture=PICTURE, introduction="<p>医院介绍</p>",
)  # fmt: skip
HIM = doctor(
    1, "王测试", doctor="Y1", sex="1", specialty="糖尿病", diseases=("甲亢", "痛风"), picture=PICTURE, introduction="<p>医生介绍</p>"
)  # fmt: skip
FAULT = ".//{urn:changbai:fault:1}"


class Site:
    """A front with GuideService over a store with one hospital on show, whose first doctor has two slots."""

    def __init__(self, database):
        self.database = database
        self.office = Office(database, MemoryHospital(slots={"S1": Seats(2), "S2": Seats(1), "S3": Seats(1, others=1)}))
        self.office.pull()
        with database.write() as connection:
            show(connection, HOSPITAL, [HIM, doctor(2, "李测试")], said=SAID)
            show(connection, "HOSP-B", [doctor(1, "王远", doctor="Y1")], said=hospital("吉林市医院", area="220200", level=""))
            row = {
                "picture": PICTURE,
                "institution": HOSPITAL,
                "media_type": "image/png",
                "width": 1,
                "height": 1,
                "content": BYTES,
            }
            connection.execute(insert(guide_picture).values(row))
            connection.execute(insert(guide_picture_use).values(picture=PICTURE, institution=HOSPITAL, version=1))
        self.connected = {HOSPITAL}
        self.door = GuideDoor(Guide(database, lambda code: code in self.connected, now=self.office.clock))
        self.front = Running(
            Echo(), FrontLimits(), services={"/services/guide": Service(contract=GUIDE, handlers=self.door.handlers)}
        )

    def service(self, query="wsdl"):
        address = f"http://127.0.0.1:{self.front.port}/services/guide?{query}"
        return zeep.Client(address, wsse=UsernameToken("H001", PASSWORD)).service

    def close(self):
        self.front.close()
        self.door.close()


@pytest.fixture
def site(url):
    with closing(Database(url)) as database, closing(Site(database)) as made:
        yield made


def names(result):
    return [(one.hospital, one.doctor) for one in result.doctors.doctor] if result.doctors else []


def fault(call, **named):
    with pytest.raises(zeep.exceptions.Fault) as caught:
        call(**named)
    return caught.value.detail.findtext(f"{FAULT}code")


@pytest.mark.parametrize("query", ["wsdl", "wsdl12"])
def test_a_hospital_its_departments_and_its_doctors_are_shown_in_every_word(site, query):
    own = site.service(query)
    listed = own.ListHospitals()
    assert (listed.code, [one.hospital for one in listed.hospitals.hospital], listed.page.size) == ("0", [HOSPITAL, "HOSP-B"], 2)
    assert {one.introduction for one in listed.hospitals.hospital} == {None}
    assert [one.hospital for one in own.ListHospitals(area="220200").hospitals.hospital] == ["HOSP-B"]
    assert [one.hospital for one in own.ListHospitals(area="220100", level="三级甲等").hospitals.hospital] == [HOSPITAL]
    one = own.GetHospital(hospital=HOSPITAL).hospital
    said = (one.name, one.shortName, one.level, one.kind, one.area, one.address, one.telephone, one.website, one.opensAt)
    assert said == (
        SAID.name, "测试", "三级甲等", "综合医院", "220102", "测试路 1 号", "0431-00000000", "https://hospital.example", "8:00"
    )  # fmt: skip
    assert (one.transport, one.picture, one.introduction, one.version) == ("轻轨", PICTURE, "<p>医院介绍</p>", 1)
    assert one.publishedAt.endswith("+08:00")
    first = own.ListDepartments(hospital=HOSPITAL, page={"size": 2})
    rest = own.ListDepartments(hospital=HOSPITAL, page={"size": 2, "token": first.page.token})
    shown = [one.department for part in (first, rest) for one in part.departments.department]
    assert (shown, rest.page.token) == ([one.department for one in DEPARTMENTS], None)
    assert [one.department for one in own.ListDepartments(hospital=HOSPITAL, parent="D0").departments.department] == ["D1"]
    sugar = own.GetDepartment(hospital=HOSPITAL, department="D1").department
    assert (sugar.hospital, sugar.name, sugar.parent, sugar.diseases.disease) == (HOSPITAL, "内分泌科", "D0", ["甲状腺结节"])
    him = own.GetDoctor(hospital=HOSPITAL, doctor="Y1").doctor
    assert (him.hospitalName, him.name, him.sex, him.department, him.departmentName) == (
        SAID.name,
        "王测试",
        "1",
        "D1",
        "内分泌科",
    )
    assert (him.title, him.specialty, him.diseases.disease, him.introduction) == (
        "1",
        "糖尿病",
        ["甲亢", "痛风"],
        "<p>医生介绍</p>",
    )
    picture = own.GetPicture(picture=him.picture)
    assert (picture.picture, picture.mediaType, picture.content) == (PICTURE, "image/png", BYTES)


def test_a_doctor_is_shown_with_the_next_free_half_day_and_its_slots_as_the_pool_has_them_now(site):
    own = site.service()
    him = own.GetDoctor(hospital=HOSPITAL, doctor="Y1").doctor
    half = him.nextFree
    assert (him.free, half.date, half.half, half.free, half.registrationFee, half.treatmentFee) == (
        True,
        DAY,
        "1",
        2,
        "500",
        "1500",
    )
    (first, second) = own.ListFreeSlots(hospital=HOSPITAL, doctor="Y1").slots.slot
    assert (first.slot, first.schedule, first.free, second.slot) == ("S1", half.schedule, 2, "S2")
    for number, name in enumerate(("S1", "S1")):
        site.office.book(f"r{number}", name, number)
    assert own.GetDoctor(hospital=HOSPITAL, doctor="Y1").doctor.nextFree.schedule == "S2"
    assert [one.slot for one in own.ListFreeSlots(hospital=HOSPITAL, doctor="Y1", **{"from": DAY, "to": DAY}).slots.slot] == [
        "S2"
    ]
    assert own.ListFreeSlots(hospital=HOSPITAL, doctor="Y1", **{"from": "2026-12-02"}).slots is None
    site.office.book("r3", "S2", 3)
    (him, _) = own.SearchDoctors(words="测试医院").doctors.doctor
    assert (him.free, him.nextFree) == (False, None)


def test_nothing_is_free_at_a_hospital_that_is_not_connected_nor_on_a_day_that_is_over(site):
    own = site.service()
    site.connected.clear()
    assert own.GetDoctor(hospital=HOSPITAL, doctor="Y1").doctor.free is False
    assert own.ListFreeSlots(hospital=HOSPITAL, doctor="Y1").slots is None
    site.connected.add(HOSPITAL)
    site.office.clock.turn(days=30)
    assert own.GetDoctor(hospital=HOSPITAL, doctor="Y1").doctor.free is False
    assert own.ListFreeSlots(hospital=HOSPITAL, doctor="Y1").slots is None


def test_doctors_are_found_page_by_page_and_a_free_seat_goes_first_once_it_was_noted(site):
    own = site.service()
    first = own.SearchDoctors(words="测试医院", page={"size": 1})
    rest = own.SearchDoctors(words="测试医院", page={"size": 1, "token": first.page.token})
    assert (names(first) + names(rest), first.total, rest.page.token) == ([(HOSPITAL, "E2"), (HOSPITAL, "Y1")], 2, None)
    assert names(own.SearchDoctors(free=True)) == []
    note_free(site.database, site.connected, site.office.clock())
    assert names(own.SearchDoctors(words="测试医院")) == [(HOSPITAL, "Y1"), (HOSPITAL, "E2")]
    assert names(own.SearchDoctors(free=True)) == [(HOSPITAL, "Y1")]
    assert names(own.SearchDoctors(words="wcs")) == [(HOSPITAL, "Y1")]
    assert names(own.SearchDoctors(words="王", area="220200", title="1", hospital="HOSP-B", department="D1")) == [
        ("HOSP-B", "Y1")
    ]
    for number, name in enumerate(("S1", "S1", "S2")):
        site.office.book(f"r{number}", name, number)
    assert names(own.SearchDoctors(free=True)) == []
    note_free(site.database, (), site.office.clock())
    with site.database.read() as connection:
        assert set(connection.execute(select(guide_listed.c.busy)).scalars()) == {1}


def test_what_is_not_in_the_guide_is_a_verdict_and_what_cannot_be_read_a_fault(site):
    own = site.service()
    assert own.GetHospital(hospital="NONE").code == "SND-780"
    assert own.ListDepartments(hospital="NONE").code == own.GetDoctor(hospital="NONE", doctor="Y1").code == "SND-780"
    assert own.GetDepartment(hospital=HOSPITAL, department="D9").code == "SND-781"
    assert (
        own.GetDoctor(hospital=HOSPITAL, doctor="Y9").code == own.ListFreeSlots(hospital=HOSPITAL, doctor="Y9").code == "SND-782"
    )
    assert own.GetPicture(picture="p-0002").code == "SND-783"
    assert own.SearchDoctors().code == own.SearchDoctors(words="，").code == own.SearchDoctors(free=False).code == "SND-784"
    assert own.SearchDoctors(words="王", page={"token": "x"}).code == "SND-721"
    assert own.ListDepartments(hospital=HOSPITAL, page={"token": "x"}).code == "SND-721"
    assert own.ListFreeSlots(hospital=HOSPITAL, doctor="Y1", **{"from": DAY, "to": "2026-11-30"}).code == "SND-721"
    assert fault(own.SearchDoctors, title="5") == fault(own.ListHospitals, area="2201x2") == "SND-311"
    assert fault(own.GetDoctor, hospital=HOSPITAL) == "SND-310"


def test_a_picture_is_given_only_while_something_on_show_has_it(site):
    with site.database.write() as connection:
        show(connection, HOSPITAL, [HIM], said=SAID, version=2)
    assert site.service().GetPicture(picture=PICTURE).code == "SND-783"
