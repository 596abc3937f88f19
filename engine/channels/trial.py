"""Run the tests in the route folders: what comes in, what must come out, what must be found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from engine.channels.book import TESTS, RouteBook
from engine.channels.interaction_trial import ACTION, ANSWER, compare_answer, interaction_message, open_interaction
from engine.channels.language import INTERACTIVE
from engine.channels.route import Route
from engine.channels.walk import Outcome, walk
from engine.documents.canonical import differences
from engine.documents.press import Press
from engine.documents.reading import XmlDocument
from engine.errors import Fault, Issue, SenderError
from engine.message import Message, own_key

INSTITUTION = "TEST"
"""The sender of a test that names none."""

_MOMENT = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
_STATE = "state "
"""Begins the line of expect-issues.txt that names a state which does not follow from the issues."""

_SHOWN = 12
"""Differences of one test that are shown."""


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What came of one test: no differences means passed; `written` names what `accept` wrote."""

    route: str
    test: str
    differences: tuple[str, ...]
    written: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Tell whether everything came out as expected."""
        return not self.differences


@dataclass(frozen=True, slots=True)
class Trial:
    """One test as it ran: the message that went in (None when it could not be opened) and what came out."""

    message: Message | None
    outcome: Outcome | None
    issues: tuple[Issue, ...]

    @property
    def state(self) -> str:
        """Give the state the message would have in the journal."""
        return self.outcome.state if self.outcome else "INVALID"


def run_tests(book: RouteBook, press: Press, route: str | None = None, *, accept: bool = False) -> list[TrialResult]:
    """Run the tests of one route, or of all; with `accept` what came out is written down as expected."""
    chosen = [book.routes[route]] if route else list(book.routes.values())
    return [_run(press, one, folder, accept=accept) for one in chosen for folder in _folders(one)]


def run_tests_of(book: RouteBook, press: Press, route: str, project: Path) -> list[TrialResult]:
    """Run the tests of one route of a set as they stand below `project`; a kept set holds none."""
    there = replace(book.routes[route], folder=project / "routes" / route)
    return run_tests(replace(book, routes={route: there}), press, route)


def _folders(route: Route) -> Iterator[Path]:
    tests = route.folder / TESTS
    yield from sorted(p for p in tests.iterdir() if p.is_dir()) if tests.is_dir() else ()


def _run(press: Press, route: Route, folder: Path, *, accept: bool) -> TrialResult:
    incoming = sorted(folder.glob("in.*"))
    answer, answer_written = compare_answer(route, folder, accept=accept)
    if len(incoming) != 1 and not (not incoming and (folder / ANSWER).exists()):
        return TrialResult(route.name, folder.name, (f"the folder holds {len(incoming)} files in.*; put exactly one in.xml",))
    if not incoming:
        return TrialResult(route.name, folder.name, tuple(answer), answer_written)
    institution = _lines(folder / "institution.txt") or [INSTITUTION]
    action = _lines(folder / ACTION) or [""]
    trial = attempt(press, route, incoming[0].read_bytes(), institution[0], action[0])
    found = tuple(_compare(folder, trial))
    written = _accept(folder, trial) if accept and found else ()
    return TrialResult(route.name, folder.name, (*found, *answer), (*written, *answer_written))


def attempt(press: Press, route: Route, content: bytes, institution: str, document_type: str = "") -> Trial:
    """Open a document and walk it, as an upload by `institution` would; nothing is stored or sent.

    For routes of hip and regional `document_type` is the interaction.
    """
    if route.service in INTERACTIVE:
        return _attempt_interaction(press, route, content, institution, document_type)
    try:
        document = press.open(content)
    except SenderError as refusal:
        return Trial(None, None, refusal.issues)
    message = message_for(press, route, document, institution, document_type)
    outcome = walk(route, message)
    return Trial(message, outcome, outcome.issues)


def _attempt_interaction(press: Press, route: Route, content: bytes, institution: str, action: str) -> Trial:
    try:
        service, opened = open_interaction(press, route, content, action)
    except SenderError as refusal:
        return Trial(None, None, refusal.issues)
    message = interaction_message(route, service, opened, institution, _MOMENT)
    outcome = walk(route, message)
    return Trial(message, outcome, outcome.issues)


def message_for(press: Press, route: Route, document: XmlDocument, institution: str, document_type: str = "") -> Message:
    """Make the message an upload would make; without a type the one that the document names, if the route takes it."""
    known = [code for code in route.keys if code in press.catalogue.types]
    drawn = press.draw(document, document_type or (known[0] if known else ""))
    named = drawn.type_code_in_document
    own = own_key(drawn.own_root, drawn.own_extension)
    return Message(
        id="20260105-trial0000000",
        route=route.name,
        revision=route.revision,
        institution=institution,
        document_type=document_type or (named if named in known else known[0] if known else ""),
        received=_MOMENT,
        document=document,
        keys={"document": drawn.own_extension, "own": own, "resident": drawn.resident_id, "visit": drawn.visit_number},
        warnings=document.warnings,
    )


def _compare(folder: Path, trial: Trial) -> Iterator[str]:
    expected = folder / "expect.xml"
    issues = folder / "expect-issues.txt"
    if not expected.exists() and not issues.exists():
        yield "nothing is expected; write expect.xml or expect-issues.txt, or run test --accept"
    yield from _compare_issues(_lines(issues), trial)
    if expected.exists():
        yield from _compare_document(folder, expected, trial)
    sends = folder / "expect-sends.txt"
    if sends.exists():
        yield from _compare_sends(_lines(sends), trial)


def _compare_document(folder: Path, expected: Path, trial: Trial) -> Iterator[str]:
    if trial.outcome is None or trial.state != "ROUTED":
        return
    ignore = _lines(folder / "ignore.txt")
    found = differences(expected.read_bytes(), trial.outcome.message.document.content, ignore)
    yield from found[:_SHOWN]
    if len(found) > _SHOWN:
        yield f"... and {len(found) - _SHOWN} more differences"


def _compare_issues(lines: list[str], trial: Trial) -> Iterator[str]:
    left = [line for line in lines if not line.startswith(_STATE)]
    state = next((line.removeprefix(_STATE) for line in lines if line.startswith(_STATE)), _usual_state(left))
    if state != trial.state:
        yield f"the state {state} is expected, found {trial.state}"
    for issue in trial.issues:
        line = next((one for one in left if _fits(one, issue)), None)
        if line is None:
            yield f"found but not expected: {issue_line(issue)}  ({issue.message} {issue.path}:{issue.line})"
        else:
            left.remove(line)
    yield from (f"expected but not found: {line}" for line in left)


def _usual_state(lines: list[str]) -> str:
    return "INVALID" if any(line.startswith("error ") for line in lines) else "ROUTED"


def _fits(line: str, issue: Issue) -> bool:
    severity, code, *place = line.split(maxsplit=2)
    return (severity, code) == (issue.severity, issue.code) and (not place or place[0] in {issue.path, issue.rule})


def issue_line(issue: Issue) -> str:
    """Write an issue as a line of expect-issues.txt: severity, code, and the rule (the path when it has none)."""
    return " ".join(part for part in (issue.severity, issue.code, issue.rule or issue.path) if part)


def _compare_sends(expected: list[str], trial: Trial) -> Iterator[str]:
    found = sends_of(trial)
    if sorted(expected) != sorted(found):
        yield f"expected sends {', '.join(expected) or 'none'}, found {', '.join(found) or 'none'}"


def sends_of(trial: Trial) -> list[str]:
    """List the destinations of a trial, our own services first."""
    return [*trial.outcome.desks, *(send.destination for send in trial.outcome.sends)] if trial.outcome else []


def _accept(folder: Path, trial: Trial) -> tuple[str, ...]:
    written = []
    if trial.outcome and trial.state == "ROUTED":
        (folder / "expect.xml").write_bytes(trial.outcome.message.document.content)
        written.append("expect.xml")
    lines = [issue_line(issue) for issue in trial.issues]
    if trial.state != _usual_state(lines):
        lines.insert(0, f"{_STATE}{trial.state}")
    issues = folder / "expect-issues.txt"
    if lines or issues.exists():
        issues.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        written.append(issues.name)
    return tuple(written)


def _lines(path: Path) -> list[str]:
    """Read the lines of a small text file, without comments; none when there is no file."""
    if not path.exists():
        return []
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def results_text(results: list[TrialResult]) -> str:
    """Print results: one line a test, the differences under those that failed, a sum at the end."""
    lines = []
    for result in results:
        lines.append(f"{'ok  ' if result.passed else 'FAIL'} {result.route}/{result.test}")
        lines += [f"       {line}" for line in result.differences]
        lines += [f"       wrote {name}; read it before you commit it" for name in result.written]
    failures = sum(not result.passed for result in results)
    return "\n".join([*lines, f"{len(results)} tests, {failures} failed"]) + "\n"


def result_faults(book: RouteBook, results: list[TrialResult]) -> list[Fault]:
    """Turn failed tests into faults of lint (CFG-036)."""
    faults = []
    for result in results:
        if not result.passed:
            folder = (book.routes[result.route].folder / TESTS / result.test).relative_to(book.root).as_posix()
            faults.append(Fault(file=folder, line=1, column=1, code="CFG-036", message=result.differences[0]))
    return faults
