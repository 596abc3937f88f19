"""Name what the guide keeps: plain frozen values, no workbook, no rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from engine.introduction import (
    KINDS,
    LEVELS,
    SEXES,
    TITLES,
    DepartmentEntry,
    DoctorEntry,
    HospitalEntry,
    Introduction,
    Picture,
)

__all__ = [
    "KINDS", "LEVELS", "SEXES", "TITLES", "DepartmentEntry", "DoctorEntry", "HospitalEntry", "Introduction", "Picture", "Version",
    "VersionState",
]  # fmt: skip

VersionState = Literal["waiting", "published", "kept"]
"""Where a version is: waiting was never shown, published is shown now, kept was shown before and can be put back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """One import of a hospital, numbered from 1; times aware, `published` is when it was last put on show (None: never).

    `files` are the names of what was imported, `warnings` how many things were mended or left out of it.
    """

    institution: str
    number: int
    state: VersionState
    imported: datetime
    imported_by: str
    published: datetime | None
    published_by: str
    files: tuple[str, ...]
    departments: int
    doctors: int
    pictures: int
    warnings: int
