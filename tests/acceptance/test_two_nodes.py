"""Two nodes share one PostgreSQL: one clock leads, the same document is taken once, one set of files is followed."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.settings import ROOT
from engine.simulator.receiver import open_receiver
from tests.acceptance.test_reload import in_force, processes
from tests.support.engine import Engine
from tests.support.project import Project
from tests.support.receiver import ENTRY
from tests.support.stores import hospital, messages, new_engine, until

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("acceptance-nodes"), pytest.mark.timeout(400)]

SHEET = "routes/laboratory-report/route.yaml"
SEND = "  - to: his\n    in-order-by: resident\n    retry: { first: 200ms, longest: 1s, give-up: 3d }\n"
ASK = "  ask: { operation: Find, body: { messageId: message-id }, field: FindResult.code, arrived: ['0'], absent: ['1'] }\n"


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def project(told, tmp_path_factory):
    receiver = open_receiver(0, ROOT / "wsdl/hospital/DocumentReceiver.wsdl", told.append)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    made = Project.copy(tmp_path_factory.mktemp("project")).short_leases()
    made.add("config/endpoints.yaml", ENTRY.format(port=receiver.server_address[1]) + ASK)
    made.add(SHEET, SEND)
    yield made
    receiver.shutdown()
    receiver.server_close()


@pytest.fixture(scope="module")
def nodes(project, tmp_path_factory):
    """Run two engines with data directories of their own on one store; they share the key of the store."""
    with new_engine("postgresql", tmp_path_factory.mktemp("one"), *project.option) as first:
        key = ("--key-file", str(first.data / "secrets" / "sealing.key"))
        second = Engine(tmp_path_factory.mktemp("two"), first.database, (*project.option, *key))
        first.start()
        second.start()
        try:
            yield first, second
        finally:
            if second.process is not None:
                second.stop()


def led(node):
    """Count how often the clock of a node said that it leads."""
    return (node.data / "engine.log").read_text(encoding="utf-8").count('"event":"clock leads"')


def test_one_clock_leads(nodes):
    until(lambda: any(led(node) for node in nodes))
    assert sum(led(node) for node in nodes) == 1


def test_the_same_document_at_both_nodes_at_once_is_one_message(nodes):
    papers = [hospital(nodes[0]).invent("C0002") for _ in range(20)]
    before = messages(nodes[0])
    with ThreadPoolExecutor(8) as pool:
        runs = [pool.submit(hospital(node).upload, paper) for paper in papers for node in nodes]
        results = [run.result(60) for run in runs]
    assert len({result["receipt"] for result in results}) == len(papers) == messages(nodes[0]) - before
    assert Counter(result["duplicate"] for result in results) == {"true": 20, "false": 20}


def test_a_reload_on_one_node_is_taken_up_by_both(nodes, project):
    project.change(SHEET, "longest: 1s", "longest: 2s")
    nodes[0].command("reload", *project.option)
    wanted = in_force(nodes[0])
    for node in nodes:
        until(lambda node=node: set(processes(node).values()) == {wanted} and len(processes(node)) == 3)
