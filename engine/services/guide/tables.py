"""Declare the tables of the guide: versions of each hospital's introduction, what they say, pictures, and which is on show."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKeyConstraint, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text

from engine.store.columns import Moment
from engine.store.database import metadata


def _text(name: str, *, key: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=False)


def _number(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def _version_keys() -> tuple[Column[str], Column[int]]:
    return _text("institution"), _number("version")


def _of_a_version() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["institution", "version"], ["guide_version.institution", "guide_version.version"])


guide_current = Table("guide_current", metadata, _text("institution", key=True), _number("last"), _number("version"))
"""One row for each hospital that ever sent something: `last` is its newest version's number, `version` the one on show (0 for none)."""

guide_version = Table(
    "guide_version",
    metadata,
    *_version_keys(),
    Column("imported", Moment, nullable=False),
    _text("imported_by"),
    Column("published", Moment),
    *map(_text, ("published_by", "files")),
    *map(_number, ("departments", "doctors", "pictures", "warnings")),
    PrimaryKeyConstraint("institution", "version"),
)
"""Every import; `published` is when it was last put on show, `files` the names of its files, one a line."""

guide_hospital = Table(
    "guide_hospital",
    metadata,
    *_version_keys(),
    *map(_text, ("name", "short_name", "level", "kind", "area", "address", "telephone", "website", "opens_at", "transport")),
    *map(_text, ("picture", "introduction")),
    PrimaryKeyConstraint("institution", "version"),
    _of_a_version(),
)
"""What a version says of the hospital. A guide is for everybody to read: nothing of it is sealed."""

guide_department = Table(
    "guide_department",
    metadata,
    *_version_keys(),
    _text("department"),
    _number("place"),
    *map(_text, ("name", "parent", "specialty", "diseases", "address", "telephone", "picture", "introduction")),
    PrimaryKeyConstraint("institution", "version", "department"),
    _of_a_version(),
    Index("ix_guide_department_parent", "institution", "version", "parent", "place"),
)
"""What a version says of a department; `place` counts from 1 in the hospital's own order, `diseases` stand one a line."""

guide_doctor = Table(
    "guide_doctor",
    metadata,
    *_version_keys(),
    _text("doctor"),
    _number("place"),
    *map(_text, ("name", "sex", "department")),
    _number("title"),
    *map(_text, ("specialty", "diseases", "picture", "introduction")),
    PrimaryKeyConstraint("institution", "version", "doctor"),
    _of_a_version(),
)
"""What a version says of a doctor; `place` and `diseases` as those of departments."""

guide_picture = Table(
    "guide_picture",
    metadata,
    _text("picture", key=True),
    *map(_text, ("institution", "media_type")),
    *map(_number, ("width", "height")),
    Column("content", LargeBinary, nullable=False),
)
"""Every picture of an institution once; its number comes of its bytes."""

guide_picture_use = Table(
    "guide_picture_use",
    metadata,
    _text("picture"),
    *_version_keys(),
    PrimaryKeyConstraint("picture", "institution", "version"),
    _of_a_version(),
)
"""Which versions show a picture: a picture is given out only when a version on show has it."""
