"""Say which sheets and columns a guide's workbook has: the one table for the template, the readers, the checks and the pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from engine.introduction import KINDS, LEVELS, SEXES, TITLES

Kind = Literal[
    "text", "hours", "code", "list", "telephone", "area", "website", "diseases", "picture", "introduction", "word", "institution",
]  # fmt: skip
"""How the cells of a column are read and checked."""

SheetKind = Literal["hospital", "departments", "doctors"]

ROWS = 20_000
"""Rows of one sheet."""

DISEASES = 100
DISEASE = 40
"""Diseases of one entry, and the characters of one."""

_TITLE_WORDS: Mapping[str, int] = {
    "正高": 1, "主任中医师": 1, "副高": 2, "副主任中医师": 2, "中级": 3, "主治中医师": 3, "住院医师": 4, "住院中医师": 4, "初级": 4,
    "中医师": 4, "执业医师": 4,
}  # fmt: skip
"""Other words for titles that hospitals write."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Heading:
    """One column: `name` of the field, `heading` in a workbook or CSV, `key` in JSON (a heading too); `longest` in characters.

    `choices` are shown in the drop-down list; `meant` gives what is kept for each word that may be written.
    """

    name: str
    heading: str
    key: str
    kind: Kind = "text"
    required: bool = False
    longest: int = 200
    note: str = ""
    choices: tuple[str, ...] = ()
    meant: Mapping[str, str] = field(default_factory=dict)
    width: int = 18


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetOf:
    """One sheet; `names` are what it, or the file of it, may be called besides."""

    kind: SheetKind
    name: str
    names: tuple[str, ...]
    headings: tuple[Heading, ...]

    def named(self, name: str) -> Heading:
        """Give the column of a field."""
        return next(one for one in self.headings if one.name == name)


def _itself(words: tuple[str, ...]) -> dict[str, str]:
    return {word: word for word in words}


_SEX_WORDS = {name: code for code, name in SEXES.items()} | {code: code for code in SEXES} | {"男性": "1", "女性": "2"}
_TITLES = (
    {name: str(code) for code, name in TITLES.items()}
    | {str(code): str(code) for code in TITLES}
    | {word: str(code) for word, code in _TITLE_WORDS.items()}
)

_PICTURE = Heading(
    name="picture", heading="照片", key="picture", kind="picture", note="图片文件名，含扩展名，与本表一起提供，例如 D001.jpg"
)
_INTRODUCTION = Heading(
    name="introduction", heading="介绍", key="introduction", kind="introduction", longest=50_000, width=40,
    note="文字，可分段；也可写简单的 HTML。长介绍请写在 Word 文件里，填“介绍文件”一列",
)  # fmt: skip
_WORD = Heading(name="word", heading="介绍文件", key="introductionFile", kind="word", note="Word 文件名（.docx），与本表一起提供")
_DISEASES = Heading(
    name="diseases", heading="诊治疾病", key="diseases", kind="diseases", width=30, note="病名之间用顿号隔开，例如 糖尿病、高血压"
)

HOSPITAL = SheetOf(kind="hospital", name="医院", names=("hospital", "医院信息", "医院介绍", "本院"), headings=(
    Heading(name="institution", heading="机构代码", key="hospital", kind="institution", note="本院在平台登记的代码，可不填；填了就会核对"),
    Heading(name="name", heading="医院名称", key="name", required=True, longest=100, width=28, note="全称"),
    Heading(name="short_name", heading="简称", key="shortName", longest=40, note="居民熟悉的叫法"),
    Heading(name="level", heading="级别", key="level", kind="list", required=True, choices=LEVELS, meant=_itself(LEVELS), note="从列表选择"),
    Heading(name="kind", heading="类别", key="kind", kind="list", choices=KINDS, meant=_itself(KINDS), note="从列表选择"),
    Heading(name="area", heading="行政区划代码", key="area", kind="area", required=True, note="六位，GB/T 2260，例如 220102"),
    Heading(name="address", heading="地址", key="address", required=True, width=30, note="门牌号写全"),
    Heading(name="telephone", heading="电话", key="telephone", kind="telephone", required=True, note="区号-号码；几个电话用顿号隔开"),
    Heading(name="website", heading="网址", key="website", kind="website", note="以 http:// 或 https:// 开头"),
    Heading(name="opens_at", heading="开诊时间", key="opensAt", kind="hours", note="例如 周一至周五 8:00-17:00"),
    Heading(name="transport", heading="交通", key="transport", longest=500, width=30, note="公交、地铁、停车"),
    _PICTURE, _INTRODUCTION, _WORD,
))  # fmt: skip

DEPARTMENTS = SheetOf(kind="departments", name="科室", names=("departments", "department", "科室信息", "科室介绍"), headings=(
    Heading(name="department", heading="科室代码", key="department", kind="code", required=True, note="与医院系统（号源）中的一致，不能重复"),
    Heading(name="name", heading="科室名称", key="name", required=True, longest=60, note="例如 内分泌科"),
    Heading(name="parent", heading="上级科室代码", key="parent", kind="code", note="没有上级时留空"),
    Heading(name="specialty", heading="专业特长", key="specialty", longest=1000, width=30),
    _DISEASES,
    Heading(name="address", heading="位置", key="address", note="例如 门诊楼三层 A 区"),
    Heading(name="telephone", heading="电话", key="telephone", kind="telephone", note="区号-号码；几个电话用顿号隔开"),
    _PICTURE, _INTRODUCTION, _WORD,
))  # fmt: skip

DOCTORS = SheetOf(kind="doctors", name="医生", names=("doctors", "doctor", "医生信息", "医生介绍", "医师", "专家"), headings=(
    Heading(name="doctor", heading="医生代码", key="doctor", kind="code", required=True, note="与医院系统（号源）中的一致，不能重复"),
    Heading(name="name", heading="姓名", key="name", required=True, longest=40),
    Heading(name="sex", heading="性别", key="sex", kind="list", choices=("男", "女"), meant=_SEX_WORDS, note="从列表选择", width=8),
    Heading(name="department", heading="科室代码", key="department", kind="code", required=True, note="科室表里的代码"),
    Heading(name="title", heading="职称", key="title", kind="list", required=True, choices=tuple(TITLES.values()), meant=_TITLES, note="从列表选择"),
    Heading(name="specialty", heading="专长", key="specialty", longest=1000, width=30),
    _DISEASES, _PICTURE, _INTRODUCTION, _WORD,
))  # fmt: skip

SHEETS: tuple[SheetOf, ...] = (HOSPITAL, DEPARTMENTS, DOCTORS)
"""The sheets in the order of the workbook."""
