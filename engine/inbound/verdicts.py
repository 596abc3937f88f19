"""Head the results of a typed service with code, message and hint: a business refusal is a result, any other a fault."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from engine.errors import SenderError
from engine.inbound.calls import Call, Handler, Parameters, Result
from engine.inbound.given import Given
from engine.services.appointments.model import Listing

_BUSINESS = "SND-7"
_GOOD = {"code": "0", "message": "成功。"}
Answered = Callable[[Call, Given], Awaitable[Result]]
"""Do one operation of a typed service; its result may say another message than that of success."""


def with_verdict(answer: Answered) -> Handler:
    """Put code, message and hint at the head of a result."""

    async def handle(call: Call, values: Parameters) -> Result:
        try:
            return {**_GOOD, **await answer(call, Given(values, f"/Envelope/Body/{call.operation}"))}
        except SenderError as problem:
            if not problem.code.startswith(_BUSINESS):
                raise
            return {"code": problem.code, "message": problem.first.message, "hint": problem.first.hint}

    return handle


def page_of(name: str, write: Callable[[Any], Result], found: Listing[Any]) -> Result:
    """Write one page of a list, with what asks for the next."""
    records: Iterable[Result] = [write(one) for one in found.items]
    return {name: records, "page": {"size": len(found.items), "token": found.token}}
