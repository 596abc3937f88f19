"""Every command of the contract, run as a person runs it; whatever is wrong is answered with words."""

import io
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass

import pytest

from engine.cli import main
from tests.support.engine import COMMAND, ROOT, Engine
from tests.support.hospital import PASSWORD, Hospital
from tests.support.project import Project
from tests.support.soap import call
from tests.support.stores import hospital, messages, until

pytestmark = [pytest.mark.xdist_group("acceptance-commands"), pytest.mark.parametrize("engine", ["sqlite"], indirect=True)]

MISTAKES = ROOT / "tests/cases/ten-mistakes"
CERTIFICATES = ROOT / "tests/services/certificates"
FAULT = re.compile(r"(\S+):(\d+):(\d+) (CFG-\d{3}) (.+)")


@dataclass(frozen=True)
class Done:
    """What a command left: exit code, output, errors."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def typed(monkeypatch, capsys):
    """Type a command line in this process, which is quicker than a new one."""

    def typed(*arguments, given=None):
        monkeypatch.setattr(sys, "argv", ["run_engine.py", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.StringIO(given or ""))
        code = 0
        try:
            main()
        except SystemExit as left:
            code = left.code
        printed = capsys.readouterr()
        return Done(code, printed.out, printed.err)

    return typed


@pytest.fixture
def run(engine, typed):
    """Run a command on the engine's data."""
    return lambda *arguments, given=None: typed(*arguments, "--data", engine.data, given=given)


@pytest.fixture
def fresh(engine, tmp_path):
    """Run a command in a process of its own, from another folder; it never ends in a traceback."""

    def fresh(*arguments):
        command = [*COMMAND, *map(str, arguments), "--data", str(engine.data)]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=tmp_path, timeout=60, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return fresh


@pytest.fixture
def said(run):
    """Run a command that must succeed and give what it printed."""

    def said(*arguments, given=None):
        done = run(*arguments, given=given)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return said


@pytest.fixture
def mistaken(tmp_path):
    """Copy the project with ten different mistakes."""
    project = Project.copy(tmp_path / "project")
    shutil.rmtree(project.root / "routes")
    shutil.copytree(MISTAKES / "routes", project.root / "routes")
    return project


def test_check_finds_no_fault_in_the_project(said):
    assert said("check") == "0 errors, 0 warnings\n"
    assert json.loads(said("check", "--json")) == []


def test_check_prints_ten_mistakes_with_place_and_exits_with_one(run, fresh, mistaken):
    done = fresh("check", *mistaken.option)
    lines = [line for line in done.stdout.splitlines() if FAULT.match(line)]
    assert (done.returncode, len(lines)) == (1, 10)
    assert len({FAULT.match(line)[4] for line in lines}) == 10
    told = run("check", "--json", *mistaken.option)
    assert told.returncode == 1
    assert [(f["file"], f["line"], f["code"]) for f in json.loads(told.stdout)] == [
        (m[1], int(m[2]), m[4]) for m in map(FAULT.match, lines)
    ]


def test_the_engine_does_not_start_on_files_with_faults_and_names_them(fresh, mistaken):
    done = fresh("run", "--port", 0, "--monitor-port", 0, *mistaken.option)
    assert done.returncode == 1
    assert 'did you mean "xslt/to-record.xsl"?' in done.stderr


def test_check_store_proves_that_every_message_is_in_one_state(engine, said, ours):
    ours.accepted(ours.invent())
    ours.rejected(ours.invent(fault="patient.gender-code"))
    assert said("check", "--store") == "every message is in exactly one state\n"
    assert json.loads(said("check", "--store", "--json")) == []


def test_the_tests_in_the_route_folders_pass_and_a_broken_expectation_is_shown(run, said, tmp_path):
    assert "ok   outpatient-record/good-visit" in said("test")
    one = said("test", "laboratory-report")
    assert "outpatient-record" not in one
    project = Project.copy(tmp_path / "project")
    (project.root / "routes/prescription/tests/wrong-number/expect-issues.txt").write_text("SND-999 1\n", encoding="utf-8")
    done = run("test", "prescription", *project.option)
    assert done.returncode == 1
    assert "wrong-number" in "".join(line for line in done.stdout.splitlines() if not line.startswith("ok"))


def test_try_shows_every_stage_and_stores_nothing(engine, said, tmp_path):
    good, bad = tmp_path / "good.xml", tmp_path / "bad.xml"
    good.write_text(said("sample", "C0007", "--seed", 5), encoding="utf-8")
    bad.write_text(said("sample", "C0007", "--seed", 5, "--fault", "patient.gender-code"), encoding="utf-8")
    before = messages(engine)
    stages = said("try", "laboratory-report", good)
    assert [line.split()[0] for line in stages.splitlines()[:5]] == ["input", "decode", "unpack", "charset", "xml"]
    assert said("try", good).splitlines()[:-1] == stages.splitlines()[:-1]
    assert "state    ROUTED 0" in stages
    assert "archive" in stages
    refused = said("try", "laboratory-report", bad)
    assert "SND-408" in refused
    assert "administrativeGenderCode" in refused
    assert messages(engine) == before


def test_explain_tells_a_route_in_both_languages(said):
    chinese, english = said("explain", "laboratory-report"), said("explain", "laboratory-report", "--lang", "en")
    assert "同一居民的消息按先后逐个发送" in chinese
    assert "messages of one resident go out one after another" in english
    assert said("explain", "laboratory-report", "--lang", "zh") == chinese


def test_a_sample_of_the_same_seed_is_the_same_bytes(said, fresh):
    first = said("sample", "C0002", "--seed", 7)
    assert fresh("sample", "C0002", "--seed", 7).stdout == first
    assert said("sample", "C0002", "--seed", 8) != first
    assert 'extension="JL-1"' in said("sample", "C0002", "--seed", 7, "--institution", "JL-1")
    assert "patient.gender-code" in said("sample", "C0002", "--fault", "list").splitlines()


def test_many_samples_are_written_into_a_folder_and_all_are_accepted(said, ours, tmp_path):
    out = tmp_path / "out"
    said("sample", "C0004", "--seed", 70_000, "--count", 3, "--out", out, "--institution", "HOSP-A")
    files = sorted(out.iterdir())
    assert [file.name for file in files] == [f"C0004-{n:06}.xml" for n in (70_000, 70_001, 70_002)]
    assert files[0].read_text(encoding="utf-8") == said("sample", "C0004", "--seed", 70_000, "--institution", "HOSP-A")
    paper = ours.invent("C0004")
    for number, file in enumerate(files):
        ours.accepted(type(paper)("C0004", f"FILE-{number}", file.read_bytes()))


def test_an_institution_is_added_rotated_and_disabled_while_the_engine_runs(engine, said):
    made = re.search(r"^password (\S{12,})$", said("institution", "add", "NEW-1", "--name", "新医院"), re.MULTILINE)[1]
    listed = said("institution", "list")
    assert re.search(r"^NEW-1 +approved +hospital +新医院$", listed, re.MULTILINE)
    assert made not in listed
    until(lambda: admitted(engine, made))
    said("institution", "rotate", "NEW-1", "--password-stdin", given="another-password-1\n")
    until(lambda: admitted(engine, "another-password-1"))
    assert not admitted(engine, made)
    said("institution", "disable", "NEW-1")
    until(lambda: not admitted(engine, "another-password-1"))
    assert re.search(r"^NEW-1 +disabled", said("institution", "list"), re.MULTILINE)
    said("institution", "approve", "NEW-1")
    until(lambda: admitted(engine, "another-password-1"))


def admitted(engine, password):
    new = Hospital(engine.services, "NEW-1", password)
    answer = new.post(call("Heartbeat", header=new.credentials()))
    assert answer.status == 200 or answer.code == "SND-101"
    return answer.status == 200


def test_a_certificate_is_registered_to_one_institution(run, said):
    pem = CERTIFICATES / "hospital-a.pem"
    told = said("institution", "certificate", "HOSP-A", pem)
    assert re.fullmatch(r"certificate of HOSP-A: SHA-256 [0-9a-f]{64}, valid until \d{4}-\d\d-\d\d\n", told)
    second = run("institution", "certificate", "HOSP-B", pem)
    assert second.returncode == 1
    assert "registered to HOSP-A" in second.stderr


def test_a_monitor_user_is_added_once(engine, run, said):
    assert re.search(r"^password \S{12,}$", said("user", "add", "watcher", "--role", "viewer"), re.MULTILINE)
    again = run("user", "add", "watcher", "--role", "viewer")
    assert again.returncode == 1
    assert "watcher" in again.stderr


def test_institutions_may_be_added_before_the_first_start(engine, tmp_path):
    early = Engine(tmp_path)
    early.institution("EARLY-1", PASSWORD)
    early.start()
    try:
        assert early.services != engine.services
        assert hospital(early, "EARLY-1").call("Heartbeat")["contractVersion"] == "1"
    finally:
        assert early.stop() == 0


WRONG = (
    (("nonsense",), "No such command 'nonsense'"),
    (("explain", "outpatient-recrod"), 'did you mean "outpatient-record"?'),
    (("test", "outpatient"), "there is no route outpatient"),
    (("try", "outpatient-record", "no-such-file.xml"), "does not exist"),
    (("sample", "C0099"), "there is no document type or interaction C0099"),
    (("sample", "C0002", "--fault", "patient.gendercode"), 'did you mean "patient.gender-code"?'),
    (("sample", "C0002", "--count", 3), "--count and --out go together"),
    (("sample", "C0002", "--seed", "x"), "not a valid integer"),
    (("check", "--project", "no-such-folder"), "no-such-folder"),
    (("check", "--store", "--database", "mysql://x"), "CFG-060"),
    (("run", "--port", "eighty"), "--port: 'eighty' does not fit"),
    (("run", "--fronts", "2"), "SQLite serves one front and one worker"),
    (("institution", "add", "HOSP-A", "--name", "再来一次"), "HOSP-A is registered already"),
    (("institution", "add", "hosp a", "--name", "空格"), "1 to 32 letters, digits or '-'"),
    (("institution", "add", "NEW-2", "--name", "甲", "--kind", "clinic"), "'clinic' is not one of"),
    (("institution", "disable", "NOBODY"), "no institution NOBODY is registered"),
    (("institution", "rotate", "NOBODY"), "no institution NOBODY is registered"),
    (("institution", "certificate", "HOSP-A", __file__), "certificate"),
    (("user", "add", "king", "--role", "king"), "'king' is not one of"),
    (("replay",), "name --receipt"),
)


@pytest.mark.parametrize(("arguments", "words"), WRONG, ids=[" ".join(map(str, row[0][:3])) for row in WRONG])
def test_wrong_usage_is_answered_with_words(run, arguments, words):
    done = run(*arguments)
    assert done.returncode in {1, 2}
    assert words in done.stderr + done.stdout


def test_a_password_that_is_too_short_or_missing_is_refused(run):
    for given in ("short\n", "\n", ""):
        done = run("institution", "add", "NEW-3", "--name", "短密码", "--password-stdin", given=given)
        assert done.returncode == 1
        assert "password" in done.stderr


@pytest.mark.parametrize(
    "command", ["run", "check", "test", "try", "explain", "replay", "sample", "institution", "user", "simulate", "bench"]
)
def test_every_command_explains_itself(engine, typed, command):
    done = typed(command, "--help")
    assert (done.returncode, done.stdout.split()[0]) == (0, "Usage:")
    assert "--data" in done.stdout or command in {"institution", "user", "simulate"}
