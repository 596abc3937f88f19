"""Nothing personal can be read in what the engine keeps or logs, whichever way a document went."""

import json
import re
import zlib
from contextlib import closing, suppress

import psycopg
import pytest
from psycopg import sql

from engine.services.records import RecordsDesk
from tests.support.databases import STORES
from tests.support.hospital import Paper, Refused
from tests.support.stores import hospital, new_engine, opened, seal_of, until

NAME, NUMBER, WORDS = "卡纳莉测", "220102198803071220", "金丝雀唱的主诉"
CANARIES = [word.encode() for word in (NAME, NUMBER, WORDS)]
STREAMS = re.compile(rb"\x1f\x8b\x08|[\x78][\x01\x5e\x9c\xda]")
"""How a GZIP or zlib stream begins: what is kept compressed but not sealed would be found by it."""

pytestmark = pytest.mark.xdist_group("acceptance-secrecy")


@pytest.fixture(scope="module", params=STORES)
def engine(request, tmp_path_factory):
    """Run an engine on each store."""
    with new_engine(request.param, tmp_path_factory.mktemp("engine")) as made:
        yield made.start()


def canary(ours, kind="C0002", *, fault=None, number=NUMBER):
    """Invent a document about a person whose name, number and complaint are found wherever they stand open."""
    paper = ours.invent(kind, fault=fault)
    text = paper.xml.decode()
    text = re.sub(r"(<patient\b.*?<name>)[^<]*", rf"\g<1>{NAME}", text, count=1, flags=re.DOTALL)
    text = re.sub(r'(<patient\b.*?<id [^>]*extension=")[^"]*', rf"\g<1>{number}", text, count=1, flags=re.DOTALL)
    text = re.sub(r'(<value xsi:type="ST">)[^<]*', rf"\g<1>{WORDS}", text, count=1)
    assert (NAME in text) == (number in text) == (WORDS in text) is True
    return Paper(paper.kind, paper.number, text.encode())


@pytest.fixture(scope="module")
def sent(engine):
    """Send the canary by every way, good and bad, with a rotation between."""
    ours = hospital(engine)
    receipts = [ours.accepted(canary(ours, kind)) for kind in ("C0002", "C0004", "C0007")]
    assert "new" in engine.command("key", "rotate")
    faults = ("schema.misspelt", "patient.gender-code", "schema.time")
    receipts += [ours.rejected(canary(ours, fault=fault))["receipt"] for fault in faults]
    wrong = ours.upload(canary(ours, number=NUMBER[:-1] + "5"))
    assert wrong["status"] == "accepted-with-warnings"
    receipts.append(wrong["receipt"])
    good = canary(ours)
    receipts.append(ours.rejected(Paper("C0002", "D-OPEN", good.xml), payload=good.xml.decode())["receipt"])
    ours.batch("B-CANARY", [canary(ours), canary(ours, fault="patient.gender-code")])
    gone = canary(ours)
    ours.accepted(gone)
    ours.call("Revoke", documentType="C0002", documentId=gone.number, reason=f"患者 {NAME} 要求")
    with suppress(Refused):
        ours.call("Upload", documentType="C0002", documentId=NAME)
    engine.command("replay", "--receipt", receipts[3])
    today = ours.call("Heartbeat")["serverTime"][:10]
    assert ours.call("QualityReport", **{"from": today, "to": today})["rules"]
    until(lambda: all(d["state"] == "sent" for d in ours.receipt(receipts[2]).get("deliveries", [])))
    return receipts


def everything_kept(engine):
    """Give all that the store holds, as bytes by name."""
    if not engine.database:
        return {path.name: path.read_bytes() for path in engine.data.glob("changbai.db*")}
    with closing(psycopg.connect(engine.database)) as connection:
        names = [row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        return {name: _rows(connection, name) for name in names}


def _rows(connection, table):
    rows = connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)), binary=True).fetchall()
    return b"\n".join(bytes(v) if isinstance(v, bytes | memoryview) else str(v).encode() for row in rows for v in row)


def inflated(kept):
    """Give what every compressed stream in the bytes holds, as far as it can be read."""
    for found in STREAMS.finditer(kept):
        with suppress(zlib.error):
            yield zlib.decompressobj(47).decompress(kept[found.start() :], 1 << 20)


def test_the_store_shows_no_canary(engine, sent):
    kept = everything_kept(engine)
    assert sum(map(len, kept.values())) > 50_000
    for name, content in kept.items():
        assert not [c.decode() for c in CANARIES if c in content], name
        assert not any(c in plain for plain in inflated(content) for c in CANARIES), name


def test_the_log_shows_no_canary(engine, sent):
    log = (engine.data / "engine.log").read_bytes() + "".join(engine.said).encode()
    assert log
    escaped = [json.dumps(word).strip('"').encode() for word in (NAME, WORDS)]
    assert not [c for c in (*CANARIES, *escaped) if c in log]


def test_the_engine_itself_still_reads_what_it_sealed_after_the_rotation_and_a_restart(engine, sent):
    engine.stop()
    engine.start()
    ours = hospital(engine)
    assert ours.receipt(sent[0])["state"] == "routed"
    with opened(engine) as database, database.read() as connection:
        desk = RecordsDesk(seal_of(engine, database))
        assert desk.by_message(connection, sent[0]).resident_name == NAME
        assert {one.message for one in desk.by_resident(connection, NUMBER)} >= {sent[0], sent[2]}
    assert "exactly one state" in engine.command("check", "--store")
