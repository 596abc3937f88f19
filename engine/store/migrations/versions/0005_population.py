"""Make the population registry: residents with keys and conflicts, each record linked to one of them."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

CLAIMED = sa.text("claimed <> ''")
REPLACED = sa.text("replaced_by <> ''")
OPEN = sa.text("state = 'open'")
CLAIM = sa.text("claim <> ''")
IDENTITY = sa.text("kind = 'identity'")
PLAIN = b"\x00"


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _sealed(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.LargeBinary, nullable=False)


def upgrade() -> None:
    op.rename_table("resident", "resident_before")
    people = op.create_table(
        "resident",
        sa.Column("number", sa.Text, primary_key=True),
        *_texts("survivor", "identity"),
        _sealed("person"),
        *_texts("claim"),
        _time("first_seen"),
        _time("changed"),
    )
    op.create_index("ix_resident_survivor", "resident", ["survivor"])
    keys = op.create_table(
        "resident_key",
        *_texts("lookup", "kind", "resident"),
        _sealed("value"),
        _time("since"),
        sa.PrimaryKeyConstraint("lookup", "kind"),
    )
    op.create_index("ix_resident_key_resident", "resident_key", ["resident"])
    op.create_index(
        "ux_resident_key_identity", "resident_key", ["resident"], unique=True, sqlite_where=IDENTITY, postgresql_where=IDENTITY
    )
    _conflicts()
    for column in _texts("resident", "claimed"):
        column.server_default = sa.DefaultClause("")
        op.add_column("record", column)
    op.add_column("record", sa.Column("placed", sa.BigInteger, nullable=False, server_default="0"))
    _fill(op.get_bind(), people, keys)
    op.drop_index("ix_record_resident", "record")
    op.drop_column("record", "resident_lookup")
    op.drop_table("resident_before")
    op.create_index("ix_record_resident", "record", ["resident", "placed", "message"])
    op.create_index("ix_record_replaced_by", "record", ["replaced_by"], sqlite_where=REPLACED, postgresql_where=REPLACED)
    op.create_index("ix_record_claimed", "record", ["claimed"], sqlite_where=CLAIMED, postgresql_where=CLAIMED)


def _conflicts() -> None:
    op.create_table(
        "resident_conflict",
        *_texts("resident", "other", "claim", "reasons", "message", "institution", "state", "verdict"),
        _time("raised"),
        *_texts("settled_by", "settled_reason"),
        _time("settled", nullable=True),
        sa.PrimaryKeyConstraint("resident", "other"),
    )
    op.create_index("ix_resident_conflict_other", "resident_conflict", ["other"])
    op.create_index("ix_resident_conflict_open", "resident_conflict", ["raised"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index(
        "ux_resident_conflict_claim",
        "resident_conflict",
        ["resident", "claim"],
        unique=True,
        sqlite_where=CLAIM,
        postgresql_where=CLAIM,
    )


def _fill(bind: sa.Connection, people: sa.Table, keys: sa.Table) -> None:
    """Take over the residents known by identity number; a record without one gets a resident of its own."""
    for row in bind.execute(sa.text("SELECT * FROM resident_before")).mappings().all():
        name, gender, birth = (_open(row[part]) for part in ("resident_name", "gender", "birth_date"))
        _add(bind, people, keys, ("identity", row["lookup"], _open(row["resident_id"])), [name, gender, birth], row["first_seen"])
    lone = sa.text("SELECT message, person, taken FROM record WHERE resident_lookup = ''")
    for row in bind.execute(lone).mappings().all():
        _, name, gender, birth, _ = json.loads(_open(row["person"]))
        _add(bind, people, keys, ("document", _lookup(row["message"]), row["message"]), [name, gender, birth], row["taken"])
        whose = {"whose": _number("document", _lookup(row["message"])), "message": row["message"]}
        bind.execute(sa.text("UPDATE record SET resident = :whose WHERE message = :message"), whose)
    bind.execute(sa.text("UPDATE record SET placed = coalesce(written, taken)"))
    bind.execute(
        sa.text(
            "UPDATE record SET resident = coalesce((SELECT k.resident FROM resident_key k WHERE k.kind = 'identity'"
            " AND k.lookup = record.resident_lookup), '') WHERE resident_lookup <> ''"
        )
    )


def _add(
    bind: sa.Connection, people: sa.Table, keys: sa.Table, key: tuple[str, str, str], person: list[str], at: int
) -> None:
    kind, lookup, value = key
    number = _number(kind, lookup)
    words = json.dumps(person, ensure_ascii=False, separators=(",", ":"))
    row = {"number": number, "survivor": number, "identity": lookup if kind == "identity" else "", "person": PLAIN + words.encode(),
           "claim": _lookup(words), "first_seen": at, "changed": at}  # fmt: skip
    bind.execute(people.insert(), row)
    bind.execute(keys.insert(), {"lookup": lookup, "kind": kind, "resident": number, "value": PLAIN + value.encode(), "since": at})


def _number(kind: str, lookup: str) -> str:
    return f"P0-{kind[:1]}{lookup[:24]}"


def _lookup(value: str) -> str:
    import hashlib

    return hashlib.sha256(value.encode()).hexdigest()


def _open(sealed: bytes) -> str:
    """Open what the builds before this one sealed: a version byte, then the plain value."""
    content = bytes(sealed)
    if content[:1] != PLAIN:
        raise ValueError("a value is sealed in a form that this migration does not know")
    return content[1:].decode()
