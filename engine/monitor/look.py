"""Answer the three questions of the one look: is anything lost, what is stuck, whose turn is it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from engine.message import SHANGHAI
from engine.monitor.hospitals import AWAY
from engine.monitor.overview import Destination, Overview
from engine.monitor.texts import Language, age_text, clock_text, number_text, speaker

Tone = Literal["good", "warn", "bad"]

LATE = 600.0
"""Seconds after which a waiting delivery is called late."""


@dataclass(frozen=True, slots=True)
class Said:
    """One line of an answer, with the address where one acts on it, "" for none."""

    text: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One question with its answer: a tone, a headline, and one line for each thing to say about it."""

    question: str
    tone: Tone
    headline: str
    lines: tuple[Said, ...]


def look(overview: Overview, language: Language) -> tuple[Answer, Answer, Answer]:
    """Answer the three questions in a language."""
    return _lost(overview, language), _stuck(overview, language), _turn(overview, language)


def _lost(overview: Overview, language: Language) -> Answer:
    say = speaker(language)
    checked = Said(_checked(overview, language), "#part-sum")
    if overview.difference == 0:
        return Answer(say("look.lost"), "good", say("lost.no"), (Said(say("lost.no.about")), checked))
    number = number_text(abs(overview.difference))
    return Answer(say("look.lost"), "bad", say("lost.yes", number=number), (Said(say("lost.yes.about")), checked))


def _checked(overview: Overview, language: Language) -> str:
    say, checked = speaker(language), overview.checked
    if checked is None:
        return say("checked.never")
    at = clock_text(checked.at, overview.now)
    return say("checked.differs", at=at, number=checked.differences) if checked.differences else say("checked.holds", at=at)


def _stuck(overview: Overview, language: Language) -> Answer:
    say = speaker(language)
    question = say("look.stuck")
    dead = [d for d in overview.destinations if d.dead]
    late = [d for d in overview.destinations if _age(d, overview.now) > LATE]
    if dead:
        headline = say("stuck.dead", number=number_text(overview.dead_count))
        others = [d for d in late if not d.dead]
        also = (Said(_also(others, overview, language), "/waiting"),) if others else ()
        return Answer(question, "bad", headline, (Said(_where(dead, overview, language), "/waiting?show=dead"), *also))
    if late:
        headline = say("stuck.late", number=number_text(sum(d.waiting for d in late)))
        return Answer(question, "warn", headline, (Said(_where(late, overview, language), "/waiting"),))
    if overview.waiting:
        age = age_text(_oldest(overview.destinations, overview.now), language)
        moving = say("stuck.no.moving", number=number_text(overview.waiting), age=age)
        return Answer(question, "good", say("stuck.no"), (Said(moving, "/waiting"),))
    return Answer(question, "good", say("stuck.no"), (Said(say("stuck.no.waiting")),))


def _where(destinations: Sequence[Destination], overview: Overview, language: Language) -> str:
    say, names = speaker(language), _names(destinations, language)
    if not any(d.oldest for d in destinations):
        return say("stuck.names", names=names)
    return say("stuck.about", names=names, age=age_text(_oldest(destinations, overview.now), language))


def _also(late: Sequence[Destination], overview: Overview, language: Language) -> str:
    age = age_text(_oldest(late, overview.now), language)
    return speaker(language)("stuck.also", names=_names(late, language), age=age)


def _turn(overview: Overview, language: Language) -> Answer:
    say = speaker(language)
    turns = _turns(overview, language)
    if not turns:
        return Answer(say("look.turn"), "good", say("turn.nobody"), (Said(say("turn.nobody.about")),))
    tone: Tone = "bad" if any(who != "hospital" for who, _ in turns) else "warn"
    colon = "：" if language == "zh" else ": "
    lines = tuple(Said(f"{say(f'turn.{who}')}{colon}{said.text}", said.address) for who, said in turns)
    return Answer(say("look.turn"), tone, _headline(turns, language), lines)


def _headline(turns: Sequence[tuple[str, Said]], language: Language) -> str:
    say = speaker(language)
    first = say(f"turn.{turns[0][0]}")
    others = len(turns) - 1
    if not others:
        return first
    return say("turn.several", who=first, number=len(turns) if language == "zh" else others)


def _turns(overview: Overview, language: Language) -> list[tuple[str, Said]]:
    """List who must act, on what and where, the gravest first."""
    say = speaker(language)
    away = [d for d in overview.destinations if d.waiting and d.trouble and d.trouble.code.startswith(AWAY)]
    trouble = [one for one in overview.hospitals if {"away", "paused", "failing", "silent"} & set(one.troubles)]
    error, invalid = overview.total.get("ERROR", 0), overview.refused
    today = overview.now.astimezone(SHANGHAI).date()
    cases: tuple[tuple[str, bool, dict[str, str], str], ...] = (
        ("platform", overview.difference != 0, {}, "#part-sum"),
        ("node", overview.lost_processes > 0, {"number": number_text(overview.lost_processes)}, "#processes"),
        ("operator", overview.dead_count > 0, {"number": number_text(overview.dead_count)}, "/waiting?show=dead"),
        ("engineer", error > 0, {"number": number_text(error)}, "/messages?state=ERROR"),
        ("destination", bool(away), {"names": _names(away, language)}, "/waiting?show=retrying"),
        ("partner", bool(trouble), {"number": number_text(len(trouble))}, "#hospitals"),
        ("hospital", invalid > 0, {"number": number_text(invalid)}, f"/messages?state=INVALID&from={today}"),
    )
    return [(who, Said(say(f"turn.{who}.about", **values), address)) for who, applies, values, address in cases if applies]


def _names(destinations: Sequence[Destination], language: Language) -> str:
    return ("、" if language == "zh" else ", ").join(d.name for d in destinations)


def _age(destination: Destination, now: datetime) -> float:
    return (now - destination.oldest).total_seconds() if destination.oldest else 0.0


def _oldest(destinations: Sequence[Destination], now: datetime) -> float:
    return max((_age(d, now) for d in destinations), default=0.0)
