"""Turn what somebody searches for into conditions, each with the words of the index that lead to all who fit it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_

from engine.services.guide import words
from engine.services.guide.choices import EVERYONE, area_prefix, area_word, department_word, hospital_word, title_word
from engine.services.guide.searchtables import guide_listed, guide_text
from engine.services.guide.shown import DoctorQuery

_EXACT = 2
"""Characters up to which a word is itself a piece, so that whoever has the piece has the word."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """One condition: whoever fits has one of `whole`, or all of `pieces`; `fits` tells it by the doctor's own row.

    `exact` says that having the word is enough, so that who was found by it need not be looked at again; `title` is the one that
    is asked for, which every rank of a word tells too; `choice` says that it is no word and has no order of its own.
    """

    whole: str
    pieces: tuple[str, ...]
    fits: ColumnElement[bool]
    exact: bool
    needs_text: bool = False
    title: int = 0
    choice: bool = False

    def ways(self, counts: Mapping[str, int]) -> tuple[str, ...]:
        """Give the words whose doctors together are all that may fit: the whole one, and the rarest piece; those that nobody has are left out."""
        rarest = min(self.pieces, key=lambda piece: (counts.get(piece, 0), piece)) if self.pieces else self.whole
        return tuple(word for word in dict.fromkeys((self.whole, rarest)) if counts.get(word, 0) > 0)

    def size(self, counts: Mapping[str, int]) -> int:
        """Give how many may fit at most."""
        return sum(counts[word] for word in self.ways(counts))


def terms_of(query: DoctorQuery) -> list[Term]:
    """Give the conditions of a query; none when nothing is asked for but free seats."""
    listed = guide_listed.c
    found = [_word(word) for word in words.asked(query.words)]
    if query.hospital:
        found.append(_choice(hospital_word(query.hospital), listed.institution == query.hospital))
    if query.department:
        within = listed.within.contains(f"\n{query.department}\n", autoescape=True)
        found.append(_choice(department_word(query.department), within))
    if query.title:
        found.append(_title(query.title))
    if query.area:
        prefix = area_prefix(query.area)
        found.append(_choice(area_word(prefix), listed.area.startswith(prefix, autoescape=True)))
    return found


def everyone() -> Term:
    """Give the condition that every doctor on show fits."""
    return _choice(EVERYONE, guide_listed.c.title > 0)


def _word(word: str) -> Term:
    if word in words.TITLE_WORDS:
        return _title(words.TITLE_WORDS[word])
    named, text = guide_listed.c.name.startswith(word, autoescape=True), guide_text.c.words
    if words.is_plain(word):
        said = or_(named, text.contains(f"\n{word}\n", autoescape=True))
        return Term(whole=word, pieces=(), fits=said, exact=True, needs_text=True)
    if len(word) < _EXACT:
        return Term(whole=word, pieces=(), fits=named, exact=True)
    said = or_(named, text.contains(word, autoescape=True))
    return Term(whole=word, pieces=words.pieces(word), fits=said, exact=len(word) == _EXACT, needs_text=True)


def _title(title: int) -> Term:
    return Term(whole=title_word(title), pieces=(), fits=guide_listed.c.title == title, exact=True, title=title, choice=True)


def _choice(word: str, fits: ColumnElement[bool]) -> Term:
    return Term(whole=word, pieces=(), fits=fits, exact=True, choice=True)


def wanted_words(terms: list[Term]) -> list[str]:
    """Name every word whose count decides how to search."""
    return list(dict.fromkeys(word for term in terms for word in (term.whole, *term.pieces)))
