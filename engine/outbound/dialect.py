"""Speak one hospital's dialect: write its request for a function, and read its reply into plain values of the Jilin text."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from engine.documents.jilin.coding import recode
from engine.documents.jilin.envelope import open_reply, seal_request
from engine.documents.jilin.faults import MessageFault
from engine.documents.jilin.keys import Keys, cipher_key
from engine.documents.jilin.messages import read_message, write_message
from engine.documents.jilin.opening import LIMITS
from engine.documents.reading import open_document
from engine.documents.stylesheets import Stylesheet
from engine.errors import ConfigError, EngineError, Rejected, SenderError, Unavailable
from engine.hospital import Values
from engine.outbound.adaptersheet import AdapterSheet, FunctionSheet
from engine.outbound.connector import Surroundings, Unfit, basic, inside, need_secret
from engine.outbound.contract import Contract, FaultReply, Manner, Unreadable
from engine.outbound.wire import Answer, refuse_status
from engine.yamlfile import did_you_mean

_TEXT = 200


@dataclass(frozen=True, slots=True)
class Way:
    """How one function travels: the operation with its parameter and the field of its reply, and the stylesheets."""

    contract: Contract
    parameter: str
    result: str
    request_xslt: Path | None
    response_xslt: Path | None
    deadline: float


class Dialect:
    """What one hospital speaks, ready for several threads; raises Unfit with the key at fault."""

    def __init__(self, sheet: AdapterSheet, around: Surroundings) -> None:
        self._sheet = sheet
        self.keys = keys_of(sheet, around)
        self._headers = basic(sheet.login, around)
        self._sheets = threading.local()
        self._contracts: dict[tuple[str, Manner], Contract] = {}
        self._ways = {code: self._way(sheet.of(code), code, around) for code in sheet.capabilities}

    def way(self, function: str) -> Way:
        """Give the way of a function; raises Rejected DST-206 when the hospital does not offer it."""
        found = self._ways.get(function)
        if found is None:
            raise Rejected("DST-206", f"该医院没有提供功能 {function}")
        return found

    def write(self, function: str, values: Values, nonce: str) -> tuple[bytes, dict[str, str]]:
        """Write body and headers of the call; raises Rejected DST-206 for values that the table does not allow."""
        way, sheet = self.way(function), self._sheet
        try:
            body = write_message(function, "request", {**values, "HOS_ID": sheet.hospital_id}, version=sheet.version)
            body = self._styled(way.request_xslt, recode(body, sheet.codes))
        except MessageFault as fault:
            raise Rejected("DST-206", f"请求不合接口表：{fault.path} {fault.message}") from None
        sealed = seal_request(self.keys, function, sheet.user, body, nonce=nonce)
        return way.contract.request({way.parameter: sealed.decode()}), {**way.contract.headers(), **self._headers}

    def read(self, function: str, answer: Answer, nonce: str) -> tuple[str, str, Values]:
        """Read code, text and values of a reply.

        What is not a whole and signed reply leaves open what the hospital did: Unavailable DST-103 and DST-104, Rejected DST-201,
        DST-204 and DST-205 are all `unknown`.
        """
        sealed = self._result(self.way(function), answer)
        try:
            reply = open_reply(self.keys, sealed, nonce=nonce)
        except MessageFault as fault:
            code = "DST-204" if fault.code in {"6", "7", "8", "9"} else "DST-205"
            raise Rejected(code, f"{fault.path} {fault.message}".strip(), unknown=True) from None
        return reply.code, reply.message, self._values(function, reply.code, reply.body)

    def _values(self, function: str, code: str, body: bytes) -> Values:
        done = code == "0"
        try:
            body = self._styled(self.way(function).response_xslt, body) if body.strip() else body
            return read_message(function, "response", recode(body, self._sheet.back), complete=done)
        except MessageFault as fault:
            if not done:
                return {}
            raise Rejected("DST-205", f"{fault.path} {fault.message}".strip(), unknown=True) from None

    def _result(self, way: Way, answer: Answer) -> str | bytes:
        if answer.status not in {200, 400, 500}:
            _refuse(answer)
        try:
            reply = way.contract.read(answer.body)
        except Unreadable as error:
            _refuse(answer)
            raise Unavailable("DST-104", f"应答{error}", unknown=True) from error
        if isinstance(reply, FaultReply):
            text = f"{reply.code}：{reply.text[:_TEXT]}"
            raise (Rejected("DST-201", text, unknown=True) if reply.ours else Unavailable("DST-103", text, unknown=True))
        _refuse(answer)
        found = way.contract.content(reply, way.result) if way.contract.expects(reply) else None
        if found is None:
            raise Rejected("DST-205", f"应答里没有 {way.result}", unknown=True)
        return found

    def _styled(self, path: Path | None, content: bytes) -> bytes:
        """Run a stylesheet, one object of it for each thread; it is the engineer's own, so its failure is a bad message."""
        if path is None:
            return content
        kept: dict[str, Stylesheet] = self._sheets.__dict__
        if str(path) not in kept:
            kept[str(path)] = Stylesheet(path, path.name)
        try:
            return kept[str(path)].apply(open_document(content, LIMITS)).content
        except (SenderError, EngineError) as error:
            raise MessageFault("1", f"样式表 {path.name} 不能转换：{str(error)[:_TEXT]}") from None

    def _way(self, own: FunctionSheet, code: str, around: Surroundings) -> Way:
        sheet = self._sheet
        described = code in sheet.functions
        contract = self._contract(own, code if own.operation else "", around)
        return Way(
            contract,
            _only(contract.parameters(), own.parameter or sheet.parameter, _at(code, "parameter", described and own.parameter)),
            _result_path(contract, own.result or sheet.result, _at(code, "result", described and own.result)),
            _stylesheet(own.request_xslt, ("functions", code, "request-xslt"), around),
            _stylesheet(own.response_xslt, ("functions", code, "response-xslt"), around),
            own.deadline or sheet.deadline,
        )

    def _contract(self, own: FunctionSheet, code: str, around: Surroundings) -> Contract:
        sheet = self._sheet
        operation = own.operation or sheet.operation
        manner = Manner(sheet.namespace, sheet.soap_version, own.soap_action)
        if (operation, manner) not in self._contracts:
            beside = next(iter(self._contracts.values()), None)
            wsdl = inside(around.root, sheet.wsdl, ("wsdl",))
            try:
                self._contracts[operation, manner] = Contract(
                    wsdl, around.root, operation=operation, service=sheet.service, port=sheet.port, manner=manner, beside=beside
                )
            except Unfit as misfit:
                at = ("functions", code, "operation") if code and misfit.at == ("operation",) else misfit.at
                raise Unfit(misfit.code, at, misfit.text) from None
        return self._contracts[operation, manner]


def keys_of(sheet: AdapterSheet, around: Surroundings) -> Keys:
    """Find the keys that an adapter names; raises Unfit CFG-042 when one is missing or of another length."""
    encryption = need_secret(sheet.encryption_key, ("encryption-key",), around)
    try:
        cipher_key(encryption)
    except ValueError as error:
        raise Unfit("CFG-042", ("encryption-key",), str(error)) from None
    return Keys(
        profile=sheet.profile,
        sign=need_secret(sheet.sign_key, ("sign-key",), around),
        encryption=encryption,
        hex_case=sheet.hex_case,
        charset=sheet.signed_charset,
    )


def _refuse(answer: Answer) -> None:
    """Raise what an HTTP status means; after 5xx it stays open whether the hospital acted."""
    if answer.status >= 500:
        raise Unavailable("DST-103", f"HTTP {answer.status}", unknown=True)
    refuse_status(answer)


def _at(code: str, key: str, own: object) -> tuple[str, ...]:
    return ("functions", code, key) if own else (key,)


def _only(names: list[str], wanted: str, at: tuple[str, ...]) -> str:
    if wanted in names:
        return wanted
    if wanted:
        raise Unfit("CFG-011", at, f"the operation has no {at[-1]} {wanted}{did_you_mean(wanted, names)}")
    if len(names) != 1:
        raise Unfit("CFG-010", at, f"the operation has {len(names)} of them ({', '.join(names)}); say which {at[-1]} it is")
    return names[0]


def _result_path(contract: Contract, wanted: str, at: tuple[str, ...]) -> str:
    outer, dot, last = wanted.rpartition(".")
    return f"{outer}{dot}{_only(contract.fields(wanted or '-'), last, at)}"


def _stylesheet(path: str, at: tuple[str, ...], around: Surroundings) -> Path | None:
    """Find and compile a stylesheet once, so that its mistakes are told before the first call."""
    if not path:
        return None
    found = inside(around.root, path, at)
    try:
        Stylesheet(found, path)
    except ConfigError as error:
        raise Unfit("CFG-023", at, "; ".join(fault.message for fault in error.faults)) from None
    return found
