"""Audit who asked for something about a person and was refused, for the refusal rolled back what its transaction wrote."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

from engine.errors import SenderError
from engine.inbound.calls import Call, Result
from engine.inbound.given import Given
from engine.inbound.verdicts import Answered
from engine.services.audit import AuditNote

PutDown = Callable[[AuditNote], Awaitable[object]]
"""Write the note of a refusal before its answer."""


def audited(answer: Answered, codes: Collection[str], put_down: PutDown) -> Answered:
    """Do an operation; one that is refused with one of these codes is put down in the audit first."""

    async def handle(call: Call, given: Given) -> Result:
        try:
            return await answer(call, given)
        except SenderError as refusal:
            if refusal.code in codes:
                await put_down(_refused(call, refusal.code))
            raise

    return handle


def _refused(call: Call, code: str) -> AuditNote:
    return AuditNote(
        peer=call.peer, institution=call.institution, verdict="refused", reason=f"{call.operation} {code}", service=call.service
    )
