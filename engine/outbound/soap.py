"""Deliver to a SOAP service: one call of one operation, counted only when the reply says what was agreed."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from engine.errors import DestinationError, Rejected, Unavailable
from engine.message import Message
from engine.outbound.asking import AskSheet, Question
from engine.outbound.connector import (
    Login,
    NetworkEndpoint,
    Reply,
    SecretName,
    Surroundings,
    Unfit,
    basic,
    inside,
    need_secret,
)
from engine.outbound.contract import Contract, FaultReply, Unreadable
from engine.outbound.lookup import Lookup
from engine.outbound.values import WORDS, Word, message_id, nested
from engine.outbound.wire import Answer, open_wire, refuse_status
from engine.yamlfile import did_you_mean

_TEXT = 300
"""Characters of a destination's own words that are kept with the delivery."""


class Signature(Login):
    """A WS-Security UsernameToken in the SOAP header."""

    digest: bool = Field(
        default=False, description="用 PasswordDigest 代替 PasswordText · PasswordDigest instead of PasswordText"
    )


class SoapEndpoint(NetworkEndpoint):
    """A SOAP service that takes one document a call."""

    wsdl: str = Field(
        description="对方的 WSDL，已保存在项目内（wsdl/hospital/…），不从网上读取 · the pinned WSDL, a file of the project"
    )
    address: str = Field(
        pattern=r"^https?://[^\s@]+$",
        description="服务地址，以此为准，不用 WSDL 里的地址 · address to call, whatever the WSDL says",
    )
    service: str = Field("", description="WSDL 里的 service 名，空为第一个 · service of the WSDL, empty for the first")
    port: str = Field(
        "", description="WSDL 里的 port 名，空为第一个；决定 SOAP 版本 · port of the WSDL, which decides the SOAP version"
    )
    operation: str = Field(description="调用的操作 · operation to call")
    body: dict[str, Word] = Field(
        description="参数与取值的对应，参数名可用点号表示层次 · parameters (dotted) and the word for each value"
    )
    fixed: dict[str, str] = Field(default_factory=dict, description="固定取值的参数 · parameters with a fixed text")
    secrets: dict[str, SecretName] = Field(
        default_factory=dict, description="取值为秘密的参数，只写秘密的名字 · parameters whose value is a named secret"
    )
    signature: Signature | None = Field(None, description="WS-Security 用户名令牌 · WS-Security UsernameToken")
    message_header: bool = Field(
        default=False, description="在 SOAP 报文头里带消息号 MessageId · send the message id as a SOAP header block"
    )
    accept: dict[str, list[str]] = Field(
        description="应答里的字段（点号层次）与表示收妥的取值；写 {} 表示应答元素正确即可 · fields of the reply and the values that mean taken"
    )
    echo: str = Field("", description="应答里必须原样带回消息号的字段 · field of the reply that must repeat the message id")
    remote_id: str = Field(
        "", description="应答里对方编号的字段，记入投递记录 · field of the reply with the destination's number"
    )
    ask: AskSheet | None = Field(
        None,
        description="投递结果不明时先查询对方是否已收到；不写则用同一消息号重发 · how to ask whether a message in doubt arrived; without it, it is sent again under its id",
    )


class SoapConnector:
    """Call one operation for each message; raises Unfit when the entry does not fit its WSDL."""

    def __init__(self, sheet: SoapEndpoint, around: Surroundings, lookup: Lookup | None = None) -> None:
        self._sheet = sheet
        self._contract = self._open(sheet.operation, around)
        self._headers = self._contract.headers() | basic(sheet.login, around)
        hidden = {key: need_secret(name, ("secrets", key), around) for key, name in sheet.secrets.items()}
        self._constant = {**sheet.fixed, **hidden}
        self._check_body()
        self._check_reply()
        self._question = self._asking(sheet.ask, around) if sheet.ask else None
        self._wire = open_wire(sheet.address, sheet, around, lookup)

    def send(self, message: Message) -> Reply:
        """Call the operation once; raises Unavailable DST-101..105 or Rejected DST-201..203."""
        number = message_id(message)
        drawn = {key: WORDS[word](message) for key, word in self._sheet.body.items()}
        request = self._contract.request(nested({**self._constant, **drawn}), number if self._sheet.message_header else "")
        answer = self._wire.post(request, {**self._headers, "X-Message-Id": number})
        return self._judge(answer, number)

    def ask(self, message: Message) -> Reply | None:
        """Tell whether a message in doubt arrived: None when it did not, or nobody can be asked, so that it is sent again.

        Raises Unavailable when the destination does not tell (DST-107) or is away.
        """
        return self._question.ask(message, self._wire.post, self._headers) if self._question else None

    def close(self) -> None:
        """Close the kept connections."""
        self._wire.close()

    def _open(self, operation: str, around: Surroundings) -> Contract:
        """Open one operation of the WSDL, signed as the sheet says."""
        sheet = self._sheet
        wsdl = inside(around.root, sheet.wsdl, ("wsdl",))
        contract = Contract(wsdl, around.root, operation=operation, service=sheet.service, port=sheet.port)
        if sheet.signature:
            password = need_secret(sheet.signature.secret, ("signature", "secret"), around)
            contract.sign(sheet.signature.user, password, digest=sheet.signature.digest)
        return contract

    def _asking(self, asked: AskSheet, around: Surroundings) -> Question:
        """Make the question; what is constant in a delivery is so in it too, where it has such a parameter."""
        try:
            contract = self._open(asked.operation, around)
        except Unfit as misfit:
            raise Unfit(misfit.code, ("ask", *misfit.at), misfit.text) from None
        return Question(asked, contract, {key: value for key, value in self._constant.items() if key in contract.parameters()})

    def _judge(self, answer: Answer, number: str) -> Reply:
        """Count a reply as taken only when it says what the WSDL and the sheet agreed."""
        if answer.status not in {200, 201, 202, 204, 400, 500}:
            refuse_status(answer)
        if self._contract.one_way and not answer.body:
            refuse_status(answer)
            return Reply(f"HTTP {answer.status}")
        reply = self._read(answer)
        if isinstance(reply, FaultReply):
            raise _refusal(reply)
        refuse_status(answer)
        if self._contract.one_way or not self._contract.expects(reply):
            raise Rejected("DST-203", f"应答元素 {reply.tag} 不是 {self._contract.name} 的应答")
        return self._confirm(reply, number)

    def _read(self, answer: Answer) -> Any:
        if answer.status in {202, 204}:
            raise Rejected("DST-203", f"HTTP {answer.status}，没有约定的应答")
        try:
            if not answer.body:
                raise Unreadable("是空的")
            return self._contract.read(answer.body)
        except Unreadable as error:
            refuse_status(answer)
            raise Unavailable("DST-104", f"应答{error}", unknown=True) from error

    def _confirm(self, reply: Any, number: str) -> Reply:
        sheet, field = self._sheet, self._contract.field
        for path, wanted in sheet.accept.items():
            value = field(reply, path)
            if value not in wanted:
                raise Rejected("DST-203", f"{path} 是 {_short(value)}，约定为 {'、'.join(wanted)}")
        if sheet.echo and field(reply, sheet.echo) != number:
            raise Rejected("DST-203", f"{sheet.echo} 带回的不是本条消息号，而是 {_short(field(reply, sheet.echo))}")
        said = "，".join(f"{path}={_short(field(reply, path))}" for path in sheet.accept)
        return Reply(said, (field(reply, sheet.remote_id) or "")[:_TEXT] if sheet.remote_id else "")

    def _check_body(self) -> None:
        """Write one specimen request, so that a parameter the WSDL does not know is found before the first delivery."""
        specimen = {key: b"0" if word in {"gzip", "bytes"} else "0" for key, word in self._sheet.body.items()}
        try:
            self._contract.request(nested({**self._constant, **specimen}))
        except Unfit:
            raise
        except Exception as error:
            raise Unfit("CFG-011", ("body",), f"the parameters do not fit the WSDL: {str(error)[:_TEXT]}") from error

    def _check_reply(self) -> None:
        sheet = self._sheet
        paths: list[tuple[tuple[str, ...], str]] = [(("accept", path), path) for path in sheet.accept]
        paths += [((key,), path) for key, path in (("echo", sheet.echo), ("remote-id", sheet.remote_id)) if path]
        for at, path in paths:
            known = [] if self._contract.one_way else self._contract.fields(path)
            if path.rpartition(".")[2] not in known:
                raise Unfit("CFG-011", at, f"the reply has no field {path}{did_you_mean(path.rpartition('.')[2], known)}")


def _refusal(fault: FaultReply) -> DestinationError:
    text = f"{fault.code}：{_short(fault.text)}"
    return Rejected("DST-201", text) if fault.ours else Unavailable("DST-103", text)


def _short(text: str | None) -> str:
    return "空" if not text else text if len(text) <= _TEXT else f"{text[:_TEXT]}…"
