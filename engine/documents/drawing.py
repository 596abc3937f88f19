"""Draw from a document the plain values that the journal and our own services keep."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from types import MappingProxyType

from engine.documents.codetables import normal_code
from engine.documents.places import Places, path_of
from engine.documents.reading import XmlDocument
from engine.documents.xpaths import XPath
from engine.errors import Issue
from engine.message import SHANGHAI

_DOC = "/hl7:ClinicalDocument"
_PATIENT = f"{_DOC}/hl7:recordTarget/hl7:patientRole"
_KEEPER = f"{_DOC}/hl7:custodian/hl7:assignedCustodian/hl7:representedCustodianOrganization"
_PARENT = f"{_DOC}/hl7:relatedDocument[@typeCode='RPLC']/hl7:parentDocument/hl7:id"

CLINICAL_PLACES: Mapping[str, str] = MappingProxyType(
    {
        "type": f"{_DOC}/hl7:code/@code",
        "document-root": f"{_DOC}/hl7:id/@root",
        "document": f"{_DOC}/hl7:id/@extension",
        "title": f"{_DOC}/hl7:title",
        "time": f"{_DOC}/hl7:effectiveTime/@value",
        "resident": f"{_PATIENT}/hl7:patient/hl7:id[@root='2.16.156.10011.1.3']/@extension",
        "resident-name": f"{_PATIENT}/hl7:patient/hl7:name",
        "gender": f"{_PATIENT}/hl7:patient/hl7:administrativeGenderCode/@code",
        "birth": f"{_PATIENT}/hl7:patient/hl7:birthTime/@value",
        "visit": f"{_PATIENT}/hl7:id[@root='2.16.156.10011.1.11' or @root='2.16.156.10011.1.12']/@extension",
        "card": f"{_PATIENT}/hl7:id[@root='2.16.156.10011.1.19']/@extension",
        "archive": f"{_PATIENT}/hl7:id[@root='2.16.156.10011.1.13']/@extension",
        "inpatient": f"{_PATIENT}/hl7:id[@root='2.16.156.10011.1.12']/@extension",
        "outpatient": f"{_PATIENT}/hl7:id[@root='2.16.156.10011.1.11']/@extension",
        "author": f"{_DOC}/hl7:author/hl7:assignedAuthor/hl7:assignedPerson/hl7:name",
        "institution": f"{_KEEPER}/hl7:id[@root='2.16.156.10011.1.5']/@extension",
        "institution-name": f"{_KEEPER}/hl7:name",
        "confidentiality": f"{_DOC}/hl7:confidentialityCode/@code",
        "replaces-root": f"{_PARENT}/@root",
        "replaces": f"{_PARENT}/@extension",
    },
)
"""Where a clinical document by WS/T 500-2016 says these things; the catalogue may name other places."""

LOCAL_NUMBERS = ("archive", "inpatient", "outpatient")
"""The places of the numbers by which an institution knows its patient, the steadiest first."""

_BETWEEN = "\ufdd0"
"""Parts the values of one answer: a character that Unicode assigns to nothing."""

_WHOLE = re.compile(r"string\((.*)\)", re.DOTALL)
"""A place that is the text of one node."""

_TIME = re.compile(r"(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:\.\d+)?([+-]\d{4})?\Z")
_FURTHEST_ZONE = 14 * 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn:
    """What a document says of itself; absent values are empty, `written` is timezone-aware or None.

    `local_numbers` are the institution's own numbers of the patient as `place^number`, in the order of LOCAL_NUMBERS.
    """

    own_root: str = ""
    own_extension: str = ""
    resident_id: str = ""
    resident_name: str = ""
    gender: str = ""
    birth_date: str = ""
    title: str = ""
    written: datetime | None = None
    visit_number: str = ""
    health_card: str = ""
    local_numbers: tuple[str, ...] = ()
    author: str = ""
    custodian: str = ""
    custodian_name: str = ""
    confidentiality: str = ""
    replaces_root: str = ""
    replaces_extension: str = ""
    type_code_in_document: str = ""


class Drawing:
    """The compiled places of one document type."""

    def __init__(self, where: Mapping[str, str]) -> None:
        """Compile the places; raises XPathError for a wrong one."""
        self._places = {name: XPath(expression) for name, expression in where.items() if expression}
        strings = f",'{_BETWEEN}',".join(f"string({place.expression})" for place in self._places.values())
        self._all = XPath(f"concat({strings},'{_BETWEEN}')") if self._places else None

    def draw(self, document: XmlDocument) -> Drawn:
        """Draw the values; identifiers in NFKC, the identity number in upper case, the time in Asia/Shanghai."""
        says = self._says(document)
        get = says.get
        return Drawn(
            own_root=normal_code(get("document-root", "")),
            own_extension=normal_code(get("document", "")),
            resident_id=identity_number(get("resident", "")),
            resident_name=" ".join(get("resident-name", "").split()),
            gender=normal_code(get("gender", "")),
            birth_date=birth_date(get("birth", "")),
            title=" ".join(get("title", "").split()),
            written=moment(get("time", "")),
            visit_number=normal_code(get("visit", "")),
            health_card=normal_code(get("card", "")),
            local_numbers=tuple(f"{place}^{normal_code(says[place])}" for place in LOCAL_NUMBERS if says.get(place)),
            author=" ".join(get("author", "").split()),
            custodian=normal_code(get("institution", "")),
            custodian_name=" ".join(get("institution-name", "").split()),
            confidentiality=normal_code(get("confidentiality", "")),
            replaces_root=normal_code(get("replaces-root", "")) if get("replaces") else "",
            replaces_extension=normal_code(get("replaces", "")),
            type_code_in_document=normal_code(get("type", "")),
        )

    def placed(self, issue: Issue, document: XmlDocument, place: str) -> Issue:
        """Write into an issue where a place stands in a document; one that is computed, or absent, leaves it as it is."""
        path = _WHOLE.fullmatch(self._places[place].expression) if place in self._places else None
        found = XPath(path[1]).nodes(document.root) if path else []
        if not found:
            return issue
        attribute = getattr(found[0], "attrname", None) or ""
        element = found[0].getparent() if attribute else found[0]
        line, column = Places(document).line_and_column(element)
        return replace(issue, path=path_of(element, attribute), line=line, column=column)

    def _says(self, document: XmlDocument) -> Mapping[str, str]:
        """Ask all places at once; one by one only if a document itself holds the character that parts the answers."""
        texts = self._all.text(document).split(_BETWEEN) if self._all else [""]
        if len(texts) == len(self._places) + 1:
            return dict(zip(self._places, map(str.strip, texts), strict=False))
        return {name: place.text(document) for name, place in self._places.items()}


def identity_number(text: str) -> str:
    """Bring an identity number to one form: NFKC, no blanks around it, x written X."""
    return normal_code(text).upper()


def moment(text: str) -> datetime | None:
    """Read a time of HL7 (YYYY[MM[DD[hh[mm[ss[.f]]]]]][+zzzz]); without zone it is Asia/Shanghai.

    None when it is no such time, or its zone does not exist (beyond 14 hours).
    """
    match = _TIME.match(normal_code(text))
    if not match:
        return None
    year, month, day, hour, minute, second, zone = match.groups()
    try:
        naive = datetime(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0))  # noqa: DTZ001  its zone is set below
    except ValueError:
        return None
    if not zone:
        return naive.replace(tzinfo=SHANGHAI)
    offset = int(zone[1:3]) * 60 + int(zone[3:])
    if offset > _FURTHEST_ZONE or int(zone[3:]) > 59:
        return None
    there = timezone(timedelta(minutes=-offset if zone[0] == "-" else offset))
    try:
        return naive.replace(tzinfo=there).astimezone(UTC).astimezone(SHANGHAI)
    except OverflowError:
        return None


def birth_date(text: str) -> str:
    """Give a date of birth as YYYYMMDD, or as much of it as is written."""
    return normal_code(text)[:8]
