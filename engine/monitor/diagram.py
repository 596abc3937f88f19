"""Draw a route from its file: what comes in, its steps, the branches to its destinations, top to bottom, in the units of the drawing."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from engine.channels.explain import SERVICES, Language
from engine.channels.route import Route, RouteSend

WIDTH = 400
_LEFT, _INSET = 8, 56
_HIGH, _GAP, _CONDITION = 44, 20, 18
_TRUNK = 28
_WIDEST = 56
"""Width of a text in a box, in Latin letters; a Chinese one counts two."""


@dataclass(frozen=True, slots=True)
class Box:
    """One box with two lines of text, and in full what had to be cut; `above` is the condition over a branch."""

    kind: str
    x: int
    y: int
    width: int
    head: str
    line: str
    full: str
    above: str = ""

    @property
    def middle(self) -> int:
        """Where an arrow meets the side of the box."""
        return self.y + _HIGH // 2


@dataclass(frozen=True, slots=True)
class Diagram:
    """The whole drawing; `arrows` go down from one box to the next (x, from, to), `branches` are boxes that hang on the trunk."""

    boxes: tuple[Box, ...]
    arrows: tuple[tuple[int, int, int], ...]
    branches: tuple[Box, ...]
    trunk: tuple[int, int, int]
    height: int
    width: int = WIDTH
    high: int = _HIGH


def draw_route(route: Route, language: Language, say: Callable[..., str]) -> Diagram:
    """Lay out a route."""
    boxes, y = [], _LEFT
    for kind, head, line in _stages(route, language, say):
        boxes.append(_box(kind, _LEFT, y, head, line))
        y += _HIGH + _GAP
    arrows = tuple((WIDTH // 2, box.y + _HIGH, box.y + _HIGH + _GAP - 1) for box in boxes[:-1])
    start, branches = boxes[-1].y + _HIGH, []
    for kind, head, line, above in _ends(route, say):
        y += _CONDITION if above else 0
        branches.append(_box(kind, _INSET, y, head, line, above))
        y += _HIGH + _GAP
    end = branches[-1].middle if branches else start
    return Diagram(tuple(boxes), arrows, tuple(branches), (_TRUNK, start, end), y - _GAP + _LEFT)


def _stages(route: Route, language: Language, say: Callable[..., str]) -> Iterator[tuple[str, str, str]]:
    yield "from", SERVICES[language][route.service], _listed(route.keys, say)
    for number, step in enumerate(route.steps, 1):
        yield (
            step.kind.verb,
            f"{number} · {say(f'route.verb.{step.kind.verb}')} · {step.kind.name}",
            step.kind.tell[language](step.sheet),
        )


def _ends(route: Route, say: Callable[..., str]) -> Iterator[tuple[str, str, str, str]]:
    for send in route.sends:
        yield (
            "own" if send.own else "outside",
            send.to,
            _manner(send, say),
            say("route.when", when=send.when_text) if send.when_text else "",
        )
    if route.answer_path:
        yield "answer", say("route.answer"), route.answer_path, ""


def _manner(send: RouteSend, say: Callable[..., str]) -> str:
    return say("route.own") if send.own else say("route.outside", order=send.order_text)


def _listed(keys: tuple[str, ...], say: Callable[..., str]) -> str:
    shown = ", ".join(keys)
    return shown if _wide(shown) <= _WIDEST else say("route.keys", first=keys[0], number=len(keys))


def _box(kind: str, x: int, y: int, head: str, line: str, above: str = "") -> Box:
    room = _WIDEST - (x - _LEFT) // 6
    full = " · ".join(part for part in (above, head, line) if part)
    return Box(kind, x, y, WIDTH - x - _LEFT, cut(head, room), cut(line, room), full, cut(above, room))


def _wide(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def cut(text: str, widest: int) -> str:
    """Cut a text to a width in Latin letters, with a mark where something was cut."""
    if _wide(text) <= widest:
        return text
    kept = text
    while kept and _wide(kept) > widest - 1:
        kept = kept[:-1]
    return f"{kept}…"
