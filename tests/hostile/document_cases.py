"""Make well-formed documents that are wrong, or only look so (layers 08 to 12, 16, 17)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lxml import etree

from engine.identity import check_letter
from tests.hostile.cases import Case
from tests.hostile.site import CANARY, HL7, NAMES, Answer, Paper, Site, result_of
from tests.support.hospital import replacing

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
PATIENT = "//h:recordTarget/h:patientRole/h:patient"
Edit = Callable[[Any], object]


def find(root: Any, path: str) -> Any:
    found = root.xpath(path, namespaces=NAMES)
    assert found, path
    return found[0]


def with_edit(edit: Edit, kind: str = "C0002") -> Callable[[Site], Answer | None]:
    return lambda site: site.upload(site.edited(edit, kind))


def attribute(path: str, name: str, value: str, kind: str = "C0002") -> Callable[[Site], Answer | None]:
    return with_edit(lambda root: find(root, path).set(name, value), kind)


def text(path: str, words: str, kind: str = "C0002") -> Callable[[Site], Answer | None]:
    def edit(root: Any) -> None:
        find(root, path).text = words

    return with_edit(edit, kind)


def fault(name: str, kind: str = "C0002") -> Callable[[Site], Answer | None]:
    """Send a document in which one rule is broken."""
    return lambda site: site.upload(site.paper(kind, fault=name))


SCHEMA = (
    Case("BI-165", "a prescription sent as a visit", "R-SEM SND-402", lambda s: s.upload(s.paper("C0004"), documentType="C0002")),
    Case("BI-165", "a type nobody knows", "R-SEM SND-401", lambda s: s.upload(s.paper(), documentType="C9999")),
    Case("BI-165", "a type of markup", "R-SEM SND-401", lambda s: s.upload(s.paper(), documentType=f"<b>{CANARY}</b>")),
    Case("BI-168", "another root", "R-XSD SND-331", lambda s: s.send(f"<a>{CANARY}</a>".encode())),
    Case(
        "BI-168",
        "another namespace",
        "R-XSD SND-331",
        lambda s: s.send(s.paper().xml.replace(b"urn:hl7-org:v3", b"urn:hl7-org:v2")),
    ),
    Case("BI-171", "an abstract type", "R-XSD SND-336", attribute("//h:observation/h:value", f"{XSI}type", "ANY")),
    Case("BI-171", "a type that does not derive", "R-XSD SND-336", attribute("//h:patient/h:name", f"{XSI}type", "PQ")),
    Case("BI-171", "nil", "R-XSD SND-334", attribute("/h:ClinicalDocument/h:title", f"{XSI}nil", "true")),
    Case("BI-174", "a name of blanks", "R-SEM SND-406", fault("patient.name")),
    Case("BI-174", "a name of Chinese blanks", "R-SEM SND-406", text(f"{PATIENT}/h:name", "\u3000\u3000")),
    Case("BI-174", "a title of blanks", "A-WARN SND-406", text("/h:ClinicalDocument/h:title", " \n")),
)

OTHERS = ("C0004", "C0007")
"""Types beside C0002, for what must hold whatever the type."""


def written(change: Callable[[bytes], bytes], kind: str) -> Callable[[Site], Answer | None]:
    """Send a document of a type with other bytes."""
    return lambda site: site.upload(replace(paper := site.paper(kind), xml=change(paper.xml)))


def _renamed(xml: bytes) -> bytes:
    return xml.replace(b"<custodian", b"<custodiann").replace(b"</custodian>", b"</custodiann>")


def _prefixed(xml: bytes) -> bytes:
    """Write a document with prefixes only, and misspell an element of it."""
    text = _renamed(xml).decode().replace("<", "<v:").replace("<v:/", "</v:").replace("<v:?", "<?").replace("<v:!", "<!")
    return text.replace('xmlns="urn', 'xmlns:v="urn').replace('xsi:type="', 'xsi:type="v:').encode()


EVERY_TYPE = tuple(
    case
    for kind in OTHERS
    for case in (
        Case("BI-162", f"a mistake under prefixes, {kind}", "R-XSD SND-332", written(_prefixed, kind)),
        Case("BI-162", f"an element of a vendor's namespace, {kind}", "R-XSD SND-332", written(lambda x: x.replace(b"<title>", b'<z:a xmlns:z="urn:z"/><title>', 1), kind)),
        Case("BI-162", f"an element without namespace, {kind}", "R-XSD SND-332", written(lambda x: x.replace(b"<title>", b'<title xmlns="">', 1), kind)),
        Case("BI-165", f"sent as a visit, {kind}", "R-SEM SND-402", lambda s, k=kind: s.upload(s.paper(k), documentType="C0002")),
        Case("BI-168", f"another namespace, {kind}", "R-XSD SND-331", written(lambda x: x.replace(b"urn:hl7-org:v3", b"urn:hl7-org:v2"), kind)),
        Case("BI-168", f"a misspelt element, {kind}", "R-XSD SND-332", written(_renamed, kind)),
        Case("BI-171", f"an abstract type, {kind}", "R-XSD SND-336", attribute("//h:observation/h:value", f"{XSI}type", "ANY", kind)),
        Case("BI-171", f"a type that does not derive, {kind}", "R-XSD SND-336", attribute("//h:patient/h:name", f"{XSI}type", "PQ", kind)),
        Case("BI-171", f"nil, {kind}", "R-XSD SND-334", attribute("/h:ClinicalDocument/h:title", f"{XSI}nil", "true", kind)),
        Case("BI-174", f"a name of Chinese blanks, {kind}", "R-SEM SND-406", text(f"{PATIENT}/h:name", "\u3000\u3000", kind)),
        Case("BI-174", f"blanks in what holds nothing, {kind}", "R-XSD SND-332", text("/h:ClinicalDocument/h:effectiveTime", " \n", kind)),
        Case("BI-177", f"no patient, {kind}", "R-SEM SND-407", fault("patient.present", kind)),
        Case("BI-177", f"two patients, {kind}", "R-SEM SND-407", fault("patient.single", kind)),
        Case("BI-180", f"born after the document, {kind}", "R-SEM SND-412", fault("times.birth-document", kind)),
        Case("BI-183", f"the template of another type, {kind}", "R-SEM SND-403", fault("document.template", kind)),
    )
)  # fmt: skip


def _relation(site: Site, target: Paper, *, own: str = "") -> Answer | None:
    return site.upload(replacing(site.paper(), own or target.own))


def _of_another_type(site: Site) -> Answer | None:
    return _relation(site, site.accept(site.paper("C0004")))


def _same_patient(site: Site, edit: Edit | None = None) -> tuple[Paper, Paper]:
    """Make two documents of one patient."""
    first, second = site.paper(), site.paper()
    person = etree.tostring(find(etree.fromstring(first.xml), "//h:recordTarget"), encoding="unicode", with_tail=False)
    root = etree.fromstring(second.xml)
    find(root, "//h:recordTarget").getparent().replace(find(root, "//h:recordTarget"), etree.fromstring(person))
    if edit:
        edit(root)
    return first, Paper(second.kind, second.number, etree.tostring(root, encoding="UTF-8", xml_declaration=True))


def _chain(site: Site) -> Answer | None:
    """Replace a document, and then name the replaced one again: it is not followed to its successor."""
    first, second = _same_patient(site)
    site.accept(first)
    site.accept(replacing(second, first.own))
    return _relation(site, first)


def _right_replacement(site: Site) -> Answer | None:
    first, second = _same_patient(site)
    site.accept(first)
    return site.upload(replacing(second, first.own))


def _unknown_twice(site: Site) -> Answer | None:
    """Send two patients without a number and name: they stay two documents of nobody."""

    def unknown(root: Any) -> None:
        one = find(root, f"{PATIENT}/h:id")
        one.attrib.clear()
        one.set("nullFlavor", "UNK")
        find(root, f"{PATIENT}/h:name").text = "无名氏"

    before = site.accept(site.edited(unknown))
    assert before
    answer = site.upload(site.edited(unknown))
    kept = site.kept(result_of(answer)["receipt"])
    assert (kept["resident_lookup"], kept["own"].startswith("2.16")) == ("", True)
    return answer


def _contradiction(root: Any) -> None:
    section = find(root, "//h:section[h:code/@code='48765-2']")
    section.find(f"{HL7}text").text = f"{CANARY}否认任何过敏史"


DOCUMENT = (
    Case("BI-177", "no patient", "R-SEM SND-407", fault("patient.present")),
    Case("BI-177", "two patients", "R-SEM SND-407", fault("patient.single")),
    Case("BI-180", "discharge before admission", "R-SEM SND-412", fault("times.encounter")),
    Case("BI-180", "report before sample", "R-SEM SND-412", fault("times.sample-report", "C0007")),
    Case("BI-180", "an end before its start", "R-SEM SND-412", fault("times.interval", "C0007")),
    Case("BI-180", "born after the document", "R-SEM SND-412", fault("times.birth-document")),
    Case("BI-183", "the template of another type", "R-SEM SND-403", fault("document.template")),
    Case("BI-186", "nobody, twice", "A-OK", _unknown_twice),
    Case("BI-189", "text against entry", "A-OK", with_edit(_contradiction)),
    Case("BI-192", "replacing what was never received", "R-SEQ SND-503", lambda s: s.upload(replacing(s.paper(), "NEVER-SENT"))),
    Case("BI-192", "replacing itself", "R-SEQ SND-503", lambda s: s.upload(replacing(p := s.paper(), p.own))),
    Case("BI-192", "replacing another type", "R-SEQ SND-504", _of_another_type),
    Case("BI-192", "replacing what was replaced", "R-SEQ SND-503", _chain),
    Case("BI-192", "replacing rightly", "A-OK", _right_replacement),
)  # fmt: skip

ICD10 = "2.16.156.10011.2.3.3.11"


def diagnosis(code: str) -> Callable[[Site], Answer | None]:
    return lambda site: site.upload(site.edited(lambda root: _diagnose(root, code)))


def _diagnose(root: Any, code: str) -> None:
    found = find(root, f"//h:value[@codeSystem='{ICD10}']")
    found.set("code", code)


CODES = (
    *(
        Case("BI-198", f"ICD-10 {code}", "A-OK", diagnosis(code))
        for code in ("J06.900", "I10", "A18.0†", "M49.0*", "J06.900x001")
    ),
    *(
        Case("BI-198", f"not ICD-10: {code}", "R-CODE SND-408", diagnosis(code))
        for code in ("j06.9", "J069", "460.0", "J", "Ｊ06.9")
    ),
)


def number_of(first: str) -> str:
    """Complete seventeen digits to an identity number."""
    return first + check_letter(first)


def identity(number: str, *, root: str = "", birth: str = "", kind: str = "C0002") -> Callable[[Site], Answer | None]:
    """Send a document about this number, born when the number says."""

    def edit(tree: Any) -> None:
        one = find(tree, f"{PATIENT}/h:id")
        one.set("extension", number)
        if root:
            one.set("root", root)
        if len(number) == 18:
            day = birth or number[6:14]
            find(tree, f"{PATIENT}/h:birthTime").set("value", day)
            find(tree, f"{PATIENT}/h:age").set(
                "value", str(int(find(tree, "/h:ClinicalDocument/h:effectiveTime").get("value")[:4]) - int(day[:4]))
            )

    return with_edit(edit, kind)


def ending_in_x() -> str:
    return next(n for serial in range(1, 999) if (n := number_of(f"22010419900101{serial:03d}")).endswith("X"))


def _both_letters(site: Site) -> Answer | None:
    """Send a number with x and with X: one resident."""
    number = ending_in_x()
    first = result_of(identity(number)(site))["receipt"]
    site.mark()
    answer = identity(number.lower())(site)
    assert site.kept(result_of(answer)["receipt"])["resident_lookup"] == site.kept(first)["resident_lookup"] != ""
    return answer


IDENTITY = (
    Case("BI-204", "x and X", "A-OK", _both_letters),
    Case("BI-207", "a region that is none", "R-ID SND-414", identity(number_of("99010419900101001"))),
    Case("BI-207", "a district that is no more", "A-OK", identity(number_of("22012419900101001"))),
    Case("BI-210", "residence permit of Hong Kong", "A-OK", identity(number_of("81000019900101001"))),
    Case("BI-210", "residence permit of Macao", "A-OK", identity(number_of("82000019900101001"))),
    Case("BI-210", "residence permit of Taiwan", "A-OK", identity(number_of("83000019900101001"))),
    Case("BI-210", "foreigner's permanent number", "A-OK", identity(number_of("92284019900101001"))),
    Case("BI-210", "passport", "A-OK", identity("E12345678")),
    Case("BI-213", "no number", "R-ID SND-406", fault("patient.id")),
    Case("BI-216", "a phone of 200 digits", "R-ID SND-410", fault("patient.phone")),
    Case("BI-216", "a name of 10000 letters", "R-ID SND-410", text(f"{PATIENT}/h:name", CANARY * 2000)),
    Case("BI-216", "a name with digits", "R-ID SND-410", text(f"{PATIENT}/h:name", f"{CANARY}12")),
    Case("BI-216", "an own id of 10000 digits", "R-ID SND-410", attribute("/h:ClinicalDocument/h:id", "extension", "1" * 10_000)),
    Case("BI-216", "a number of 10000 digits", "R-ID SND-410", attribute(f"{PATIENT}/h:id", "extension", "1" * 10_000)),
)  # fmt: skip


def _conflict(site: Site) -> Answer | None:
    paper = site.accept(site.paper())
    first = site.hospital().call("QueryReceipt", documentId=paper.number)
    answer = site.upload(paper.other())
    assert site.hospital().call("QueryReceipt", documentId=paper.number)["receipt"] == first["receipt"]
    assert first["receipt"] in result_of(answer)["issues"][0]["message"]
    assert site.kept(first["receipt"])["digest"] != site.kept(result_of(answer)["receipt"])["digest"]
    return answer


def _two_hospitals(site: Site) -> Answer | None:
    mine = site.accept(site.paper())
    return site.upload(replace(site.paper(code="HOSP-B"), number=mine.number), code="HOSP-B")


def _captured(site: Site) -> Answer | None:
    """Send the very bytes of a request again from another address: it is the same document, not a second one."""
    paper = site.accept(site.paper())
    return site.upload(paper, source="127.0.0.2")


def _varied(change: Callable[[str], str]) -> Callable[[Site], Answer | None]:
    def send(site: Site) -> Answer | None:
        paper = site.accept(site.paper())
        return site.upload(replace(paper, number=change(paper.number)))

    return send


def _other_case(site: Site) -> Answer | None:
    """Send a number in small letters with a document of its own: letters count as written."""
    paper = site.accept(site.paper())
    return site.upload(replace(site.paper(), number=paper.number.lower()))


def _over_quota(site: Site) -> Answer | None:
    """Send a second document of a hospital that may send one; another hospital is served beside it."""
    site.accept(site.paper(code="HOSP-Q"), code="HOSP-Q")
    site.accept(site.paper(code="HOSP-B"), code="HOSP-B")
    return site.upload(site.paper(code="HOSP-Q"), code="HOSP-Q")


def _told_when(site: Site, answer: Answer) -> None:
    assert 0 < int(answer.headers["retry-after"]) <= 86401
    assert "1024" in answer.text("message")


QUOTAS = (Case("BI-240", "the second document of one", "F-SERVER-RETRY 429 SND-610", _over_quota, _told_when),)

DUPLICATES = (
    Case("BI-219", "other content", "R-DUP-CONFLICT SND-501", _conflict),
    Case("BI-222", "two hospitals", "A-OK", _two_hospitals),
    Case("BI-225", "captured", "A-DUP", _captured),
    Case("BI-228", "trailing blanks", "A-DUP", _varied(lambda n: f"{n} \t")),
    Case("BI-228", "Chinese blank", "A-DUP", _varied(lambda n: f"{n}\u3000")),
    Case("BI-228", "full width", "A-DUP", _varied(lambda n: "".join(chr(ord(c) + 0xFEE0) for c in n))),
    Case("BI-228", "small letters", "A-OK", _other_case),
)

TIME = "/h:ClinicalDocument/h:legalAuthenticator/h:time"
TIMES = (
    *(Case("BI-255", f"zone {zone or 'none'}", "A-OK", attribute(TIME, "value", f"20250324150306{zone}")) for zone in ("+0800", "+0000", "-0000", "-0500", "")),
    *(Case("BI-255", f"zone {zone}", "R-SEM SND-413", attribute(TIME, "value", f"20250324150306{zone}")) for zone in ("+1500", "-1500", "+9900")),
    Case("BI-255", "zone of letters", "R-XSD SND-335", attribute(TIME, "value", "20250324150306Z")),
    Case("BI-255", "a day that is not", "R-SEM SND-413", attribute(TIME, "value", "20250230")),
    Case("BI-255", "midnight as 24", "R-SEM SND-413", attribute(TIME, "value", "20250324240000")),
)  # fmt: skip

WORDS = (
    "Robert'); DROP TABLE message;--",
    "%s%n{0}{}${jndi:ldap://127.0.0.1:9/x}{{7*7}}",
    "\u202etxt.exe",
    "=cmd|' /C calc'!A0",
    "<b>&amp;</b>",
    "\\..\\..\\x",
)


def _stored_as_written(words: str) -> Callable[[Site], Answer | None]:
    """Send these words in the places that hold no name, and find them as they were in what the library keeps."""
    return text("//h:value[@xsi:type='ST']", words)


def _numbered(number: str) -> Callable[[Site], Answer | None]:
    def send(site: Site) -> Answer | None:
        answer = site.upload(replace(site.paper("C0007"), number=number))
        assert not [path for path in site.engine.data.parent.iterdir() if path.stem == "x"]
        return answer

    return send


def _named(words: str) -> str:
    return "R-ID SND-410" if any(letter.isdigit() for letter in words) else "A-OK"


INJECTION = (
    *(Case("BI-261", f"words {n}", "A-OK", _stored_as_written(words)) for n, words in enumerate(WORDS)),
    *(Case("BI-261", f"words {n} as a name", _named(words), text(f"{PATIENT}/h:name", words)) for n, words in enumerate(WORDS)),
    *(Case("BI-261", f"words {n} as number", "A-OK", _numbered(words)) for n, words in enumerate(WORDS)),
    *(Case("BI-264", f"number {name}", "A-OK", _numbered(name)) for name in ("../../x", "CON", "/etc/passwd", "x" * 128, "..", "a\nb")),
    Case("BI-264", "a number of a megabyte", "F-CLIENT SND-311", lambda s: s.upload(replace(s.paper(), number="x" * 1_000_000))),
    Case("BI-264", "a number of 300 letters", "F-CLIENT SND-311", lambda s: s.upload(replace(s.paper(), number="x" * 300))),
    Case("BI-264", "a type of a megabyte", "F-CLIENT SND-311", lambda s: s.upload(replace(s.paper(), kind="C" * 1_000_000))),
    Case("BI-264", "a batch of a megabyte", "F-CLIENT SND-311", lambda s: s.post(s.envelope("UploadBatch", f"<batchId>{'b' * 1_000_000}</batchId><documents><document><documentType>C0002</documentType><documentId>D</documentId><payload>H4sI</payload></document></documents>"))),
    Case("BI-264", "replacing a megabyte", "F-CLIENT SND-311", lambda s: s.upload(s.paper(), replaces="r" * 1_000_000)),
    Case("BI-264", "a reason of a megabyte", "F-CLIENT SND-311", lambda s: s.post(s.envelope("Revoke", f"<documentType>C0002</documentType><documentId>D</documentId><reason>{'r' * 1_000_000}</reason>"))),
)  # fmt: skip

CASES = (*SCHEMA, *EVERY_TYPE, *DOCUMENT, *CODES, *IDENTITY, *DUPLICATES, *QUOTAS, *TIMES, *INJECTION)
