"""Say by which keys the person in a document is found, and whether two descriptions may be of one person."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from engine.message import SHANGHAI, Record

KeyKind = Literal["identity", "card", "local", "document"]
"""What a person is found by, strongest first; `document` is the last resort of one whom nothing identifies."""

NEWBORN_DAYS = 28

_NOTHING = re.compile(r"[0\W_]*|.*(?:无|不详|未知|不明).*|NULL|NONE|NIL|UNKNOWN|N/?A|TEST")
_SHORTEST_IDENTITY = 6
_COUNTED_UP = "1234567890123456789012345"
_STRANGER = re.compile(r"无名|未知|不详|佚名|不明|匿名")
_CHILD_OF = re.compile(r"之[大小长次双二三四一甲乙丙丁]?[子女儿婴]\w?$|(?:新生儿|婴儿)\w?$|^(?:新生儿|婴儿)")
_DOTS = str.maketrans(dict.fromkeys("•・‧∙⋅.", "·"))


class Key(NamedTuple):
    """One key of a person; `value` is its one form."""

    kind: KeyKind
    value: str


@dataclass(frozen=True, slots=True)
class Person:
    """A person as a document describes them: gender as coded (GB/T 2261.1), birth as YYYYMMDD or the start of it."""

    name: str
    gender: str
    birth: str


def number_form(number: str) -> str:
    """Bring a number to its one form: NFKC, no blanks, upper case; "" for one that stands for none (无, 不详, 000, -)."""
    plain = "".join(unicodedata.normalize("NFKC", number).split()).upper()
    return "" if _NOTHING.fullmatch(plain) else plain


def identity_form(number: str) -> str:
    """Bring an identity number to its one form; "" for a stop-gap that whole hospitals share (all ones, 123456...)."""
    plain = number_form(number)
    idle = len(plain) < _SHORTEST_IDENTITY or len(set(plain)) == 1 or _COUNTED_UP.startswith(plain)
    return "" if idle else plain


def name_form(name: str) -> str:
    """Bring a name to its one form: NFKC, no blanks, one dot between the parts of a name, lower case."""
    plain = name if name.isascii() else unicodedata.normalize("NFKC", name)
    return "".join(plain.split()).translate(_DOTS).casefold()


def local_key(institution: str, number: str, *more: str) -> Key:
    """Make the key of an institution's own number, `kind^number`."""
    return Key("local", " ".join((institution, number, *more)))


def keys_of(record: Record) -> tuple[Key, ...]:
    """List the keys of the person in a document, strongest first; never empty.

    An unknown patient is found only by the institution's own number, never by a number that many strangers may share.
    A newborn's papers often carry the mother's numbers: an identity number counts only if it holds the child's day of birth,
    a card never, and the institution's number only together with the child's name, sex and day of birth.
    """
    stranger, newborn = is_stranger(record.resident_name), _is_newborn(record)
    keys: list[Key] = []
    identity = identity_form(record.resident_id)
    if identity and not stranger and (not newborn or _holds_birth(identity, record.birth_date)):
        keys.append(Key("identity", identity))
    card = number_form(record.health_card)
    if card and not stranger and not newborn:
        keys.append(Key("card", card))
    child = (name_form(record.resident_name), record.gender, record.birth_date) if newborn else ()
    for listed in record.local_numbers:
        kind, _, number = listed.partition("^")
        form = number_form(number)
        if form:
            keys.append(local_key(record.institution, f"{kind}^{form}", *child))
    return tuple(dict.fromkeys(keys)) or (Key("document", record.message),)


def is_stranger(name: str) -> bool:
    """Tell whether a name says that nobody knows it (无名氏)."""
    return bool(_STRANGER.search(name))


def _is_newborn(record: Record) -> bool:
    if _CHILD_OF.search("".join(record.resident_name.split())):
        return True
    born = _day(record.birth_date)
    if born is None or record.written is None:
        return False
    return 0 <= (record.written.astimezone(SHANGHAI).date() - born.date()).days <= NEWBORN_DAYS


def _day(birth: str) -> datetime | None:
    try:
        return datetime.strptime(birth, "%Y%m%d").replace(tzinfo=SHANGHAI)
    except ValueError:
        return None


def _holds_birth(identity: str, birth: str) -> bool:
    return len(birth) == 8 and identity[6:14] == birth


def contradictions(known: Person, said: Person) -> tuple[str, ...]:
    """Name what of two descriptions cannot be of one person: `name`, `gender`, `birth`; what is not said contradicts nothing."""
    found = []
    if not _names_agree(known, said):
        found.append("name")
    if {known.gender, said.gender} == {"1", "2"}:
        found.append("gender")
    if not _births_agree(known.birth, said.birth):
        found.append("birth")
    return tuple(found)


def joined(known: Person, said: Person) -> Person:
    """Complete what is known by what a document says that does not contradict it."""
    return Person(
        name=said.name if _is_better(known.name, said.name) else known.name,
        gender=said.gender if known.gender not in {"1", "2"} and said.gender in {"1", "2"} else known.gender,
        birth=said.birth if len(said.birth) > len(known.birth) else known.birth,
    )


def _is_better(known: str, said: str) -> bool:
    if not said or is_stranger(said):
        return False
    return not known or is_stranger(known) or bool(_CHILD_OF.search(known) and not _CHILD_OF.search(said))


def _names_agree(known: Person, said: Person) -> bool:
    one, other = name_form(known.name), name_form(said.name)
    if one == other or not one or not other or is_stranger(one) or is_stranger(other):
        return True
    # A child gets a name of its own after a while.
    child = bool(_CHILD_OF.search(one)) != bool(_CHILD_OF.search(other))
    return child and bool(known.birth) and known.birth == said.birth


def _births_agree(known: str, said: str) -> bool:
    shared = min(len(known), len(said))
    return shared < 4 or known[:shared] == said[:shared]
