"""Keep directories that everybody may look up: each caller's own entries under its own codes, found by all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, true

from engine.hospital import Values
from engine.interaction import Answered, Interaction
from engine.services.recordrights import Scope
from engine.services.registers.asked import found_text, limit, needed, refuse, said
from engine.services.registers.entries import Entries, Fresh, Kept, Sought
from engine.services.registers.persons import terms_of
from engine.services.registers.tables import entry

_LEFT_OUT = frozenset({"authorId", "authorName"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """One directory: `code` names the value that is its business key and `meaning` says it in Chinese; it is found by `found_by`.

    `hidden` are values that others than the owner are not shown.
    """

    entries: Entries
    register: str
    code: str
    meaning: str
    found_by: Sequence[str]
    hidden: frozenset[str] = frozenset()
    scope: Scope = "all"

    def __call__(self, connection: Connection, asked: Interaction) -> Answered:
        """Do what is asked."""
        acts: Mapping[str, Callable[[Connection, Interaction], Answered]] = {
            "add": self._add, "update": self._update, "delete": self._delete, "query": self._query, "get": self._query,
        }  # fmt: skip
        return acts[asked.act](connection, asked)

    def _add(self, connection: Connection, asked: Interaction) -> Answered:
        fresh, before = self._wanted(connection, asked)
        if before is None:
            self.entries.add(connection, self.register, asked.institution, asked.receipt, [fresh], asked.received)
            return Answered(text="已登记")
        if before.state == "deleted":
            self.entries.replace(connection, self.register, asked.institution, asked.receipt, fresh, before, asked.received)
            return Answered(text="已重新登记")
        if before.digest != fresh.digest(self.entries.seal):
            number = said(asked.values, self.code)
            raise refuse("SND-731", f"{self.meaning} {number} 已经登记，内容不同。", "需要修改时请使用更新服务。")
        return Answered(text="已登记过，内容相同")

    def _update(self, connection: Connection, asked: Interaction) -> Answered:
        fresh, before = self._wanted(connection, asked)
        known = self._must_stand(connection, asked, before)
        if known.digest == fresh.digest(self.entries.seal):
            return Answered(text="内容与已登记的相同，无需更新")
        self.entries.replace(connection, self.register, asked.institution, asked.receipt, fresh, known, asked.received)
        return Answered(text=f"已更新，为第 {known.version + 1} 版")

    def _delete(self, connection: Connection, asked: Interaction) -> Answered:
        _, before = self._wanted(connection, asked)
        known = self._must_stand(connection, asked, before)
        self.entries.mark(connection, known, "deleted", asked.received)
        return Answered(text="已删除")

    def _wanted(self, connection: Connection, asked: Interaction) -> tuple[Fresh, Kept | None]:
        key = self.entries.lookup(needed(asked.values, self.code, self.meaning))
        terms = terms_of(asked.values, (self.code, *self.found_by))
        fresh = Fresh(key=key, values=asked.values, terms=terms, at=asked.received, without=_LEFT_OUT)
        return fresh, self.entries.locked(connection, self.register, asked.institution, [key]).get(key)

    def _must_stand(self, connection: Connection, asked: Interaction, before: Kept | None) -> Kept:
        if before is not None and before.state == "current":
            return before
        number = said(asked.values, self.code)
        sought = Sought(
            register=self.register, among=entry.c.owner != asked.institution, terms={self.code: self.entries.lookup(number)}
        )
        if self.entries.find(connection, sought, 1)[0]:
            raise refuse("SND-734", f"{self.meaning} {number} 由其他机构登记，本机构不能改动。")
        raise refuse("SND-732", f"{self.meaning} {number} 尚未登记。", "请先使用新增服务登记。")

    def _query(self, connection: Connection, asked: Interaction) -> Answered:
        found, total = self.sought(connection, asked, self.found_by)
        items = tuple(self.shown(one, asked.institution) for one in found)
        return Answered(text=found_text(len(items), total), items=items, total=total)

    def sought(self, connection: Connection, asked: Interaction, names: Sequence[str]) -> tuple[list[Kept], int]:
        """Find entries: of a code the caller's own if it has one, else everybody's; by what is hidden only its own."""
        terms = {name: self.entries.lookup(value) for name, value in terms_of(asked.values, (self.code, *names)).items()}
        mine = Sought(register=self.register, among=entry.c.owner == asked.institution, terms=terms)
        only_mine = self.scope == "own" or not self.hidden.isdisjoint(terms)
        if self.code in terms or only_mine:
            found, total = self.entries.find(connection, mine, limit(asked.values))
            if found or only_mine:
                return found, total
        return self.entries.find(connection, Sought(register=self.register, among=true(), terms=terms), limit(asked.values))

    def shown(self, one: Kept, caller: str) -> Values:
        """Give the values of an entry as the caller may see them."""
        hidden = frozenset() if one.owner == caller else self.hidden
        return {name: value for name, value in one.values.items() if name not in hidden}
