"""Check single cells by the kind of their column, and give what is kept of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from engine.documents.guide.cells import clean, one_line, plain_form
from engine.documents.guide.columns import DISEASE, DISEASES, Heading, Kind
from engine.documents.guide.markup import TAGS, fragment_of, tags_in
from engine.documents.guide.problems import Findings, Place

_CODE = re.compile(r"[A-Za-z0-9_./#-]{1,64}\Z")
_AREA = re.compile(
    r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[12])[0-9]{4}\Z"  # the provinces of GB/T 2260
)
_WEBSITE = re.compile(r"https?://[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?(?:[/?#][!-~]*)?\Z")
_TELEPHONE = re.compile(
    r"(?:\+86[- ]?)?(?:\(?0[0-9]{2,3}\)?[- ]?[0-9]{7,8}(?:(?:-|转| ?ext\.? ?)[0-9]{1,6})?|1[3-9][0-9]{9}|[48]00-?[0-9]{3}-?[0-9]{4}"
    r"|[0-9]{7,8}(?:(?:-|转)[0-9]{1,6})?|1[0-9]{2}(?:[0-9]{2})?|9[56][0-9]{3,4})\Z"
)
_BETWEEN_NUMBERS = re.compile(r"[、,;/]\s*|\s{2,}")
_BETWEEN_DISEASES = re.compile(r"[、，,；;/\n]")

Check = Callable[[Heading, str, Place, Findings], str]


def check_value(heading: Heading, text: str, place: Place, findings: Findings) -> str:
    """Give what is kept of a cell, "" when it is empty or wrong; what is wrong is told at its place.

    Diseases are kept one a line; pictures and Word files stay names.
    """
    kept = _CHECKS.get(heading.kind, _text)(heading, text, place, findings)
    if not kept and heading.required and not clean(text):
        findings.add("value.required", place)
    return kept


def _text(heading: Heading, text: str, place: Place, findings: Findings) -> str:
    kept = one_line(text)
    return kept if _fits(heading, kept, place, findings) else ""


def _fits(heading: Heading, kept: str, place: Place, findings: Findings) -> bool:
    if len(kept) <= heading.longest:
        return True
    findings.add("value.long", place, f"{len(kept):,}", f"{heading.longest:,}")
    return False


def _matching(pattern: re.Pattern[str], rule: str) -> Check:
    def check(heading: Heading, text: str, place: Place, findings: Findings) -> str:
        del heading
        kept = plain_form(text)
        if not kept or pattern.match(kept):
            return kept
        findings.add(rule, place, kept)
        return ""

    return check


def _listed(heading: Heading, text: str, place: Place, findings: Findings) -> str:
    written = plain_form(text)
    if not written or written in heading.meant:
        return heading.meant.get(written, "")
    findings.add("value.list", place, written, "、".join(heading.choices))
    return ""


def _telephones(heading: Heading, text: str, place: Place, findings: Findings) -> str:
    written = plain_form(text)
    numbers = [one.strip() for one in _BETWEEN_NUMBERS.split(written) if one.strip()]
    wrong = next((one for one in numbers if not _TELEPHONE.match(one)), "")
    if wrong or (written and not numbers):
        findings.add("value.telephone", place, wrong or written)
        return ""
    kept = "、".join(numbers)
    return kept if _fits(heading, kept, place, findings) else ""


def _diseases(heading: Heading, text: str, place: Place, findings: Findings) -> str:
    del heading
    found = list(dict.fromkeys(word for one in _BETWEEN_DISEASES.split(clean(text)) if (word := one_line(one).rstrip("。."))))
    long = next((one for one in found if len(one) > DISEASE), "")
    if long:
        findings.add("value.disease", place, long)
        return ""
    if len(found) > DISEASES:
        findings.add("value.diseases", place, str(len(found)), str(DISEASES))
        return ""
    return "\n".join(found)


def _introduction(heading: Heading, text: str, place: Place, findings: Findings) -> str:
    written = clean(text)
    if not _fits(heading, written, place, findings):
        return ""
    tags = tags_in(written)
    if tags > TAGS:
        findings.add("html.tags", place, f"{tags:,}", f"{TAGS:,}")
        return ""
    kept, removed = fragment_of(written)
    if removed:
        findings.add("html.removed", place, removed)
    return kept


_CHECKS: Mapping[Kind, Check] = {
    "text": _text,
    "hours": _text,
    "code": _matching(_CODE, "value.code"),
    "area": _matching(_AREA, "value.area"),
    "website": _matching(_WEBSITE, "value.website"),
    "list": _listed,
    "telephone": _telephones,
    "diseases": _diseases,
    "introduction": _introduction,
}
