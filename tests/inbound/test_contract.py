"""Hand-written WSDL, table, spyne and the bare codec say the same thing about every operation."""

import os
import shutil
import subprocess
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from lxml import etree
from spyne.interface.wsdl import Wsdl11

from engine.documents.answer import write_answer
from engine.documents.bounded import Bounds
from engine.documents.envelope import parse_envelope, read_envelope
from engine.documents.fields import Field
from engine.documents.parameters import Allowance, normalise, read_values
from engine.inbound.api import API
from engine.inbound.appointment import APPOINTMENT
from engine.inbound.collection import COLLECTION
from engine.inbound.guide import GUIDE
from engine.inbound.hip import HIP
from engine.inbound.referral import REFERRAL
from engine.inbound.regional import REGIONAL_CONTRACTS
from engine.inbound.registry import REGISTRY
from engine.inbound.report import REPORT
from engine.inbound.transport import SpyneCodec, spyne_application
from tests.support.front import DEFAULTS, WSDL_FOLDER
from tests.support.soap import SOAP
from tests.support.soap import envelope as in_envelope

ROOT = Path(__file__).parents[2]
W = "{http://schemas.xmlsoap.org/wsdl/}"
X = "{http://www.w3.org/2001/XMLSchema}"


CONTRACTS = {
    each.name: each
    for each in (COLLECTION, REGISTRY, APPOINTMENT, REPORT, REFERRAL, GUIDE, API, HIP, *REGIONAL_CONTRACTS.values())
}


def spyne_wsdl(contract=COLLECTION):
    wsdl = Wsdl11(spyne_application(contract).interface)
    wsdl.build_interface_document("http://engine.test/")
    return etree.fromstring(wsdl.get_interface_document())


class Shape:
    """What a WSDL promises, free of prefixes, type names, part names and order of definitions."""

    def __init__(self, root):
        self.space = root.get("targetNamespace")
        schema = root.find(f".//{X}schema")
        assert (schema.get("targetNamespace"), schema.get("elementFormDefault")) == (self.space, "qualified")
        self.elements = {each.get("name"): each for each in schema.findall(f"{X}element")}
        self.types = {each.get("name"): each for each in schema.findall(f"{X}complexType")}
        self.messages = {
            each.get("name"): each.find(f"{W}part").get("element").split(":")[-1] for each in root.findall(f"{W}message")
        }
        self.operations = {}
        for each in root.find(f"{W}portType").findall(f"{W}operation"):
            inputs, outputs = (self.messages[each.find(W + way).get("message").split(":")[-1]] for way in ("input", "output"))
            self.operations[each.get("name")] = (inputs, self.children(inputs), outputs, self.children(outputs))

    def children(self, name):
        """Give the content of a wrapper element: name, type, cardinality, and what is inside, in order."""
        element = self.elements[name]
        inner = element.find(f"{X}complexType")
        return self.members(self.types[element.get("type").split(":")[-1]] if inner is None else inner)

    def members(self, kind):
        return tuple(self.member(each) for each in kind.findall(f"{X}sequence/{X}element"))

    def member(self, element):
        prefix, _, name = element.get("type").rpartition(":")
        simple = element.nsmap[prefix] == X[1:-1]
        many = (element.get("minOccurs", "1"), element.get("maxOccurs", "1"), element.get("nillable", "false"))
        return (element.get("name"), name if simple else self.members(self.types[name]), *many)


@pytest.mark.parametrize("twin", ["", "12"])
@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=list(CONTRACTS))
def test_the_hand_written_wsdl_equals_spyne_in_operations_wrappers_order_types_and_cardinality(contract, twin):
    ours = Shape(etree.parse(WSDL_FOLDER / f"{contract.name}{twin}.wsdl").getroot())
    theirs = Shape(spyne_wsdl(contract))
    assert ours.space == theirs.space == contract.namespace
    assert set(ours.operations) == set(theirs.operations) == set(contract.operations)
    for operation in ours.operations:
        assert ours.operations[operation] == theirs.operations[operation], operation


def test_the_comparison_sees_a_changed_type():
    text = (
        (WSDL_FOLDER / "DataCollection.wsdl")
        .read_text(encoding="utf-8")
        .replace('name="line" type="xsd:int"', 'name="line" type="xsd:string"')
    )
    assert Shape(etree.fromstring(text.encode())).operations["Upload"] != Shape(spyne_wsdl()).operations["Upload"]


@pytest.mark.parametrize("name", list(CONTRACTS))
def test_every_operation_and_field_of_the_wsdl_is_documented(name):
    root = etree.parse(WSDL_FOLDER / f"{name}.wsdl").getroot()
    assert all(each.findtext(f"{W}documentation") for each in root.find(f"{W}portType").findall(f"{W}operation"))
    lists = {name for name in Shape(root).types if name.endswith("List")}
    for element in root.iter(f"{X}element"):
        owner = next(
            (each.get("name") for each in element.iterancestors(f"{X}complexType", f"{X}element") if each.get("name")), ""
        )
        if owner and not owner.endswith("Response") and owner not in lists:
            assert element.findtext(f"{X}annotation/{X}documentation"), f"{owner}/{element.get('name')}"


# the same requests through spyne and through the bare codec

VERDICT = {
    "receipt": "20260101-abc",
    "status": "rejected",
    "code": "SND-408",
    "message": "a<b & 代码 \x02",
    "duplicate": True,
    "issues": [{"severity": "error", "code": "SND-408", "line": 12, "column": 0, "value": "]]>", "hint": ""}, {}],
}
CASES = {
    "Upload": ("<documentType>C</documentType><payload>H4s=</payload><digest/>", VERDICT),
    "UploadBinary": ("<documentId>张</documentId><payload>H4sI</payload>", {**VERDICT, "issues": []}),
    "UploadBatch": (
        "<batchId>B</batchId><documents><document><documentId>1</documentId></document><document/></documents>",
        {"batchId": "B", "accepted": 0, "rejected": 2, "results": [{**VERDICT, "documentType": "C", "documentId": "1"}]},
    ),
    "QueryReceipt": (
        "<receipt>1</receipt>",
        {
            "receipt": "1",
            "status": "accepted",
            "deliveries": [{"destination": "r", "attempts": 3, "nextTry": None}],
            "events": [{"at": "2026-01-01T00:00:00+08:00", "what": "received"}],
        },
    ),
    "Revoke": ("<documentType>C</documentType><reason> 写错了 </reason>", {**VERDICT, "documentId": "1"}),
    "Reconcile": (
        "<date>2026-01-01</date><counts><count><sent>5</sent><documentIds><documentId>a</documentId><documentId/></documentIds></count><count/></counts>",
        {"differences": [{"documentType": "C", "sent": 5, "received": 0, "missing": ["a", "<"], "unexpected": []}]},
    ),
    "QualityReport": ("<from>2026-01-01</from><to>2026-01-31</to>", {"rules": [{"rule": "R", "count": 2, "line": 1}]}),
    "Heartbeat": ("", {"serverTime": "2026-01-01T00:00:00+08:00", "contractVersion": "1"}),
    "ListDocumentTypes": ("", DEFAULTS["ListDocumentTypes"]),
}


def opened(operation, version, contract=COLLECTION, inner=None):
    body = f'<{operation} xmlns="{contract.namespace}">{CASES[operation][0] if inner is None else inner}</{operation}>'
    parsed = parse_envelope(in_envelope(body, version=version).encode(), Bounds())
    envelope = read_envelope(parsed, contract.namespace, contract.operations)
    normalise(envelope, contract.operations[operation], contract.namespace, {}, Allowance())
    return envelope


def filled(field):
    """Invent a value for a field, with every element inside it."""
    match field.kind:
        case "record":
            return {each.name: filled(each) for each in field.fields}
        case "list":
            return [
                {each.name: filled(each) for each in field.fields} if field.fields else "第 1 <项>",
                {} if field.fields else "2",
            ]
        case kind:
            return {"int": 7, "boolean": False, "binary": b"x"}.get(kind, f"{field.name} & 值")


def written(field, value):
    """Write such a value as a client does."""
    match value:
        case dict():
            inner = "".join(written(each, value[each.name]) for each in field.fields if each.name in value)
        case list():
            inner = "".join(written(Field(field.item, fields=field.fields), each) for each in value)
        case bool() | int():
            inner = str(value).lower()
        case _:
            inner = escape(value)
    return f"<{field.name}>{inner}</{field.name}>"


def request_of(operation):
    return "".join(written(field, filled(field)) for field in operation.parameters)


def canonical(answer):
    """Canonical XML with one prefix for each namespace."""
    root = etree.fromstring(answer)
    return etree.tostring(etree.fromstring(etree.tostring(_plain(root))), method="c14n")


def _plain(element):
    copy = etree.Element(element.tag)
    copy.text = element.text
    copy.extend(_plain(child) for child in element)
    return copy


def test_the_cases_cover_every_operation():
    assert set(CASES) == set(COLLECTION.operations)


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize("operation", list(CASES))
def test_spyne_and_the_bare_codec_read_and_write_the_same(operation, version):
    spyne, declared = SpyneCodec(COLLECTION), COLLECTION.operations[operation]
    by_spyne, context = spyne.read(opened(operation, version))
    assert read_values(opened(operation, version).call, declared.parameters) == by_spyne
    result = CASES[operation][1]
    bare = write_answer(version, COLLECTION.namespace, declared, result)
    assert canonical(bare) == canonical(spyne.write(version, declared, result, context))
    assert etree.fromstring(bare).tag == f"{{{SOAP[version]}}}Envelope"


@pytest.mark.parametrize(
    ("contract", "operation"),
    [(each, name) for each in (REGISTRY, APPOINTMENT, REPORT, REFERRAL, GUIDE, API) for name in each.operations],
    ids=lambda each: getattr(each, "name", each),
)
def test_every_field_of_a_typed_service_is_read_and_written_alike_by_both(contract, operation):
    spyne, declared = SpyneCodec(contract), contract.operations[operation]
    by_spyne, context = spyne.read(opened(operation, "1.1", contract, request_of(declared)))
    by_hand = read_values(opened(operation, "1.1", contract, request_of(declared)).call, declared.parameters)
    assert by_hand == by_spyne == {field.name: filled(field) for field in declared.parameters}
    result = filled(declared.result) if declared.result.kind == "record" else {declared.result.name: "<ROOT/>"}
    bare = write_answer("1.1", contract.namespace, declared, result)
    assert canonical(bare) == canonical(spyne.write("1.1", declared, result, context))


def test_both_codecs_refuse_a_result_that_the_contract_does_not_know():
    spyne, declared = SpyneCodec(COLLECTION), COLLECTION.operations["Heartbeat"]
    _, context = spyne.read(opened("Heartbeat", "1.1"))
    with pytest.raises(ValueError, match="no element mood"):
        write_answer("1.1", COLLECTION.namespace, declared, {"mood": "good"})
    with pytest.raises(ValueError, match="no element mood"):
        spyne.write("1.1", declared, {"mood": "good"}, context)


def test_answers_of_the_bare_codec_are_valid_against_the_hand_written_schema():
    types = etree.parse(WSDL_FOLDER / "DataCollection.wsdl").find(f".//{X}schema")
    # Serialised alone, the schema takes the declarations of the prefixes with it that it inherits.
    schema = etree.XMLSchema(etree.fromstring(etree.tostring(types)))
    for operation, (_, result) in CASES.items():
        answer = etree.fromstring(write_answer("1.1", COLLECTION.namespace, COLLECTION.operations[operation], result))
        schema.assertValid(answer[0][0])


# other Pythons

PROBE = """
import sys, warnings
warnings.simplefilter("ignore")
sys.path.insert(0, sys.argv[1])
import engine.inbound.spyne_shim as shim
from engine.inbound.collection import COLLECTION
from engine.inbound.registry import REGISTRY
from engine.inbound.transport import SpyneCodec, spyne_application
from spyne.interface.wsdl import Wsdl11
assert shim.parse_header('text/xml; charset="utf-8"') == ("text/xml", {"charset": "utf-8"})
SpyneCodec(COLLECTION)
wsdl = Wsdl11(spyne_application(COLLECTION).interface)
wsdl.build_interface_document("http://engine.test/")
sys.stdout.buffer.write(wsdl.get_interface_document())
"""
NEEDED = ("lxml", "pytz", "six", "spyne")


def other_python(minor):
    """Find another Python by name, on the path or among those of pyenv; None when there is none."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    kept = sorted(root.glob(f"versions/{minor}.*/bin/python"))
    return str(kept[-1]) if kept else shutil.which(f"python{minor}")


def give_up(why):
    """Skip aloud, or fail where everything is required."""
    if os.environ.get("ENGINE_REQUIRE_ALL") == "1":
        pytest.fail(why)
    pytest.skip(why)


def with_packages(python, folder):
    """Install what spyne needs, as the lock pins it, beside another Python; gives its own interpreter."""
    rows = (ROOT / "requirements.lock").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    wanted = [row for row in rows if row.partition("==")[0] in NEEDED]
    (folder / "few.lock").write_text("\n".join(wanted), encoding="utf-8")
    subprocess.run([python, "-m", "venv", folder / "venv"], check=True)
    mine = folder / "venv" / "bin" / "python"
    install = [
        mine,
        "-m",
        "pip",
        "install",
        "-q",
        "--retries",
        "0",
        "--timeout",
        "20",
        "--require-hashes",
        "-r",
        folder / "few.lock",
    ]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        give_up(f"the packages for another Python could not be installed: {done.stderr[-300:]}")
    return mine


@pytest.mark.parametrize("minor", ["3.12", "3.13"])
def test_spyne_gives_the_same_wsdl_on_newer_pythons_through_the_shim(minor, tmp_path):
    python = other_python(minor)
    if python is None:
        give_up(f"no Python {minor} here: the shim was not tried on it")
    mine = with_packages(python, tmp_path)
    done = subprocess.run([mine, "-c", PROBE, str(ROOT)], capture_output=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    assert Shape(etree.fromstring(done.stdout)).operations == Shape(spyne_wsdl()).operations
