"""Open the messages and answers in the tests of hip and regional routes, as a call of the service would."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from engine.channels.route import Route
from engine.documents.canonical import differences
from engine.documents.hl7.opening import OpenedMessage, open_message
from engine.documents.hl7.services import Service, services_of
from engine.documents.places import local
from engine.documents.press import Press
from engine.documents.reading import XmlDocument
from engine.errors import EngineError
from engine.message import Message

ACTION = "action.txt"
"""Names the interaction of a test; without it the first of the route whose root the message has."""

ANSWER, EXPECTED = "answer.xml", "expect-answer.xml"
"""What a register gave, as the canonical answer, and what the stylesheet of the answer makes of it."""


def open_interaction(press: Press, route: Route, content: bytes, action: str = "") -> tuple[Service, OpenedMessage]:
    """Open a message for one of the route's interactions; raises SenderError as the service would refuse it."""
    known = services_of(route.service)
    name = local(press.open(content).root.tag)
    fitting = [key for key in (action, *route.keys) if key in known and (key == action or name in known[key].roots)]
    service = known[(fitting or list(route.keys))[0]]
    return service, open_message(press.limits, service, content)


def interaction_message(route: Route, service: Service, opened: OpenedMessage, institution: str, received: datetime) -> Message:
    """Make the message that a call of the service would make."""
    return Message(
        id="20260105-trial0000000",
        route=route.name,
        revision=route.revision,
        institution=institution,
        document_type=service.key,
        received=received,
        document=opened.document,
        keys={"document": opened.message_id},
        warnings=opened.document.warnings,
    )


def answered(route: Route, folder: Path) -> bytes | None:
    """Make the answer of a test; None when it has none. Raises EngineError when the stylesheet fails."""
    given = folder / ANSWER
    if not given.exists():
        return None
    if route.answer is None:
        raise EngineError(f"the route has no answer, and {ANSWER} stands here")
    return route.answer.apply(XmlDocument(given.read_bytes())).content


def compare_answer(route: Route, folder: Path, *, accept: bool) -> tuple[list[str], tuple[str, ...]]:
    """Say where the answer of a test differs from what is expected, and which file `accept` wrote."""
    try:
        made = answered(route, folder)
    except EngineError as problem:
        return [f"the answer failed: {problem}"], ()
    if made is None:
        return [], ()
    expected = folder / EXPECTED
    found = differences(expected.read_bytes(), made) if expected.exists() else [f"write {EXPECTED}, or run test --accept"]
    if not (accept and found):
        return found, ()
    expected.write_bytes(made)
    return found, (EXPECTED,)
