"""Say what a hospital's RETURN_CODE to a function means for an order: done, refused, already ended, or to be asked after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from engine.services.appointments.pool import Back

Kind = Literal["done", "refused", "ask"]
"""Done; refused and surely not done; or not to be relied on: ask by 2012 what is so."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code means: `verdict` is the portal's SND-7xx of a refusal, `back` what becomes of the seat."""

    kind: Kind
    verdict: str = "SND-718"
    back: Back = "free"


_DONE, _ASK, _NO = Meaning("done"), Meaning("ask"), Meaning("refused")

_MEANINGS: Mapping[tuple[str, str], Meaning] = {
    ("2005", "200501"): Meaning("refused", "SND-703", "taken"),
    ("2005", "200502"): Meaning("refused", "SND-702"),
    ("2005", "200503"): Meaning("refused", "SND-702"),
    ("2005", "200504"): _DONE,
    ("2005", "200505"): Meaning("refused", "SND-704", "full"),
    ("2005", "200506"): Meaning("refused", "SND-704", "taken"),
    ("2006", "200601"): _DONE,
    ("2007", "200704"): Meaning("refused", "SND-707"),
    ("2007", "200705"): Meaning("refused", "SND-703", "taken"),
    ("2007", "200706"): Meaning("refused", "SND-702"),
    ("2007", "200707"): Meaning("refused", "SND-702"),
    ("2007", "200708"): _ASK,
    ("2007", "200709"): Meaning("refused", "SND-704", "full"),
    ("2007", "200710"): Meaning("refused", "SND-704", "taken"),
    ("2007", "200711"): Meaning("refused", "SND-707"),
    ("2007", "200712"): Meaning("refused", "SND-707"),
    ("2008", "200801"): _ASK,
    ("2008", "200802"): _DONE,
    ("2008", "200803"): _ASK,
    ("2008", "200804"): Meaning("refused", "SND-716"),
    ("2008", "200805"): _ASK,
    ("2008", "200806"): _ASK,
    ("2009", "200901"): _DONE,
    ("2009", "200902"): _ASK,
    ("2009", "200903"): _ASK,
    ("2009", "200805"): _DONE,
    ("2009", "200806"): _ASK,
    ("2010", "201001"): _ASK,
    ("2010", "201002"): _ASK,
    ("2010", "201003"): Meaning("refused", "SND-716"),
    ("2010", "200805"): _DONE,
    ("2010", "200806"): _DONE,
    ("2010", "200807"): Meaning("refused", "SND-722"),
    ("2011", "201101"): _ASK,
    ("2011", "201102"): _ASK,
}
"""By function and code, as 2009 and 2010 share codes with 2008 (error_codes.csv of the standards)."""

_NOT_TAKEN = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "11"}
"""The envelope's own codes (section 1.7): the question was not even read as one, so nothing was done."""


def meaning(function: str, code: str) -> Meaning:
    """Give the meaning of a code; one that nobody knows is a refusal when it has the function's own form, else asked after."""
    if code == "0":
        return _DONE
    known = _MEANINGS.get((function, code))
    if known is not None:
        return known
    own = len(code) == 6 and code.isdecimal() and code.startswith(function)
    return _NO if own or code in _NOT_TAKEN else _ASK


EXISTS = {("2007", "200708"), ("2007", "10"), ("2005", "200504")}
"""Answers by which the hospital says that it has had this very order or lock before."""
