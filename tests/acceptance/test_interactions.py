"""Client test set of the interaction services: all 81 actions and the regional operations by their node tables, with zeep."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import count

import pytest
from lxml import etree

from engine.documents.hl7.nodes import table_of
from engine.documents.hl7.sample import sample_message, without
from engine.documents.hl7.services import HIP, HL7, REGIONAL, HipService
from tests.support.databases import STORES
from tests.support.interaction_calls import Caller
from tests.support.stores import new_engine

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("interactions")]
HOSPITAL = "HOSP-A"
EVERY = (*HIP.values(), *REGIONAL.values())
READS = ("query", "get")
SEEDS = {"minimal": 11, "full": 12}
_MESSAGES = count(1)

SHARED = {
    "S0005": "subject1/assignedEntity/id/item/@extension", "S0006": "subject1/assignedEntity/id/item/@extension",
    "S0007": "organizationID/value/@extension", "addOrganization": "subject1/assignedEntity/id/@extension",
    "updateOrganization": "subject1/assignedEntity/id/@extension", "organizationDetailQuery": "organizationID/value/@extension",
}  # fmt: skip
"""Where a department stands, which the messages of all seeds would share."""

LETTERS = {
    "patient_id": "P", "outpatient_number": "MZ", "inpatient_number": "ZY", "form": "SQ", "order": "YZ", "schedule": "PB",
    "就诊卡号": "K",
}  # fmt: skip
"""How the numbers of invented messages begin."""

ASKED = {
    "S0004": "patient_id", "S0016": "patient_id", "S0019": "就诊卡号", "S0022": "schedule", "S0025": "outpatient_number",
    "S0028": "inpatient_number", "S0031": "inpatient_number", "S0034": "inpatient_number", "S0040": "form", "S0043": "form", "S0046": "form",
    "S0049": "form", "S0052": "form", "S0055": "patient_id", "S0058": "patient_id", "S0060": "order", "S0062": "form", "S0064": "form",
    "S0079": "patient_id", "S0081": "form",
}  # fmt: skip
"""By what a query asks where its minimal message asks for nothing of its own."""

LEFT_OUT = {"S0013": ("author",), "S0016": ("storageCode",), "S0062": ("component1",), "S0081": ("component1",)}
"""Elements of what was sent that the table of an answer has no place for."""


@pytest.fixture(scope="module", params=STORES)
def running(request, tmp_path_factory):
    with new_engine(request.param, tmp_path_factory.mktemp("interactions"), hospitals=(HOSPITAL, "HOSP-B")) as made:
        yield made.start()
        assert made.stop() == 0


@pytest.fixture(scope="module")
def ours(running) -> Iterator[Caller]:
    """Be a system of HOSP-A whose patients are registered, and which has sent one message of each write."""
    with closing(Caller(running, HOSPITAL)) as caller:
        yield caller


def invent(service, which, seed, **values):
    if service.key in SHARED:
        values = {SHARED[service.key]: f"D{seed}"} | values
    if not service.flat:
        values = {"message_id": f"M-{next(_MESSAGES)}"} | values
    return sample_message(service, which=which, seed=seed, institution=HOSPITAL, **values)


def fields(element) -> set[str]:
    """List what an element and those below it say: identifiers, values, codes, texts."""
    found = set()
    for one in element.iter(etree.Element):
        found |= {one.get(name, "") for name in ("extension", "value", "code")} | {(one.text or "").strip()}
    return found - {""}


WRITES = [one for one in HIP.values() if one.act not in READS]


@pytest.mark.parametrize("which", SEEDS)
def test_every_write_is_accepted(ours, which):
    """One after another as a hospital has them: registrations first, the merge last."""
    seed = SEEDS[which]
    refused = {}
    for service in sorted(WRITES, key=lambda one: one.act == "merge"):
        if service.act == "merge":
            other = invent(HIP["S0001"], "minimal", seed, patient_id=f"Q{seed:08d}")
            assert ours.say(HIP["S0001"], other).verdict == "AA"
        reply = ours.say(service, invent(service, which, seed))
        if (reply.verdict, reply.name) != ("AA", "MCCI_IN000002UV01"):
            refused[service.code] = reply.text
    assert refused == {}


@pytest.mark.parametrize("query", [one for one in HIP.values() if one.act in READS], ids=lambda one: one.code)
def test_what_was_written_is_read_back(ours, query):
    seed = SEEDS["full"]
    same = "S0014" if query.nodes_of in ("S0015", "S0016") else ""
    write = [one for one in WRITES if one.register == query.register and one.act != "merge" and same in ("", one.code)][-1]
    asked = {ASKED[query.code]: f"{LETTERS[ASKED[query.code]]}{seed:08d}"} if query.code in ASKED else {}
    sent = invent(write, "full", seed)
    if query.code == "S0010":
        asked = {
            "医护人员标识": etree.fromstring(sent).find(f".//{{{HL7}}}healthCareProvider/{{*}}id/{{*}}item").get("extension")
        }
    reply = ours.say(query, invent(query, "minimal", seed, **asked))
    assert (reply.verdict, reply.name, reply.query) == ("AA", query.answer_root, "OK"), reply.text
    assert reply.total >= 1
    subject = etree.fromstring(sent).find(f"{{{HL7}}}controlActProcess/{{{HL7}}}subject")
    for name in LEFT_OUT.get(query.nodes_of, ()):
        for one in list(subject.iter(f"{{{HL7}}}{name}")):
            one.getparent().remove(one)
    assert fields(subject) - fields(reply.root) == set()


def test_a_discharge_is_answered_with_the_hospital_that_reported_it(ours):
    reply = ours.say(HIP["S0034"], invent(HIP["S0034"], "minimal", 12, inpatient_number="ZY00000012"))
    [party] = reply.root.iter(f"{{{HL7}}}responsibleParty")
    assert [item.get("extension") for item in party.iter(f"{{{HL7}}}item")] == [HOSPITAL]


@pytest.mark.parametrize("running", ["sqlite"], indirect=True)
@pytest.mark.parametrize("service", EVERY, ids=lambda one: one.key)
def test_each_required_node_that_is_missing_is_named(ours, service):
    required = table_of(service.nodes_of, "" if service.flat else HL7).required
    unnamed = {}
    for node in required:
        minimal = without(service, node, institution=HOSPITAL)
        # What stands below an optional element is wanted where that stands: in the full message.
        stands = minimal != sample_message(service, institution=HOSPITAL)
        reply = ours.say(service, minimal if stands else without(service, node, which="full", institution=HOSPITAL))
        if reply.verdict != "AE" or "SND-342" not in reply.text or node.meaning not in reply.text:
            unnamed[node.path] = (node.meaning, reply.text)
    assert unnamed == {}


def other_dialect(service) -> str | None:
    """Write the first identifier below the act in the other dialect; None where the table has none."""
    root = etree.fromstring(invent(service, "minimal", 11))
    act = root.find(f"{{{HL7}}}controlActProcess")
    if isinstance(service, HipService):
        for holder in act.iter(f"{{{HL7}}}id"):
            if len(holder) != 1:
                continue
            item = holder[0]
            holder.attrib.update(item.attrib)
            holder.remove(item)
            return etree.tostring(root, encoding="unicode")
        return None
    holder = next(one for one in act.iter(f"{{{HL7}}}id", f"{{{HL7}}}value") if one.get("extension"))
    etree.SubElement(holder, f"{{{HL7}}}item", dict(holder.attrib))
    return etree.tostring(root, encoding="unicode")


IN_HL7 = [
    one for one in EVERY if not one.flat and (one.act not in READS or one.nodes_of in ("S0037", "S0043", "patientRegistryQuery"))
]


@pytest.mark.parametrize("running", ["sqlite"], indirect=True)
def test_a_part_in_the_other_dialect_is_named_with_both_forms(ours):
    told = {}
    for service in IN_HL7:
        message = other_dialect(service)
        reply = ours.say(service, message) if message else None
        if reply and (reply.verdict != "AE" or "SND-344" not in reply.text or "不是 <" not in reply.text):
            told[service.key] = reply.text
    assert told == {}
    assert sum(other_dialect(service) is not None for service in IN_HL7) > 50


@pytest.mark.parametrize("running", ["sqlite"], indirect=True)
def test_an_action_that_disagrees_with_the_root_is_told_whose_root_it_is(ours):
    told = {}
    for service in HIP.values():
        other = next(one for one in HIP.values() if one.root != service.root)
        reply = ours.act(service.code, invent(other, "minimal", 11))
        if reply.verdict != "AE" or "SND-341" not in reply.text or f"<{service.root}>" not in reply.text:
            told[service.code] = reply.text
    assert told == {}


@pytest.mark.parametrize("action", ["PatientInfoQuery", " patientinfoquery ", "EMR-PL-04", "emr-pl-04", "s0004"])
def test_an_action_is_known_by_all_its_names(ours, action):
    reply = ours.act(action, invent(HIP["S0004"], "minimal", 11, patient_id="P00000011"))
    assert (reply.verdict, reply.name) == ("AA", "PRPA_IN201306UV02"), reply.text


def test_an_unknown_action_is_refused_with_the_nearest_one(ours):
    reply = ours.act("PatientInfoQuery1", invent(HIP["S0004"], "minimal", 11))
    assert (reply.verdict, reply.name) == ("AE", "MCCI_IN000002UV01")
    assert "SND-340" in reply.text
    assert "PatientInfoQuery" in reply.text


def test_a_query_that_finds_nothing_says_so(ours):
    reply = ours.say(HIP["S0004"], invent(HIP["S0004"], "minimal", 11, patient_id="P99999999"))
    assert (reply.verdict, reply.query, reply.total, reply.subjects) == ("AA", "NF", 0, [])


def test_the_same_message_again_is_accepted_as_the_first_time_and_its_id_is_taken(ours):
    service = HIP["S0023"]
    once = invent(service, "full", 41, message_id="M-AGAIN")
    assert ours.say(service, once).verdict == "AA"
    again = ours.say(service, once)
    assert (again.verdict, again.text[:4]) == ("AA", "重复提交")
    other = ours.say(service, invent(service, "full", 42, message_id="M-AGAIN"))
    assert other.verdict == "AE"
    assert "SND-508" in other.text


def test_the_residents_of_a_region_are_registered_updated_merged_and_found(ours):
    add, update, merge, query = (
        REGIONAL[name] for name in ("addPatientRegistry", "updatePatientRegistry", "mergePatientRegistry", "patientRegistryQuery")
    )
    for service, which, more in (
        (add, "minimal", {"patient_id": "R1"}), (add, "full", {"patient_id": "R2"}), (update, "full", {"patient_id": "R2"}),
    ):  # fmt: skip
        reply = ours.say(service, invent(service, which, 21, **more))
        assert (reply.verdict, reply.name) == ("AA", service.success_root), reply.text
    found = ours.say(query, invent(query, "minimal", 21, patient_id="R2"))
    assert (found.verdict, found.name, found.query) == ("AA", query.success_root, "OK"), found.text
    sent = etree.fromstring(invent(update, "full", 21, patient_id="R2")).find(f".//{{{HL7}}}patientPerson")
    assert fields(sent) - fields(found.root) == set()
    merged = invent(merge, "minimal", 21, **{
        "patient/id/@extension": "R2", "priorRegisteredRole/id/@extension": "R1",
    })  # fmt: skip
    assert ours.say(merge, merged).verdict == "AA"
    after = ours.say(query, invent(query, "minimal", 21, patient_id="R1"))
    assert "R2" in after.values("id", "extension"), after.text
    twice = ours.say(add, invent(add, "full", 22, patient_id="R2"))
    assert (twice.verdict, twice.name) == ("AE", add.failure_root)
    assert "SND-731" in twice.text


@pytest.mark.parametrize("names", [
    ("addProvider", "updateProvider", "providerDetailsQuery"), ("addOrganization", "updateOrganization", "organizationDetailQuery"),
])  # fmt: skip
def test_the_staff_and_institutions_of_a_region_are_registered_and_found(ours, names):
    add, update, query = (REGIONAL[name] for name in names)
    for service in (add, update):
        reply = ours.say(service, invent(service, "full", 23))
        assert (reply.verdict, reply.name) == ("AA", service.success_root), reply.text
    sent = etree.fromstring(invent(update, "full", 23))
    own = sent.find(f".//{{{HL7}}}subject1/*/{{{HL7}}}id").get("extension")
    node = "providerID/value/@extension" if query.register == "staff" else "organizationID/value/@extension"
    found = ours.say(query, invent(query, "minimal", 23, **{node: own}))
    assert (found.verdict, found.name, found.query) == ("AA", query.success_root, "OK"), found.text
    person = sent.find(f".//{{{HL7}}}subject1")
    assert fields(person) - fields(found.root) == set()


def data(name: str, **values: str) -> str:
    """Write a flat message of the dictionaries and areas."""
    return "<data>" + "".join(f'<{one} value="{value}"/>' for one, value in values.items()) + "</data>"


def test_a_dictionary_and_its_items_come_and_go(ours):
    def ask(name, **values):
        return ours.say(REGIONAL[name], data(name, **values))

    assert ask("addDictCatalogRequest", Code="GB/T 2261.1", Name="性别", ParentId="0", Type="1").verdict == "AA"
    assert ask("updateDictCatalogRequest", Id="GB/T 2261.1", Name="生理性别").verdict == "AA"
    assert ask("addDictItemRequest", Code="2", Name="女", FkCatalogId="GB/T 2261.1").verdict == "AA"
    assert ask("updateDictItemRequest", Id="GB/T 2261.1|2", Name="女性").verdict == "AA"
    found = ask("dictItemDetailQuery", Id="GB/T 2261.1|2")
    assert (found.values("Code", "value"), found.values("Name", "value")) == (["2"], ["女性"])
    assert ask("dictCatalogDetailQuery", Id="GB/T 2261.1").values("Name", "value") == ["生理性别"]
    assert ask("addDictItemRequest", Code="1", Name="男", FkCatalogId="NONE").verdict == "AE"
    assert ask("dictItemDetailDelete", Id="GB/T 2261.1|2").verdict == "AA"
    assert ask("dictItemDetailQuery", Id="GB/T 2261.1|2").values("Code", "value") == []
    assert ask("dictCatalogDetailDelete", Id="GB/T 2261.1").verdict == "AA"
    assert ask("dictCatalogDetailQuery", Id="GB/T 2261.1").values("Name", "value") == []
    wrong = ask("dictItemDetailQuery", Id="2")
    assert wrong.verdict == "AE"
    assert "字典类别|代码" in wrong.text


def test_an_area_has_children_and_a_history(ours):
    def ask(name, **values):
        return ours.say(REGIONAL[name], data(name, **values))

    assert ask("addAreaRequest", Code="220100", Name="测试市").verdict == "AA"
    assert ask("addAreaRequest", Code="220104", Name="测试东区", Pid="220100").verdict == "AA"
    assert ask("updateAreaRequest", Id="220104", Name="测试新区", Pid="220100").verdict == "AA"
    assert ask("areaDetailQuery", Id="220104").values("Name", "value") == ["测试新区"]
    assert ask("areaChildrenRegistryQuery", Id="220100").values("Code", "value") == ["220104"]
    assert ask("areaHistoryRegistryQuery", HistoryId="220104").values("Name", "value") == ["测试新区", "测试东区"]
    assert ask("updateAreaRequest", Id="220104", Code="220105", Name="测试新区").verdict == "AE"
    assert ask("updateAreaRequest", Id="999999", Name="无").verdict == "AE"


def test_documents_of_a_region_are_submitted_in_a_batch_found_and_fetched(ours):
    submit, exists, search, fetch = (
        REGIONAL[name]
        for name in ("provideAndRegisterDocumentSet", "documentExistence", "getDocumentSetRetrieveInfo", "retrieveDocumentSet")
    )
    root, other = (etree.fromstring(invent(submit, "full", seed)) for seed in (31, 32))
    good = root.find("Document")
    good.set("id", "Document01")
    good.attrib.pop("parentDocumentRelationship", None)
    good.attrib.pop("parentDocumentId", None)
    number = root.findtext("RegistryPackage/SubmissionSet/UniqueId")
    identity = (
        etree.fromstring(invent(HIP["S0001"], "full", 31)).find(f".//{{{HL7}}}patientPerson/*/{{{HL7}}}item").get("extension")
    )
    bad = other.find("Document")
    bad.set("id", "Document02")
    bad.find("Content").text = "PGE+PC9hPg=="
    root.append(bad)
    reply = ours.say(submit, etree.tostring(root))
    assert reply.name == "RegistryResponse"
    assert reply.values("Response", "status") == ["AA", "AE"], reply.whole
    assert reply.values("Response", "id") == ["Document01", "Document02"]
    assert reply.values("Response", "documentUniqueId")[0] == number
    assert reply.values("Response", "doumentUrl")[0]
    for service in (exists, search):
        found = ours.say(service, invent(service, "minimal", 31, **{"IdentityId/text()": identity}))
        assert found.root.get("status") == "AA", found.whole
        assert number in found.values("DocumentUniqueId"), found.whole
    fetched = ours.say(fetch, invent(fetch, "minimal", 31, **{"DocumentUniqueId/text()": number}))
    assert fetched.values("Document") == [good.findtext("Content")]
    none = ours.say(fetch, invent(fetch, "minimal", 31, **{"DocumentUniqueId/text()": "NONE"}))
    assert none.values("Document") == []
