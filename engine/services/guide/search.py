"""Keep the index of the guide: every doctor on show by every word that finds the doctor, in the transaction that publishes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Executable, bindparam, delete, func, insert, select, update

from engine.introduction import listed
from engine.services.guide import words
from engine.services.guide.choices import EVERYONE, area_prefix, area_word, department_word, hospital_word, title_word
from engine.services.guide.entries import read_doctor
from engine.services.guide.model import DoctorEntry
from engine.services.guide.pinyin import place, spellings, typed
from engine.services.guide.searchtables import guide_count, guide_listed, guide_text, guide_word
from engine.services.guide.tables import guide_department, guide_doctor, guide_hospital
from engine.store.columns import AnyRow
from engine.store.database import insert_into

_PUBLISHING = 0x6775696465
"""The advisory lock that publishing transactions queue at on PostgreSQL, for they all change the counts of the same words."""

_Row = dict[str, Any]
_MANY = 5000
_DEEPEST = 20
"""Departments above one another that are followed."""


def index(connection: Connection, institution: str, version: int) -> None:
    """Let the doctors of a version be found, and those of the version before it no more, in the caller's transaction."""
    drop(connection, institution)
    where = (guide_hospital.c.institution == institution, guide_hospital.c.version == version)
    hospital = connection.execute(select(guide_hospital).where(*where)).one()
    of_version = (guide_department.c.institution == institution, guide_department.c.version == version)
    departments = {row.department: row for row in connection.execute(select(guide_department).where(*of_version))}
    mine = (guide_doctor.c.institution == institution, guide_doctor.c.version == version)
    doctors = [read_doctor(row) for row in connection.execute(select(guide_doctor).where(*mine).order_by(guide_doctor.c.place))]
    shelf = _Shelf(institution, version, hospital, departments)
    numbers = _list(connection, [shelf.line(one) for one in doctors])
    found = {(place(spellings(_plain_name(one))), numbers[one.doctor]): shelf.found_by(one) for one in doctors}
    texts = ({"no": numbers[one.doctor], "words": shelf.text(one)} for one in doctors)
    _write(connection, insert(guide_text), texts)
    rows = sorted((word, rank, *key) for key, ranks in found.items() for word, rank in ranks.items())
    _write(connection, insert(guide_word), (dict(zip(("word", "rank", "place", "no"), row, strict=True)) for row in rows))
    _count(connection, Counter(word for word, *_ in rows))


def drop(connection: Connection, institution: str) -> None:
    """Let no doctor of an institution be found any more, in the caller's transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_PUBLISHING)))
    mine = select(guide_listed.c.no).where(guide_listed.c.institution == institution)
    held = select(guide_word.c.word, func.count().label("doctors")).where(guide_word.c.no.in_(mine)).group_by(guide_word.c.word)
    fewer = [{"its_word": row.word, "fewer": row.doctors} for row in connection.execute(held)]
    _write(connection, _FEWER, fewer)
    for table in (guide_word, guide_text, guide_listed):
        connection.execute(delete(table).where(table.c.no.in_(mine)))


class _Shelf:
    """What the doctors of one version have in common: hospital, departments with those above them."""

    def __init__(self, institution: str, version: int, hospital: AnyRow, departments: Mapping[str, AnyRow]) -> None:
        self._institution, self._version = institution, version
        self._departments = departments
        self._area = area_prefix(hospital.area)
        self._hospital = (hospital.name, hospital.short_name)
        self._hospital_words = words.words_of(self._hospital)
        self._chains = {code: self._above(code) for code in departments}
        self._department_words = {code: words.words_of(self._said(code)) for code in departments}

    def line(self, one: DoctorEntry) -> _Row:
        """Make the row of a doctor in the list."""
        return {
            "institution": self._institution, "doctor": one.doctor, "department": one.department, "name": _plain_name(one),
            "within": "".join(f"\n{code}\n" for code in self._chains.get(one.department, (one.department,))), "area": self._area,
            "version": self._version, "title": one.title, "busy": 1,
        }  # fmt: skip

    def found_by(self, one: DoctorEntry) -> dict[str, int]:
        """Give every word that finds a doctor, with its best rank."""
        ranks: dict[str, int] = {}
        for word, kind in self._words(one):
            rank = words.rank_of(kind, one.title)
            ranks[word] = min(rank, ranks.get(word, rank))
        return ranks

    def text(self, one: DoctorEntry) -> str:
        """Give what words are sought in."""
        typed_words = "\n".join(sorted(typed(spellings(_plain_name(one)))))
        said = (one.specialty, *one.diseases, *self._said(one.department), *self._hospital)
        return f"\n{typed_words}\n" + "\n".join(words.compact(text) for text in said) + "\n" + "\n".join(_latin(said)) + "\n"

    def _words(self, one: DoctorEntry) -> Iterator[tuple[str, int]]:
        name = _plain_name(one)
        yield from words.beginnings(name)
        yield from ((word, words.PINYIN) for word in typed(spellings(name)))
        yield from ((word, words.DISEASE) for word in words.words_of((one.specialty, *one.diseases)))
        yield from ((word, words.DEPARTMENT) for word in self._department_words.get(one.department, ()))
        yield from ((word, words.HOSPITAL) for word in self._hospital_words)
        yield from ((word, words.CHOICE) for word in self._choices(one))

    def _choices(self, one: DoctorEntry) -> Iterator[str]:
        yield from (EVERYONE, hospital_word(self._institution), title_word(one.title))
        yield from (department_word(code) for code in self._chains.get(one.department, ()))
        yield from (area_word(self._area[:length]) for length in range(2, len(self._area) + 1, 2))

    def _above(self, code: str) -> tuple[str, ...]:
        """Name a department and those above it, the nearest first."""
        chain: list[str] = []
        while code in self._departments and code not in chain and len(chain) < _DEEPEST:
            chain.append(code)
            code = self._departments[code].parent
        return tuple(chain)

    def _said(self, code: str) -> tuple[str, ...]:
        """Give the names of a department and of those above it, and the diseases that it sees to."""
        chain = [self._departments[one] for one in self._chains.get(code, ())]
        return (*(row.name for row in chain), *(listed(chain[0].diseases) if chain else ()))


def _plain_name(one: DoctorEntry) -> str:
    return "".join(words.runs(one.name))


def _latin(texts: Iterable[str]) -> Iterator[str]:
    return (word for word in sorted(words.words_of(texts)) if words.is_plain(word))


def _list(connection: Connection, lines: list[_Row]) -> dict[str, int]:
    """Put doctors on the list; gives their numbers."""
    adding = insert(guide_listed).returning(guide_listed.c.doctor, guide_listed.c.no)
    return {row.doctor: row.no for part in _parts(lines) for row in connection.execute(adding, part)}


def _count(connection: Connection, more: Mapping[str, int]) -> None:
    adding = insert_into(connection.dialect.name, guide_count)
    adding = adding.on_conflict_do_update(
        index_elements=["word"], set_={"doctors": guide_count.c.doctors + adding.excluded.doctors}
    )
    _write(connection, adding, ({"word": word, "doctors": doctors} for word, doctors in sorted(more.items())))


def _write(connection: Connection, statement: Executable, rows: Iterable[_Row]) -> None:
    for part in _parts(rows):
        connection.execute(statement, part)


def _parts(rows: Iterable[_Row]) -> Iterator[list[_Row]]:
    """Give rows by thousands, so that no statement carries all of them."""
    rest = iter(rows)
    while part := list(islice(rest, _MANY)):
        yield part


_FEWER = (
    update(guide_count)
    .where(guide_count.c.word == bindparam("its_word"))
    .values(doctors=guide_count.c.doctors - bindparam("fewer"))
)
