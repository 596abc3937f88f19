"""Every path that the standard's documents have in their headers can be written in the grammar.

The paths are those of header_by_document.csv of the standards collection (4,065 rows), one line for each path here.
"""

import csv
import re
from pathlib import Path

import pytest

ORDERS = {
    "ClinicalDocument": "realmCode typeId templateId id code title effectiveTime confidentialityCode languageCode setId versionNumber "
    "recordTarget author informant custodian legalAuthenticator authenticator participant documentationOf relatedDocument componentOf component",
    "patientRole": "id patientType addr telecom patient providerOrganization",
    "patient": "id name administrativeGenderCode birthTime maritalStatusCode ethnicGroupCode birthplace nationality age "
    "employerOrganization household nativePlace educationLevel occupation",
    "associatedEntity": "id code addr telecom associatedPerson scopingOrganization",
    "encompassingEncounter": "id code effectiveTime location",
    "effectiveTime": "low width high",
    "": "id functionCode name telecom addr time signatureCode code statusCode effectiveTime setId versionNumber assignedAuthor assignedEntity "
    "assignedPerson professionalTechnicalPosition representedOrganization asOrganizationPartOf wholeOrganization "
    "associatedEntity serviceProviderOrganization",
}
"""The order of children in HL7 CDA R2 with the Chinese additions (fact sheet, section 5), by parent; "" for all others."""

ROWS = list(csv.DictReader((Path(__file__).parent / "header_paths.csv").open(encoding="utf-8")))
STEP = re.compile(r"/(\w+)(?:\[@root='([^']+)'\])?")


def documents(ranges):
    """Spell out `4-6 9` as codes."""
    for part in ranges.split():
        first, _, last = part.partition("-")
        yield from (f"C{number:04}" for number in range(int(first), int(last or first) + 1))


BY_DOCUMENT = {}
for row in ROWS:
    for each in documents(row["documents"]):
        BY_DOCUMENT.setdefault(each, []).append(row["path"])


def tree(paths):
    """Lay paths over each other: (name, root) to what stands in it."""
    top = {}
    for path in paths:
        at = top
        for step in STEP.findall(path):
            at = at.setdefault(step, {})
    return top


def written(name, root, inside):
    """Write an element with its children in the standard's order."""
    order = ORDERS.get(name, ORDERS[""]).split()
    children = sorted(inside.items(), key=lambda item: (order.index(item[0][0]) if item[0][0] in order else 0, item[0][1]))
    text = "".join(written(child, oid, below) for (child, oid), below in children)
    attributes = f' root="{root}" extension="1"' if root else ' typeCode="RPLC"' if name == "relatedDocument" else ""
    return f"<{name}{attributes}>{text}</{name}>"


def document(paths):
    body = "<component><structuredBody><component><section/></component></structuredBody></component></ClinicalDocument>"
    header = written("ClinicalDocument", "", tree(["/typeId", *paths]))
    return header.replace("<ClinicalDocument>", '<ClinicalDocument xmlns="urn:hl7-org:v3">').replace("</ClinicalDocument>", body)


def test_the_list_is_whole():
    assert len(ROWS) == 230
    assert sum(len(paths) for paths in BY_DOCUMENT.values()) == 4065
    assert len(BY_DOCUMENT) == 53


@pytest.mark.parametrize("code", sorted(BY_DOCUMENT))
def test_a_header_with_every_path_of_its_type_is_taken(press, code):
    text = document(BY_DOCUMENT[code])
    for name in {STEP.findall(path)[-1][0] for path in BY_DOCUMENT[code]}:
        assert f"<{name}" in text
    assert press.schema("clinical").check(press.open(text.encode())) == ()


NAMES = {STEP.findall(path)[-1][0]: code for code, paths in BY_DOCUMENT.items() for path in paths}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_misspelt_header_element_is_refused_and_the_right_word_named(press, name):
    text = document(BY_DOCUMENT[NAMES[name]])
    wrong = re.sub(rf"(</?){name}(?=[ >/])", rf"\1{name}x", text)
    issue = press.schema("clinical").check(press.open(wrong.encode()))[0]
    assert issue.code == "SND-332"
    assert issue.path.rsplit("/", 1)[-1].startswith(f"{name}x")
    assert f"是否应为 <{name}>" in issue.message
