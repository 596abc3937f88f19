"""The press compiles each thing once and knows the catalogue's types."""

import threading
from pathlib import Path

import pytest

from engine.documents.limits import Limits
from engine.documents.packing import pack_text, unpack_text
from engine.documents.press import Press
from engine.errors import ConfigError, SenderError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def press():
    return Press(ROOT)


@pytest.fixture(params=["C0002", "C0004", "C0007"])
def sample(request, press):
    return request.param, press.catalogue.types[request.param].sample.read_bytes()


def test_a_sample_passes_every_stage(press, sample):
    code, content = sample
    document = press.open(unpack_text(pack_text(content)).content)
    assert press.schema("clinical").check(document) == ()
    assert [i for i in press.rules(code).check(document) if i.severity == "error"] == []
    drawn = press.draw(document, code)
    assert (drawn.type_code_in_document, drawn.own_root) == (code, "2.16.156.10011.1.1")
    assert drawn.resident_id
    assert drawn.own_extension
    assert drawn.custodian
    assert drawn.written is not None


def test_the_same_document_in_gb18030_and_utf16_draws_the_same(press, sample):
    code, content = sample
    body = content.decode("utf-8").partition("?>")[2]
    for label in ("GB18030", "UTF-16"):
        other = press.open(f'<?xml version="1.0" encoding="{label}"?>{body}'.encode(label))
        assert press.draw(other, code) == press.draw(press.open(content), code)
        assert press.schema("clinical").check(other) == ()


def test_each_thing_is_compiled_once(press, tmp_path):
    assert press.schema("clinical") is press.schema("clinical")
    assert press.schema(press.catalogue.schemas["clinical"]) is press.schema("clinical")
    assert press.rules("C0002") is press.rules("C0002")
    table = tmp_path / "t.csv"
    table.write_text("from,to\n1,2\n", encoding="utf-8")
    assert press.table(table) is press.table(table)


def test_a_type_the_catalogue_does_not_know_is_drawn_as_a_clinical_document(press, sample):
    code, content = sample
    document = press.open(content)
    assert press.draw(document, "") == press.draw(document, code)


def test_the_press_opens_within_its_own_limits():
    with pytest.raises(SenderError) as caught:
        Press(ROOT, Limits(depth=2)).open(b"<a><b><c/></b></a>")
    assert caught.value.code == "SND-604"


def test_faults_name_files_from_the_projects_top(press):
    with pytest.raises(ConfigError) as caught:
        press.stylesheet(ROOT / "routes" / "none" / "x.xsl")
    assert caught.value.faults[0].file == "routes/none/x.xsl"


def test_presses_of_two_threads_never_mix_their_findings(press, sample):
    _, content = sample
    found: dict[str, set[str]] = {"first": set(), "second": set()}

    def judge(mark: str) -> None:
        own = Press(ROOT)
        wrong = own.open(content.replace(b"<realmCode", f'<realmCode {mark}="1"'.encode(), 1))
        for _ in range(60):
            found[mark].update(issue.message for issue in own.schema("clinical").check(wrong))

    threads = [threading.Thread(target=judge, args=(mark,)) for mark in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(len(messages) == 1 and mark in next(iter(messages)) for mark, messages in found.items())
