"""Build the steps that change a document or let it go: xslt, table, filter."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from pydantic import Field

from engine.channels.building import Held, Misfit, Run, Site, StepKind, build_all, compile_xpath, document_of
from engine.documents.codetables import CodeTable
from engine.documents.reading import XmlDocument
from engine.errors import Filtered, SenderError
from engine.message import Message
from engine.yamlfile import Sheet

INSTITUTIONS = ("config", "institutions")
"""Folder of the tables that belong to one sender: config/institutions/CODE/NAME.csv."""

OWN = "institution/"


class XsltStep(Sheet):
    """用 XSLT 转换 · change the document by an XSLT 1.0 stylesheet (no file, no network, no extension functions)."""

    xslt: str = Field(description="样式表的路径 · path of the stylesheet")


class TableFields(Sheet):
    """Say which values a code table replaces."""

    at: str = Field(description="要对照的属性或元素，XPath · XPath of the attributes or elements to translate")
    use: str = Field(
        description="代码表 CSV 的路径；institution/名称 先用发送机构自己的表，再用本路由 tables/名称.csv · "
        "path of the CSV; institution/NAME takes the sender's own table first, then the route's tables/NAME.csv"
    )
    unknown: Literal["hold", "keep", "refuse"] = Field(
        description="没有对照时：hold 挂起等人补充，keep 原样保留，refuse 退回 · when a code is not in the table: hold, keep or refuse"
    )


class TableStep(Sheet):
    """用代码表对照 · translate codes by a table."""

    table: TableFields = Field(description="对照哪里、用哪张表、没有时怎么办 · where, by which table, and what if unknown")


class FilterFields(Sheet):
    """Say which messages go on."""

    keep_when: str = Field(description="满足此 XPath 的才继续 · only messages where this XPath holds go on")
    reason: str = Field("", description="过滤的原因，显示在监控页面 · why the others are left, shown on the monitor")


class FilterStep(Sheet):
    """过滤不需要的消息 · leave messages that are not wanted."""

    filter: FilterFields = Field(description="保留条件与原因 · what is kept, and why")


def _build_xslt(site: Site, step: XsltStep) -> Run:
    stylesheet = site.press.stylesheet(site.find(step.xslt, "xslt"))

    def transform(message: Message) -> Message:
        parameters = {"institution": message.institution, "document-type": message.document_type, "receipt": message.id}
        before = document_of(message)
        after = stylesheet.apply(before, parameters)
        # A document that came out as it went in stays itself: nothing more to store, and its lines are the sender's.
        return message if _body(before) == _body(after) else message.evolve(document=after)

    return transform


def _body(document: XmlDocument) -> bytes:
    """Give the document in UTF-8 without its declaration."""
    text = document.utf8.strip()
    return text.partition(b"?>")[2].lstrip() if text.startswith(b"<?xml ") else text


def _tables(site: Site, use: str) -> tuple[CodeTable, dict[str, CodeTable]]:
    """Load the route's table, and for `institution/NAME` those of the senders by institution code."""
    if not use.startswith(OWN):
        return site.press.table(site.find(use, "table", "use")), {}
    name = f"{use.removeprefix(OWN)}.csv"
    try:
        common = site.press.table(site.find(f"tables/{name}", "table", "use"))
    except Misfit as problem:
        raise Misfit(problem.code, f"{problem.message}; {use} falls back to it, so it must exist", "table", "use") from problem
    own = sorted(site.root.joinpath(*INSTITUTIONS).glob(f"*/{name}"))
    site.used.update(own)
    return common, {path.parent.name: site.press.table(path) for path in own}


def _build_table(site: Site, step: TableStep) -> Run:
    fields = step.table
    where, (common, own) = build_all(lambda: compile_xpath(fields.at, "table", "at"), lambda: _tables(site, fields.use))

    def translate(message: Message) -> Message:
        tables = (own[message.institution], common) if message.institution in own else (common,)
        document, missing = CodeTable.translate(tables, document_of(message), where)
        if missing and fields.unknown == "hold":
            raise Held(*(replace(issue, severity="warning") for issue in missing))  # taken in, so no error of the sender's
        if missing and fields.unknown == "refuse":
            raise SenderError(*missing)
        return message.evolve(document=document)

    return translate


def _build_filter(site: Site, step: FilterStep) -> Run:
    keep = compile_xpath(step.filter.keep_when, "filter", "keep-when")
    reason = step.filter.reason or f"keep-when {step.filter.keep_when} does not hold"
    del site

    def decide(message: Message) -> Message:
        if not keep.test(document_of(message)):
            raise Filtered(reason)
        return message

    return decide


_UNKNOWN = {
    "zh": {"hold": "挂起等人补充", "keep": "原样保留", "refuse": "退回"},
    "en": {"hold": "hold the message", "keep": "keep it as it is", "refuse": "refuse the document"},
}

CHANGE_STEPS = (
    StepKind(
        "xslt",
        "change",
        XsltStep,
        _build_xslt,
        {"zh": lambda s: f"用样式表 {s.xslt} 转换", "en": lambda s: f"change it by the stylesheet {s.xslt}"},
    ),
    StepKind(
        "table",
        "change",
        TableStep,
        _build_table,
        {
            "zh": lambda s: f"{s.table.at} 处的代码按 {s.table.use} 对照，没有对照时{_UNKNOWN['zh'][s.table.unknown]}",
            "en": lambda s: (
                f"translate the codes at {s.table.at} by {s.table.use}; an unknown one: {_UNKNOWN['en'][s.table.unknown]}"
            ),
        },
    ),
    StepKind(
        "filter",
        "change",
        FilterStep,
        _build_filter,
        {
            "zh": lambda s: f"只保留满足 {s.filter.keep_when} 的消息",
            "en": lambda s: f"keep only messages where {s.filter.keep_when} holds",
        },
    ),
)
