"""Judge the documents that a message carries as if they had been uploaded: the same route, the same checks, one record by both ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.documents.codetables import normal_code
from engine.documents.packing import pack_gzip
from engine.documents.parameters import decode_base64
from engine.documents.press import Press
from engine.errors import Issue, SenderError
from engine.hospital import Values
from engine.inbound.calls import Call
from engine.inbound.judge import Judge, Judgement, Upload
from engine.interaction import Act

REGISTER = "documents"
"""The register whose writes are documents."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Carried:
    """One document of a message: what the message says of it, and what the judge makes of it."""

    values: Values
    judgement: Judgement


def judge_carried(judge: Judge, call: Call, act: Act, values: Values) -> tuple[Carried, ...]:
    """Judge every document of a message; raises SenderError SND-347 for one that is no strict Base64."""
    entries: Sequence[Values] = values.get("entry") or (values,)
    return tuple(
        Carried(values=entry, judgement=judge.judge(_upload(judge.press, call, act, entry, number)))
        for number, entry in enumerate(entries, 1)
    )


def _upload(press: Press, call: Call, act: Act, entry: Values, number: int) -> Upload:
    content = decode_base64(str(entry.get("content") or ""))
    if not content:
        words = f"第 {number} 份文档没有内容，或内容不是严格的 Base64。"
        raise SenderError(Issue(code="SND-347", message=words, hint="把文档的 XML 字节做 Base64 编码后填入，不压缩、不加密。"))
    number_of = str(entry.get("documentId") or "").strip()
    return Upload(
        institution=call.institution, document_type=_type_of(press, str(entry.get("type") or ""), content), document_id=number_of,
        payload=pack_gzip(content), replaces=str(entry.get("replaces") or (number_of if act == "update" else "")), peer=call.peer,
    )  # fmt: skip


def _type_of(press: Press, named: str, content: bytes) -> str:
    """Give the type that the message names when the catalogue has it, else the one that the document itself names."""
    code = normal_code(named)
    if code in press.catalogue.types:
        return code
    try:
        document = press.open(content)
    except SenderError:
        return code  # the judge will say what is wrong with it
    return press.draw(document, "").type_code_in_document or code
