"""config/endpoints.yaml is read whole: every mistake with its place, all in one run, and no secret repeated."""

import pytest

from engine.errors import ConfigError
from engine.outbound.connector import Secrets, Surroundings
from engine.outbound.endpoints import CONNECTORS, build_connectors, load_endpoints
from engine.outbound.reference import generate
from tests.outbound.conftest import ROOT

GOOD = """\
archive:
  kind: file
  about: 归档
  directory: outbox/archive
his:
  kind: soap
  about: 医院
  networks: ["127.0.0.0/8"]
  wsdl: wsdl/hospital/DocumentReceiver.wsdl
  address: http://127.0.0.1:9/receive
  operation: Receive
  body:
    payload: packed
  accept: {}
"""


def load(tmp_path, text):
    path = tmp_path / "endpoints.yaml"
    path.write_text(text, encoding="utf-8")
    return load_endpoints(path, tmp_path)


def faults(tmp_path, text):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    return [(fault.line, fault.code) for fault in caught.value.faults], str(caught.value)


def test_the_shipped_file_loads_and_builds(around):
    endpoints = load_endpoints(ROOT / "config/endpoints.yaml", ROOT)
    connectors = build_connectors(endpoints, around)
    assert set(connectors) == set(endpoints) >= {"archive"}


def test_a_good_file_gives_sheets_by_name(tmp_path):
    endpoints = load(tmp_path, GOOD)
    assert list(endpoints) == ["archive", "his"]
    assert endpoints.kind("his") == "soap"
    assert (endpoints["his"].deadline, endpoints["his"].parallel) == (30.0, 4)


@pytest.mark.parametrize(
    ("old", "new", "line", "code", "words"),
    [
        ("kind: file", "kind: fiel", 2, "CFG-040", 'did you mean "file"?'),
        ("  kind: file\n", "", 1, "CFG-010", "soap, http, file, table"),
        ("directory:", "directroy:", 4, "CFG-012", 'did you mean "directory"?'),
        ("outbox/archive", "../outside", 4, "CFG-011", "directory"),
        ("outbox/archive", "/etc", 4, "CFG-011", "directory"),
        ("archive:\n", "Archive Box:\n", 1, "CFG-011", "small letters"),
        ("payload: packed", "payload: pakced", 13, "CFG-011", 'did you mean "packed"?'),
        ('["127.0.0.0/8"]', "[]", 8, "CFG-011", "networks"),
        ('  networks: ["127.0.0.0/8"]\n', "", 5, "CFG-010", "networks"),
        ("operation: Receive", "operation: Receive\n  deadline: 30", 12, "CFG-013", "30s"),
        ("http://127.0.0.1", "ftp://127.0.0.1", 10, "CFG-011", "address"),
        ("http://127.0.0.1", "http://us:hunter2@127.0.0.1", 10, "CFG-041", "name of a secret"),
        ("accept: {}", "login: { user: us, password: hunter2 }\n  accept: {}", 14, "CFG-041", "name of a secret"),
        ("accept: {}", "fixed: { password: hunter2 }\n  accept: {}", 14, "CFG-041", "name of a secret"),
    ],
)
def test_a_mistake_is_told_at_its_line_with_its_cure(tmp_path, old, new, line, code, words):
    assert old in GOOD
    found, text = faults(tmp_path, GOOD.replace(old, new, 1))
    assert (line, code) in found
    assert words in text
    assert "hunter2" not in text


def test_mistakes_of_several_entries_are_told_in_one_run(tmp_path):
    text = GOOD.replace("kind: file", "kind: fiel").replace("pakced", "packed").replace("operation:", "opration:")
    found, _ = faults(tmp_path, text)
    assert {(2, "CFG-040"), (11, "CFG-012")} <= set(found)


def test_what_only_building_can_find_has_its_place_too(tmp_path):
    endpoints = load(
        tmp_path, GOOD.replace("payload: packed", "paylod: packed").replace("directory: outbox/archive", "directory: a")
    )
    around = Surroundings(root=ROOT, data=tmp_path, secrets=Secrets(tmp_path))
    with pytest.raises(ConfigError) as caught:
        build_connectors(endpoints, around)
    (fault,) = caught.value.faults
    assert (fault.line, fault.code) == (13, "CFG-011")
    assert "paylod" in fault.message


def test_a_secret_is_found_in_its_file_before_the_environment(tmp_path):
    (tmp_path / "his-password").write_text("from-file\n", encoding="utf-8")
    secrets = Secrets(tmp_path, {"ENGINE_SECRET_HIS_PASSWORD": "from-environment", "ENGINE_SECRET_OTHER": "other"})
    assert (secrets.find("his-password"), secrets.find("other"), secrets.find("none")) == ("from-file", "other", None)
    assert secrets.find("../his-password") is None


def test_the_reference_page_is_what_the_models_say():
    assert (ROOT / "docs/endpoints-reference.md").read_text(encoding="utf-8") == generate()


def test_every_key_of_every_connector_is_described_in_both_languages():
    for kind in CONNECTORS.values():
        for name, field in kind.sheet.model_fields.items():
            assert " · " in (field.description or ""), name
