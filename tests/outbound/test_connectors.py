"""The contract that every kind of connector keeps; a new line in CONNECTORS needs a stage here."""

import gzip
import threading
from contextlib import contextmanager

import psycopg
import pysqlite3 as sqlite
import pytest

from engine.errors import Rejected, Unavailable
from engine.outbound.endpoints import CONNECTORS
from engine.outbound.table import TableConnector, TableEndpoint
from engine.outbound.values import message_id
from tests.outbound.conftest import envelope, receipt, soap_entry
from tests.support.destination import Destination, a_message, http_reply, saying
from tests.support.postgres import throw_away_database

FAULT = envelope("<s:Fault><faultcode>s:Client</faultcode><faultstring>no</faultstring></s:Fault>")


class NetworkStage:
    """A destination over HTTP; what it holds is keyed by the message id, as an idempotent receiver would."""

    refuses = True

    def __init__(self, around, kind):
        self.around, self.kind = around, kind
        self.server = Destination(self.take)
        self.held = {}

    def take(self, sock, request):
        number = request.headers["x-message-id"]
        self.held[number] = request.body
        sock.sendall(http_reply(receipt(number) if self.kind == "soap" else b"ok"))
        return True

    def entry(self):
        if self.kind == "soap":
            return soap_entry(self.server.url)
        return {"about": "HTTP", "networks": ["127.0.0.0/8"], "deadline": "3s", "address": self.server.url}

    @contextmanager
    def open(self):
        with self.server:
            yield

    def away(self):
        self.server.act = lambda _sock, _request: False

    def refuse(self):
        self.server.act = saying(http_reply(FAULT, "400 Bad Request"))


class FileStage:
    """A folder; nothing in it can refuse a document, so `refuse` is not asked of it."""

    refuses = False

    def __init__(self, around, _kind):
        self.folder = around.data / "outbox" / "archive"

    @property
    def held(self):
        return {path.stem: path.read_bytes() for path in self.folder.rglob("*.xml")}

    def entry(self):
        return {"about": "文件夹", "directory": "outbox/archive"}

    @contextmanager
    def open(self):
        yield

    def away(self):
        self.folder.parent.mkdir(parents=True)
        self.folder.write_text("a file stands where the folder should be")


class TableStage:
    """A table in a SQLite file of another system."""

    refuses = True

    def __init__(self, around, _kind):
        self.path = around.data / "outbox" / "handoff.db"
        self.path.parent.mkdir(parents=True)
        self.run("create table handoff (id text primary key, kind text check (kind like 'C%'), body blob)")

    def run(self, text):
        connection = sqlite.connect(str(self.path))
        try:
            with connection:
                return connection.execute(text).fetchall()
        finally:
            connection.close()

    @property
    def held(self):
        return dict(self.run("select id, body from handoff"))

    def entry(self):
        columns = {"id": "message-id", "kind": "document-type", "body": "bytes"}
        return {"about": "交换表", "database": "outbox/handoff.db", "table": "handoff", "columns": columns}

    @contextmanager
    def open(self):
        yield

    def away(self):
        self.run("drop table handoff")

    def refuse(self):
        """Do nothing: the check on kind refuses the OPS01 that the test sends."""


STAGES = {"soap": NetworkStage, "http": NetworkStage, "file": FileStage, "table": TableStage}
REFUSING = [kind for kind in CONNECTORS if STAGES[kind].refuses]


@contextmanager
def staged(kind, around):
    stage = STAGES[kind](around, kind)
    with stage.open():
        line = CONNECTORS[kind]
        connector = line.build(line.sheet.model_validate(stage.entry()), around)
        yield stage, connector
        connector.close()


@pytest.mark.parametrize("kind", CONNECTORS)
def test_a_message_is_delivered(kind, around):
    message = a_message()
    with staged(kind, around) as (stage, connector):
        connector.send(message)
        assert list(stage.held) == [message_id(message)]


@pytest.mark.parametrize("kind", CONNECTORS)
def test_a_resend_is_recognised_and_leaves_one(kind, around):
    message = a_message()
    with staged(kind, around) as (stage, connector):
        for _ in range(3):
            connector.send(message)
        assert list(stage.held) == [message_id(message)]


@pytest.mark.parametrize("kind", CONNECTORS)
def test_a_destination_that_is_away_is_unavailable(kind, around):
    with staged(kind, around) as (stage, connector):
        stage.away()
        with pytest.raises(Unavailable) as caught:
            connector.send(a_message())
    assert caught.value.code.startswith("DST-1")


@pytest.mark.parametrize("kind", REFUSING)
def test_a_refused_message_is_rejected(kind, around):
    with staged(kind, around) as (stage, connector):
        stage.refuse()
        with pytest.raises(Rejected) as caught:
            connector.send(a_message(document_type="OPS01"))
    assert caught.value.code.startswith("DST-2")


@pytest.mark.parametrize("kind", CONNECTORS)
def test_many_threads_may_send_at_once(kind, around):
    messages = [a_message(n, content=f"<a n='{n}'/>".encode()) for n in range(24)]
    with staged(kind, around) as (stage, connector):
        threads = [
            threading.Thread(target=lambda part: [connector.send(m) for m in part], args=(messages[n::4],)) for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(stage.held) == {message_id(m) for m in messages}


def test_every_kind_of_connector_is_held_to_the_contract():
    assert set(STAGES) == set(CONNECTORS)


def test_a_file_is_whole_or_not_there_and_its_name_is_ours(around):
    with staged("file", around) as (stage, connector):
        connector.send(a_message(id="../../etc/passwd"))
        stray = [path for path in around.data.rglob("*") if path.is_file() and stage.folder not in path.parents]
        assert stray == []
        assert list(stage.folder.rglob("*.part")) == []


def test_a_file_can_be_one_gzip_member(around):
    line = CONNECTORS["file"]
    connector = line.build(line.sheet.model_validate({"about": "a", "directory": "out", "form": "gzip"}), around)
    reply = connector.send(a_message())
    assert gzip.decompress((around.data / "out" / reply.remote_id).read_bytes()) == a_message().document.content


def test_a_table_without_a_unique_key_is_not_written_to(around):
    with staged("table", around) as (stage, connector):
        stage.run("drop table handoff")
        stage.run("create table handoff (id text, kind text, body blob)")
        with pytest.raises(Unavailable, match="唯一"):
            connector.send(a_message())
        assert stage.held == {}


@pytest.mark.parametrize(
    ("status", "accept", "taken"), [("202 Accepted", None, False), ("202 Accepted", [202], True), ("200 OK", [202], False)]
)
def test_an_http_status_counts_only_if_it_was_agreed(around, status, accept, taken):
    with Destination(saying(http_reply(b"", status))) as there:
        entry = {"about": "a", "networks": ["127.0.0.0/8"], "address": there.url, "headers": {"X-Document": "document-id"}}
        line = CONNECTORS["http"]
        connector = line.build(line.sheet.model_validate(entry | ({"accept": accept} if accept else {})), around)
        message = a_message(keys={"document": "号\r\nX-Evil: 1"})
        if taken:
            connector.send(message)
        else:
            with pytest.raises(Rejected, match="DST-203"):
                connector.send(message)
        assert there.requests[0].headers["x-document"] == "%E5%8F%B7%0D%0AX-Evil: 1"
        assert "x-evil" not in there.requests[0].headers


@pytest.mark.postgres
def test_a_table_on_postgresql_takes_a_message_once_and_says_so(around, tmp_path):
    with throw_away_database() as address:
        with psycopg.connect(address, autocommit=True) as there:
            there.execute("create table handoff (id text primary key, kind text)")
        secret = around.data / "secrets" / "handoff-database"
        secret.parent.mkdir(parents=True, exist_ok=True)
        secret.write_text(address, encoding="utf-8")
        sheet = {
            "about": "交换表",
            "secret": "handoff-database",
            "table": "handoff",
            "columns": {"id": "message-id", "kind": "document-type"},
        }
        connector = TableConnector(TableEndpoint.model_validate(sheet), around)
        try:
            sent = a_message()
            said = [connector.send(sent).text for _ in range(2)]
        finally:
            connector.close()
        with psycopg.connect(address) as there:
            assert there.execute("select count(*) from handoff").fetchone() == (1,)
    assert said == ["已写入表", "表中已有"]
