"""Show every stage of one file on a route: unpacked, each check and change, where it would go; nothing stored or sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.channels.book import RouteBook
from engine.channels.route import Route
from engine.channels.trial import INSTITUTION, message_for
from engine.channels.walk import Outcome, walk
from engine.codes import CODES
from engine.documents.canonical import differences
from engine.documents.packing import unpack_binary, unpack_text
from engine.documents.press import Press
from engine.errors import Issue, SenderError
from engine.message import Message

_GZIP = b"\x1f\x8b"
_SHOWN = 20


def try_file(book: RouteBook, press: Press, route: str, path: Path, institution: str = INSTITUTION) -> str:
    """Show what would happen to a file sent by `institution`: XML, GZIP, or Base64 of GZIP; gives text to print.

    Raises KeyError for a route that does not exist, OSError for a file that cannot be read.
    """
    return "\n".join(_stages(press, book.routes[route], path.read_bytes(), institution)) + "\n"


def _stages(press: Press, route: Route, data: bytes, institution: str) -> Iterator[str]:
    yield f"route    {route.name}: {route.about} (revision {route.revision})"
    try:
        content, how, warnings = _unpack(press, data)
        yield f"unpack   {how}: {len(data)} bytes -> {len(content)} bytes of XML"
        document = press.open(content)
    except SenderError as refusal:
        yield f"refused  {refusal.code} {CODES[refusal.code].title}"
        yield from _issue_lines(refusal.issues)
        return
    message = message_for(press, route, document, institution)
    message = message.evolve(warnings=(*warnings, *message.warnings))
    yield f"open     SHA-256 {document.digest}, judged as {message.document_type} of {institution}"
    steps: list[str] = []
    outcome = walk(route, message, lambda *step: steps.extend(_step_lines(*step)))
    yield from steps
    yield from _end_lines(outcome)


def _unpack(press: Press, data: bytes) -> tuple[bytes, str, tuple[Issue, ...]]:
    head = data.lstrip()[:4]
    if data.startswith(_GZIP):
        unpacked = unpack_binary(data, press.limits)
        return unpacked.content, "GZIP", unpacked.warnings
    if head.startswith((b"<", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return data, "XML as it is", ()
    unpacked = unpack_text(data.decode("utf-8", "replace"), press.limits)
    return unpacked.content, "Base64, GZIP", unpacked.warnings


def _step_lines(name: str, detail: str, before: Message, after: Message) -> Iterator[str]:
    new = after.warnings[len(before.warnings) :]
    if after.document is before.document:
        yield f"{name:<8} {detail}: {'passed' if not new else f'{len(new)} warnings'}"
    else:
        compared = differences(before.document.content, after.document.content, ())
        changed = [line.replace("应为 ", "").replace("，却是 ", " → ") for line in compared]
        yield f"{name:<8} {detail}: {len(changed)} changes"
        yield from (f"         {line}" for line in changed[:_SHOWN])
        if len(changed) > _SHOWN:
            yield f"         ... and {len(changed) - _SHOWN} more"
    yield from _issue_lines(new)


def _end_lines(outcome: Outcome) -> Iterator[str]:
    last = outcome.trace[-1] if outcome.trace else None
    if outcome.state != "ROUTED" and last:
        yield f"{last.what:<8} {last.detail}: stopped here"
        yield from _issue_lines(outcome.issues)
    if outcome.reason:
        yield f"         {outcome.reason}"
    title = CODES[outcome.code].title
    yield f"state    {outcome.state} {outcome.code} {title}{f' (reference {outcome.reference})' if outcome.reference else ''}"
    yield from (f"send     {desk}: our own service, with the receipt" for desk in outcome.desks)
    yield from (f"send     {send.destination}: would be queued under the key {send.key}" for send in outcome.sends)
    spent = sum(step.micros for step in outcome.trace)
    yield f"time     {spent} microseconds in {len(outcome.trace)} steps"


def _issue_lines(issues: tuple[Issue, ...]) -> Iterator[str]:
    for issue in issues:
        place = f"{issue.line}:{issue.column} {issue.path}".strip()
        yield f"         {issue.severity} {issue.code} {issue.rule} {place}"
        yield f"           {issue.message}"
        if issue.hint:
            yield f"           → {issue.hint}"
