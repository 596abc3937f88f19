"""Take schedules into the one pool of seats and give them out of it (S0020 to S0022), beside those that are pulled (2003, 2004)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from engine.errors import TryAgain
from engine.hospital import Values
from engine.interaction import Answered, Interaction
from engine.message import SHANGHAI
from engine.services.appointments import pool
from engine.services.appointments.sync import keep
from engine.services.appointments.tables import clinic, department, doctor, slot
from engine.services.registers.asked import found_text, limit, moment, needed, parts, refuse, said, span
from engine.services.registers.entries import Entries, Fresh, Kept
from engine.services.registers.persons import terms_of
from engine.store.columns import AnyRow
from engine.store.database import insert_into

REGISTER = "schedules"
_MORNING, _AFTERNOON, _EVENING = "1", "2", "3"
_MOST = 2000
"""How many half days one query looks through."""


@dataclass(frozen=True, slots=True)
class Schedules:
    """The register of schedules: what was sent is kept as it came, its seats are in the pool."""

    entries: Entries

    def __call__(self, connection: Connection, asked: Interaction) -> Answered:
        """Do what is asked."""
        acts: Mapping[str, Callable[[Connection, Interaction], Answered]] = {
            "add": self._add, "update": self._update, "query": self._query, "get": self._query,
        }  # fmt: skip
        return acts[asked.act](connection, asked)

    def _add(self, connection: Connection, asked: Interaction) -> Answered:
        wanted, before = self._wanted(connection, asked)
        for one in wanted:
            if one.key in before and before[one.key].digest != one.digest(self.entries.seal):
                raise refuse(
                    "SND-731", f"排班 {said(one.values, 'scheduleId')} 已经登记，内容不同。", "需要修改时请使用更新服务。"
                )
        fresh = [one for one in wanted if one.key not in before]
        for one in fresh:
            _offer(connection, asked, one.values)
        self.entries.add(connection, REGISTER, asked.institution, asked.receipt, fresh, asked.received)
        return Answered(text=f"排班已登记，共 {len(fresh)} 个" if fresh else "已登记过，内容相同")

    def _update(self, connection: Connection, asked: Interaction) -> Answered:
        wanted, before = self._wanted(connection, asked)
        for one in wanted:
            if one.key not in before and not pool.slots_of(connection, asked.institution, said(one.values, "scheduleId")):
                raise refuse("SND-732", f"排班 {said(one.values, 'scheduleId')} 尚未登记，不能更新。", "请先使用新增服务登记。")
        for one in wanted:
            # The seats that are left are said anew each time: even the same words may be news to the pool.
            _offer(connection, asked, one.values)
            if one.key not in before:
                self.entries.add(connection, REGISTER, asked.institution, asked.receipt, [one], asked.received)
            elif before[one.key].digest != one.digest(self.entries.seal):
                self.entries.replace(
                    connection, REGISTER, asked.institution, asked.receipt, one, before[one.key], asked.received
                )  # fmt: skip
        return Answered(text=f"排班已更新，共 {len(wanted)} 个")

    def _wanted(self, connection: Connection, asked: Interaction) -> tuple[list[Fresh], Mapping[str, Kept]]:
        found = {}
        for values in parts(asked.values):
            key = self.entries.lookup(needed(values, "scheduleId", "排班标识"))
            if key in found:
                raise refuse("SND-737", f"排班 {said(values, 'scheduleId')} 在同一消息中出现两次。", "每个排班只写一次。")
            terms = terms_of(values, ("scheduleId",))
            found[key] = Fresh(key=key, values=values, terms=terms, at=asked.received)
        return [found[key] for key in sorted(found)], self.entries.locked(connection, REGISTER, asked.institution, found)

    def _query(self, connection: Connection, asked: Interaction) -> Answered:
        """Give the caller's own schedules with the seats that are left by the pool, the earliest first."""
        named = {"scheduleId": clinic.c.schedule, "department": clinic.c.department, "doctor": clinic.c.doctor}
        where = [clinic.c.institution == asked.institution, clinic.c.status != "gone"]
        where += [column == said(asked.values, name) for name, column in named.items() if said(asked.values, name)]
        since, until = span(asked.values)
        where += [] if since is None else [clinic.c.date >= since.astimezone(SHANGHAI).date().isoformat()]
        where += [] if until is None else [clinic.c.date <= until.astimezone(SHANGHAI).date().isoformat()]
        query = select(clinic).where(*where).order_by(clinic.c.date, clinic.c.half, clinic.c.schedule).limit(_MOST)
        items = [item for row in connection.execute(query) if (item := self._item(connection, asked, row, since, until))]
        most = limit(asked.values)
        return Answered(text=found_text(len(items[:most]), len(items)), items=tuple(items[:most]), total=len(items))

    def _item(self, connection: Connection, asked: Interaction, row: AnyRow, since: Any, until: Any) -> Values | None:
        """Give a half day with its frames within a span and of a type; None when none of them is."""
        known = self.entries.read(connection, REGISTER, row.institution, self.entries.lookup(row.schedule))
        sent: Values = {} if known is None else known.values
        of_frame = dict(_frames(sent)) if sent else {}
        mine = (slot.c.institution == row.institution, slot.c.schedule == row.schedule, slot.c.status != "gone")
        frames = []
        for one in connection.execute(select(slot).where(*mine).order_by(slot.c.date, slot.c.begins, slot.c.slot)):
            frame = _shown(one, of_frame.get(one.slot, {}))
            begins = moment(said(frame, "since"), "时间")
            within = (since is None or begins >= since) and (until is None or begins < until)
            if within and said(asked.values, "type") in ("", said(frame, "type")):
                frames.append(frame)
        if not frames:
            return None
        plain = {
            "scheduleId": row.schedule, "department": row.department, "doctor": row.doctor, "doctorName": row.doctor_name,
            "total": str(row.total), "level": row.level, "status": row.status,
        }  # fmt: skip
        words = {name: value for name, value in sent.items() if isinstance(value, str)}
        return {**{name: value for name, value in {**words, **plain}.items() if value}, "timeFrame": tuple(frames)}


def _frames(values: Values) -> Sequence[tuple[str, Values]]:
    """Name the slot of each frame of a schedule: by its beginning, with its day or its type where that is not enough."""
    schedule = needed(values, "scheduleId", "排班标识")
    frames = parts(values, "timeFrame") if "timeFrame" in values else ()
    if not frames:
        raise refuse("SND-738", f"排班 {schedule} 没有分时段。", "请至少填写一个分时段。")
    starts = [moment(needed(one, "since", "排班开始日期时间"), "排班开始日期时间").astimezone(SHANGHAI) for one in frames]
    several_days = len({at.date() for at in starts}) > 1
    names = [pool.slot_name(schedule, f"{at:%Y-%m-%d %H:%M}" if several_days else f"{at:%H:%M}") for at in starts]
    names = [f"{name}/{said(one, 'type')}" if names.count(name) > 1 else name for name, one in zip(names, frames, strict=True)]
    if len(set(names)) != len(names):
        raise refuse("SND-738", f"排班 {schedule} 有两个时间与类型相同的分时段。", "请合并为一个，或改正时间。")
    return list(zip(names, frames, strict=True))


def _offer(connection: Connection, asked: Interaction, values: Values) -> None:
    """Fit the pool to a schedule; raises TryAgain when a seat of it moved after the message came, before anything is written."""
    institution, schedule = asked.institution, said(values, "scheduleId")
    mine = (slot.c.institution == institution, slot.c.schedule == schedule)
    rows = {row.slot: row for row in connection.execute(select(slot).where(*mine).order_by(slot.c.slot).with_for_update())}
    words = [_word(institution, connection, values, name, frame, rows.get(name)) for name, frame in _frames(values)]
    if any(row.last_event > asked.received for row in rows.values()):
        raise TryAgain("a seat of the schedule moved meanwhile", retry_after=1)
    seen = {name: row.version for name, row in rows.items()}
    _keep_clinic(connection, asked, values, words)
    if pool.pull(connection, institution, words, seen, asked.received):
        raise TryAgain("another process wrote the same schedule", retry_after=1)
    pool.vanish(connection, institution, sorted(set(rows) - {word.slot for word in words}), seen, asked.received)


def _word(institution: str, connection: Connection, values: Values, name: str, frame: Values, known: AnyRow | None) -> pool.Word:
    since = moment(needed(frame, "since", "排班开始日期时间"), "排班开始日期时间").astimezone(SHANGHAI)
    until = moment(needed(frame, "until", "排班结束日期时间"), "排班结束日期时间").astimezone(SHANGHAI)
    total, remaining = _count(frame, "total", "分时段资源总数"), _count(frame, "remain", "剩余号数")
    schedule = said(values, "scheduleId")
    if remaining > total or until <= since:
        raise refuse("SND-738", f"排班 {schedule} 的分时段 {since:%H:%M} 剩余号数大于总数，或结束不晚于开始。")
    fees = _fees(connection, institution, values) if known is None else (known.registration_fee, known.treatment_fee)
    return pool.Word(
        slot=name, reg_id=schedule, schedule=schedule, department=needed(values, "department", "科室标识"),
        doctor=said(values, "doctor"), date=f"{since:%Y-%m-%d}", half=_half(since.hour), begins=f"{since:%H:%M}", ends=f"{until:%H:%M}",
        level=said(values, "level"), status="open" if total else "stopped", registration_fee=fees[0], treatment_fee=fees[1],
        total=total, remaining=remaining, unlimited=False,
    )  # fmt: skip


def _count(frame: Values, name: str, meaning: str) -> int:
    text = needed(frame, name, meaning)
    if not text.isascii() or not text.isdecimal():
        raise refuse("SND-738", f"“{meaning}”不是整数：{text[:16]}", "填写不小于 0 的整数。")
    return int(text[:9])


def _half(hour: int) -> str:
    if 6 <= hour < 12:
        return _MORNING
    return _AFTERNOON if 12 <= hour < 18 else _EVENING


def _fees(connection: Connection, institution: str, values: Values) -> tuple[int, int]:
    """Give the fees of a new slot, which the message does not tell: the clinic's, else the doctor's own, else none."""
    its = (clinic.c.institution == institution, clinic.c.schedule == said(values, "scheduleId"))
    row = connection.execute(select(clinic.c.registration_fee, clinic.c.treatment_fee).where(*its)).one_or_none()
    if row is not None:
        return row.registration_fee, row.treatment_fee
    who = (doctor.c.institution == institution, doctor.c.doctor == said(values, "doctor"))
    fee = connection.execute(select(doctor.c.registration_fee).where(*who).limit(1)).scalar()
    return fee or 0, 0


def _keep_clinic(connection: Connection, asked: Interaction, values: Values, words: Sequence[pool.Word]) -> None:
    """Keep the half day, and its department and doctor where the hospital has not described them yet."""
    first, at = words[0], asked.received
    row = {
        "institution": asked.institution, "schedule": first.schedule, "department": first.department, "doctor": first.doctor,
        "doctor_name": said(values, "doctorName"), "title": "", "date": min(word.date for word in words), "half": first.half,
        "level": first.level, "status": "open" if any(word.status == "open" for word in words) else "stopped",
        "registration_fee": first.registration_fee, "treatment_fee": first.treatment_fee, "timed": True,
        "total": sum(word.total for word in words), "remaining": sum(word.remaining for word in words), "as_of": at, "detailed": at,
    }  # fmt: skip
    keep(connection, clinic, row, keeping=("title", "registration_fee", "treatment_fee"))
    described = {
        "institution": asked.institution,
        "department": first.department,
        "description": "",
        "status": "current",
        "as_of": at,
    }
    name = said(values, "departmentName") or first.department
    empty = dict.fromkeys(("parent", "level", "expertise", "address"), "")
    _introduce(connection, department, {**described, **empty, "name": name, "pulled": None})
    if first.doctor:
        own = {"doctor": first.doctor, "name": said(values, "doctorName"), "title": "", "registration_fee": 0}
        _introduce(connection, doctor, {**described, **own, "speciality": said(values, "professionName")})


def _introduce(connection: Connection, table: Any, row: Mapping[str, Any]) -> None:
    connection.execute(insert_into(connection.dialect.name, table).values(dict(row)).on_conflict_do_nothing())


def _shown(one: AnyRow, sent: Values) -> Values:
    """Give a frame as it stands in the pool, with what was sent of it beside."""
    digits = one.date.replace("-", "")
    counts = {"total": str(one.total), "remain": str(max(0, one.free))}
    if sent:
        return {**sent, **counts}
    begins, ends = (text.replace(":", "") for text in (one.begins or "00:00", one.ends or "23:59"))
    return {"since": f"{digits}{begins}00", "until": f"{digits}{ends}00", **counts}
