"""Pull what hospitals offer: themselves (1004), departments (2001), doctors (2002), schedules (2003) and their slots (2004)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from engine.errors import TryAgain
from engine.hospital import HospitalReply, Values
from engine.message import SHANGHAI
from engine.services.appointments import pool
from engine.services.appointments.conclusions import number
from engine.services.appointments.counter import Counter, filled
from engine.services.appointments.tables import clinic, department, doctor, hospital
from engine.store import errands
from engine.store.again import again
from engine.store.database import insert_into

FULL, DOCTORS, SLOTS = "sync-full", "sync-doctors", "sync-slots"
"""The errands of pulling; the subject of the latter two is institution and department, with a blank between."""

_NOTHING = {"200101", "200201", "200202", "200301", "200302", "200303", "200401", "200402", "200403", "200404"}
"""Answers by which a hospital says that there is nothing: as good as an empty list."""

_STATUS = {"0": "stopped", "1": "open", "2": "not-open"}
_UNLIMITED = "99"


def pull_hospital(counter: Counter, institution: str) -> None:
    """Pull a hospital and its departments, and ask for the doctors and schedules of each, spread over its jitter."""
    terms = counter.terms(institution)
    if "1004" in terms.functions:
        said = _asked(counter, institution, "1004", {})
        again(counter.database, lambda connection: keep(connection, hospital, _hospital(institution, said)))
    said = _asked(counter, institution, "2001", {"DEPT_ID": "-1"})
    rows = list(_departments(institution, said))

    def work(connection: Connection) -> None:
        for row in rows:
            keep(connection, department, row)
        gone = (department.c.institution == institution, department.c.as_of < said.asked)
        connection.execute(update(department).where(*gone).values(status="gone"))
        current = [row["department"] for row in rows if row["status"] == "current"]
        for place, name in enumerate(current):
            due = counter.now() + timedelta(seconds=terms.jitter * place / max(1, len(current)))
            for kind in (DOCTORS, SLOTS):
                errands.put(connection, kind, f"{institution} {name}", institution, due)

    again(counter.database, work)


def pull_doctors(counter: Counter, institution: str, name: str) -> None:
    """Pull the doctors of a department."""
    if not counter.offers(institution, "2002"):
        return
    said = _asked(counter, institution, "2002", {"DEPT_ID": name, "DOCTOR_ID": "-1"})
    rows = [
        {"institution": institution, "department": name, "doctor": str(each["DOCTOR_ID"]), "name": str(each.get("NAME", "")),
         "title": str(each.get("JOB_TITLE", "")), "speciality": str(each.get("SPECIAL", "")),
         "description": str(each.get("DESC", "")), "registration_fee": number(each.get("REG_FEE")),
         "status": "gone" if str(each.get("STATUS", "1")) == "2" else "current", "as_of": said.asked}
        for each in said.values.get("DOCTOR_LIST", ())
    ]  # fmt: skip

    def work(connection: Connection) -> None:
        for row in rows:
            keep(connection, doctor, row)
        gone = (doctor.c.institution == institution, doctor.c.department == name, doctor.c.as_of < said.asked)
        connection.execute(update(doctor).where(*gone).values(status="gone"))

    again(counter.database, work)


def pull_slots(counter: Counter, institution: str, name: str) -> None:
    """Pull the schedules of a department over the hospital's horizon, and the slots of those that changed.

    What is asked while an order or a push moves a slot says nothing of that slot: the next pull does.
    """
    terms = counter.terms(institution)
    today = counter.now().astimezone(SHANGHAI).date()
    first, last = today.isoformat(), (today + timedelta(days=terms.horizon_days)).isoformat()
    with counter.database.read() as connection:
        seen = pool.versions(connection, institution, name, first, last)
        before = _clinics(connection, institution, name, first, last)
    asked = {"DEPT_ID": name, "DOCTOR_ID": "-1", "START_DATE": first, "END_DATE": last}
    said = _asked(counter, institution, "2003", asked)
    rows = list(_schedules(institution, name, said))

    def work(connection: Connection) -> None:
        for row in rows:
            keep(connection, clinic, row, keeping=("detailed",))
        words = [_whole(row, unlimited=_unlimited(terms.unlimited_is_99, row)) for row in rows if not row["timed"]]
        pool.pull(connection, institution, words, seen, said.asked)
        _forget_clinics(connection, institution, before, {row["schedule"] for row in rows}, seen, said.asked)
        mine = (department.c.institution == institution, department.c.department == name)
        connection.execute(update(department).where(*mine).values(pulled=said.asked))

    again(counter.database, work)
    for row in rows:
        if row["timed"] and _worth(before.get(row["schedule"]), row, said.asked, terms.full_every):
            _pull_times(counter, institution, row, unlimited_is_99=terms.unlimited_is_99)


def _pull_times(counter: Counter, institution: str, row: Mapping[str, Any], *, unlimited_is_99: bool) -> None:
    """Pull the slots of one timed half day (2004)."""
    with counter.database.read() as connection:
        seen = pool.versions(connection, institution, row["department"], row["date"], row["date"])
        ours = set(pool.slots_of(connection, institution, row["schedule"]))
    asked = {"DEPT_ID": row["department"], "DOCTOR_ID": row["doctor"], "REG_DATE": row["date"], "TIME_FLAG": row["half"]}
    said = _asked(counter, institution, "2004", asked)
    words = [
        _timed(row, each, unlimited=unlimited_is_99 and _UNLIMITED in (str(each.get("TOTAL")), str(each.get("OVER_COUNT"))))
        for each in said.values.get("TIME_REG_LIST", ())
    ]

    def work(connection: Connection) -> None:
        dropped = pool.pull(connection, institution, words, seen, said.asked)
        gone = sorted(ours - {word.slot for word in words})
        pool.vanish(connection, institution, [name for name in gone if name in seen], seen, said.asked)
        mine = (clinic.c.institution == institution, clinic.c.schedule == row["schedule"])
        # A slot that moved meanwhile was told nothing: the half day is asked for again, whether its own counts change or not.
        connection.execute(update(clinic).where(*mine).values(detailed=None if dropped else said.asked))

    again(counter.database, work)


def _asked(counter: Counter, institution: str, function: str, values: Mapping[str, Any]) -> HospitalReply:
    reply = counter.ask(institution, function, filled(values))
    if reply.code in _NOTHING:
        return HospitalReply(code="0", message="", values={}, asked=reply.asked, answered=reply.answered)
    if reply.code != "0":
        raise TryAgain(f"{function} answered {reply.code}")
    return reply


def _hospital(institution: str, said: HospitalReply) -> dict[str, Any]:
    named = {
        "name": "NAME", "short_name": "SHORT_NAME", "level": "LEVEL", "address": "ADDRESS", "telephone": "TEL",
        "opens_at": "START_REG_TIME", "closes_at": "END_REG_TIME",
    }  # fmt: skip
    texts = {name: str(said.values.get(node, "")) for name, node in named.items()}
    return {"institution": institution, **texts, "horizon_days": number(said.values.get("MAX_REG_DAYS")), "as_of": said.asked}


def _departments(institution: str, said: HospitalReply) -> Iterator[dict[str, Any]]:
    for each in said.values.get("DEPT_LIST", ()):
        parent = str(each.get("PARENT_ID", ""))
        yield {
            "institution": institution, "department": str(each["DEPT_ID"]), "name": str(each.get("DEPT_NAME", "")),
            "parent": "" if parent in ("-1", "0") else parent, "level": str(each.get("LEVEL", "")),
            "description": str(each.get("DESC", "")), "expertise": str(each.get("EXPERTISE", "")),
            "address": str(each.get("ADDRESS", "")), "status": "gone" if str(each.get("STATUS", "1")) == "2" else "current",
            "as_of": said.asked,
        }  # fmt: skip


def _schedules(institution: str, name: str, said: HospitalReply) -> Iterator[dict[str, Any]]:
    for who in said.values.get("REG_DOCTOR_LIST", ()):
        for day in who.get("REG_LIST", ()):
            for half in day.get("REG_TIME_LIST", ()):
                yield {
                    "institution": institution, "schedule": str(half["REG_ID"]), "department": name,
                    "doctor": str(who.get("DOCTOR_ID", "")), "doctor_name": str(who.get("NAME", "")),
                    "title": str(who.get("JOB_TITLE", "")), "date": str(day["REG_DATE"])[:10], "half": str(half["TIME_FLAG"]),
                    "level": str(half.get("REG_LEVEL", "")), "status": _STATUS.get(str(half.get("REG_STATUS", "")), "not-open"),
                    "registration_fee": number(half.get("REG_FEE")), "treatment_fee": number(half.get("TREAT_FEE")),
                    "timed": str(half.get("ISTIME", "")) == "1", "total": number(half.get("TOTAL")),
                    "remaining": number(half.get("OVER_COUNT")), "as_of": said.asked, "detailed": None,
                }  # fmt: skip


def _unlimited(is_99: bool, row: Mapping[str, Any]) -> bool:  # noqa: FBT001 - the adapter's own setting
    return is_99 and int(_UNLIMITED) in (row["total"], row["remaining"])


def _whole(row: Mapping[str, Any], *, unlimited: bool) -> pool.Word:
    """Make the slot of a half day that has no times."""
    return pool.Word(
        slot=row["schedule"], reg_id=row["schedule"], schedule=row["schedule"], department=row["department"],
        doctor=row["doctor"], date=row["date"], half=row["half"], begins="", ends="", level=row["level"], status=row["status"],
        registration_fee=row["registration_fee"], treatment_fee=row["treatment_fee"], total=row["total"],
        remaining=row["remaining"], unlimited=unlimited,
    )  # fmt: skip


def _timed(row: Mapping[str, Any], each: Values, *, unlimited: bool) -> pool.Word:
    begins = str(each.get("BEGIN_TIME", ""))
    return pool.Word(
        slot=pool.slot_name(str(each["REG_ID"]), begins), reg_id=str(each["REG_ID"]), schedule=row["schedule"],
        department=row["department"], doctor=row["doctor"], date=row["date"], half=str(each.get("TIME_FLAG", row["half"])),
        begins=begins, ends=str(each.get("END_TIME", "")), level=row["level"], status=row["status"],
        registration_fee=row["registration_fee"], treatment_fee=row["treatment_fee"], total=number(each.get("TOTAL")),
        remaining=number(each.get("OVER_COUNT")), unlimited=unlimited,
    )  # fmt: skip


def _clinics(connection: Connection, institution: str, name: str, first: str, last: str) -> dict[str, Any]:
    chosen = (clinic.c.institution == institution, clinic.c.department == name, clinic.c.date >= first, clinic.c.date <= last)
    return {row.schedule: row for row in connection.execute(select(clinic).where(*chosen))}


def _worth(before: Any, row: Mapping[str, Any], asked: datetime, full_every: float) -> bool:
    """Tell whether the slots of a half day are worth asking for: it changed, or was not asked for since long."""
    if before is None or before.detailed is None or asked - before.detailed >= timedelta(seconds=full_every):
        return True
    return any(getattr(before, name) != row[name] for name in ("total", "remaining", "status", "registration_fee"))


def _forget_clinics(
    connection: Connection, institution: str, before: Mapping[str, Any], there: set[str], seen: pool.Versions, asked: datetime
) -> None:
    """Mark the half days that a complete answer no longer names, and their slots."""
    for schedule in sorted(set(before) - there):
        mine = (clinic.c.institution == institution, clinic.c.schedule == schedule)
        connection.execute(update(clinic).where(*mine).values(status="gone"))
        names = [name for name in pool.slots_of(connection, institution, schedule) if name in seen]
        pool.vanish(connection, institution, names, seen, asked)


def keep(connection: Connection, table: Any, row: dict[str, Any], keeping: tuple[str, ...] = ()) -> None:
    """Insert a row or bring it up to date, unless what is kept was asked for later."""
    keys = [column.name for column in table.primary_key]
    insert = insert_into(connection.dialect.name, table).values(row)
    fresh = {name: insert.excluded[name] for name in row if name not in keys and name not in keeping}
    connection.execute(
        insert.on_conflict_do_update(index_elements=keys, set_=fresh, where=table.c.as_of <= insert.excluded.as_of)
    )
