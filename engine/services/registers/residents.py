"""Register residents and visit cards under an institution's own numbers: add, update, merge two into one, query."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from engine.hospital import Values
from engine.identity import check_letter
from engine.interaction import Answered, Interaction
from engine.services.audit import Audit, changed
from engine.services.identifying import identity_form, number_form
from engine.services.merging import Merge, Said, hold_people, merge_people, merges, unmerge_people
from engine.services.recordrights import RecordRights
from engine.services.registers.asked import found_text, limit, needed, refuse, said
from engine.services.registers.entries import Entries, Fresh, Kept, Sought
from engine.services.registers.persons import audit_reading, linked, reach, terms_of
from engine.store.sealing import Seal

_FOUND_BY = ("patientId", "name", "gender", "birth", "cardNumber")
_LEFT_OUT = frozenset({"registered", "authorId", "authorName"})
"""What may differ between two messages that say the same of a person."""

_SURE, _BY_CARD, _BY_NAME, _MORE = 100, 95, 40, 20
"""How sure a match is: by a number, by a card, by the name alone, and for each further particular that agrees."""


@dataclass(frozen=True, slots=True)
class People:
    """One register of people: `names` are the values that may be its business key, the first that is there counts."""

    entries: Entries
    rights: RecordRights
    register: str
    names: Sequence[str]
    meaning: str

    def __call__(self, connection: Connection, asked: Interaction) -> Answered:
        """Do what is asked."""
        acts: Mapping[str, Callable[[Connection, Interaction], Answered]] = {
            "add": self._add, "update": self._update, "merge": self._merge, "query": self._query, "get": self._query,
        }  # fmt: skip
        return acts[asked.act](connection, asked)

    def key(self, number: str) -> str:
        """Make the key of an entry by its number."""
        return self.entries.lookup(number)

    def _number(self, asked: Interaction) -> str:
        return next((said(asked.values, name) for name in self.names if said(asked.values, name)), "") or needed(
            asked.values, self.names[0], self.meaning
        )

    def _add(self, connection: Connection, asked: Interaction) -> Answered:
        number = self._number(asked)
        if not number_form(number):
            raise refuse("SND-737", f"“{self.meaning}”不能是 {number}。", "请填写本机构分配的号码。")
        before = self._standing(connection, asked, number)
        fresh = Fresh(key=self.key(number), values=asked.values, at=asked.received, without=_LEFT_OUT)
        if before is not None and before.state == "merged":
            raise refuse("SND-731", f"{self.meaning} {number} 已并入另一个，不能再次新增。", "请使用合并后保留的标识。")
        if before is not None and before.digest != fresh.digest(self.entries.seal):
            raise refuse("SND-731", f"{self.meaning} {number} 已经登记，内容不同。", "需要修改时请使用更新服务。")
        if before is not None:
            return Answered(text="已登记过，内容相同")
        self.entries.add(
            connection, self.register, asked.institution, asked.receipt, [self._tied(connection, asked, fresh)], asked.received
        )
        return Answered(text="已登记")

    def _update(self, connection: Connection, asked: Interaction) -> Answered:
        number = self._number(asked)
        before = self._standing(connection, asked, number)
        if before is None:
            raise refuse("SND-732", f"{self.meaning} {number} 尚未登记，不能更新。", "请先使用新增服务登记。")
        if before.state == "merged":
            raise refuse("SND-732", f"{self.meaning} {number} 已并入另一个，不能更新。", "请更新合并后保留的标识。")
        fresh = Fresh(key=before.key, values=asked.values, at=asked.received, without=_LEFT_OUT)
        if before.digest == fresh.digest(self.entries.seal):
            return Answered(text="内容与已登记的相同，无需更新")
        tied = self._tied(connection, asked, fresh)
        self.entries.replace(connection, self.register, asked.institution, asked.receipt, tied, before, asked.received)
        return Answered(text=f"已更新，为第 {before.version + 1} 版")

    def _tied(self, connection: Connection, asked: Interaction, fresh: Fresh) -> Fresh:
        whose = linked(connection, self.entries.seal, asked, asked.values)
        terms = terms_of(asked.values, _FOUND_BY)
        return Fresh(
            key=fresh.key,
            values=fresh.values,
            at=fresh.at,
            without=fresh.without,
            terms=terms,
            resident=whose.resident,
            claimed=whose.claimed,
        )

    def _standing(self, connection: Connection, asked: Interaction, number: str) -> Kept | None:
        return self.entries.locked(connection, self.register, asked.institution, [self.key(number)]).get(self.key(number))

    def _merge(self, connection: Connection, asked: Interaction) -> Answered:
        survivor, obsolete = (
            needed(asked.values, "survivorId", "保留的患者标识"),
            needed(asked.values, "obsoleteId", "被合并的患者标识"),
        )
        if survivor == obsolete:
            raise refuse("SND-735", "保留的与被合并的是同一个患者标识。")
        hold_people(connection)
        found = self.entries.locked(connection, self.register, asked.institution, [self.key(survivor), self.key(obsolete)])
        kept, gone = (self._to_merge(found, number) for number in (survivor, obsolete))
        if _two_citizens(kept.values, gone.values):
            hint = "同一个人请先用更新服务改正其中一个身份证号，再合并。"
            raise refuse("SND-735", f"{survivor} 与 {obsolete} 的身份证号不同，不能合并。", hint)
        self.entries.mark(connection, gone, "merged", asked.received, into_key=kept.key)
        by, reason = said(asked.values, "authorId") or said(asked.values, "authorName"), said(asked.values, "reason")
        why = Said(
            by=by, reason=reason, at=asked.received, institution=asked.institution, register=self.register, survivor_key=kept.key,
            obsolete_key=gone.key, receipt=asked.receipt,
        )  # fmt: skip
        number = merge_people(connection, self.entries.seal, kept.resident, gone.resident, why)
        subject = f"{kept.resident} {gone.resident} {number}"
        note = changed(
            "residents merge", institution=asked.institution, subject=subject, actor=asked.institution, peer=asked.peer
        )
        Audit().write(connection, [note])
        return Answered(text=f"已合并：{obsolete} 并入 {survivor}")

    def _to_merge(self, found: Mapping[str, Kept], number: str) -> Kept:
        one = found.get(self.key(number))
        if one is None:
            raise refuse("SND-730", f"本机构没有登记患者标识 {number}。", "请核对患者标识，或先登记。")
        if one.state == "merged":
            raise refuse("SND-735", f"患者标识 {number} 已并入另一个。", "请使用合并后保留的标识。")
        return one

    def _query(self, connection: Connection, asked: Interaction) -> Answered:
        number = next((said(asked.values, name) for name in self.names if said(asked.values, name)), "")
        found, total = self._by_number(connection, asked, number) if number else self._by_particulars(connection, asked)
        audit_reading(connection, asked, (one.resident for one in found))
        items = tuple({**one.values, "match": str(_match(asked.values, one.values, by_number=bool(number)))} for one in found)
        return Answered(text=found_text(len(items), total), items=items, total=total)

    def _by_number(self, connection: Connection, asked: Interaction, number: str) -> tuple[list[Kept], int]:
        """Find the caller's own entry of a number, and where it was merged into another, that one."""
        one = self._read(connection, asked.institution, self.key(number))
        while one is not None and one.state == "merged":
            one = self._read(connection, asked.institution, one.into_key)
        found = [one] if one is not None and _agrees(asked.values, one.values) else []
        return found, len(found)

    def _read(self, connection: Connection, owner: str, key: str) -> Kept | None:
        return self.entries.read(connection, self.register, owner, key)

    def _by_particulars(self, connection: Connection, asked: Interaction) -> tuple[list[Kept], int]:
        """Find entries by identity number, card, name, gender and birth, all of which must agree."""
        mine = reach(connection, self.entries.seal, asked, self.rights.residents, ("identity", "healthCard"))
        terms = {name: self.entries.lookup(value) for name, value in terms_of(asked.values, ("name", "gender", "birth")).items()}
        return self.entries.find(connection, Sought(register=self.register, among=mine.among(), terms=terms), limit(asked.values))


def _agrees(wanted: Values, known: Values) -> bool:
    return all(said(wanted, name) in ("", said(known, name)) for name in ("identity", "name", "gender", "birth"))


def _match(wanted: Values, known: Values, *, by_number: bool) -> int:
    if by_number or said(wanted, "identity"):
        return _SURE
    if said(wanted, "healthCard"):
        return _BY_CARD
    agreed = sum(bool(said(wanted, name)) and said(wanted, name) == said(known, name) for name in ("gender", "birth"))
    return (_BY_NAME if said(wanted, "name") else 0) + agreed * _MORE


def _two_citizens(one: Values, other: Values) -> bool:
    """Tell whether two people have resident identity numbers that are both right and not the same."""
    first, second = identity_form(said(one, "identity")), identity_form(said(other, "identity"))
    return first != second and _is_citizen(first) and _is_citizen(second)


def _is_citizen(number: str) -> bool:
    return len(number) == 18 and number[:17].isdecimal() and number.isascii() and check_letter(number) == number[17]


def unmerge(connection: Connection, seal: Seal, number: str, *, by: str, reason: str, at: datetime, peer: str = "") -> Merge:
    """Undo a merge: the people are two again, and the entry that went into the other one stands again.

    Raises LookupError for a merge that does not stand, ValueError without a name or a reason.
    """
    hold_people(connection)
    entries = Entries(seal)
    known = next(iter(merges(connection, seal, number=number)), None)
    if known is not None and known.obsolete_key:
        gone = entries.locked(connection, known.register, known.institution, [known.obsolete_key])[known.obsolete_key]
    undone = unmerge_people(connection, seal, number, by=by, reason=reason, at=at, peer=peer)
    if undone.obsolete_key and gone.state == "merged" and gone.into_key == undone.survivor_key:
        entries.mark(connection, gone, "current", at)
    return undone
