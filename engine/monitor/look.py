"""Answer the three questions of the one look: is anything lost, what is stuck, whose turn is it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from engine.monitor.overview import Destination, Overview
from engine.monitor.texts import Language, age_text, number_text, speaker

Tone = Literal["good", "warn", "bad"]

LATE = 600.0
"""Seconds after which a waiting delivery is called late."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One question with its answer: a tone, a headline, and one line for each thing to say about it."""

    question: str
    tone: Tone
    headline: str
    lines: tuple[str, ...]


def look(overview: Overview, language: Language) -> tuple[Answer, Answer, Answer]:
    """Answer the three questions in a language."""
    return _lost(overview, language), _stuck(overview, language), _turn(overview, language)


def _lost(overview: Overview, language: Language) -> Answer:
    say = speaker(language)
    if overview.difference == 0:
        return Answer(say("look.lost"), "good", say("lost.no"), (say("lost.no.about"),))
    number = number_text(abs(overview.difference))
    return Answer(say("look.lost"), "bad", say("lost.yes", number=number), (say("lost.yes.about"),))


def _stuck(overview: Overview, language: Language) -> Answer:
    say = speaker(language)
    question = say("look.stuck")
    dead = [d for d in overview.destinations if d.dead]
    late = [d for d in overview.destinations if _age(d, overview.now) > LATE]
    if dead:
        headline = say("stuck.dead", number=number_text(overview.dead_count))
        others = [d for d in late if not d.dead]
        also = (_also(others, overview, language),) if others else ()
        return Answer(question, "bad", headline, (_where(dead, overview, language), *also))
    if late:
        headline = say("stuck.late", number=number_text(sum(d.waiting for d in late)))
        return Answer(question, "warn", headline, (_where(late, overview, language),))
    if overview.waiting:
        age = age_text(_oldest(overview.destinations, overview.now), language)
        moving = say("stuck.no.moving", number=number_text(overview.waiting), age=age)
        return Answer(question, "good", say("stuck.no"), (moving,))
    return Answer(question, "good", say("stuck.no"), (say("stuck.no.waiting"),))


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
        return Answer(say("look.turn"), "good", say("turn.nobody"), (say("turn.nobody.about"),))
    tone: Tone = "bad" if any(who != "hospital" for who, _ in turns) else "warn"
    lines = tuple(f"{say(f'turn.{who}')}{'：' if language == 'zh' else ': '}{what}" for who, what in turns)
    return Answer(say("look.turn"), tone, _headline(turns, language), lines)


def _headline(turns: Sequence[tuple[str, str]], language: Language) -> str:
    say = speaker(language)
    first = say(f"turn.{turns[0][0]}")
    others = len(turns) - 1
    if not others:
        return first
    return say("turn.several", who=first, number=len(turns) if language == "zh" else others)


def _turns(overview: Overview, language: Language) -> list[tuple[str, str]]:
    """List who must act and on what, the gravest first."""
    say = speaker(language)
    away = [d for d in overview.destinations if d.waiting and d.trouble and d.trouble.code.startswith("DST-1")]
    error, invalid = overview.total.get("ERROR", 0), overview.today.get("INVALID", 0)
    cases: tuple[tuple[str, bool, dict[str, str]], ...] = (
        ("platform", overview.difference != 0, {}),
        ("operator", overview.dead_count > 0, {"number": number_text(overview.dead_count)}),
        ("engineer", error > 0, {"number": number_text(error)}),
        ("destination", bool(away), {"names": _names(away, language)}),
        ("hospital", invalid > 0, {"number": number_text(invalid)}),
    )
    return [(who, say(f"turn.{who}.about", **values)) for who, applies, values in cases if applies]


def _names(destinations: Sequence[Destination], language: Language) -> str:
    return ("、" if language == "zh" else ", ").join(d.name for d in destinations)


def _age(destination: Destination, now: datetime) -> float:
    return (now - destination.oldest).total_seconds() if destination.oldest else 0.0


def _oldest(destinations: Sequence[Destination], now: datetime) -> float:
    return max((_age(d, now) for d in destinations), default=0.0)
