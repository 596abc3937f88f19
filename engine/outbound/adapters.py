"""Read config/institutions/CODE/adapter.yaml: how each hospital's own web service is called."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel, Field, field_validator

from engine.documents.jilin.functions import FUNCTIONS
from engine.documents.jilin.keys import HexCase, ProfileName, SignedCharset
from engine.errors import ConfigError, Fault
from engine.outbound.connector import NetworkEndpoint, SecretName, Unfit
from engine.yamlfile import At, Code, Duration, Sheet, YamlFile, did_you_mean, merge_faults, scan_yaml, try_model

FOLDER = "config/institutions"
SHEET = "adapter.yaml"

_KEY_LINE = re.compile(r"^\s*(?:sign-key|encryption-key|secret)\s*:")

CodeTable = dict[Code, Code]


class FunctionSheet(Sheet):
    """What is different for one function."""

    operation: str = Field("", description="该功能使用的操作名（每个功能一个操作时） · operation of this function")
    parameter: str = Field("", description="该操作的参数名，空为唯一的参数 · parameter, empty for the only one")
    result: str = Field(
        "", description="应答中的字段（点号层次），空为唯一的字段 · dotted field of the reply, empty for the only one"
    )
    soap_action: str | None = Field(None, description="代替 WSDL 中的 soapAction · soapAction instead of the WSDL's")
    deadline: Duration | None = Field(None, gt=0, description="该功能的总时限 · total deadline of this function")
    request_xslt: str = Field("", description="把 REQ 转为对方格式的 XSLT（项目内路径） · stylesheet from our REQ to theirs")
    response_xslt: str = Field("", description="把对方的应答转为 RES 的 XSLT · stylesheet from their reply to our RES")


class SyncSheet(Sheet):
    """When departments, doctors, schedules and slots are fetched."""

    full_every: Duration = Field(86400.0, gt=0, description="全量同步间隔 · between two full syncs")
    slots_every: Duration = Field(600.0, gt=0, description="号源同步间隔 · between two syncs of slots")
    horizon_days: int = Field(7, ge=0, le=90, description="同步未来多少天的号源 · days ahead that are fetched")
    jitter: Duration = Field(60.0, ge=0, description="在此时长内错开起始时间 · spread of the starts")


class AdapterSheet(NetworkEndpoint):
    """How one hospital is called."""

    address: str = Field(
        pattern=r"^https?://[^\s@]+$", description="服务地址，以此为准 · address to call, whatever the WSDL says"
    )
    wsdl: str = Field(
        "wsdl/hospital/HospitalService.wsdl",
        description="对方的 WSDL，已保存在项目内；空缺时为参考 WSDL · the pinned WSDL, a file of the project",
    )
    service: str = Field("", description="WSDL 里的 service 名，空为第一个 · service, empty for the first")
    port: str = Field("", description="WSDL 里的 port 名，空为第一个；决定 SOAP 版本 · port, which decides the SOAP version")
    namespace: str = Field("", description="代替 WSDL 中的目标命名空间 · namespace of the request instead of the WSDL's")
    soap_version: Literal["", "1.1", "1.2"] = Field(
        "", description="代替 WSDL 决定的 SOAP 版本 · SOAP version instead of the WSDL's"
    )
    operation: str = Field("HealthCardService", description="所有功能共用的操作 · operation that takes every function")
    parameter: str = Field("", description="参数名，空为唯一的参数 · parameter, empty for the only one")
    result: str = Field(
        "", description="应答中的字段（点号层次），空为唯一的字段 · dotted field of the reply, empty for the only one"
    )
    functions: dict[Code, FunctionSheet] = Field(
        default_factory=dict, description="按功能代码（带引号）写出不同之处 · what differs, by function number"
    )
    capabilities: list[Code] = Field(
        min_length=1, description="医院提供的功能代码（带引号） · functions that the hospital offers"
    )
    version: Literal["1.0.4", "3.1.2"] = Field(
        "1.0.4", description="接口文本版本；1.0.4 时 2007 不带后来增加的节点 · version of the text the hospital follows"
    )
    hospital_id: Code = Field(max_length=32, description="HOS_ID，医院在对方系统中的编号 · the HOS_ID of every request")
    user: Code = Field(max_length=64, description="USER_ID，平台在医院登记的名字 · the USER_ID that we call with")
    caller: str = Field(
        "", max_length=64, description="医院呼叫平台时的 USER_ID，空为机构代码 · the USER_ID it calls us with, empty for its code"
    )
    profile: ProfileName = Field("MD5", description="签名与加密：MD5 为接口文本原样，SM3 为本平台扩展 · profile of the envelope")
    sign_key: SecretName = Field(description="签名密钥的名字 · name of the signature key")
    encryption_key: SecretName = Field(description="加密密钥的名字，可与签名密钥相同 · name of the encryption key")
    hex_case: HexCase = Field("upper", description="我方签名的十六进制大小写，收到的两种都认 · letter case of our signatures")
    signed_charset: SignedCharset = Field("utf-8", description="被签名文字的字符集 · character set of what is signed")
    unlimited_is_99: bool = Field(default=False, description="号源数 99 表示不限 · a count of 99 means unlimited")
    codes: dict[str, CodeTable] = Field(
        default_factory=dict, description="按节点名：我方（接口文本）代码到对方代码 · our code to theirs, by node"
    )
    codes_back: dict[str, CodeTable] = Field(
        default_factory=dict,
        description="对方代码到我方代码，不能由 codes 倒推时写出 · their code to ours where codes cannot be reversed",
    )
    rate: int = Field(600, ge=0, le=60_000, description="每分钟呼叫上限，0 为不限 · calls a minute, 0 for no limit")
    sync: SyncSheet = Field(default_factory=lambda: SyncSheet.model_validate({}), description="同步 · sync")
    booking: dict[str, Any] = Field(
        default_factory=dict, description="与 config/booking.yaml 不同的预约规则 · booking rules that differ"
    )

    @field_validator("capabilities")
    @classmethod
    def _known(cls, codes: list[str]) -> list[str]:
        for code in codes:
            if code not in FUNCTIONS or not FUNCTIONS[code].from_platform:
                asked = [known for known, function in FUNCTIONS.items() if function.from_platform]
                raise ValueError(f'"{code}" is no function that a hospital offers{did_you_mean(code, asked)}')
        return codes

    def of(self, function: str) -> FunctionSheet:
        """Give what is different for a function."""
        return self.functions.get(function) or FunctionSheet.model_validate({})

    def offers(self, function: str) -> bool:
        """Tell whether the hospital has the function."""
        return function in self.capabilities

    @property
    def back(self) -> Mapping[str, Mapping[str, str]]:
        """Their code to ours, by node: `codes` reversed, with `codes-back` over it."""
        nodes = {*self.codes, *self.codes_back}
        return {
            node: {theirs: ours for ours, theirs in self.codes.get(node, {}).items()} | self.codes_back.get(node, {})
            for node in nodes
        }


@dataclass(frozen=True)
class Adapters(Mapping[str, AdapterSheet]):
    """The adapters by institution code, each with the file it stands in."""

    sheets: Mapping[str, AdapterSheet] = field(default_factory=dict)
    sources: Mapping[str, YamlFile] = field(default_factory=dict)

    def __getitem__(self, code: str) -> AdapterSheet:
        return self.sheets[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self.sheets)

    def __len__(self) -> int:
        return len(self.sheets)

    def institution_of(self, user: str) -> str | None:
        """Find the institution that calls us by a USER_ID."""
        return next((code for code, sheet in self.items() if (sheet.caller or code) == user), None)

    def files(self, root: Path) -> tuple[str, ...]:
        """Name the files the adapters lean on, themselves included: WSDLs with what lies beside them, stylesheets, trusted roots."""
        leaning = {name for sheet in self.values() for name in _leaning(sheet)}
        beside = {
            path.relative_to(root).as_posix()
            for sheet in self.values()
            for path in (root / sheet.wsdl).parent.rglob("*")
            if path.suffix in {".wsdl", ".xsd"} and path.is_file()
        }
        present = {name for name in leaning if (root / name).is_file()}
        return tuple(sorted({file.shown for file in self.sources.values()} | present | beside))


def load_adapters(root: Path, booking: type[BaseModel] | None = None, *, old_profile: bool = True) -> Adapters:
    """Read every adapter below config/institutions; nothing is built or connected.

    `booking` is the model that the group of that name is held to; without `old_profile` one of MD5 is a fault. Raises ConfigError with the faults of all files at their places.
    """
    sheets: dict[str, AdapterSheet] = {}
    sources: dict[str, YamlFile] = {}
    faults: list[tuple[Fault, ...]] = []
    for path in sorted((root / FOLDER).glob(f"*/{SHEET}")):
        code = path.parent.name
        file = scan_yaml(path, path.relative_to(root).as_posix())
        sheet, found = try_model(file, AdapterSheet) if isinstance(file.data, dict) else (None, _empty(file))
        faults += [file.faults, found]
        if sheet is not None:
            faults.append(tuple(_look_through(file, sheet, booking)))
            if sheet.profile == "MD5" and not old_profile:
                said = "profile MD5 is switched off (hospitals.old-profile in config/engine.yaml); agree on SM3 with the hospital"
                faults.append((file.fault("CFG-011", ("profile",), said),))
            sheets[code], sources[code] = sheet, file
    adapters = Adapters(MappingProxyType(sheets), MappingProxyType(sources))
    faults.append(tuple(_same_callers(adapters)))
    if told := merge_faults(*faults):
        raise ConfigError([_hushed(fault) for fault in told])
    return adapters


def _hushed(fault: Fault) -> Fault:
    """Leave out the line of a fault where a key may have been written instead of its name."""
    if not _KEY_LINE.search(fault.source):
        return fault
    said = "write the name of a secret here, never the secret; if one stands here, change it"
    return Fault(file=fault.file, line=fault.line, column=fault.column, code="CFG-041", message=said)


def _empty(file: YamlFile) -> tuple[Fault, ...]:
    return () if file.faults else (file.fault("CFG-010", (), "the file is empty; docs/adapter-reference.md lists the keys"),)


def _leaning(sheet: AdapterSheet) -> Iterator[str]:
    yield sheet.wsdl
    if sheet.trust:
        yield sheet.trust
    for each in sheet.functions.values():
        yield from filter(None, (each.request_xslt, each.response_xslt))


def _look_through(file: YamlFile, sheet: AdapterSheet, booking: type[BaseModel] | None) -> Iterator[Fault]:
    """Find what reads well and cannot be meant."""
    if booking is not None and sheet.booking:
        yield from try_model(file, booking, ("booking",))[1]
    for code in sheet.functions:
        if not sheet.offers(code):
            said = f'function "{code}" is described here but is not in capabilities'
            yield file.fault("CFG-011", ("functions", code), said, key=True)
    known = {node for function in FUNCTIONS.values() for root in (function.request, function.response) for node in _names(root)}
    for group, tables in (("codes", sheet.codes), ("codes-back", sheet.codes_back)):
        for node in tables:
            if node not in known:
                yield file.fault("CFG-011", (group, node), f"no message has a node {node}{did_you_mean(node, known)}", key=True)
    yield from _two_for_one(file, sheet)


def _two_for_one(file: YamlFile, sheet: AdapterSheet) -> Iterator[Fault]:
    for node, table in sheet.codes.items():
        seen: dict[str, str] = {}
        for ours, theirs in table.items():
            first = seen.setdefault(theirs, ours)
            if first != ours and theirs not in sheet.codes_back.get(node, {}):
                at: At = ("codes", node, ours)
                yield file.fault("CFG-011", at, f'"{theirs}" is also written for "{first}"; say under codes-back what it means')


def _names(node: Any) -> Iterator[str]:
    for child in node.children:
        yield child.name
        yield from _names(child)


def _same_callers(adapters: Adapters) -> Iterator[Fault]:
    """Tell of a USER_ID that two hospitals would call us by."""
    seen: dict[str, str] = {}
    for code, sheet in adapters.items():
        first = seen.setdefault(sheet.caller or code, code)
        if first != code:
            said = f'"{sheet.caller or code}" is also the caller of {first}'
            yield adapters.sources[code].fault("CFG-011", ("caller",), said)


def fault_of(adapters: Adapters, code: str, misfit: Unfit) -> Fault:
    """Place what could not be built at its key."""
    return adapters.sources[code].fault(misfit.code, misfit.at, misfit.text)
