"""Answer what the platform looks up: the hospital, its patients, departments, doctors and clinics (1001 to 2004)."""

from __future__ import annotations

from itertools import groupby

from engine.simulator.clinic import UNLIMITED, Doctor, Place
from engine.simulator.orders import Refusal
from engine.simulator.site import ALL, Site, Values, day_of

WEEKDAYS = ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日")


def net_test(site: Site, _: Values) -> Values:
    """Tell the time (1001)."""
    return {"SYSDATE": site.moment()}


def create_patient(site: Site, asked: Values) -> Values:
    """Give the patient number of a health card (1002)."""
    return {"HOSP_PATIENT_ID": site.book.patient(asked["HEALTH_CARD_ID"])}


def patient_info(site: Site, asked: Values) -> Values:
    """Give the file of a person (1003)."""
    known = asked.get("HOSP_PATIENT_ID", "")
    if known and not site.book.knows(known):
        raise Refusal("100301", "患者未在医院建档")
    number = known or site.book.patient(asked.get("ID_NO", ""))
    return {"CREATE_TIME": site.moment(), "HOSP_PATIENT_ID": number, "MOBILE": "13000000000", "ADDRESS": "长春市测试路"}


def check_card(site: Site, asked: Values) -> Values:
    """Tell the state of a card (1005): 0, normal."""
    known = asked.get("HOSP_PATIENT_ID", "")
    if known and not site.book.knows(known):
        raise Refusal("200501", "患者未在医院建档")
    return {"CARD_STATUS": "0", "CARD_TIME": site.moment(), "LAST_TIME": site.moment()}


def hospital_info(site: Site, _: Values) -> Values:
    """Tell of the hospital (1004)."""
    days = {place.day for place in site.book.clinics.places}
    return {
        "HOS_ID": site.hospital, "NAME": site.name, "SHORT_NAME": site.name[:8], "ADDRESS": "长春市测试路 1 号", "TEL": "0431-80000000",
        "LEVEL": "5", "DESC": "模拟医院，用于联调与演示", "MAX_REG_DAYS": str(len(days)), "START_REG_TIME": "00:00",
        "END_REG_TIME": "23:59", "STOP_BOOK_TIMEA": "11:30", "STOP_BOOK_TIMEP": "16:30",
    }  # fmt: skip


def departments(site: Site, asked: Values) -> Values:
    """List the departments (2001); 0 asks for those at the top, which all are."""
    wanted = asked["DEPT_ID"]
    found = [one for one in site.book.clinics.departments if wanted in (ALL, "0", one.id)]
    if not found:
        raise Refusal("200101", "科室不存在")
    lines = tuple(
        {"DEPT_ID": one.id, "DEPT_NAME": one.name, "PARENT_ID": "-1", "EXPERTISE": one.specialty, "LEVEL": "1", "STATUS": "1"}
        for one in found
    )
    return {"HOS_ID": site.hospital, "DEPT_LIST": lines}


def doctors(site: Site, asked: Values) -> Values:
    """List the doctors of a department or of all (2002)."""
    found = _doctors(site, asked, no_department="200201", no_doctor="200202")
    lines = tuple(
        {
            "DEPT_ID": one.department, "DOCTOR_ID": one.id, "NAME": one.name, "SPECIAL": "常见病、多发病的诊治", "JOB_TITLE": one.title,
            "REG_FEE": str(one.fee), "STATUS": "1", "SEX": "1",
        }
        for one in found
    )  # fmt: skip
    return {"HOS_ID": site.hospital, "DOCTOR_LIST": lines}


def schedules(site: Site, asked: Values) -> Values:
    """List the half days of a department's doctors between two days (2003)."""
    chosen = {one.id for one in _doctors(site, asked, no_department="200301", no_doctor="200302")}
    first, last = day_of(asked["START_DATE"]), day_of(asked["END_DATE"])
    places = [p for p in site.book.clinics.places if p.doctor.id in chosen and first <= p.day <= last]
    if not places:
        raise Refusal("200303", "没有符合条件的排班")
    lines = tuple(_doctor_line(site, list(group)) for _, group in groupby(places, key=lambda place: place.doctor.id))
    return {"HOS_ID": site.hospital, "DEPT_ID": asked["DEPT_ID"], "REG_DOCTOR_LIST": lines}


def _doctor_line(site: Site, places: list[Place]) -> Values:
    doctor = places[0].doctor
    days = tuple(
        {
            "REG_DATE": day.isoformat(), "REG_WEEKDAY": WEEKDAYS[day.weekday()],
            "REG_TIME_LIST": tuple(_half_line(site, list(half)) for _, half in groupby(group, key=lambda place: place.clinic)),
        }
        for day, group in groupby(places, key=lambda place: place.day)
    )  # fmt: skip
    return {"DOCTOR_ID": doctor.id, "NAME": doctor.name, "JOB_TITLE": doctor.title, "REG_LIST": days}


def _half_line(site: Site, places: list[Place]) -> Values:
    one = places[0]
    parted = one.id != one.clinic
    total, left = _sums(site, places)
    return {
        "REG_ID": one.clinic, "TIME_FLAG": one.half, "REG_STATUS": "0" if all(site.book.is_stopped(p.id) for p in places) else "1",
        "TOTAL": total, "OVER_COUNT": left, "REG_LEVEL": one.doctor.level, "REG_FEE": str(one.doctor.fee),
        "TREAT_FEE": str(one.doctor.treat_fee), "ISTIME": "1" if parted else "0",
    }  # fmt: skip


def _sums(site: Site, places: list[Place]) -> tuple[str, str]:
    """Sum totals and numbers left; a half day that would sum to 99 by chance is what the Jilin text cannot tell apart."""
    unlimited = places[0].total == UNLIMITED
    total = UNLIMITED if unlimited else sum(place.total for place in places)
    left = UNLIMITED if unlimited else sum(_left(site, place) for place in places)
    return str(total), str(left)


def _left(site: Site, place: Place) -> int:
    return 0 if site.book.is_stopped(place.id) else site.book.left(place.id)


def stretches(site: Site, asked: Values) -> Values:
    """List the stretches of one doctor's half day (2004)."""
    chosen = {one.id for one in _doctors(site, asked, no_department="200401", no_doctor="200402")}
    day, half = day_of(asked["REG_DATE"]), asked["TIME_FLAG"]
    clinics = site.book.clinics.places
    found = [p for p in clinics if p.doctor.id in chosen and p.day == day and half in (ALL, p.half)]
    if not found:
        raise Refusal("200403", "排班不存在")
    lines = tuple(
        {
            "TIME_FLAG": p.half, "BEGIN_TIME": p.begin, "END_TIME": p.end, "TOTAL": str(p.total), "OVER_COUNT": str(_left(site, p)),
            "REG_ID": p.id,
        }
        for p in found
        if p.id != p.clinic
    )  # fmt: skip
    if not lines:
        raise Refusal("200404", "该排班没有分时段")
    return {"TIME_REG_LIST": lines}


def _doctors(site: Site, asked: Values, *, no_department: str, no_doctor: str) -> list[Doctor]:
    clinics, department, doctor = site.book.clinics, asked["DEPT_ID"], asked["DOCTOR_ID"]
    if department != ALL and not any(one.id == department for one in clinics.departments):
        raise Refusal(no_department, "科室不存在")
    found = [one for one in clinics.doctors if department in (ALL, one.department) and doctor in (ALL, one.id)]
    if not found:
        raise Refusal(no_doctor, "医生不存在")
    return found
