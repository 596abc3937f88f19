"""Ask a SOAP service whether a message has arrived there, before it is sent again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import Field

from engine.errors import Unavailable
from engine.message import Message
from engine.outbound.connector import Reply, Unfit
from engine.outbound.contract import Contract, FaultReply, Unreadable
from engine.outbound.values import WORDS, Word, message_id, nested
from engine.outbound.wire import Answer
from engine.yamlfile import Sheet, did_you_mean

_TEXT = 300

Post = Callable[[bytes, Mapping[str, str]], Answer]


class AskSheet(Sheet):
    """How a destination is asked; an answer that is in neither list leaves the delivery in doubt, and it is asked again."""

    operation: str = Field(description="查询是否收到的操作，与投递在同一个 WSDL 端口 · operation to ask by, of the same port")
    body: dict[str, Word] = Field(description="参数与取值的对应 · parameters (dotted) and the word for each value")
    field: str = Field(description="应答里说明是否收到的字段（点号层次） · field of the reply that says whether it arrived")
    arrived: list[str] = Field(
        min_length=1, description="表示已收到的取值，该投递即为已送达 · values that mean it arrived: it counts as sent"
    )
    absent: list[str] = Field(
        min_length=1, description="表示没有收到的取值，原样重发 · values that mean it did not arrive: it is sent again"
    )
    remote_id: str = Field("", description="应答里对方编号的字段 · field of the reply with the destination's number")


class Question:
    """The question of one destination; raises Unfit when its sheet does not fit the WSDL."""

    def __init__(self, sheet: AskSheet, contract: Contract, constant: Mapping[str, Any]) -> None:
        self._sheet = sheet
        self._contract = contract
        self._constant = constant
        self._check()

    def ask(self, message: Message, post: Post, headers: Mapping[str, str]) -> Reply | None:
        """Ask once: a Reply when the message arrived, None when it did not; raises Unavailable when that is not told."""
        number = message_id(message)
        drawn = {key: WORDS[word](message) for key, word in self._sheet.body.items()}
        answer = post(self._contract.request(nested({**self._constant, **drawn})), {**headers, **self._contract.headers()})
        try:
            reply = self._contract.read(answer.body) if answer.status == 200 else None
        except Unreadable as error:
            raise _untold(f"应答{error}") from error
        if reply is None or isinstance(reply, FaultReply) or not self._contract.expects(reply):
            raise _untold(f"HTTP {answer.status}，不是 {self._contract.name} 的应答")
        return self._judge(reply, number)

    def _judge(self, reply: Any, number: str) -> Reply | None:
        said = self._contract.field(reply, self._sheet.field) or ""
        if said in self._sheet.arrived:
            remote = self._contract.field(reply, self._sheet.remote_id) if self._sheet.remote_id else ""
            return Reply(f"查询确认已收到 {number}：{self._sheet.field}={said}", (remote or "")[:_TEXT])
        if said in self._sheet.absent:
            return None
        raise _untold(f"{self._sheet.field}={said[:_TEXT]}")

    def _check(self) -> None:
        for key, path in (("field", self._sheet.field), ("remote-id", self._sheet.remote_id)):
            known = self._contract.fields(path)
            if path and path.rpartition(".")[2] not in known:
                raise Unfit("CFG-011", ("ask", key), f"the reply has no field {path}{did_you_mean(path, known)}")
        specimen = dict.fromkeys(self._sheet.body, "0")
        try:
            self._contract.request(nested({**self._constant, **specimen}))
        except Exception as error:
            raise Unfit("CFG-011", ("ask", "body"), f"the parameters do not fit the WSDL: {str(error)[:_TEXT]}") from error


def _untold(text: str) -> Unavailable:
    """Say that the question has no answer: the message stays in doubt."""
    return Unavailable("DST-107", f"查询是否收到时：{text}", unknown=True)
