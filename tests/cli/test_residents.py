"""The commands about residents list merges, undo one by name and reason, and show who is one person."""

from contextlib import closing
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from engine.app.cellar import open_database, open_seal
from engine.cli.entry import all_commands, settings_of
from engine.services.audit import Audit
from tests.services.registers.office import LI, PERSON, Office, said
from tests.support.databases import url  # noqa: F401 - the fixture of both stores


@pytest.fixture
def town(url, tmp_path):  # noqa: F811 - pytest hands the fixture over by its name
    """Open a store in which one hospital knows one person twice, with documents in two hospitals, and the commands on it."""
    flags = ["--data", str(tmp_path / "data"), "--database", url]

    def run(*words):
        return CliRunner().invoke(all_commands(), ["resident", *words, *flags])

    assert run("merges").output == "no merge is on record\n"
    settings = settings_of(data=tmp_path / "data", database=url)
    with closing(open_database(settings)) as database:
        office = Office(database, seal=open_seal(database, settings))
        office.ask("residents", "add", patientId="P1", identity=LI, **PERSON)
        office.ask("residents", "add", patientId="P2", healthCard="C-2", **PERSON)
        office.take(said("D1", LI), said("D2", LI, institution="H2"), said("E1", card="C-2"))
        yield SimpleNamespace(run=run, office=office)


def test_a_merge_is_listed_shown_and_undone(town):
    town.office.ask("residents", "merge", survivorId="P1", obsoleteId="P2", reason="同一人")
    first, second = town.office.owners()["D1"], town.office.owners()["E1"]
    (line,) = town.run("merges").output.splitlines()
    merge = line.split()[0]
    assert f"{second} into {first}  H1  stands" in line
    shown = town.run("show", second, "--by", "admin", "--reason", "核实").output.splitlines()
    assert shown[:2] == [f"resident {first}  测****", f"  is one person with {second}"]
    assert shown[-2:] == ["  H1: 2 document(s)", "  H2: 1 document(s)"]
    undone = town.run("unmerge", merge, "--by", "admin", "--reason", "并错了")
    assert undone.exit_code == 0
    assert undone.output.startswith(f"merge {merge} is undone")
    assert "undone" in town.run("merges", first).output
    shown = town.run("show", "--institution", "H1", "--patient", "P2", "--by", "admin", "--reason", "核实").output
    assert "one person with" not in shown
    assert "  H1: 1 document(s)" in shown
    again = town.run("unmerge", merge, "--by", "admin", "--reason", "并错了")
    assert again.exit_code == 1
    assert "resident merges" in again.output


def test_who_looked_and_why_is_audited_even_when_nobody_was_found(town):
    assert town.run("show", "P-none", "--by", "admin", "--reason", "核实").exit_code == 1
    assert town.run("show", "--by", "admin", "--reason", "核实").exit_code == 1
    assert town.run("show", "P-none", "--by", "admin").exit_code == 2
    with town.office.database.read() as connection:
        (row,) = Audit().rows(connection, verdict="read")
    assert (row.actor, row.reason, row.subject, row.service) == ("admin", "核实", "P-none", "health-record")
