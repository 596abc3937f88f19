"""PHP, node, gSOAP and Axis 1.4 call HIPMessageServer from its WSDL, PHP also from a WSDL of others and at a regional register."""

from __future__ import annotations

import shutil
import subprocess

import pytest
import requests
from lxml import etree

from engine.documents.hl7.sample import sample_message
from engine.documents.hl7.services import HIP, REGIONAL
from tests.support.clients import HERE, Php, need, run_json
from tests.support.databases import migrated_file
from tests.support.front import PASSWORD
from tests.support.interactions import InteractionOffice, Told

USER = "H001"
NAME = "测试患者𠮷喆 & <甲>"
JARS = [f"/usr/share/java/{name}.jar" for name in ("axis", "jaxrpc", "saaj", "wsdl4j", "commons-discovery", "commons-logging")]

pytestmark = [pytest.mark.foreign, pytest.mark.xdist_group("foreign"), pytest.mark.timeout(300)]


@pytest.fixture
def office(tmp_path):
    made = InteractionOffice(migrated_file(tmp_path / "test.db"))
    yield made
    made.close()


@pytest.fixture
def message(tmp_path):
    """Write a message into a file, with a name that every charset mistake would spoil."""
    file = tmp_path / "message.xml"
    file.write_bytes(sample_message(HIP["S0001"], institution=USER, message_id="M-1", 姓名=NAME))
    return file


def run(*command, cwd=None):
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False, timeout=240)
    assert done.returncode == 0, f"{command[0]}: {done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def php(office, tmp_path, message, *, wsdl="", address="/services/hip", operation="HIPMessageServer", action="S0001"):
    Php(tmp_path)
    at = office.address + address
    said = run_json(["php", str(HERE / "php/hip.php"), wsdl or f"{at}?wsdl", at, USER, PASSWORD, operation, action, str(message)])
    return said["reply"]


def node(office, tmp_path, message):
    need("node", "npm")
    work = tmp_path / "node"
    shutil.copytree(HERE / "node", work, ignore=shutil.ignore_patterns("node_modules"))
    run("npm", "ci", "--silent", "--no-audit", "--no-fund", cwd=work)
    wsdl = f"{office.address}/services/hip?wsdl"
    return run_json(["node", "hip.js", wsdl, USER, PASSWORD, "PatientInfoRegister", str(message)], cwd=work)["reply"]


def gsoap(office, tmp_path, message):
    need("wsdl2h", "soapcpp2", "g++")
    work = tmp_path / "gsoap"
    work.mkdir()
    shutil.copy(HERE / "gsoap/hip.cpp", work)
    run("wsdl2h", "-P", "-o", "HIP.h", str(HERE.parent.parent / "wsdl/platform/HIPMessageServer.wsdl"), cwd=work)
    run("soapcpp2", "-j", "-C", "-1", "-I", "/usr/share/gsoap/import", "HIP.h", cwd=work)
    sources = ("hip.cpp", "soapC.cpp", "soapHIPMessageServerSoapProxy.cpp")
    run("g++", "-O0", "-w", "-o", "hip", *sources, "-lgsoap++", cwd=work)
    return run(str(work / "hip"), f"{office.address}/services/hip", USER, PASSWORD, "S0001", str(message))


def axis(office, tmp_path, message):
    need("java", "javac", *JARS)
    work = tmp_path / "axis"
    work.mkdir()
    path, wsdl = ":".join([*JARS, str(work)]), HERE.parent.parent / "wsdl/platform/HIPMessageServer.wsdl"
    run("java", "-cp", path, "org.apache.axis.wsdl.WSDL2Java", "-o", str(work), "-p", "hip", wsdl.as_uri())
    stubs = [str(each) for each in (work / "hip").glob("*.java")]
    run("javac", "-nowarn", "-cp", path, "-d", str(work), str(HERE / "axis/Hip.java"), *stubs)
    return run(
        "java", "-Dfile.encoding=UTF-8", "-cp", path, "Hip", f"{office.address}/services/hip", USER, PASSWORD, "EMR-PL-01", str(message)
    )  # fmt: skip


@pytest.mark.parametrize("client", [php, node, gsoap, axis], ids=["php", "node", "gsoap", "axis"])
def test_a_client_of_another_stack_registers_a_person_and_reads_the_acknowledgement(client, office, tmp_path, message):
    told = Told(client(office, tmp_path, message))
    assert (told.name, told.verdict, told.said, told.target) == ("MCCI_IN000002UV01", "AA", "已登记", "M-1")
    assert office.kept() == [NAME]


def test_php_speaks_soap_1_2_as_well(office, tmp_path, message):
    told = Told(php(office, tmp_path, message, wsdl=f"{office.address}/services/hip?wsdl12"))
    assert (told.verdict, office.kept()) == ("AA", [NAME])


def test_php_made_from_a_wsdl_of_others_finds_the_answer_in_their_namespace(office, tmp_path, message):
    theirs = tmp_path / "theirs.wsdl"
    ours = requests.get(f"{office.address}/services/hip?wsdl", timeout=10).text
    theirs.write_text(ours.replace("urn:hl7-org:v3", "http://www.djhealthunion.com/"), encoding="utf-8")
    told = Told(php(office, tmp_path, message, wsdl=str(theirs)))
    assert (told.verdict, office.kept()) == ("AA", [NAME])


def test_php_calls_a_regional_register(office, tmp_path):
    file = tmp_path / "regional.xml"
    file.write_bytes(sample_message(REGIONAL["addPatientRegistry"], institution=USER, message_id="M-1"))
    reply = php(office, tmp_path, file, address="/services/regional/patient", operation="addPatientRegistry", action="")
    assert (Told(reply).verdict, etree.fromstring(reply.encode()).tag) == ("AA", "{urn:hl7-org:v3}PRPA_IN201312UV02")


def test_what_is_wrong_reaches_a_php_client_as_text_not_as_a_fault(office, tmp_path, message):
    told = Told(php(office, tmp_path, message, action="S0002"))
    assert (told.verdict, told.said[:7]) == ("AE", "SND-341")
