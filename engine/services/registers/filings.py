"""File visits, orders, requests and appointments as they came, each kept under its number; status messages as events of their time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from engine.hospital import Values
from engine.interaction import Answered, Interaction
from engine.services.recordrights import RecordRights
from engine.services.registers.asked import found_text, limit, moment, needed, parts, refuse, said, span
from engine.services.registers.entries import Entries, Fresh, Kept, Sought
from engine.services.registers.persons import audit_reading, linked, reach, terms_of

KINDS: Mapping[str, str] = {
    "outpatient-visits": "就诊流水号", "inpatient-visits": "就诊流水号", "transfers": "转科记录标识", "discharges": "就诊流水号",
    "orders": "医嘱号", "laboratory-requests": "申请单号", "examination-requests": "申请单号", "pathology-requests": "申请单号",
    "transfusion-requests": "申请单号", "surgery-requests": "申请单号", "examination-appointments": "预约标识",
    "surgery-schedules": "手术排班标识",
}  # fmt: skip
"""The registers that keep one entry for each number, with what the number is called."""

STATUS_KINDS: Mapping[str, str] = {
    "appointment-status": "预约标识", "order-status": "医嘱号", "examination-status": "申请单号", "laboratory-status": "申请单号",
    "surgery-status": "手术申请单号",
}  # fmt: skip
"""The registers that keep every event of a number; what is so now is the latest by the time of the event."""

_VISIT_KINDS = {
    "outpatient-visits": "outpatient",
    "inpatient-visits": "inpatient",
    "transfers": "inpatient",
    "discharges": "inpatient",
}
_FOUND_BY = (
    "number", "patientId", "visit", "visitTimes", "visitNumber", "form", "specimen", "author", "department", "institutionCode", "status",
    "type",
)  # fmt: skip
_ASKED_BY = tuple(name for name in _FOUND_BY if name != "patientId")
_SHOWN = ("number", "status", "statusName", "at", "body")

Told = Callable[[Connection, Interaction, Values], str]
"""Let an event that is the latest of its number move something else; gives what is to be said of it. Raises SenderError."""

Filed = Callable[[Connection, Interaction, Values], None]
"""Hear of an entry or an event that was not known before, once it is kept."""


def nobody(_connection: Connection, _asked: Interaction, _values: Values) -> None:
    """Hear of nothing."""


@dataclass(frozen=True, slots=True)
class Filings:
    """One register of filings, by its name."""

    entries: Entries
    rights: RecordRights
    register: str
    filed: Filed = nobody

    def __call__(self, connection: Connection, asked: Interaction) -> Answered:
        """Do what is asked."""
        acts = {"add": self._add, "update": self._update, "query": self._query, "get": self._query}
        return acts[asked.act](connection, asked)

    def _add(self, connection: Connection, asked: Interaction) -> Answered:
        wanted, before = self._wanted(connection, asked)
        for one in wanted:
            known = before.get(one.key)
            if known is not None and known.digest != one.digest(self.entries.seal):
                number = said(one.values, "number")
                raise refuse("SND-731", f"{KINDS[self.register]} {number} 已经登记，内容不同。", "需要修改时请使用更新服务。")
        fresh = [self._tied(connection, asked, one) for one in wanted if one.key not in before]
        self.entries.add(connection, self.register, asked.institution, asked.receipt, fresh, asked.received)
        for one in fresh:
            self.filed(connection, asked, one.values)
        if not fresh:
            return Answered(text="已登记过，内容相同")
        return Answered(text="已登记" if len(wanted) == 1 else f"已登记 {len(fresh)} 条")

    def _update(self, connection: Connection, asked: Interaction) -> Answered:
        wanted, before = self._wanted(connection, asked)
        for one in wanted:
            if one.key not in before:
                number = said(one.values, "number")
                raise refuse("SND-732", f"{KINDS[self.register]} {number} 尚未登记，不能更新。", "请先使用新增服务登记。")
        changed = [one for one in wanted if before[one.key].digest != one.digest(self.entries.seal)]
        for one in changed:
            tied = self._tied(connection, asked, one)
            self.entries.replace(
                connection, self.register, asked.institution, asked.receipt, tied, before[one.key], asked.received
            )
        if not changed:
            return Answered(text="内容与已登记的相同，无需更新")
        return Answered(text="已更新" if len(wanted) == 1 else f"已更新 {len(changed)} 条")

    def _wanted(self, connection: Connection, asked: Interaction) -> tuple[list[Fresh], Mapping[str, Kept]]:
        """Read the entries of a message, in the order of their keys, and hold those that stand."""
        found: dict[str, Fresh] = {}
        for values in parts(asked.values):
            number = needed(values, "number", KINDS[self.register])
            one = _fresh(asked, values, self.entries.lookup(number))
            if one.key in found and found[one.key].values != values:
                raise refuse("SND-737", f"{KINDS[self.register]} {number} 在同一消息中出现两次，内容不同。", "每个号码只写一次。")
            found[one.key] = one
        wanted = [found[key] for key in sorted(found)]
        return wanted, self.entries.locked(connection, self.register, asked.institution, found)

    def _tied(self, connection: Connection, asked: Interaction, one: Fresh) -> Fresh:
        whose = linked(connection, self.entries.seal, asked, one.values, _VISIT_KINDS.get(self.register, ""))
        return replace(one, resident=whose.resident, claimed=whose.claimed)

    def _query(self, connection: Connection, asked: Interaction) -> Answered:
        return answered(connection, self.entries, self.rights, asked)


@dataclass(frozen=True, slots=True)
class StatusFilings:
    """One register of status events, by its name; `told` hears of each event that is the latest of its number."""

    entries: Entries
    rights: RecordRights
    register: str
    told: Told | None = None
    filed: Filed = nobody

    def __call__(self, connection: Connection, asked: Interaction) -> Answered:
        """Do what is asked."""
        acts = {"add": self._append, "update": self._append, "status": self._append, "query": self._query, "get": self._query}
        return acts[asked.act](connection, asked)

    def _append(self, connection: Connection, asked: Interaction) -> Answered:
        wanted: dict[str, Fresh] = {}
        for values in parts(asked.values):
            number = needed(values, "number", STATUS_KINDS[self.register])
            one = _fresh(asked, values, "")
            key = self.entries.lookup(number, one.digest(self.entries.seal))
            wanted[key] = replace(one, key=key)
        standing = self.entries.locked(connection, self.register, asked.institution, wanted)
        fresh = [wanted[key] for key in sorted(wanted) if key not in standing]
        if not fresh:
            return Answered(text="该状态已登记过")
        late = {one.key for one in fresh if not self._is_latest(connection, asked.institution, one, fresh)}
        words = [self.told(connection, asked, one.values) for one in fresh if one.key not in late] if self.told else []
        tied = [self._tied(connection, asked, one) for one in fresh]
        self.entries.add(connection, self.register, asked.institution, asked.receipt, tied, asked.received)
        for one in fresh:
            self.filed(connection, asked, one.values)
        text = "状态已登记" if not late else "状态已登记，早于已知的最新状态，不改变当前状态"
        return Answered(text="；".join([text, *filter(None, words)]))

    def _tied(self, connection: Connection, asked: Interaction, one: Fresh) -> Fresh:
        whose = linked(connection, self.entries.seal, asked, one.values)
        return replace(one, resident=whose.resident, claimed=whose.claimed)

    def _is_latest(self, connection: Connection, owner: str, one: Fresh, beside: Sequence[Fresh]) -> bool:
        number = said(one.values, "number")
        if any((one.at, one.key) < (each.at, each.key) for each in beside if said(each.values, "number") == number):
            return False
        latest = latest_event(connection, self.entries, self.register, owner, number)
        return latest is None or (latest.at, latest.key) < (one.at, one.key)

    def _query(self, connection: Connection, asked: Interaction) -> Answered:
        return answered(connection, self.entries, self.rights, asked)


def latest_event(connection: Connection, entries: Entries, register: str, owner: str, number: str) -> Kept | None:
    """Give the event that says what is so now of a number: the latest by its own time, whenever it came; None without any."""
    return entries.latest(connection, register, owner, {"number": entries.lookup(number)})


def _fresh(asked: Interaction, values: Values, key: str) -> Fresh:
    at = moment(said(values, "at"), "时间") if said(values, "at") else asked.received
    return Fresh(key=key, values=values, terms=terms_of(values, _FOUND_BY), at=at)


def answered(connection: Connection, entries: Entries, rights: RecordRights, asked: Interaction) -> Answered:
    """Answer a query: the entries that the caller may read, the latest first."""
    mine = reach(connection, entries.seal, asked, rights.filings)
    since, until = span(asked.values)
    terms = {name: entries.lookup(value) for name, value in terms_of(asked.values, _ASKED_BY).items()}
    sought = Sought(register=asked.register, among=mine.among(), terms=terms, since=since, until=until)
    found, total = entries.find(connection, sought, limit(asked.values))
    audit_reading(connection, asked, [one.resident for one in found] or (mine.people or ()))
    return Answered(text=found_text(len(found), total), items=tuple(map(_item, found)), total=total)


def _item(one: Kept) -> Values:
    return {**{name: one.values[name] for name in _SHOWN if name in one.values}, "institutionCode": one.owner}


def registers(
    entries: Entries, rights: RecordRights, told: Mapping[str, Told], filed: Filed
) -> Sequence[tuple[str, Filings | StatusFilings]]:
    """Give every register of filings by its name; `told` hears of the latest events of one, `filed` of all that is fresh."""
    kept = [(name, Filings(entries, rights, name, filed)) for name in KINDS]
    return [*kept, *((name, StatusFilings(entries, rights, name, told.get(name), filed)) for name in STATUS_KINDS)]
