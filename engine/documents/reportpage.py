"""Show a report as an HTML page for people: by a stylesheet, from values alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lxml import etree

from engine.documents.reading import XmlDocument
from engine.documents.stylesheets import Stylesheet
from engine.message import SHANGHAI
from engine.report import ReportContent, ReportItem, ReportPerson, Susceptibility

REPORT_STYLESHEET = Path("xsd/messages/report/report.xsl")
"""From the project's top."""

_GENDERS: Mapping[str, str] = {"1": "男", "2": "女"}
"""GB/T 2261.1; what is unknown or unsaid is not shown."""

_MINUTE = "%Y-%m-%d %H:%M"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportHead:
    """What stands above the content: `number` is the hospital's report number, `status_name` in Chinese, "" for what is not shown."""

    institution_name: str = ""
    number: str = ""
    status_name: str = ""


def render_report(stylesheet: Stylesheet, content: ReportContent, person: ReportPerson, head: ReportHead) -> bytes:
    """Give the page as HTML in UTF-8; the stylesheet is that of REPORT_STYLESHEET.

    Every value is text in it, never markup; the page holds no script and fetches nothing.
    """
    report = etree.Element("report")
    for name, value in _single(content, person, head).items():
        if value:
            report.set(name, value)
    for item in content.items:
        report.append(_item(item))
    for found in content.susceptibility:
        report.append(_organism(found))
    for name in ("complaint", "findings", "conclusion", "remark"):
        if value := getattr(content, name):
            etree.SubElement(report, name).text = value
    return stylesheet.apply(XmlDocument(b"", root=report)).content


def _single(content: ReportContent, person: ReportPerson, head: ReportHead) -> dict[str, str]:
    return {
        "institution-name": head.institution_name, "number": head.number, "status-name": head.status_name, "title": content.title or "报告",
        "name": person.name, "gender": _GENDERS.get(person.gender, ""), "birth": birth_text(person.birth), "specimen": content.specimen,
        "department": content.department, "diagnosis": content.diagnosis, "doctor": content.doctor, "reviewer": content.reviewer,
        "reported": _when(content.reported), "reviewed": _when(content.reviewed),
    }  # fmt: skip


def _item(item: ReportItem) -> etree._Element:
    said = {
        "name": item.name,
        "code": item.code,
        "value": item.value,
        "unit": item.unit,
        "range": item.range,
        "flag": item.flag,
    }
    return etree.Element("item", {name: value for name, value in said.items() if value})


def _organism(found: Susceptibility) -> etree._Element:
    organism = etree.Element("organism", {"name": found.organism})
    for drug in found.drugs:
        said = {"name": drug.name, "mic": drug.mic, "sensitivity": drug.sensitivity}
        etree.SubElement(organism, "drug", {name: value for name, value in said.items() if value})
    return organism


def birth_text(digits: str) -> str:
    """Write a day of birth YYYYMMDD, or the start of it, as yyyy-MM-dd."""
    return "-".join(part for part in (digits[:4], digits[4:6], digits[6:8]) if part)


def _when(moment: datetime | None) -> str:
    return moment.astimezone(SHANGHAI).strftime(_MINUTE) if moment else ""
