"""Write the entries of a section as the statements the standard uses: observations alone, grouped, or inside an act."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from engine.documents.clinicaltree import DE_SYSTEM, OID, Element, add
from engine.documents.sample_times import moment, stamp
from engine.documents.sample_values import Page, write_value
from engine.documents.tables import Row

Begin = Callable[[], Element]
"""Begins a section and gives it."""

_EVENT = {"moodCode": "EVN"}
_ICD9 = {"codeSystem": f"{OID}.2.3.3.12", "codeSystemName": "手术(操作)代码表（ICD-9-CM-3）"}
_PRESSURE = ("DE04.10.174.00", "DE04.10.176.00")
_DRUG_ORDER = "01"
_SPECIMEN = "DE04.50.134.00"


def _plain(begin: Begin, entries: Sequence[Row], page: Page) -> None:
    section = begin()
    for entry in entries:
        _observation(add(section, "entry", typeCode="COMP"), entry, page)


def _details(begin: Begin, entries: Sequence[Row], page: Page) -> None:
    """Write the first entry with the others as what belongs to it."""
    section = begin()
    held: Element = None
    for entry in entries:
        place = add(section, "entry", typeCode="COMP") if held is None else add(held, "entryRelationship", typeCode="COMP")
        held = _observation(place, entry, page) if held is None else held
        if place.getparent() is not section:
            _observation(place, entry, page)


def _group(begin: Begin, entries: Sequence[Row], page: Page) -> None:
    """Write all entries as one organizer."""
    _cluster(add(begin(), "entry", typeCode="COMP"), entries, page)


def _cluster(parent: Element, entries: Sequence[Row], page: Page, kind: str = "CLUSTER") -> Element:
    group = add(parent, "organizer", classCode=kind, **_EVENT)
    add(group, "statusCode", code="completed")
    for entry in entries:
        _observation(add(group, "component"), entry, page)
    return group


def _vitals(begin: Begin, entries: Sequence[Row], page: Page) -> None:
    """Write the two blood pressures as one measurement, everything else alone, with the time it was measured."""
    section = begin()
    measured = stamp(max(page.visit.started, page.visit.authored - timedelta(minutes=30)))
    for entry in (e for e in entries if e["de"] not in _PRESSURE):
        held = _observation(add(section, "entry", typeCode="COMP"), entry, page)
        held.find("{*}value").addprevious(_time(held, measured))
    if pressures := [e for e in entries if e["de"] in _PRESSURE]:
        group = _cluster(add(section, "entry", typeCode="COMP"), pressures, page, "BATTERY")
        group.find("{*}statusCode").addnext(_time(group, measured))


def _time(parent: Element, value: str) -> Element:
    moment_of = add(parent, "effectiveTime", value=value)
    parent.remove(moment_of)
    return moment_of


def _diagnoses(begin: Begin, entries: Sequence[Row], page: Page) -> None:
    """Write the diagnoses with the time each was made."""
    section = begin()
    for entry in entries:
        held = _observation(add(section, "entry", typeCode="COMP"), entry, page)
        if entry["de"] == "DE05.01.024.00":
            held.find("{*}value").addprevious(_time(held, stamp(page.visit.authored)))


def _procedure(begin: Begin, entries: Sequence[Row], page: Page) -> None:
    """Write the operation as a procedure with its code and time; what is known of it belongs to it."""
    operation = add(begin(), "entry/procedure", classCode="PROC", **_EVENT)
    holes, moments, (began, ended) = page.visit.holes, page.visit.moments, page.visit.done
    add(operation, "code", code=holes["operation-code"], displayName=holes["operation"], **_ICD9)
    add(operation, "statusCode", code="completed")
    period = add(operation, "effectiveTime")
    add(period, "low", value=stamp(moments[began]))
    add(period, "high", value=stamp(moments[ended]))
    add(operation, "targetSiteCode", displayName=holes["site"])
    for entry in entries:
        _detail(operation, entry, page)


def _act(begin: Begin, entries: Sequence[Row], page: Page) -> None:
    _within(add(begin(), "entry/act", classCode="ACT", **_EVENT), entries, page)


def _encounter(begin: Begin, entries: Sequence[Row], page: Page) -> None:
    """Write a health event as an encounter with its institution."""
    event = add(begin(), "entry/encounter", classCode="ENC", **_EVENT)
    period = add(event, "effectiveTime")
    add(period, "low", value=stamp(page.visit.started))
    add(period, "high", value=stamp(moment(page.visit.moments, "discharged")))
    where = add(event, "participant", typeCode="LOC")
    place = add(where, "participantRole", classCode="SDLOC")
    add(place, "id", root=f"{OID}.1.5", extension=page.visit.institution)
    add(place, "playingEntity/name", page.visit.hospital)
    for entry in entries:
        _detail(event, entry, page)


def _supply(begin: Begin, entries: Sequence[Row], page: Page) -> None:
    """Write high-value consumables as what was supplied."""
    item = add(begin(), "entry/supply", classCode="SPLY", **_EVENT)
    add(item, "quantity", value="1", unit="套")
    product = add(item, "product/manufacturedProduct/manufacturedMaterial")
    add(product, "code", displayName="骨科植入假体")
    for entry in entries:
        _detail(item, entry, page)


def _within(held: Element, entries: Sequence[Row], page: Page) -> None:
    add(held, "code", displayName="记录")
    add(held, "statusCode", code="completed")
    for entry in entries:
        _detail(held, entry, page)


def _newborn(begin: Begin, entries: Sequence[Row], page: Page) -> None:
    """Write the newborn as the subject of what was observed."""
    section = begin()
    for entry in entries:
        held = _observation(add(section, "entry", typeCode="COMP"), entry, page)
        child = add(held, "subject/relatedSubject", classCode="PRS")
        add(child, "code", code="NCHILD", codeSystem="2.16.840.1.113883.5.111", displayName="新生儿")


def _apgar(begin: Begin, entries: Sequence[Row], page: Page) -> None:
    """Write one score for each interval, then the other entries."""
    section, rows = begin(), {entry["de"]: entry for entry in entries}
    interval, score = rows.pop("DE06.00.215.00"), rows.pop("DE05.10.001.00")
    for code, said, points in (("1", "1:1分钟", 8), ("2", "2:5分钟", 9), ("3", "3:10分钟", 10)):
        group = _cluster(add(section, "entry", typeCode="COMP"), (), page)
        _observation(add(group, "component"), interval, page, code=said if interval["value_set"] else code)
        _observation(add(group, "component"), score, page, number=str(min(10, points + page.dice.randint(0, 1))))
    for entry in rows.values():
        _observation(add(section, "entry", typeCode="COMP"), entry, page)


def _orders(begin: Begin, entries: Sequence[Row], page: Page) -> None:
    """Write one group for each order: the drugs, then the others."""
    section = begin()
    contents = [(_DRUG_ORDER, f"{d['name']} 每次{d['dose']}{d['unit']} 每日{d['times']}次") for d in page.visit.drugs]
    contents += [("99", text) for text in page.visit.case["orders"]]
    for code, content in contents:
        group = add(section, "entry", typeCode="COMP")
        group = add(group, "organizer", classCode="CLUSTER", **_EVENT)
        add(group, "statusCode")
        said = {"DE06.00.289.00": {"code": code}, "DE06.00.288.00": {"text": content}}
        said |= {} if code == _DRUG_ORDER else {"DE06.00.179.00": {"text": "无"}}
        for entry in entries:
            _observation(add(group, "component"), entry, page, **said.get(entry["de"], {}))


def _drugs(begin: Begin, entries: Sequence[Row], page: Page) -> None:
    """Write one section for each drug, as a prescription repeats it (1..*)."""
    for number, drug in enumerate(page.visit.drugs, start=1):
        section = begin()
        given = _given(section, drug)
        said = {
            "DE08.50.043.00": {"text": drug["spec"]},
            "DE06.00.135.00": {"number": drug["total"], "unit": drug["pack"]},
            "DE06.00.294.00": {"number": str(drug["days"])},
            "DE08.50.056.00": {"number": str(number)},
        }
        for entry in entries:
            _detail(given, entry, page, **said.get(entry["de"], {}))


def _medication(begin: Begin, entries: Sequence[Row], page: Page) -> None:
    """Write one drug and what is known of its use."""
    given = _given(begin(), page.visit.drugs[0])
    for entry in entries:
        _detail(given, entry, page)


def _given(section: Element, drug: Mapping[str, Any]) -> Element:
    given = add(section, "entry/substanceAdministration", classCode="SBADM", **_EVENT)
    add(given, "text")
    route = {"codeSystem": f"{OID}.2.3.1.158", "codeSystemName": "用药途径代码表", "displayName": "口服"}
    add(given, "routeCode", code=drug["route"], **route)
    add(given, "doseQuantity", value=drug["dose"], unit=drug["unit"])
    add(given, "rateQuantity", value=str(drug["times"]), unit="次/日")
    form = {"codeSystem": f"{OID}.2.3.1.211", "codeSystemName": "药物剂型代码表"}
    add(given, "administrationUnitCode", displayName=drug["form"], **form)
    product = add(given, "consumable/manufacturedProduct/manufacturedLabeledDrug")
    add(product, "code")
    add(product, "name", drug["name"])
    return given


def _laboratory(begin: Begin, entries: Sequence[Row], page: Page) -> None:
    """Write a panel: how, on what specimen, and each result with its limits."""
    section, rows = begin(), {entry["de"]: entry for entry in entries}
    panel = page.dice.choice(page.words["panels"])
    group = add(add(section, "entry"), "organizer", classCode="BATTERY", **_EVENT)
    add(group, "code", displayName=panel["name"])
    add(group, "statusCode", code="completed")
    _observation(add(group, "component"), rows["DE02.10.027.00"], page, text=panel["method"])
    _observation(add(group, "component"), rows["DE04.30.018.00"], page, text=panel["category"])
    specimen = _observation(add(group, "component"), rows[_SPECIMEN], page, text=panel["specimen"])
    _detail(specimen, rows["DE04.50.135.00"], page, text="合格")
    for item in panel["items"]:
        _result(group, item, rows, page)


def _result(group: Element, item: Mapping[str, Any], rows: Mapping[str, Row], page: Page) -> None:
    span = item["high"] - item["low"]
    number = round(page.dice.uniform(item["low"] - 0.1 * span, item["high"] + 0.2 * span), item["places"])
    normal = item["low"] <= number <= item["high"]
    held = _observation(add(group, "component"), rows["DE04.30.019.00"], page, text=item["code"])
    _detail(held, rows["DE04.30.017.00"], page, code="1" if normal else "2")
    amount = _detail(held, rows["DE04.30.015.00"], page, number=f"{number:.{item['places']}f}")
    _detail(amount, rows["DE04.30.016.00"], page, text=item["unit"])
    limits = add(amount, "referenceRange/observationRange")
    add(limits, "text", f"{item['low']}-{item['high']} {item['unit']}")


SHAPES: Mapping[str, Callable[[Begin, Sequence[Row], Page], None]] = {
    "plain": _plain,
    "details": _details,
    "group": _group,
    "vitals": _vitals,
    "diagnoses": _diagnoses,
    "procedure": _procedure,
    "act": _act,
    "encounter": _encounter,
    "supply": _supply,
    "newborn": _newborn,
    "apgar": _apgar,
    "orders": _orders,
    "drugs": _drugs,
    "medication": _medication,
    "laboratory": _laboratory,
}
"""How a section is written; shapes.csv says which section has which shape, the others are plain."""


def _detail(parent: Element, entry: Row, page: Page, **said: str) -> Element:
    return _observation(add(parent, "entryRelationship", typeCode="COMP"), entry, page, **said)


def _observation(parent: Element, entry: Row, page: Page, **said: str) -> Element:
    observation = add(parent, "observation", classCode="OBS", **_EVENT)
    add(observation, "code", code=entry["de"], displayName=entry["name"], **DE_SYSTEM)
    if entry["de"] == _SPECIMEN:
        taken = add(observation, "effectiveTime")
        add(taken, "low", value=stamp(page.visit.started))
        add(taken, "high", value=stamp(page.visit.started + timedelta(minutes=5)))
    write_value(observation, entry, page, said)
    return observation
