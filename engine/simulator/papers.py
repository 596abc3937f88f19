"""Answer for papers: reports of a patient (8001 to 8004) and the bills of a day (9003)."""

from __future__ import annotations

from collections.abc import Mapping

from engine.simulator.orders import Refusal, Trade
from engine.simulator.shelf import Report
from engine.simulator.site import Site, Values, day_of, paged

_PERSON: Mapping[str, str] = {
    "PATIENT_NAME": "测试患者",
    "PATIENT_SEX": "1",
    "PATIENT_AGE": "40",
    "MEDICAL_INSURANNCE_TYPE": "职工医保",
}
_ITEMS: tuple[tuple[str, str], ...] = (("0", "血常规"), ("1", "药敏试验"), ("2", "胸部正位片"))
"""Report type and item of the reports that every patient has; the number of a report is the patient's, "-", the type.

Those made on command (shelf.py) come beside them.
"""

_MADE = "2026-01-05 10:30:00"
_SIGNED: Mapping[str, str] = {"DEPT_NAME": "检验科", "DOCTOR_NAME": "测试医生甲", "REPORT_TIME": _MADE}


def reports(site: Site, asked: Values) -> Values:
    """List the reports of a patient (8001)."""
    patient = _patient(site, asked, "800102")
    lines = tuple(
        {"REPORT_ID": f"{patient}-{kind}", "DIAGNOSIS": "健康查体", "ITEM_NAME": item, "REPORT_TYPE": kind, **_SIGNED}
        for kind, item in _ITEMS
    ) + tuple(_made(one) | {"REPORT_ID": one.number, "REPORT_TYPE": one.kind} for one in site.shelf.given(patient))
    return {"HOS_ID": site.hospital, "HOSP_PATIENT_ID": patient, **_PERSON, "REPORT_LIST": ({"REPORT_INFO": lines},)}


def laboratory(site: Site, asked: Values) -> Values:
    """Give a laboratory report (8002)."""
    info = _report(site, asked, "0", "800201")
    made = site.shelf.reports.get(str(asked["REPORT_ID"]))
    lines = _counts(118 if made is None else 100 + 10 * made.version)
    return {"HOS_ID": site.hospital, "REPORT_INFO": (info,), "CHECK_LIST": ({"DETAIL": lines},)}


def _counts(hemoglobin: int) -> tuple[Values, ...]:
    return (
        {"CHECK_NAME": "白细胞计数", "RESULT": "6.1", "UNIT": "10^9/L", "NORMAL_FLAG": "N", "REFERENCE_VALUE": "3.5-9.5"},
        {"CHECK_NAME": "血红蛋白", "RESULT": str(hemoglobin), "UNIT": "g/L", "NORMAL_FLAG": "L", "REFERENCE_VALUE": "130-175"},
    )


def susceptibility(site: Site, asked: Values) -> Values:
    """Give a susceptibility report (8003)."""
    info = _report(site, asked, "1", "800301")
    drugs = (
        {"DRUG_NAME": "头孢曲松", "DRUG_ENGLIST_NAME": "Ceftriaxone", "MIC": "<=1", "SENSITIVITY": "S"},
        {"DRUG_NAME": "左氧氟沙星", "DRUG_ENGLIST_NAME": "Levofloxacin", "MIC": ">=8", "SENSITIVITY": "R"},
    )
    detail = ({"CHECK_NAME": "大肠埃希菌", "DRUG_LIST": ({"DRUG_INFO": drugs},)},)
    return {"HOS_ID": site.hospital, "REPORT_INFO": (info,), "REPORT_DETAIL": detail}


def examination(site: Site, asked: Values) -> Values:
    """Give an examination report (8004)."""
    info = _report(site, asked, "2", "800401")
    card = asked.get("HEALTH_CARD_ID") or "测试健康卡"
    found = {name: value for name, value in info.items() if name != "HOSP_PATIENT_ID"}
    return {
        "HOS_ID": site.hospital,
        **found,
        "HEALTH_CARD_ID": card,
        "SEEN": "双肺纹理清晰，心影不大",
        "CONTENT": "胸部未见明显异常",
    }


def bills(site: Site, asked: Values) -> Values:
    """List the money that moved for orders on a day (9003, layout ours); pages count from 1."""
    found = site.book.traded(day_of(asked["BILL_DATE"]))
    return {"COUNT": str(len(found)), "RECORD_LIST": tuple(_bill(trade) for trade in paged(found, asked))}


def _bill(trade: Trade) -> Values:
    own, theirs = ("SERIAL_NUM", "HOSP_PAY_ID") if trade.kind == "1" else ("REFUND_ID", "HOSP_REFUND_ID")
    return {
        "TRADE_TYPE": trade.kind, "ORDER_ID": trade.order, "HOSP_ORDER_ID": trade.number, own: trade.serial, theirs: trade.hospital_number,
        "TRADE_FEE": str(trade.fee), "TRADE_TIME": trade.at.strftime("%Y-%m-%d %H:%M:%S"),
    }  # fmt: skip


def _report(site: Site, asked: Values, kind: str, unknown: str) -> Values:
    patient = _patient(site, asked, unknown)
    made = site.shelf.reports.get(str(asked["REPORT_ID"]))
    if made is not None and made.kind == kind and made.patient == patient and made.out:
        return {"HOSP_PATIENT_ID": patient, **_PERSON, **_identity(made), **_made(made)}
    if asked["REPORT_ID"] != f"{patient}-{kind}":
        raise Refusal(unknown, "报告编号不存在")
    return {"HOSP_PATIENT_ID": patient, **_PERSON, "DIAGNOSIS": "健康查体", "ITEM_NAME": dict(_ITEMS)[kind], **_SIGNED}


def _made(one: Report) -> dict[str, str]:
    """Write what a list and the report itself say of one that was made on command."""
    return {
        "DIAGNOSIS": "健康查体", "ITEM_NAME": one.item, "SPECIMEN_NAME": "全血", "SPECIMEN_ID": one.specimen,
        **_SIGNED, "REPORT_TIME": f"{one.reported:%Y-%m-%d %H:%M:%S}",
    }  # fmt: skip


def _identity(one: Report) -> dict[str, str]:
    return {"PATIENT_NAME": one.name} | ({"PATIENT_IDCARD_NO": one.identity} if one.identity else {})


def _patient(site: Site, asked: Values, unknown: str) -> str:
    patient = str(asked["HOSP_PATIENT_ID"])
    if not site.book.knows(patient):
        raise Refusal(unknown, "患者不存在")
    return patient
