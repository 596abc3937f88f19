"""Say what a rehearsal shows of one document: every stage, each issue at its line, each change, where it would go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

from engine.channels.route import Route
from engine.channels.walk import Outcome
from engine.documents.canonical import Difference, compare
from engine.documents.reading import XmlDocument
from engine.errors import Issue, SenderError
from engine.message import Message

CHANGES = 20
"""Changes of one step that are listed."""

BEFORE, AFTER = 70, 60
"""Characters of a source line that are shown on each side of the place an issue means."""

Result = Literal["passed", "warned", "changed", "refused", "held", "filtered", "failed", "skipped"]
STOPS: frozenset[Result] = frozenset({"refused", "held", "filtered", "failed"})
"""Results after which nothing more runs."""

Form = Literal["envelope", "base64", "gzip", "xml", "empty"]
Step = tuple[str, str, Message, Message]
"""Name and detail of a step of the walk, with the message before and after it."""


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A stretch of one line of what was sent; the caret stands under the character `caret` (from 0), -1 when unknown."""

    number: int
    text: str
    caret: int
    cut_before: bool = False
    cut_after: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """One issue, with the line it means when it means one."""

    issue: Issue
    source: SourceLine | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage: `name` is a stage before the walk, or "step" with the step's `verb` and `detail`; `facts` are its figures."""

    name: str
    result: Result
    verb: str = ""
    detail: str = ""
    told: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str | int] = field(default_factory=dict)
    found: tuple[Found, ...] = ()
    changes: tuple[Difference, ...] = ()
    changed: int = 0
    micros: int = 0


@dataclass(frozen=True, slots=True)
class Target:
    """A destination of the route; `own` is a service of ours, `key` the ordering key; not `wanted` when `when` is not met."""

    name: str
    own: bool
    wanted: bool
    when: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What came of a rehearsal.

    `state` is the one the journal would hold, "" when nothing would be kept: with a code other than "0" the caller gets
    a fault, else the operation brings no document.
    """

    form: Form
    size: int
    stages: tuple[Stage, ...]
    state: str = ""
    code: str = "0"
    operation: str = ""
    documents: int = 0
    institution: str = ""
    document_type: str = ""
    route: str = ""
    revision: str = ""
    digest: str = ""
    reference: str = ""
    reason: str = ""
    targets: tuple[Target, ...] = ()
    micros: int = 0

    @property
    def issues(self) -> tuple[Issue, ...]:
        """Give all issues in the order of the stages."""
        return tuple(found.issue for stage in self.stages for found in stage.found)


Facts = Mapping[str, str | int]


def refused(name: str, refusal: SenderError, text: bytes = b"", facts: Facts | None = None) -> Stage:
    """Make the stage that refused; `text` is what the lines of its issues count in."""
    return Stage(name=name, result="refused", found=found(refusal.issues, text), facts=facts or {})


def passed(name: str, issues: Sequence[Issue] = (), text: bytes = b"", facts: Facts | None = None) -> Stage:
    """Make a stage that was passed, perhaps with warnings."""
    return Stage(name=name, result="warned" if issues else "passed", found=found(issues, text), facts=facts or {})


def found(issues: Iterable[Issue], text: bytes) -> tuple[Found, ...]:
    """Put issues beside the lines of a text (UTF-8) that they mean."""
    return tuple(Found(issue, source_line(text, issue.line, issue.column)) for issue in issues)


def source_line(text: bytes, line: int, column: int) -> SourceLine | None:
    """Cut out what stands around a place; None when there is no such line. Bytes that are no UTF-8 show as �."""
    if line < 1 or not text:
        return None
    start = 0
    for _ in range(line - 1):
        start = text.find(b"\n", start) + 1
        if not start:
            return None
    end = text.find(b"\n", start)
    # Of a line of many megabytes only what may be shown is decoded.
    whole = text[start : end if end >= 0 else len(text)][: (column + AFTER + 1) * 4].decode("utf-8", errors="replace")
    column = min(column, len(whole.rstrip("\r")) + 1)  # a parser may mean the end of the line
    first = max(column - 1 - BEFORE, 0)
    shown = whole[first : first + BEFORE + AFTER]
    cut_after = end - start > (column + AFTER + 1) * 4 or len(whole) > first + len(shown)
    return SourceLine(line, visible(shown.rstrip("\r")), column - 1 - first if column else -1, first > 0, cut_after)


def visible(text: str) -> str:
    """Show control characters, and those that would turn the direction of writing, as a mark of one character."""
    return "".join(" " if letter == "\t" else "�" if _is_hidden(letter) else letter for letter in text)


def _is_hidden(letter: str) -> bool:
    return letter < " " or "\x7f" <= letter <= "\x9f" or "\u202a" <= letter <= "\u202e" or "\u2066" <= letter <= "\u2069"


def walked(route: Route, outcome: Outcome, steps: Sequence[Step]) -> tuple[Stage, ...]:
    """Tell each step of a walk, the one that ended it included."""
    made = [_step(route, number, step, outcome) for number, step in enumerate(steps)]
    if len(outcome.trace) > len(steps):
        made.append(_last(route, len(steps), outcome))
    return tuple(made)


def _step(route: Route, number: int, step: Step, outcome: Outcome) -> Stage:
    name, detail, before, after = step
    new = after.warnings[len(before.warnings) :]
    changes: Sequence[Difference] = ()
    if after.document is not before.document:
        changes = compare(before.document.content, after.document.content)
    result: Result = "changed" if changes else "warned" if new else "passed"
    return Stage(
        name="step", verb=name, detail=detail, told=_told(route, number), result=result, found=found(new, _text(before)),
        changes=tuple(changes[:CHANGES]), changed=len(changes), micros=outcome.trace[number].micros,
    )  # fmt: skip


_ENDS: Mapping[str, Result] = {"INVALID": "refused", "FILTERED": "filtered", "ERROR": "held"}


def _last(route: Route, number: int, outcome: Outcome) -> Stage:
    trace, before = outcome.trace[-1], outcome.message
    new = [issue for issue in outcome.issues if issue not in before.warnings]
    result: Result = "failed" if outcome.reference else _ENDS[outcome.state]
    return Stage(
        name="step", verb=trace.what, detail=trace.detail, told=_told(route, number), result=result,
        found=found(new, _text(before)), micros=trace.micros,
    )  # fmt: skip


def _told(route: Route, number: int) -> Mapping[str, str]:
    step = route.steps[number]
    return {language: tell(step.sheet) for language, tell in step.kind.tell.items()}


def _text(message: Message) -> bytes:
    return cast("XmlDocument", message.document).utf8


def targets(route: Route, outcome: Outcome) -> tuple[Target, ...]:
    """List where the route sends, and whether this document would go there."""
    keys = {send.destination: send.key for send in outcome.sends}
    return tuple(
        Target(send.to, send.own, send.to in keys or send.to in outcome.desks, send.when_text, keys.get(send.to, ""))
        for send in route.sends
    )
