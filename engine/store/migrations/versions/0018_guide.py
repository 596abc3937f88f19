"""Make the tables of the guide: versions, hospitals, departments, doctors, pictures, and which version is on show."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Integer, nullable=False) for name in names]


def _version() -> list[sa.Column[Any]]:
    return [*_texts("institution"), *_numbers("version")]


def _of_a_version() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["institution", "version"], ["guide_version.institution", "guide_version.version"])


def upgrade() -> None:
    op.create_table("guide_current", sa.Column("institution", sa.Text, primary_key=True), *_numbers("last", "version"))
    op.create_table(
        "guide_version",
        *_version(),
        sa.Column("imported", sa.BigInteger, nullable=False),
        *_texts("imported_by"),
        sa.Column("published", sa.BigInteger),
        *_texts("published_by", "files"),
        *_numbers("departments", "doctors", "pictures", "warnings"),
        sa.PrimaryKeyConstraint("institution", "version"),
    )
    _said()
    _pictures()


def _said() -> None:
    op.create_table(
        "guide_hospital",
        *_version(),
        *_texts("name", "short_name", "level", "kind", "area", "address", "telephone", "website", "opens_at", "transport"),
        *_texts("picture", "introduction"),
        sa.PrimaryKeyConstraint("institution", "version"),
        _of_a_version(),
    )
    op.create_table(
        "guide_department",
        *_version(),
        *_texts("department"),
        *_numbers("place"),
        *_texts("name", "parent", "specialty", "diseases", "address", "telephone", "picture", "introduction"),
        sa.PrimaryKeyConstraint("institution", "version", "department"),
        _of_a_version(),
    )
    op.create_index("ix_guide_department_parent", "guide_department", ["institution", "version", "parent", "place"])
    op.create_table(
        "guide_doctor",
        *_version(),
        *_texts("doctor"),
        *_numbers("place"),
        *_texts("name", "sex", "department"),
        *_numbers("title"),
        *_texts("specialty", "diseases", "picture", "introduction"),
        sa.PrimaryKeyConstraint("institution", "version", "doctor"),
        _of_a_version(),
    )


def _pictures() -> None:
    op.create_table(
        "guide_picture",
        sa.Column("picture", sa.Text, primary_key=True),
        *_texts("institution", "media_type"),
        *_numbers("width", "height"),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "guide_picture_use",
        *_texts("picture"),
        *_version(),
        sa.PrimaryKeyConstraint("picture", "institution", "version"),
        _of_a_version(),
    )
