"""Invent the value of one node of a message, by what the table says of it: persons, numbers, times and words that agree."""

from __future__ import annotations

import base64
import csv
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from re import Pattern
from re import compile as pattern
from typing import TYPE_CHECKING

from engine.documents.hl7.paths import steps_of
from engine.documents.hl7.services import Node, Service, nodes_of
from engine.documents.sample import own_number, sample
from engine.documents.sample_words import Visit, identity_number, invent_visit, read_words
from engine.message import SHANGHAI

if TYPE_CHECKING:
    from engine.documents.sample_words import Words

_SAMPLES = Path(__file__).resolve().parents[3] / "xsd" / "clinical" / "samples"
_FIRST = datetime(2026, 3, 2, 8, 0, tzinfo=SHANGHAI)
"""When the first invented message was made; each seed is a minute later."""

_TYPES = {"S0065": "C0007", "S0066": "C0007", "S0068": "C0007", "S0069": "C0007", "S0071": "C0006", "S0072": "C0006"}
_USUAL_TYPE = "C0002"


class Invention:
    """What the values of one message agree on."""

    def __init__(self, service: Service, seed: int, institution: str) -> None:
        self.service = service
        self.seed = seed
        self.institution = institution
        self.document_type = _TYPES.get(service.key, _USUAL_TYPE)
        plan = _plans()[self.document_type]
        self.visit: Visit = invent_visit(_words(), plan, Random(f"{self.document_type}/{seed}"), seed, institution, full=False)
        self.moment = _FIRST + timedelta(minutes=seed)
        self.roots: Mapping[str, str] = {
            node.path.removesuffix("/@root"): node.fixed[0]
            for node in nodes_of(service.nodes_of)
            if node.path.endswith("/@root") and node.fixed
        }
        self.message_id = f"{institution}-{service.key}-{seed:08d}"

    def stamp(self, minutes: int = 0) -> str:
        """Give the message's time, or one so many minutes later, as yyyyMMddHHmmss."""
        return f"{self.moment + timedelta(minutes=minutes):%Y%m%d%H%M%S}"


@cache
def _words() -> Words:
    return read_words(_SAMPLES / "words.yaml")


@cache
def _plans() -> Mapping[str, Mapping[str, str]]:
    with (_SAMPLES / "types.csv").open(encoding="utf-8", newline="") as file:
        return {row["type"]: row for row in csv.DictReader(file)}


def invent(made: Invention, node: Node) -> str:
    """Invent the value of an attribute or text; a fixed value is itself."""
    if node.fixed:
        return node.fixed[0]
    leaf = steps_of(node.path)[-1].name
    root = made.roots.get(node.path.removesuffix("/@extension"), "") if leaf == "@extension" else ""
    known = _NUMBERS.get(root) or next((by for fitting, by in _BY_MEANING if fitting.search(node.meaning)), None)
    if known is None:
        return _plain(made, leaf, node)
    return known(made, node) if callable(known) else known.format(made=made, visit=made.visit, number=f"{made.seed:08d}")


def _plain(made: Invention, leaf: str, node: Node) -> str:
    """Invent what no table knows: a code, a number, a count or the node's own name as an example."""
    if leaf == "@code":
        return "1"
    if leaf in ("@extension", "@id"):
        return f"N{made.seed:08d}"
    if leaf == "@unit":
        return "次"
    if node.path.endswith(("/displayName/@value", "@displayName", "/originalText/@value")):
        return f"示例{node.meaning.removesuffix('描述').removesuffix('名称')}"
    return "1" if _COUNTS.search(node.meaning) else f"示例{node.meaning}"


_STAFF = pattern("医生|医护|医师|人员")
_COUNTS = pattern("数|量|次|匹配|天|年龄|身高|体重|压|体温|脉搏|长")


def _identity(made: Invention, node: Node) -> str:
    if _STAFF.search(node.meaning) or "healthCare" in node.path:
        return identity_number("220102", datetime(1980, 1, 1, tzinfo=SHANGHAI), 100 + 2 * (made.seed % 400))
    return made.visit.identity


def _patient(made: Invention, node: Node) -> str:
    return f"{'Q' if 'priorRegisteredRole' in node.path else 'P'}{made.seed:08d}"


def _document(made: Invention, node: Node) -> str:
    del node
    return own_number(made.document_type, made.seed, made.institution)


def _content(made: Invention, node: Node) -> str:
    del node
    return base64.b64encode(sample(made.document_type, made.seed, made.institution)).decode()


def _time(made: Invention, node: Node) -> str:
    return made.stamp(60 if "high" in node.path or "OutTime" in node.path else 0)


def _birth(made: Invention, node: Node) -> str:
    del node
    return f"{made.visit.birth:%Y%m%d}"


def _gender(made: Invention, node: Node) -> str:
    del node
    return "男性" if made.visit.gender == "1" else "女性"


def _name(made: Invention, node: Node) -> str:
    if "relationshipHolder" in node.path:
        return f"测试家属{made.visit.name[-2:]}"
    own = "patient" in node.path.lower() or "livingSubject" in node.path
    return made.visit.name if own else made.visit.staff[0][1]


_Way = str | Callable[[Invention, Node], str]
"""How a value is invented: a text with holes, or a function."""

_OID = "2.16.156.10011."
_NUMBERS: Mapping[str, _Way] = {
    f"{_OID}1.2": "A{number}",
    f"{_OID}1.3": _identity,
    f"{_OID}1.4": "{visit.staff[0][0]}",
    f"{_OID}1.5": "{made.institution}",
    f"{_OID}1.10": "MZ{number}",
    f"{_OID}1.11": "MZ{number}",
    f"{_OID}1.12": "ZY{number}",
    f"{_OID}1.14": "B{number}",
    f"{_OID}1.15": "YB{number}",
    f"{_OID}1.19": "JK{number}",
    f"{_OID}1.21": "0305",
    f"{_OID}1.22": "12",
    f"{_OID}1.24": "SQ{number}",
    f"{_OID}1.26": "0301",
    f"{_OID}1.27": "0401",
    f"{_OID}1.28": "YZ{number}",
    f"{_OID}2.5.1.3": "{made.institution}",
    f"{_OID}2.5.1.4": _patient,
    f"{_OID}2.5.1.5": "01",
    f"{_OID}2.5.1.6": "K{number}",
    f"{_OID}2.5.1.8": "1",
    f"{_OID}2.5.1.9": "LS{number}",
    f"{_OID}2.5.1.11": "5",
    f"{_OID}2.5.1.20": "PB{number}",
    f"{_OID}2.5.1.24": _document,
    f"{_OID}2.5.1.29": "YY{number}",
    f"{_OID}2.5.1.31": "YZ{number}",
    f"{_OID}2.5.1.33": "SS{number}",
    f"{_OID}0.2.2": _patient,
    f"{_OID}0.3.2": "{visit.staff[0][0]}",
}
"""Root of an identifier -> a number of that sort."""

_BY_MEANING: tuple[tuple[Pattern[str], _Way], ...] = (
    (pattern("经base64|Base64"), _content),
    (pattern("^文档类型代码$"), "{made.document_type}"),
    (pattern("文档保密级别代码$"), "N"),
    (pattern("出生(日期|时间)|出生年月"), _birth),
    (pattern("时间|日期|有效期|时$"), _time),
    (pattern("姓名"), _name),
    (pattern("性别(的?代码)"), "{visit.gender}"),
    (pattern("性别(描述|名称)"), _gender),
    (pattern("身份证|证件号码"), _identity),
    (pattern("电话|联系方式"), "{visit.phone}"),
    (pattern("地址-省"), "吉林省"),
    (pattern("地址-市"), "长春市"),
    (pattern("地址（|完整地址|^地址$|患者地址"), "吉林省长春市{visit.address[0]}{visit.address[1]}"),
    (pattern("邮政编码"), "130000"),
    (pattern("机构名称|医院名称|保管单位名称|机构全称"), "{visit.hospital}"),
    (pattern("科室名称|科室描述"), "{visit.ward}"),
    (pattern("机构代码|医院(编码|代码)"), "{made.institution}"),
    (pattern("资源总数"), "10"),
    (pattern("剩余号数"), "8"),
    (pattern("健康卡号"), "JK{number}"),
    (pattern("文档标识|文档流水号"), _document),
    (pattern("患者标识"), "P{number}"),
    (pattern("消息ID|查询ID|查询标识"), "{made.message_id}"),
    (pattern("返回(条数|结果)"), "50"),
)
"""What a meaning says of a value, the first that fits."""
