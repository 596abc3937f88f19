"""What the developer's guide says to do and shows as answers is what happens at the started engine."""

from __future__ import annotations

import base64
import gzip
import re
import subprocess
from http.client import HTTPConnection
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from lxml import etree

from engine.settings import ROOT
from tests.support.clients import need
from tests.support.hospital import PASSWORD, Paper, plain
from tests.support.soap import Answer
from tests.support.stores import hospital, new_engine, until

EXAMPLES = ROOT / "docs" / "examples"
PUBLIC = "https://hip.example"

pytestmark = [pytest.mark.xdist_group("acceptance-guide")]


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with new_engine("sqlite", tmp_path_factory.mktemp("engine"), "--public-address", PUBLIC) as made:
        yield made.start()
        assert made.stop() == 0


@pytest.fixture
def ours(engine):
    return hospital(engine)


@pytest.fixture
def first(engine, tmp_path):
    """Take the sample as the guide says: good.xml and wrong.xml."""
    need("curl")
    subprocess.run([str(EXAMPLES / "first.sh"), engine.services, "HOSP-A"], cwd=tmp_path, check=True, timeout=30)
    return tmp_path


def without_chance(result: etree._Element) -> dict:
    """Drop what another sample or another day changes: the receipt and the place in the file."""
    found = plain(result)
    del found["receipt"]
    for issue in found["issues"]:
        assert int(issue.pop("line")) > 1
        assert int(issue.pop("column")) > 0
    return found


def test_the_refusal_of_the_guide_is_what_its_reader_gets_and_its_cure_cures(ours, first):
    wrong = (first / "wrong.xml").read_bytes()
    body = (
        f"<documentType>C0002</documentType><documentId>D-1</documentId><payload>{Paper('C0002', 'D-1', wrong).packed}</payload>"
    )
    answer = ours.post(envelope_of(ours, f'<Upload xmlns="urn:changbai:collection:1">{body}</Upload>'))
    (result,) = answer.tree.xpath("//*[local-name()='UploadResult']")
    assert without_chance(result) == without_chance(etree.parse(EXAMPLES / "refusal.xml").getroot())
    line = int(plain(result)["issues"][0]["line"])
    lines = wrong.splitlines(keepends=True)
    assert b"administrativeGenderCode" in lines[line - 1]
    lines[line - 1] = (EXAMPLES / "cure.xml").read_bytes()
    ours.accepted(Paper("C0002", "D-1", b"".join(lines)))


def envelope_of(ours, body: str) -> str:
    soap = "http://schemas.xmlsoap.org/soap/envelope/"
    return f'<s:Envelope xmlns:s="{soap}"><s:Header>{ours.credentials()}</s:Header><s:Body>{body}</s:Body></s:Envelope>'


def test_the_sample_with_ones_own_code_is_accepted_without_a_warning(ours, first):
    good = Paper("C0002", "D-2", (first / "good.xml").read_bytes())
    assert b"HOSP-A" in good.xml
    assert ours.upload(good)["status"] == "accepted"


@pytest.fixture
def send(ours):
    """Send an envelope of the guide, filled in; gives the result as plain values."""
    papers = {f"打包后的文档{n}": ours.invent(seed=9000 + n) for n in (1, 2, 3)}
    papers["打包后的文档1改"] = papers["打包后的文档1"].other()

    def fill(found: re.Match[str]) -> str:
        return base64.b64encode(gzip.compress(papers[found[1]].xml)).decode()

    def post(name: str) -> dict:
        text = (EXAMPLES / "envelopes" / name).read_text(encoding="utf-8")
        filled = re.sub(r"(?<=>)(打包后的文档[^<]*)(?=<)", fill, text).replace("机构代码", "HOSP-A").replace("密码", PASSWORD)
        return result_of(ours.post(filled))

    return post


def result_of(answer: Answer) -> dict:
    assert answer.status == 200, answer.body.decode()
    (result,) = answer.tree.xpath("/*/*[local-name()='Body']/*/*")
    return plain(result)


def test_a_new_hospital_registers_as_the_guide_says_and_uploads_at_the_address_it_is_given(engine):
    said = engine.command("institution", "invite", "HOSP-NEW")
    words = re.search(r"^invitation (\S+)$", said, re.MULTILINE)[1]

    def post(name: str) -> dict:
        text = (EXAMPLES / "envelopes" / name).read_text(encoding="utf-8")
        filled = text.replace("邀请码", words).replace("机构代码", "HOSP-NEW").replace("密码", PASSWORD)
        connection = HTTPConnection(urlsplit(engine.services).netloc, timeout=30)
        connection.request("POST", "/services/institution", filled.encode(), {"Content-Type": "text/xml; charset=utf-8"})
        reply = connection.getresponse()
        answer = Answer(reply.status, dict(reply.getheaders()), reply.read())
        connection.close()
        return result_of(answer)

    applied = post("apply.xml")
    assert applied["status"] == "applied"
    assert post("application.xml")["status"] == "applied"
    engine.command("institution", "approve", "HOSP-NEW")
    until(lambda: post("application.xml")["status"] == "approved")
    found = post("application.xml")
    assert (found["applicationId"], found["address"]) == (applied["applicationId"], f"{PUBLIC}/services/collection/HOSP-NEW")
    theirs = hospital(engine, "HOSP-NEW")
    theirs.accepted(theirs.invent())


def test_the_envelopes_of_the_guide_do_what_it_says(send):
    first = send("upload.xml")
    assert first["status"] == "accepted", first
    assert (send("upload.xml")["duplicate"], send("upload.xml")["receipt"]) == ("true", first["receipt"])
    corrected = send("correct.xml")
    assert (corrected["status"], corrected["duplicate"]) == ("accepted", "false")
    assert send("revoke.xml")["status"] == "accepted"
    batch = send("batch.xml")
    assert (batch["batchId"], batch["accepted"], batch["rejected"]) == ("LS-2025-08-000001", "2", "0")
    assert send("batch.xml")["receipt"] == batch["receipt"]
    (difference,) = send("reconcile.xml")["differences"]
    assert difference["missing"] == ["MZ-20260801-0001", "MZ-20260801-0002"]
    assert send("quality.xml") in ({"rules": []}, {"rules": ""}, {}, "")


@pytest.mark.parametrize("fault", ["patient.gender-code", "times.birth-document", "C0002.section.10154-3"])
def test_the_address_in_a_refusal_opens_the_rule(engine, ours, fault):
    refused = ours.rejected(ours.invent(fault=fault))
    (address,) = re.findall(r"（说明：(.*)）", refused["message"])
    path, _, place = address.removeprefix(PUBLIC).partition("#")
    assert place == fault
    with urlopen(engine.services + path, timeout=30) as page:
        assert f'<a id="{place}"></a>' in page.read().decode()


def test_every_refused_document_of_a_batch_says_where_it_is_explained(ours):
    answer = ours.batch("B-1", [ours.invent(), ours.invent(fault="patient.gender-code")])
    good, bad = answer["results"]
    assert good["message"] == "已接收"
    assert bad["message"].endswith(f"（说明：{PUBLIC}/services/types/C0002#patient.gender-code）")
