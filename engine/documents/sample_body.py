"""Write the sections and entries of an invented clinical document, as the rule tables of its type list them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

from engine.documents.sample_tree import DE_SYSTEM, OID, Element, add
from engine.documents.sample_words import Visit, Words, stamp
from engine.documents.tables import Row, Tables

_OBSERVATION = {"classCode": "OBS", "moodCode": "EVN"}
_LOINC = {"codeSystem": "2.16.840.1.113883.6.1", "codeSystemName": "LOINC"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What the writers of one document share."""

    visit: Visit
    words: Words
    tables: Tables
    dice: Random
    full: bool


def write_body(root: Element, type_code: str, page: Page, shapes: Mapping[tuple[str, str], str]) -> None:
    """Append the structured body: sections the type needs always, others as the dice fall; `full` writes all."""
    body = add(root, "component/structuredBody")
    for row in (r for r in page.tables.sections if r["type"] == type_code):
        if row["occurs"].startswith("0") and not page.full and page.dice.random() < 0.3:
            continue
        entries = [e for e in page.tables.entries if e["type"] == type_code and e["section"] == row["section"]]
        shape = SHAPES[shapes.get((type_code, row["section"]), "plain")]
        shape(partial(_section, body, row), entries, page)


def _section(body: Element, row: Row) -> Element:
    section = add(body, "component/section")
    if row["code"]:
        system = DE_SYSTEM if row["code"].startswith("DE") else _LOINC
        add(section, "code", code=row["code"], displayName=row["display_name"], **system)
    else:
        add(section, "code", displayName=row["display_name"])
    add(section, "title", row["name"])
    add(section, "text")
    return section


Begin = Callable[[], Element]
"""Begins a section and gives it."""


def _plain(begin: Begin, entries: Sequence[Row], page: Page) -> None:
    section = begin()
    for entry in entries:
        _observation(add(section, "entry", typeCode="COMP"), entry, page)


def _diagnoses(begin: Begin, entries: Sequence[Row], page: Page) -> None:
    """Write the diagnoses with the time each was made."""
    section = begin()
    for entry in entries:
        held = _observation(add(section, "entry", typeCode="COMP"), entry, page)
        if entry["de"] == "DE05.01.024.00":
            add(held, "effectiveTime", value=stamp(page.visit.authored))
            _swap_time(held)


def _swap_time(observation: Element) -> None:
    """Put effectiveTime before value, where CDA wants it."""
    moment, value = observation.find("{*}effectiveTime"), observation.find("{*}value")
    observation.remove(moment)
    value.addprevious(moment)


def _orders(begin: Begin, entries: Sequence[Row], page: Page) -> None:
    section = begin()
    drugs = [d for d in page.words["drugs"] if d["name"] in page.visit.case["drugs"]]
    contents = [("01", "药品类医嘱", f"{d['name']} 每次{d['dose']}{d['unit']} 每日{d['times']}次") for d in drugs]
    contents += [("99", "其他医嘱", text) for text in page.visit.case["orders"]]
    for code, kind, content in contents:
        group = add(section, "entry", typeCode="COMP")
        group = add(group, "organizer", classCode="CLUSTER", moodCode="EVN")
        add(group, "statusCode")
        texts = {"DE06.00.288.00": content, "DE06.00.179.00": "按时服用" if code == "01" else "无", "DE06.00.290.00": "已执行"}
        for entry in entries:
            said = {"code": code, "shown": kind} if entry["value_type"] == "CD" else {"text": texts[entry["de"]]}
            _observation(add(group, "component"), entry, page, **said)


def _drugs(begin: Begin, entries: Sequence[Row], page: Page) -> None:
    """Write one section for each drug, as the prescription repeats it (1..*)."""
    rows = {entry["de"]: entry for entry in entries}
    drugs = [d for d in page.words["drugs"] if d["name"] in page.visit.case["drugs"]]
    for number, drug in enumerate(drugs, start=1):
        section = begin()
        given = add(section, "entry/substanceAdministration", classCode="SBADM", moodCode="EVN")
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
        _detail(given, rows["DE08.50.043.00"], page, text=drug["spec"])
        _detail(given, rows["DE06.00.135.00"], page, number=drug["total"], unit=drug["pack"])
        _observation(add(section, "entry"), rows["DE06.00.294.00"], page, number=str(drug["days"]), unit="天")
        _observation(add(section, "entry"), rows["DE08.50.056.00"], page, number=str(number))
        _observation(add(section, "entry"), rows["DE06.00.179.00"], page, text="饭后服用")


def _laboratory(begin: Begin, entries: Sequence[Row], page: Page) -> None:
    section, rows = begin(), {entry["de"]: entry for entry in entries}
    panel = page.dice.choice(page.words["panels"])
    group = add(add(section, "entry"), "organizer", classCode="BATTERY", moodCode="EVN")
    add(group, "code", displayName=panel["name"])
    add(group, "statusCode", code="completed")
    _observation(add(group, "component"), rows["DE02.10.027.00"], page, text=panel["method"])
    _observation(add(group, "component"), rows["DE04.30.018.00"], page, text=panel["category"])
    specimen = _observation(add(group, "component"), rows["DE04.50.134.00"], page, text=panel["specimen"])
    taken = add(specimen, "effectiveTime")
    add(taken, "low", value=stamp(page.visit.started))
    add(taken, "high", value=stamp(page.visit.started + timedelta(minutes=5)))
    _swap_time(specimen)
    _detail(specimen, rows["DE04.50.135.00"], page, text="合格")
    for item in panel["items"]:
        _result(group, item, rows, page)


def _result(group: Element, item: Mapping[str, Any], rows: Mapping[str, Row], page: Page) -> None:
    span = item["high"] - item["low"]
    number = round(page.dice.uniform(item["low"] - 0.1 * span, item["high"] + 0.2 * span), item["places"])
    normal = item["low"] <= number <= item["high"]
    held = _observation(add(group, "component"), rows["DE04.30.019.00"], page, text=item["code"])
    code = {"code": "1", "shown": "正常"} if normal else {"code": "2", "shown": "异常"}
    _detail(held, rows["DE04.30.017.00"], page, **code)
    amount = _detail(held, rows["DE04.30.015.00"], page, number=f"{number:.{item['places']}f}")
    _detail(amount, rows["DE04.30.016.00"], page, text=item["unit"])
    limits = add(amount, "referenceRange/observationRange")
    add(limits, "text", f"{item['low']}-{item['high']} {item['unit']}")


SHAPES: Mapping[str, Callable[[Begin, Sequence[Row], Page], None]] = {
    "plain": _plain,
    "diagnoses": _diagnoses,
    "orders": _orders,
    "drugs": _drugs,
    "laboratory": _laboratory,
}
"""How a section is written; shapes.csv says which section has which shape, the others are plain."""


def _detail(parent: Element, entry: Row, page: Page, **said: str) -> Element:
    return _observation(add(parent, "entryRelationship", typeCode="COMP"), entry, page, **said)


def _observation(parent: Element, entry: Row, page: Page, **said: str) -> Element:
    observation = add(parent, "observation", **_OBSERVATION)
    add(observation, "code", code=entry["de"], displayName=entry["name"], **DE_SYSTEM)
    kind = entry["value_type"].split("|")[0]
    VALUES[kind](observation, entry, page, said)
    return observation


def _text(observation: Element, entry: Row, page: Page, said: Mapping[str, str]) -> None:
    own = {"DE05.01.025.00": page.visit.case["name"], "DE05.10.172.00": page.visit.case["tcm-name"]}
    own |= {"DE08.10.026.00": page.visit.department, "DE08.10.013.00": page.visit.hospital}
    text = said.get("text") or page.visit.case["texts"].get(entry["de"]) or own.get(entry["de"]) or entry["example"]
    add(observation, "value", text, xsi_type="ST")


def _code(observation: Element, entry: Row, page: Page, said: Mapping[str, str]) -> None:
    values = page.tables.sets[entry["value_set"]]
    own = {f"{OID}.2.3.3.11": (page.visit.case["icd"], page.visit.case["name"])}
    own |= {f"{OID}.2.3.3.14": (page.visit.case["tcm"], page.visit.case["tcm-name"])}
    drawn = page.dice.choice(values.codes) if values.codes else own.get(values.oid, (values.example, entry["name"]))
    code, shown = (said["code"], said["shown"]) if said else drawn
    add(observation, "value", xsi_type="CD", code=code, codeSystem=values.oid, codeSystemName=values.name, displayName=shown)


def _truth(observation: Element, entry: Row, page: Page, _said: Mapping[str, str]) -> None:
    add(observation, "value", xsi_type="BL", value=entry["example"] or page.dice.choice(("true", "false")))


def _amount(observation: Element, entry: Row, _page: Page, said: Mapping[str, str]) -> None:
    number = said.get("number") or entry["example"]
    add(observation, "value", xsi_type=entry["value_type"].split("|")[0], value=number, unit=said.get("unit", entry["unit"]))


def _number(observation: Element, entry: Row, _page: Page, said: Mapping[str, str]) -> None:
    add(observation, "value", xsi_type=entry["value_type"].split("|")[0], value=said.get("number") or entry["example"])


def _money(observation: Element, entry: Row, page: Page, _said: Mapping[str, str]) -> None:
    fen = sum(d["fen"] for d in page.words["drugs"] if d["name"] in page.visit.case["drugs"])
    add(observation, "value", xsi_type="MO", value=f"{fen // 100}.{fen % 100:02d}", currency=entry["unit"])


def _moment(observation: Element, _entry: Row, page: Page, _said: Mapping[str, str]) -> None:
    add(observation, "value", xsi_type="TS", value=stamp(page.visit.started))


VALUES: Mapping[str, Callable[[Element, Row, Page, Mapping[str, str]], None]] = {
    "ST": _text,
    "CD": _code,
    "BL": _truth,
    "PQ": _amount,
    "INT": _number,
    "REAL": _number,
    "MO": _money,
    "TS": _moment,
}
"""How a value of each type is written."""
