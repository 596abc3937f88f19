"""Turn what somebody searches for into conditions, each with the words of the index that lead to all who fit it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement

from engine.services.guide import words
from engine.services.guide.choices import EVERYONE, area_prefix, area_word, department_word, hospital_word, title_word
from engine.services.guide.searchtables import guide_listed, guide_text
from engine.services.guide.shown import DoctorQuery

_EXACT = 2
"""Characters up to which a word is itself a piece, so that whoever has the piece has the word."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """One condition: whoever fits has one of `whole`, or all of `pieces`.

    What a doctor must have, in the list (`listed`) or in the `text`, is looked up for those whom another term led to. `exact` says that having
    the word is enough, so that who was found by it need not be looked at again; `title` is the one that is asked for, which every
    rank of a word tells too; `choice` says that it is no word and has no order of its own.
    """

    whole: str
    pieces: tuple[str, ...]
    listed: ColumnElement[bool] | None
    text: ColumnElement[bool] | None = None
    exact: bool
    title: int = 0
    choice: bool = False

    def told(self, counts: Mapping[str, int]) -> Term:
        """Look into the text alone when no name begins like this, for then the whole word is in no index."""
        return self if self.text is None or counts.get(self.whole, 0) else replace(self, listed=None)

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
        return Term(whole=word, pieces=(), listed=named, text=text.contains(f"\n{word}\n", autoescape=True), exact=True)
    if len(word) < _EXACT:
        return Term(whole=word, pieces=(), listed=named, exact=True)
    said = text.contains(word, autoescape=True)
    return Term(whole=word, pieces=words.pieces(word), listed=named, text=said, exact=len(word) == _EXACT)


def _title(title: int) -> Term:
    return Term(whole=title_word(title), pieces=(), listed=guide_listed.c.title == title, exact=True, title=title, choice=True)


def _choice(word: str, fits: ColumnElement[bool]) -> Term:
    return Term(whole=word, pieces=(), listed=fits, exact=True, choice=True)


def wanted_words(terms: list[Term]) -> list[str]:
    """Name every word whose count decides how to search."""
    return list(dict.fromkeys(word for term in terms for word in (term.whole, *term.pieces)))
