"""Every mistake of an adapter file is told at its line, all at once, and no key is shown."""

from __future__ import annotations

import pytest

from engine.errors import ConfigError
from engine.outbound.adapters import load_adapters
from engine.outbound.hospital import Hospitals
from engine.services.appointments.rules import BookingRules
from tests.support.adapters import ENTRY, around, project

GOOD = ENTRY.format(address="http://his.test/HospitalService.asmx")


def faults(tmp_path, text, **options):
    """Load and build the adapter of one hospital that is wrong."""
    root = project(tmp_path, H001=text)
    with pytest.raises(ConfigError) as told:
        Hospitals(load_adapters(root, BookingRules, **options), around(root), lambda _call: None)
    assert {fault.file for fault in told.value.faults} == {"config/institutions/H001/adapter.yaml"}
    return [(fault.line, fault.code) for fault in told.value.faults], str(told.value)


def test_a_sound_adapter_has_all_its_defaults(tmp_path):
    root = project(tmp_path, H001=GOOD)
    sheet = load_adapters(root)["H001"]
    assert (sheet.operation, sheet.profile, sheet.version, sheet.hex_case, sheet.rate) == (
        "HealthCardService",
        "MD5",
        "1.0.4",
        "upper",
        600,
    )
    assert (sheet.offers("2007"), sheet.offers("8001"), sheet.sync.horizon_days) == (True, False, 7)
    Hospitals(load_adapters(root), around(root), lambda _call: None).close()


def test_no_adapter_is_needed(tmp_path):
    assert dict(load_adapters(tmp_path)) == {}


@pytest.mark.parametrize(
    ("old", "new", "line", "code", "word"),
    [
        ("deadline: 2s", "deadline: 2", 4, "CFG-013", "2s"),
        ("about: 测试医院", "about: 测试医院\nrates: 5", 2, "CFG-012", 'did you mean "rate"'),
        ('hospital-id: "22010001"', "hospital-id: 22010001", 5, "CFG-007", "in quotes"),
        ('"2012"]', '"2013"]', 9, "CFG-011", '"2013" is no function'),
        ('"2012"]', '"5001"]', 9, "CFG-011", '"5001" is no function'),
        ("encryption-key: his-a-key", "encryption-key: his-a-sign", 8, "CFG-042", "16 characters"),
        ("sign-key: his-a-sign", "sign-key: nobody", 7, "CFG-042", "no secret nobody"),
        ("about: 测试医院", "about: 测试医院\nwsdl: wsdl/hospital/None.wsdl", 2, "CFG-020", "None.wsdl"),
        ("about: 测试医院", "about: 测试医院\noperation: HealthCard", 2, "CFG-011", 'did you mean "HealthCardService"'),
        ("about: 测试医院", "about: 测试医院\nparameter: XML", 2, "CFG-011", 'did you mean "xml"'),
        ("about: 测试医院", "about: 测试医院\nresult: Result", 2, "CFG-011", "HealthCardServiceResult"),
        ("about: 测试医院", 'about: 测试医院\nfunctions:\n  "2007": {operation: Book}', 3, "CFG-011", "no operation Book"),
        ("about: 测试医院", 'about: 测试医院\nfunctions:\n  "8001": {deadline: 1s}', 3, "CFG-011", "not in capabilities"),
        ("about: 测试医院", 'about: 测试医院\nfunctions:\n  "1001": {request-xslt: a.xsl}', 3, "CFG-020", "a.xsl"),
        ("about: 测试医院", 'about: 测试医院\ncodes:\n  SEXX: {"0": "2"}', 3, "CFG-011", "SEX"),
        ("about: 测试医院", 'about: 测试医院\ncodes:\n  SEX: {"0": "2", "1": "2"}', 3, "CFG-011", "codes-back"),
        ("about: 测试医院", "about: 测试医院\nbooking: {horizon-day: 3}", 2, "CFG-012", 'did you mean "horizon-days"'),
        ("about: 测试医院", "about: 测试医院\nprofile: SHA1", 2, "CFG-011", "MD5, SM3"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_line(tmp_path, old, new, line, code, word):
    assert old in GOOD
    found, words = faults(tmp_path, GOOD.replace(old, new))
    assert found == [(line, code)]
    assert word in words


def test_a_key_written_instead_of_its_name_is_never_shown(tmp_path):
    found, words = faults(tmp_path, GOOD.replace("sign-key: his-a-sign", "sign-key: 3F2A-Secret-Key"))
    assert found == [(7, "CFG-041")]
    assert "3F2A" not in words


def test_the_old_profile_can_be_switched_off(tmp_path):
    found, words = faults(tmp_path, GOOD, old_profile=False)
    assert [code for _, code in found] == ["CFG-011"]
    assert "SM3" in words
    assert load_adapters(project(tmp_path, H001=GOOD + "profile: SM3\n"), old_profile=False)["H001"].profile == "SM3"


def test_two_hospitals_do_not_call_by_one_name(tmp_path):
    root = project(tmp_path, H001=GOOD, H002=GOOD + "caller: H001\n")
    with pytest.raises(ConfigError, match="also the caller of H001"):
        load_adapters(root)
    assert load_adapters(project(tmp_path, H002=GOOD + "caller: HIS2\n")).institution_of("HIS2") == "H002"


def test_codes_go_back_as_written_where_they_cannot_be_reversed(tmp_path):
    text = GOOD + 'codes:\n  SEX: {"0": "2", "1": "1", "2": "9", "3": "9"}\ncodes-back:\n  SEX: {"9": "2", "0": "2"}\n'
    back = load_adapters(project(tmp_path, H001=text))["H001"].back["SEX"]
    assert back == {"2": "0", "1": "1", "9": "2", "0": "2"}


def test_the_files_of_an_adapter_belong_to_the_set(tmp_path):
    root = project(tmp_path, H001=GOOD + 'functions:\n  "1001": {request-xslt: config/institutions/H001/to.xsl}\n')
    (root / "config/institutions/H001/to.xsl").write_text("<x/>", encoding="utf-8")
    files = load_adapters(root).files(root)
    assert {
        "config/institutions/H001/adapter.yaml",
        "config/institutions/H001/to.xsl",
        "wsdl/hospital/HospitalService.wsdl",
    } <= set(files)
