"""Deliver to a SOAP server that others wrote (node `soap`), kill it in the middle, and lose nothing."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from engine.outbound.connector import Secrets, Surroundings
from engine.outbound.endpoints import build_connectors, load_endpoints
from engine.store.database import Database
from tests.support.databases import migrated_file
from tests.support.office import Office
from tests.support.receiver import ENTRY, NodeReceiver

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENTS = 50
KEYS = 7

pytestmark = [pytest.mark.foreign, pytest.mark.xdist_group("foreign"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def receiver(tmp_path_factory):
    made = NodeReceiver(tmp_path_factory.mktemp("receiver"))
    made.start()
    yield made
    made.kill()


@pytest.fixture
def office(tmp_path):
    database = Database(migrated_file(tmp_path / "test.db"), checkpoints=True)
    made = Office(database)
    yield made
    made.close()
    database.close()


def test_a_destination_killed_and_started_again_gets_every_document_in_the_order_of_its_key(receiver, office, tmp_path):
    file = tmp_path / "endpoints.yaml"
    file.write_text(ENTRY.format(port=receiver.port), encoding="utf-8")
    around = Surroundings(root=ROOT, data=tmp_path, secrets=Secrets(tmp_path / "secrets"))
    connectors = build_connectors(load_endpoints(file, ROOT), around)
    keys = {f"D{n + 1}": n % KEYS for n in range(DOCUMENTS)}
    for document, key in keys.items():
        office.file(("his", f"K{key}"), content=f"<病历 id='{document}'>{'测试内容' * 500}</病历>".encode())
    office.courier(connectors)
    office.until(lambda: len(receiver.rows()) >= DOCUMENTS // 3)
    receiver.kill()
    office.until(lambda: office.states()["his", "SENDING"] == 0)
    assert 0 < office.states()["his", "SENT"] < DOCUMENTS
    receiver.start()
    office.until(lambda: office.states() == {("his", "SENT"): DOCUMENTS}, 60)
    rows = receiver.rows()
    assert all(row["whole"] for row in rows)
    assert {row["documentId"] for row in rows} == set(keys)
    assert max(Counter(row["documentId"] for row in rows).values()) <= 2
    assert len({row["messageId"] for row in rows}) == DOCUMENTS
    for key in range(KEYS):
        mine = [int(row["documentId"][1:]) for row in rows if keys[row["documentId"]] == key]
        assert mine == sorted(mine)
    for connector in connectors.values():
        connector.close()
