"""Say what a hospital says of itself, its departments and doctors: what travels between its files, the guide and who reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

TITLES: Mapping[int, str] = MappingProxyType({1: "主任医师", 2: "副主任医师", 3: "主治医师", 4: "医师", 9: "其他"})
"""Titles of doctors, the highest first, with their Chinese names."""

SEXES: Mapping[str, str] = MappingProxyType({"0": "未知", "1": "男", "2": "女", "9": "未说明"})
"""GB/T 2261.1."""

LEVELS = (
    "三级特等", "三级甲等", "三级乙等", "三级丙等", "三级", "二级甲等", "二级乙等", "二级丙等", "二级",
    "一级甲等", "一级乙等", "一级丙等", "一级", "未定级",
)  # fmt: skip
"""Levels of hospitals by the words that people know, the highest first."""

KINDS = (
    "综合医院", "中医医院", "中西医结合医院", "民族医医院", "专科医院", "口腔医院", "妇幼保健院", "儿童医院", "传染病医院", "精神病医院",
    "康复医院", "护理院", "社区卫生服务中心", "乡镇卫生院", "急救中心", "其他",
)  # fmt: skip
"""Kinds of hospitals by the words that people know."""


def listed(lines: str) -> tuple[str, ...]:
    """Read a list that is written one a line."""
    return tuple(lines.split("\n")) if lines else ()


@dataclass(frozen=True, kw_only=True, slots=True)
class HospitalEntry:
    """A hospital's introduction: `level` of LEVELS, `kind` of KINDS, `area` by GB/T 2260, `picture` our number of it or "".

    `introduction` is a safe HTML fragment, here and in the other entries; all else is plain text.
    """

    name: str
    short_name: str = ""
    level: str = ""
    kind: str = ""
    area: str = ""
    address: str = ""
    telephone: str = ""
    website: str = ""
    opens_at: str = ""
    transport: str = ""
    picture: str = ""
    introduction: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DepartmentEntry:
    """A department by the hospital's own code; `parent` is the code of the one above, "" at the top."""

    department: str
    name: str
    parent: str = ""
    specialty: str = ""
    diseases: tuple[str, ...] = ()
    address: str = ""
    telephone: str = ""
    picture: str = ""
    introduction: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DoctorEntry:
    """A doctor by the hospital's own code, the one of its schedules; `sex` of SEXES, `title` of TITLES."""

    doctor: str
    name: str
    department: str
    sex: str = "0"
    title: int = 9
    specialty: str = ""
    diseases: tuple[str, ...] = ()
    picture: str = ""
    introduction: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A picture as we made it anew of what was sent; `picture` is our number of it, sizes in pixels."""

    picture: str
    media_type: str
    width: int
    height: int
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Introduction:
    """All that one hospital says of itself, departments and doctors in its own order."""

    hospital: HospitalEntry
    departments: tuple[DepartmentEntry, ...] = ()
    doctors: tuple[DoctorEntry, ...] = ()
    pictures: tuple[Picture, ...] = ()
