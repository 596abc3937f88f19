"""Read what a hospital answers about reports (8001 to 8004) as the same content that documents give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.documents.codetables import normal_code
from engine.documents.drawing import identity_number
from engine.hospital import Values
from engine.message import SHANGHAI
from engine.report import DrugResult, KeyKind, ReportArrival, ReportContent, ReportItem, ReportKind, ReportPerson, Susceptibility

FUNCTION_OF: Mapping[str, str] = {"0": "8002", "1": "8003", "2": "8004"}
"""By which function the content of a report is asked for, by its REPORT_TYPE."""

KIND_OF: Mapping[str, ReportKind] = {"8002": "laboratory", "8003": "susceptibility", "8004": "examination"}

NOTHING = frozenset({"800101", "800201", "800301", "800401"})
"""Codes by which a hospital says that there is no such report."""

_NORMAL = frozenset({"N", "NORMAL", "正常"})
_IDENTITY_CARD = ("", "1")
"""PATIENT_IDCARD_TYPE of an identity card; hospitals leave it out."""

_TIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y%m%d%H%M%S", "%Y%m%d")


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedReport:
    """One report in a hospital's list; `time` is REPORT_TIME as written, `at` the same, aware, None when it is no time."""

    report: str
    function: str
    time: str
    at: datetime | None


def listed_reports(values: Values) -> tuple[ListedReport, ...]:
    """Read the list of 8001, each report once; those of an unknown type are left out."""
    found: dict[str, ListedReport] = {}
    for group in values.get("REPORT_LIST", ()):
        for one in group.get("REPORT_INFO", ()):
            report, function = _said(one, "REPORT_ID"), FUNCTION_OF.get(_said(one, "REPORT_TYPE"))
            if function is not None:
                time = _said(one, "REPORT_TIME")
                found[report] = ListedReport(report=report, function=function, time=time, at=wire_time(time))
    return tuple(found.values())


def read_report(
    function: str, institution: str, report: str, patient: str, values: Values, answered: datetime
) -> ReportArrival | None:
    """Read the answer of 8002, 8003 or 8004 about one report of a patient; None when it holds no report.

    A REPORT_TIME that is no time is replaced by `answered`, the moment of the answer.
    """
    info = values if function == "8004" else next(iter(values.get("REPORT_INFO", ())), None)
    if info is None or not info.get("ITEM_NAME"):
        return None
    keys: dict[KeyKind, str] = {"report": normal_code(report)}
    if specimen := normal_code(_said(info, "SPECIMEN_ID")):
        keys["specimen"] = specimen
    reported = wire_time(_said(info, "REPORT_TIME"))
    content = ReportContent(
        title=_said(info, "ITEM_NAME"), diagnosis=_said(info, "DIAGNOSIS"), specimen=_said(info, "SPECIMEN_NAME"),
        department=_said(info, "DEPT_NAME"), doctor=_said(info, "DOCTOR_NAME"), remark=_said(info, "REMARK"),
        reviewer=_said(info, "REVIEW_NAME"), reported=reported, reviewed=wire_time(_said(info, "REVIEW_TIME")),
        items=tuple(_items(values)), susceptibility=tuple(_organisms(values)),
        complaint=_said(info, "COMPLAINT"), findings=_said(info, "SEEN"), conclusion=_said(info, "CONTENT"),
    )  # fmt: skip
    return ReportArrival(
        institution=institution, keys=keys, kind=KIND_OF[function], content=content, at=reported or answered, source=function,
        person=_person(info, patient),
    )  # fmt: skip


def wire_time(text: str) -> datetime | None:
    """Read a time as hospitals write it, in Asia/Shanghai; None for what is no time."""
    for form in _TIMES:
        try:
            return datetime.strptime(text.strip(), form).replace(tzinfo=SHANGHAI)
        except ValueError:
            continue
    return None


def _items(values: Values) -> Iterator[ReportItem]:
    for group in values.get("CHECK_LIST", ()):
        for one in group.get("DETAIL", ()):
            flag = _said(one, "NORMAL_FLAG")
            yield ReportItem(
                name=_said(one, "CHECK_NAME"), value=_said(one, "RESULT"), unit=_said(one, "UNIT"),
                range=_said(one, "REFERENCE_VALUE"), flag="" if normal_code(flag).upper() in _NORMAL else flag,
            )  # fmt: skip


def _organisms(values: Values) -> Iterator[Susceptibility]:
    for one in values.get("REPORT_DETAIL", ()):
        drugs = tuple(
            DrugResult(name=_said(drug, "DRUG_NAME"), mic=_said(drug, "MIC"), sensitivity=_said(drug, "SENSITIVITY"))
            for group in one.get("DRUG_LIST", ())
            for drug in group.get("DRUG_INFO", ())
        )
        yield Susceptibility(organism=_said(one, "CHECK_NAME"), drugs=drugs)


def _person(info: Values, patient: str) -> ReportPerson:
    is_identity = _said(info, "PATIENT_IDCARD_TYPE") in _IDENTITY_CARD
    return ReportPerson(
        identity=identity_number(_said(info, "PATIENT_IDCARD_NO")) if is_identity else "",
        name=_said(info, "PATIENT_NAME"),
        card=normal_code(_said(info, "HEALTH_CARD_ID")),
        numbers=(f"patient^{normal_code(patient)}",) if patient else (),
    )


def _said(values: Values, name: str) -> str:
    return str(values.get(name, "")).strip()
