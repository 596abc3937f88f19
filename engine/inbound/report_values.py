"""Turn what a portal writes into the values of the report service, and its values into what the contract writes."""

from __future__ import annotations

from engine.documents.reportpage import ReportHead, birth_text
from engine.identity import IDENTITY_CARD, KINDS
from engine.inbound.appointment_values import at_text
from engine.inbound.calls import Result
from engine.inbound.given import Given
from engine.report import DrugResult, ReportItem, Susceptibility
from engine.services.reports.model import (
    ReportNotice,
    ReportSummary,
    ReportView,
    ResidentClaim,
    StatusEntry,
    status_name,
)


def read_resident(given: Given) -> ResidentClaim:
    """Read `resident`; raises SenderError SND-310 without number or name, SND-311 for a type that is not listed."""
    one = given.record("resident")
    one.one_of("idType", KINDS, IDENTITY_CARD)
    return ResidentClaim(identity=one.needed("idNumber"), name=one.needed("name"))


def summary_record(one: ReportSummary, hospital_name: str) -> Result:
    """Write a report in a list."""
    return {
        "report": one.report, "hospital": one.institution, "hospitalName": hospital_name, "kind": one.kind, **_status(one.status),
        "at": at_text(one.at), "version": one.version, "title": one.title, "specimen": one.specimen, "department": one.department,
        "doctor": one.doctor, "reportedAt": at_text(one.reported),
    }  # fmt: skip


def report_record(view: ReportView, hospital_name: str) -> Result:
    """Write a report with its content."""
    said, keys, person = view.content, view.keys, view.person
    return {
        **summary_record(view.summary, hospital_name),
        "reportNumber": keys.get("report"), "requestForm": keys.get("form"), "specimenNumber": keys.get("specimen"),
        "document": keys.get("document"), "patientName": person.name, "sex": person.gender, "birthday": birth_text(person.birth),
        "complaint": said.complaint, "diagnosis": said.diagnosis, "findings": said.findings, "conclusion": said.conclusion,
        "remark": said.remark, "reviewer": said.reviewer, "reviewedAt": at_text(said.reviewed),
        "items": [_item(item) for item in said.items], "susceptibility": [_finding(found) for found in said.susceptibility],
    }  # fmt: skip


def entry_record(one: StatusEntry) -> Result:
    """Write one status of a report's history."""
    return {
        **_status(one.status), "at": at_text(one.at), "notedAt": at_text(one.noted), "late": one.late, "source": one.source,
        "theirCode": one.their_code, "theirName": one.their_name, "operator": one.operator, "department": one.department,
        "reason": one.reason, "receipt": one.receipt,
    }  # fmt: skip


def notice_record(one: ReportNotice) -> Result:
    """Write a notice."""
    return {
        "notice": str(one.number), "report": one.report, "hospital": one.institution, "kind": one.kind, **_status(one.status),
        "at": at_text(one.at), "notedAt": at_text(one.noted),
    }  # fmt: skip


def page_head(view: ReportView, hospital_name: str) -> ReportHead:
    """Say what stands above a report on its page."""
    number = view.keys.get("report", "")
    return ReportHead(institution_name=hospital_name, number=number, status_name=status_name(view.summary.status))


def _status(status: int) -> Result:
    return {"status": str(status), "statusName": status_name(status)}


def _item(one: ReportItem) -> Result:
    return {"code": one.code, "name": one.name, "value": one.value, "unit": one.unit, "range": one.range, "flag": one.flag}


def _finding(one: Susceptibility) -> Result:
    return {"organism": one.organism, "drugs": [_drug(drug) for drug in one.drugs]}


def _drug(one: DrugResult) -> Result:
    return {"name": one.name, "mic": one.mic, "sensitivity": one.sensitivity}
