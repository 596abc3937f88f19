"""The commands about the guide write the template, list problems, take in all or nothing, and put on show."""

import json
from contextlib import closing
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from engine.app.cellar import open_database, open_institutions
from engine.cli.entry import all_commands, settings_of
from engine.services.audit import Audit
from engine.services.guide.asking import Guide
from tests.support.guidefiles import BOOK, DOCTORS, picture, workbook
from tests.support.hospital import PASSWORD


@pytest.fixture
def desk(tmp_path):
    """Open a store in which one hospital is registered, the commands on it, and a folder for its files."""
    flags = ["--data", str(tmp_path / "data")]
    settings = settings_of(data=tmp_path / "data")
    with open_institutions(settings) as register:
        register.add("HOSP-A", "长春测试医院", "hospital", PASSWORD)
    folder = tmp_path / "files"
    folder.mkdir()

    def run(*words, flagged=True):
        return CliRunner().invoke(all_commands(), ["guide", *map(str, words), *(flags if flagged else [])])

    return SimpleNamespace(run=run, settings=settings, folder=folder, out=tmp_path)


def test_a_hospital_is_led_from_the_template_to_the_show(desk):
    assert desk.run("template", "--out", desk.out / "t.xlsx", flagged=False).exit_code == 0
    assert (desk.out / "t.xlsx").read_bytes()[:2] == b"PK"
    (desk.folder / BOOK).write_bytes(workbook(doctors=({**DOCTORS[0], "picture": "007.png"}, DOCTORS[1])))
    (desk.folder / "007.png").write_bytes(picture())
    checked = desk.run("check", "HOSP-A", desk.folder, flagged=False)
    assert (checked.exit_code, checked.output) == (0, "2 departments, 2 doctors; 0 errors, 0 warnings\n")
    assert "no version yet" in desk.run("versions").output
    assert "imported as version 1" in desk.run("import", "HOSP-A", desk.folder, "--by", "admin").output
    assert "waiting" in desk.run("versions", "HOSP-A").output
    assert desk.run("approve", "HOSP-A", "1", "--by", "admin").output == "version 1 of HOSP-A is on show\n"
    with closing(open_database(desk.settings)) as database, database.write() as connection:
        audited = {row.reason for row in Audit().rows(connection, verdict="changed") if row.actor == "admin"}
        assert audited == {"guide import", "guide approve"}
    with closing(open_database(desk.settings)) as database:
        assert Guide(database, lambda _: False).doctor("HOSP-A", "007").entry.name == "王测试"
    assert "version 1 can be put back" in desk.run("withdraw", "HOSP-A").output
    refused = desk.run("withdraw", "HOSP-A")
    assert (refused.exit_code, "nothing of HOSP-A is on show" in refused.output) == (1, True)


def test_what_is_wrong_is_told_by_sheet_row_and_column_and_nothing_is_taken(desk):
    (desk.folder / BOOK).write_bytes(workbook(doctors=({**DOCTORS[0], "department": "0103"},)))
    checked = desk.run("check", "HOSP-A", desk.folder, "--csv", desk.out / "list.csv", flagged=False)
    assert checked.exit_code == 1
    assert f"错误 {BOOK} 医生!D2 没有科室 0103" in checked.output
    assert "没有科室 0103" in (desk.out / "list.csv").read_text(encoding="utf-8-sig")
    told = json.loads(desk.run("check", "HOSP-A", desk.folder, "--json", flagged=False).output)
    (problem,) = told["problems"]
    assert (problem["rule"], problem["place"]["row"], problem["place"]["column"]) == ("doctor.department", 2, "D")
    taken = desk.run("import", "HOSP-A", desk.folder)
    assert (taken.exit_code, "nothing was imported" in taken.output) == (1, True)
    assert "no version yet" in desk.run("versions").output


def test_a_hospital_that_is_not_registered_is_refused_in_words(desk):
    (desk.folder / BOOK).write_bytes(
        workbook({"institution": "HOSP-B", "name": "x", "level": "一级", "area": "220102", "address": "x", "telephone": "120"})
    )
    refused = desk.run("import", "HOSP-B", desk.folder)
    assert (refused.exit_code, "no hospital HOSP-B is registered" in refused.output) == (1, True)
