"""Register terminology (S0011-13, dictionary operations): value sets of each caller with their items, looked up by all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, true

from engine.hospital import Values
from engine.interaction import Answered, Interaction
from engine.services.registers.asked import found_text, limit, needed, parts, refuse, said
from engine.services.registers.entries import Entries, Fresh, Kept, Sought
from engine.services.registers.persons import terms_of
from engine.services.registers.tables import entry

REGISTER = "terms"
_HEAD = ("valueSet", "valueSetName", "version", "versionName", "status", "parent", "kind")
_ITEMS = "entries"


@dataclass(frozen=True, slots=True)
class Terms:
    """The register of terminology: one entry for each value set and version, with all its items."""

    entries: Entries

    def __call__(self, connection: Connection, asked: Interaction) -> Answered:
        """Do what is asked."""
        acts: Mapping[str, Callable[[Connection, Interaction], Answered]] = {
            "add": self._add, "update": self._update, "delete": self._delete, "query": self._query, "get": self._query,
        }  # fmt: skip
        done = [acts[asked.act](connection, replace(asked, values=one)) for one in parts(asked.values)]
        return done[0] if len(done) == 1 else Answered(text="；".join(one.text for one in done))

    def _add(self, connection: Connection, asked: Interaction) -> Answered:
        """Make a value set, or add items to one that stands."""
        known, said_items = self._standing(connection, asked), _items(asked.values)
        if known is None or known.state == "deleted":
            if not said(asked.values, "valueSetName"):
                raise refuse("SND-732", f"值集 {said(asked.values, 'valueSet')} 尚未登记，不能增加项目。", "请先登记值集。")
            self._write(connection, asked, known, _head(asked.values), said_items)
            return Answered(text=f"值集已登记，共 {len(said_items)} 项")
        items = {said(item, "code"): item for item in known.values.get(_ITEMS, ())}
        for item in said_items:
            if items.get(said(item, "code"), item) != item:
                raise refuse("SND-731", f"值集中的代码 {said(item, 'code')} 已经登记，内容不同。", "需要修改时请使用更新服务。")
        if said(asked.values, "valueSetName") not in ("", said(known.values, "valueSetName")):
            raise refuse("SND-731", f"值集 {said(asked.values, 'valueSet')} 已经登记，名称不同。", "需要修改时请使用更新服务。")
        fresh = [item for item in said_items if said(item, "code") not in items]
        if not fresh:
            return Answered(text="已登记过，内容相同")
        self._write(connection, asked, known, _head(known.values), [*items.values(), *fresh])
        return Answered(text=f"值集已增加 {len(fresh)} 项")

    def _update(self, connection: Connection, asked: Interaction) -> Answered:
        """Put the items that are named in the place of those of their codes; the others stay."""
        known = self._must_stand(connection, asked)
        items = {said(item, "code"): item for item in known.values.get(_ITEMS, ())}
        items |= {said(item, "code"): item for item in _items(asked.values)}
        head = {**_head(known.values), **_head(asked.values)}
        if head == _head(known.values) and tuple(items.values()) == tuple(known.values.get(_ITEMS, ())):
            return Answered(text="内容与已登记的相同，无需更新")
        self._write(connection, asked, known, head, list(items.values()))
        return Answered(text=f"值集已更新，共 {len(items)} 项")

    def _delete(self, connection: Connection, asked: Interaction) -> Answered:
        """Delete the items that are named, or the whole value set when none is."""
        known = self._must_stand(connection, asked)
        codes = {said(item, "code") for item in _items(asked.values)} | ({said(asked.values, "code")} - {""})
        if not codes:
            self.entries.mark(connection, known, "deleted", asked.received)
            return Answered(text="值集已删除")
        items = {said(item, "code"): item for item in known.values.get(_ITEMS, ())}
        for code in sorted(codes - set(items)):
            raise refuse("SND-732", f"值集中没有代码 {code}。")
        left = [item for code, item in items.items() if code not in codes]
        self._write(connection, asked, known, _head(known.values), left)
        return Answered(text=f"已删除 {len(codes)} 项")

    def _query(self, connection: Connection, asked: Interaction) -> Answered:
        """Find value sets: the caller's own of a code if it has one, else everybody's; of one item only when it is named."""
        terms = {name: self.entries.lookup(value) for name, value in terms_of(asked.values, ("valueSet", "version")).items()}
        code = said(asked.values, "code")
        if code:
            terms["item"] = self.entries.lookup(code)
        found: list[Kept] = []
        total = 0
        for among in (entry.c.owner == asked.institution, true()):
            if not found:
                found, total = self.entries.find(
                    connection, Sought(register=REGISTER, among=among, terms=terms), limit(asked.values)
                )
        items = tuple(_of_code(one.values, code) for one in found)
        return Answered(text=found_text(len(items), total), items=items, total=total)

    def _standing(self, connection: Connection, asked: Interaction) -> Kept | None:
        """Find and hold the caller's value set; without a version the only one that stands."""
        value_set = needed(asked.values, "valueSet", "值集代码")
        if not said(asked.values, "version"):
            mine = Sought(
                register=REGISTER, among=entry.c.owner == asked.institution, terms={"valueSet": self.entries.lookup(value_set)}
            )
            found, total = self.entries.find(connection, mine, 1)
            if total == 1:
                return self.entries.locked(connection, REGISTER, asked.institution, [found[0].key])[found[0].key]
        key = self.entries.lookup(value_set, said(asked.values, "version"))
        return self.entries.locked(connection, REGISTER, asked.institution, [key]).get(key)

    def _must_stand(self, connection: Connection, asked: Interaction) -> Kept:
        known = self._standing(connection, asked)
        if known is None or known.state == "deleted":
            raise refuse("SND-732", f"值集 {said(asked.values, 'valueSet')} 尚未登记。", "请先使用新增服务登记。")
        return known

    def _write(
        self, connection: Connection, asked: Interaction, known: Kept | None, head: Values, items: Sequence[Values]
    ) -> None:  # fmt: skip
        values = {**head, _ITEMS: tuple(items)}
        key = known.key if known else self.entries.lookup(said(head, "valueSet"), said(head, "version"))
        fresh = Fresh(key=key, values=values, terms=terms_of(head, ("valueSet", "version")), at=asked.received)
        many = [("item", said(item, "code")) for item in items]
        if known is None:
            self.entries.add(connection, REGISTER, asked.institution, asked.receipt, [fresh], asked.received)
        else:
            self.entries.replace(connection, REGISTER, asked.institution, asked.receipt, fresh, known, asked.received)
        self.entries.also_found_by(connection, REGISTER, asked.institution, key, many)


def _head(values: Values) -> dict[str, str]:
    return {name: said(values, name) for name in _HEAD if said(values, name)}


def _items(values: Values) -> list[Values]:
    """List the items of a message, each code once."""
    found: dict[str, Values] = {}
    for item in parts(values, _ITEMS) if _ITEMS in values else ():
        code = needed(item, "code", "值集项目代码")
        if found.setdefault(code, item) != item:
            raise refuse("SND-737", f"代码 {code} 在同一消息中出现两次，内容不同。", "每个代码只写一次。")
    return list(found.values())


def _of_code(values: Values, code: str) -> Values:
    if not code:
        return values
    return {**values, _ITEMS: tuple(item for item in values.get(_ITEMS, ()) if said(item, "code") == code)}
