"""Draw the content of a report from its document (C0006, C0007), the same values whichever hospital wrote it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from engine.documents.codetables import normal_code
from engine.documents.drawing import Drawn, moment
from engine.documents.reading import XmlDocument
from engine.report import KeyKind, ReportArrival, ReportContent, ReportItem, ReportKind, ReportPerson

REPORT_TYPES: Mapping[str, ReportKind] = {"C0006": "examination", "C0007": "laboratory"}
"""The document types that are reports; an examination whose category names pathology is a pathology report."""

_HL7 = "{urn:hl7-org:v3}"
_IDS: Mapping[str, KeyKind] = {
    "2.16.156.10011.1.32": "report",
    "2.16.156.10011.1.33": "report",
    "2.16.156.10011.1.24": "form",
    "2.16.156.10011.1.14": "specimen",
}
"""The numbers of a patientRole by which an institution names a report (WS/T 500-2016 parts 6 and 7)."""

_ITEM, _AMOUNT, _UNIT, _RESULT = "DE04.30.019.00", "DE04.30.015.00", "DE04.30.016.00", "DE04.30.017.00"
_CATEGORY, _SPECIMEN = "DE04.30.018.00", "DE04.50.134.00"
_NORMAL = "1"
"""正常 in the value set of DE04.30.017.00."""

_PATHOLOGY = "病理"

Words = Mapping[str, list[Any]]
"""The observations of a document by their data element."""


def draw_report(document: XmlDocument, document_type: str, drawn: Drawn, institution: str, receipt: str) -> ReportArrival | None:
    """Draw a report from a document of REPORT_TYPES and what was drawn of it already.

    None when the document says no time or gives nothing by which the report could be found again.
    """
    root = document.root
    keys = _keys(root, drawn)
    if drawn.written is None or not keys:
        return None
    words = _observations(root)
    kind = REPORT_TYPES[document_type]
    if kind == "examination" and any(_PATHOLOGY in text for text in _texts(words, _CATEGORY)):
        kind = "pathology"
    return ReportArrival(
        institution=institution, keys=keys, kind=kind, content=_content(root, drawn, words), at=drawn.written,
        source=document_type, receipt=receipt, person=_person(drawn),
    )  # fmt: skip


def _keys(root: Any, drawn: Drawn) -> dict[KeyKind, str]:
    """Give what the institution calls the report by, the document's own id last."""
    found: dict[KeyKind, str] = {}
    for one in root.iterfind(f"{_HL7}recordTarget/{_HL7}patientRole/{_HL7}id"):
        kind, number = _IDS.get(one.get("root", "")), normal_code(one.get("extension", ""))
        if kind and number:
            found.setdefault(kind, number)
    if drawn.own_extension:
        found["document"] = f"{drawn.own_root}^{drawn.own_extension}"
    return found


def _person(drawn: Drawn) -> ReportPerson:
    return ReportPerson(
        identity=drawn.resident_id, name=drawn.resident_name, gender=drawn.gender, birth=drawn.birth_date,
        card=drawn.health_card, numbers=drawn.local_numbers,
    )  # fmt: skip


def _content(root: Any, drawn: Drawn, words: Words) -> ReportContent:
    named = _line(_panels(root)) or _line(_texts(words, _CATEGORY)) or drawn.title
    author, signer = root.find(f"{_HL7}author"), root.find(f"{_HL7}legalAuthenticator")
    return ReportContent(
        title=named,
        items=tuple(_items(words)),
        findings=_lines(_texts(words, "DE04.50.131.00")),
        conclusion=_lines(_texts(words, "DE04.50.132.00") + _texts(words, "DE04.50.130.00")),
        complaint=_lines(_texts(words, "DE04.01.119.00")),
        diagnosis=_line(_texts(words, "DE05.01.024.00")),
        specimen=_line(_texts(words, _SPECIMEN)),
        department=_line(_texts(words, "DE08.10.026.00")),
        doctor=_doctor(root) or drawn.author,
        remark=_lines(_texts(words, "DE06.00.179.00")),
        reviewer=_name(signer),
        reported=moment(_time(author)) or drawn.written,
        reviewed=moment(_time(signer)),
    )


def _items(words: Words) -> Iterator[ReportItem]:
    """Give every tested item: its result stands below it (laboratory) or beside it (examination)."""
    for one in words.get(_ITEM, ()):
        near: Words = _observations(one)
        if not near.keys() & {_AMOUNT, _RESULT}:
            near = _beside(one)
        amount, result = _first(near, _AMOUNT), _first(near, _RESULT)
        code, said = _text(one), _text(result)
        yield ReportItem(
            name=_value(one, "displayName") or code,
            value=_text(amount) or said,
            code=_value(one, "code") or code,
            unit=_value(amount, "unit") or _line(_texts(near, _UNIT)),
            range=_range(amount),
            flag="" if _value(result, "code") == _NORMAL else said,
        )


def _beside(one: Any) -> Words:
    """Give the observations that share the group of an item, when it is the only item there."""
    group = one.getparent().getparent() if one.getparent() is not None else None
    words = _observations(group) if group is not None else {}
    return words if len(words.get(_ITEM, ())) == 1 else {}


def _observations(top: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for one in top.iter(f"{_HL7}observation"):
        code = one.find(f"{_HL7}code")
        if code is not None and (name := normal_code(code.get("code", ""))):
            found.setdefault(name, []).append(one)
    return found


def _first(words: Words, name: str) -> Any:
    found = words.get(name)
    return found[0] if found else None


def _texts(words: Words, name: str) -> list[str]:
    return [text for one in words.get(name, ()) if (text := _text(one))]


def _text(observation: Any) -> str:
    """Give the value of an observation as people read it: its words, else its name, its figure or its code."""
    value = observation.find(f"{_HL7}value") if observation is not None else None
    if value is None:
        return ""
    written = "".join(value.itertext()).strip()
    return written or (value.get("displayName") or value.get("value") or value.get("code") or "").strip()


def _value(observation: Any, attribute: str) -> str:
    value = observation.find(f"{_HL7}value") if observation is not None else None
    return "" if value is None else value.get(attribute, "").strip()


def _range(observation: Any) -> str:
    """Give the reference range as written, or its limits joined."""
    held = observation.find(f"{_HL7}referenceRange/{_HL7}observationRange") if observation is not None else None
    if held is None:
        return ""
    text = held.find(f"{_HL7}text")
    written = "" if text is None else " ".join("".join(text.itertext()).split())
    low, high = (_limit(held, name) for name in ("low", "high"))
    return written or (f"{low}-{high}" if low or high else "")


def _limit(held: Any, name: str) -> str:
    found = held.find(f"{_HL7}value/{_HL7}{name}")
    return "" if found is None else found.get("value", "").strip()


def _panels(root: Any) -> list[str]:
    """Give the names of the panels that were tested."""
    codes = (one.find(f"{_HL7}code") for one in root.iter(f"{_HL7}organizer") if one.get("classCode") == "BATTERY")
    return [name for code in codes if code is not None and (name := code.get("displayName", "").strip())]


def _doctor(root: Any) -> str:
    """Give the physician among those who signed beside the reviewer, told from the technicians by what they signed as."""
    for one in root.iterfind(f"{_HL7}authenticator"):
        code = one.find(f"{_HL7}assignedEntity/{_HL7}code")
        if code is not None and "医师" in code.get("displayName", ""):
            return _name(one)
    return ""


def _name(signer: Any) -> str:
    found = signer.find(f"{_HL7}assignedEntity/{_HL7}assignedPerson/{_HL7}name") if signer is not None else None
    return "" if found is None else " ".join("".join(found.itertext()).split())


def _time(participation: Any) -> str:
    found = participation.find(f"{_HL7}time") if participation is not None else None
    return "" if found is None else str(found.get("value", ""))


def _line(texts: Iterable[str]) -> str:
    return "、".join(dict.fromkeys(texts))


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(dict.fromkeys(texts))
