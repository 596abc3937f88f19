"""Know which processes live: a row each, a sign of life now and then, gone when it fails to come, away when stopped in order."""

import tomllib
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.app.heartbeat import Heartbeat, node_name
from engine.settings import load_settings
from engine.store import nodes
from engine.store.nodes import Process
from engine.version import VERSION
from tests.store.samples import NOON
from tests.support.stores import until

ONE = Process(node="a", process="front-1", started=NOON, beat=NOON, version="1", revision="r1", leads=False)


def shown(database):
    with database.read() as connection:
        return nodes.processes(connection)


def test_a_sign_of_life_changes_the_row_of_its_process_and_no_other(database):
    other = replace(ONE, node="b", leads=True)
    for one in (ONE, other, replace(ONE, beat=NOON + timedelta(seconds=9), revision="r2")):
        nodes.show(database, one)
    assert shown(database) == [replace(ONE, beat=NOON + timedelta(seconds=9), revision="r2"), other]


def test_who_is_silent_is_called_gone_and_after_an_hour_forgotten(database):
    nodes.show(database, ONE)
    assert not ONE.gone(NOON + timedelta(seconds=30))
    assert ONE.gone(NOON + timedelta(seconds=60))
    late = replace(ONE, process="worker-1", beat=NOON + timedelta(minutes=59))
    nodes.show(database, late)
    assert [one.process for one in shown(database)] == ["front-1", "worker-1"]
    later = replace(late, beat=NOON + timedelta(minutes=61))
    nodes.show(database, later)
    assert shown(database) == [later]


def test_a_process_shows_itself_with_what_it_works_with_and_goes_in_order(database, tmp_path):
    settings, leads = load_settings({"data": tmp_path}, {}), [False]
    with closing(Heartbeat(database, settings, "clock", revision=lambda: "r9", leads=lambda: leads[0])):
        until(lambda: shown(database))
        (found,) = shown(database)
        assert (found.node, found.process, found.version, found.revision) == (node_name(settings), "clock", VERSION, "r9")
        assert not found.gone(datetime.now(UTC))
    assert shown(database) == []


def test_two_data_directories_of_one_host_are_two_nodes(tmp_path):
    one, other = (node_name(load_settings({"data": tmp_path / name}, {})) for name in ("a", "b"))
    assert one != other


def test_the_version_is_that_of_the_project():
    told = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    assert told["project"]["version"] == VERSION
