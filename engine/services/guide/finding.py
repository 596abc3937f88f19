"""Find doctors: the rarest condition leads through the index in the order of its ranks, the others are looked up for each doctor."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, ScalarSelect, Select, Table, and_, func, literal, or_, select, tuple_, union_all

from engine.services.appointments.refusals import refuse
from engine.services.guide.searchtables import guide_count, guide_listed, guide_text, guide_word
from engine.services.guide.shown import DoctorQuery
from engine.services.guide.terms import Term, everyone, terms_of, wanted_words
from engine.services.guide.words import asked, title_of

MOST_WORDS = 10
"""Words of one search."""

COUNTED = 200
"""Doctors up to which the total is counted; a search that more fit says this number and one."""

_FEW_FREE = 500
"""Doctors with a free seat up to which a search for those begins with them, when the words would lead to more."""


_SORTED = 2000
"""Doctors of a choice up to which it leads beside a word, for they must all be sorted; of a larger one the word's own order is walked."""

_NARROWING, _WIDE = 1000, 20_000
"""Doctors of the leading words from which those of another word, if they are no more than the second number, are left out first."""

_NUMBER = re.compile(r"[0-9]{1,19}")
_LARGEST = 2**63
_PARTS = 8
_NONE = "-"
"""Stands in a token for no word."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """The doctors of one page by number, in order."""

    numbers: tuple[int, ...]
    total: int
    token: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Plan:
    """How a search goes: `ways` are the words that lead to all who may fit, `ranked` the word whose ranks order them, "" for the leading."""

    leading: Term
    ways: tuple[str, ...]
    ranked: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Before:
    """Where the page before ended: how its search went, the total, and the order keys of its last doctor."""

    plan: _Plan
    total: int
    last: tuple[int, int, int, int]


def find(connection: Connection, query: DoctorQuery) -> Found:
    """Find one page of doctors; raises SenderError SND-784 without a choice or with too many words, SND-721 for a strange token."""
    terms = _asked(query)
    counts = _counts(connection, terms)
    if any(not term.ways(counts) for term in terms):
        return Found(numbers=(), total=0, token="")
    before = _read(query.page.token, terms) if query.page.token else None
    plan = before.plan if before else _plan(terms, counts)
    rest = [term.told(counts) for term in terms if term is not plan.leading or not term.exact]
    many = query.free and plan.leading.size(counts) > _FEW_FREE
    beside = _beside(plan, terms, counts)
    search = _Search(plan, rest, beside, free=query.free, few=_few_free(connection) if many else None)
    rows = connection.execute(search.page(before.last if before else None, query.page.size + 1)).all()
    shown, more = rows[: query.page.size], len(rows) > query.page.size
    if before or not more:
        total = before.total if before else len(rows)
    else:
        total = counts[plan.ways[0]] if search.unhindered else int(connection.execute(search.count()).scalar_one())
    total = min(total, COUNTED + 1)
    words = (plan.ways[0], *(plan.ways[1:] or (_NONE,)), plan.ranked or _NONE)
    token = "\t".join(map(str, (*words, total, *shown[-1]))) if more else ""
    return Found(numbers=tuple(row.no for row in shown), total=total, token=token)


def _plan(terms: list[Term], counts: Mapping[str, int]) -> _Plan:
    """Let the rarest condition lead, though never a title beside others, for that stands in every rank; the rarest word gives the order."""

    def rare(some: list[Term]) -> Term:
        return min(some, key=lambda term: term.size(counts))

    leading, said = rare([term for term in terms if not term.title] or terms), [term for term in terms if not term.choice]
    if said and leading.choice and leading.size(counts) > _SORTED:
        leading = rare(said)
    if not said or not leading.choice:
        return _Plan(leading=leading, ways=leading.ways(counts))
    ways = rare(said).ways(counts)
    return (
        _Plan(leading=leading, ways=leading.ways(counts), ranked=ways[0])
        if len(ways) == 1
        else _Plan(leading=rare(said), ways=ways)
    )


def _beside(plan: _Plan, terms: list[Term], counts: Mapping[str, int]) -> tuple[str, ...]:
    """Name words that whoever fits must have as well, and that rule out many whom the leading word leads to."""
    if plan.leading.size(counts) <= _NARROWING:
        return ()
    others = [term.ways(counts) for term in terms if term is not plan.leading and not term.choice]
    return tuple(ways[0] for ways in others if len(ways) == 1 and counts[ways[0]] <= _WIDE)


def _asked(query: DoctorQuery) -> list[Term]:
    if len(asked(query.words)) > MOST_WORDS:
        raise refuse("SND-784", f"一次最多 {MOST_WORDS} 个词。")
    terms = terms_of(query)
    if not terms and not query.free:
        raise refuse("SND-784")
    return terms or [everyone()]


def _counts(connection: Connection, terms: list[Term]) -> dict[str, int]:
    chosen = select(guide_count.c.word, guide_count.c.doctors).where(guide_count.c.word.in_(wanted_words(terms)))
    return {row.word: row.doctors for row in connection.execute(chosen) if row.doctors > 0}


def _few_free(connection: Connection) -> list[int] | None:
    """Give the numbers of the doctors with a free seat, when they are few."""
    some = select(guide_listed.c.no).where(guide_listed.c.busy == 0).limit(_FEW_FREE + 1)
    numbers = list(connection.execute(some).scalars())
    return numbers if len(numbers) <= _FEW_FREE else None


def _read(token: str, terms: list[Term]) -> _Before:
    """Read where the page before ended; raises SenderError SND-721 for what no such search gave."""
    parts = token.split("\t")
    if len(parts) != _PARTS or not all(_NUMBER.fullmatch(each) and int(each) < _LARGEST for each in parts[3:]):
        raise refuse("SND-721")
    ways = tuple(way for way in parts[:2] if way != _NONE)
    ranked = parts[2] if parts[2] != _NONE else ""
    leading = next((term for term in terms if ways and {*ways} <= {term.whole, *term.pieces}), None)
    total, rank, busy, place, no = map(int, parts[3:])
    if leading is None or total > COUNTED + 1 or (ranked and ranked not in wanted_words(terms)):
        raise refuse("SND-721")
    plan = _Plan(leading=leading, ways=ways, ranked=ranked)
    return _Before(plan=plan, total=total, last=(rank, busy, place, no))


class _Search:
    """One search as statements, the same on both stores."""

    def __init__(self, plan: _Plan, terms: list[Term], beside: tuple[str, ...], *, free: bool, few: list[int] | None) -> None:
        self.unhindered = len(plan.ways) == 1 and not terms and not free
        self._led, self._where = _led(plan.ways, few)
        self._ranks = guide_word.alias() if plan.ranked else self._led
        self._ranked = plan.ranked
        self._where += [title_of(self._ranks.c.rank) == term.title for term in terms if term.title]
        self._where += [self._led.c.no.in_(_all_with(word)) for word in beside]
        self._terms = [term for term in terms if not term.title]
        self._states = (0,) if free else (0, 1)
        self._in_order = len(plan.ways) == 1 and not plan.ranked

    def page(self, last: tuple[int, int, int, int] | None, most: int) -> Select[Any]:
        """Give the order keys of the doctors after the last one, the number at the end."""
        if self._in_order:
            # The index has them in order but for who is busy; read once for each, as far as the page goes, it is never sorted.
            return _merged([self._walk(state, last).limit(most) for state in self._states], most)
        listed, keys = guide_listed.c, (self._ranks.c.rank, guide_listed.c.busy, self._ranks.c.place, self._led.c.no)
        chosen = self._chosen(*keys).join(guide_listed, listed.no == self._led.c.no).where(listed.busy.in_(self._states))
        if last:
            chosen = chosen.where(tuple_(*keys) > last)
        return chosen.order_by(*keys).limit(most)

    def count(self) -> Select[Any]:
        """Count the doctors, one more than COUNTED at most."""
        only = () if len(self._states) > 1 else (guide_listed.c.busy == 0,)
        return select(func.count()).select_from(self._chosen(self._led.c.no, only=only).limit(COUNTED + 1).subquery())

    def _walk(self, state: int, last: tuple[int, int, int, int] | None) -> Select[Any]:
        """Give the order keys of those who are busy, or not, in the order of the index."""
        row = self._led.c
        chosen = self._chosen(row.rank, literal(state).label("busy"), row.place, row.no, only=(guide_listed.c.busy == state,))
        if last:
            rank, before, place, no = last
            # The rank alone as well, so that the walk begins there and not at the first doctor.
            chosen = chosen.where(row.rank > rank if state < before else row.rank >= rank)
            if state == before:
                chosen = chosen.where(tuple_(row.rank, row.place, row.no) > (rank, place, no))
        return chosen.order_by(row.rank, row.place, row.no)

    def _chosen(self, *columns: Any, only: tuple[ColumnElement[bool], ...] = ()) -> Select[Any]:
        """Select from those whom the leading words lead to, each looked up for all that was asked, and for `only` in the list."""
        rows, no = self._led, self._led.c.no
        if self._ranked:
            rows = rows.join(self._ranks, and_(self._ranks.c.no == no, self._ranks.c.word == self._ranked))
        said = [term.text for term in self._terms if term.text is not None and term.listed is None]
        listed = [*only, *(term.listed for term in self._terms if term.listed is not None and term.text is None)]
        either = [(term.listed, term.text) for term in self._terms if term.text is not None and term.listed is not None]
        fits: list[Any] = [_looked_up(guide_text, and_(*said), self._led)] if said else []
        if listed:
            # In one look, so that the text of a doctor whom the list rules out is never read.
            fits = [_looked_up(guide_listed, and_(*listed, *fits), self._led)]
        fits += [
            or_(_looked_up(guide_listed, named, self._led), _looked_up(guide_text, text, self._led)) for named, text in either
        ]
        return select(*columns).select_from(rows).where(*self._where, *fits)


def _looked_up(table: Table, fits: ColumnElement[bool], led: Any) -> ScalarSelect[bool]:
    # As a value, not as a join: PostgreSQL would otherwise read the whole table whenever it takes a word for a rare one.
    return select(fits).where(table.c.no == led.c.no).correlate(led).scalar_subquery()


def _merged(walks: list[Select[Any]], most: int) -> Select[Any]:
    rows = union_all(*(select(*walk.subquery().c) for walk in walks)).subquery().c
    keys = (rows.rank, rows.busy, rows.place, rows.no)
    return select(*keys).order_by(*keys).limit(most)


def _all_with(word: str) -> Select[Any]:
    having = guide_word.alias()
    return select(having.c.no).where(having.c.word == word)


def _led(ways: tuple[str, ...], few: list[int] | None) -> tuple[Any, list[Any]]:
    """Give the rows of the leading words, each doctor once, and what chooses them."""
    rows = guide_word.c
    only = [] if few is None else [rows.no.in_(few)]
    if len(ways) == 1:
        return guide_word, [rows.word == ways[0], *only]
    best = select(rows.no, func.min(rows.rank).label("rank"), func.min(rows.place).label("place"))
    return best.where(rows.word.in_(ways), *only).group_by(rows.no).subquery(), []
