"""The proof of outages runs as it says, in short, and would tell a message that is lost or out of its turn."""

from __future__ import annotations

from contextlib import closing

import pytest
import sqlalchemy as sa

from bench.backlog import fill
from bench.outage.holding import look, waiting
from bench.proofs import outage
from bench.receiver import Arrival
from engine.store.database import Database, default_url
from engine.store.tables import delivery
from tests.support.databases import migrated_file
from tests.support.engine import Engine
from tests.support.stores import enrol


@pytest.mark.timeout(400)
def test_a_short_outage_loses_nothing_and_keeps_the_order(capsys):
    # What a busy machine takes is no matter here: that all arrives, once and in order, is.
    terms = outage.Terms(size=120, seconds=4, calm=1, share=0, slower=1, least=60)
    assert outage.main(terms, only="SQLite") == 0, capsys.readouterr().out
    said = capsys.readouterr().out
    assert "refuse, hang, 503 in turn" in said
    assert said.count("out of order 0, lost 0") == 2
    assert "holds" in said


def test_what_is_lost_or_out_of_its_turn_is_told(tmp_path):
    migrated_file(tmp_path / "changbai.db")
    engine = Engine(tmp_path)
    enrol(engine, {"HOSP-A": "hospital"})
    fill(engine, "HOSP-A", "archive", 4, keys=2)
    with closing(Database(default_url(tmp_path))) as database:
        assert waiting(database, "archive") == 4
        with database.write() as connection:
            query = sa.select(delivery.c.receipt, delivery.c.key).order_by(delivery.c.seq)
            (first, key), _, (third, same), _ = connection.execute(query).all()
            connection.execute(sa.update(delivery).values(state="SENT"))
        assert key == same
        came = [Arrival(float(at), f"{one}-1", one) for at, one in enumerate((third, first))]
        held = look(database, "archive", [*came, Arrival(3.0, "R-1", "R")])
        assert held.order.wrong == [f"{first} came after {third}, which was sent when it had its receipt"]
        assert sorted(line.split(" ", 1)[1] for line in held.lost) == [
            "arrived and is no delivery",
            "never arrived",
            "never arrived",
        ]
        assert waiting(database, "archive") == 0
