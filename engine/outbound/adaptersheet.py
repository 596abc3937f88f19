"""Define what stands in adapter.yaml: how one hospital's own web service is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, field_validator

from engine.documents.jilin.functions import FUNCTIONS
from engine.documents.jilin.keys import HexCase, ProfileName, SignedCharset
from engine.outbound.connector import NetworkEndpoint, SecretName
from engine.yamlfile import Code, Duration, Sheet, did_you_mean

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


class ReportsSheet(Sheet):
    """When a hospital is asked for reports (8001 to 8004)."""

    soonest: Duration = Field(
        30.0, gt=0, description="得知检验检查动态后多久首次查询 · from news of a report to the first question"
    )
    rarest: Duration = Field(
        86400.0, gt=0, description="没有新动态时间隔逐次加倍，最长到此 · longest pause, to which pauses double"
    )
    stop: Duration = Field(14 * 86400.0, gt=0, description="多久没有新动态便不再查询 · without news for this long nobody asks")
    per_minute: int = Field(
        30, ge=1, le=60_000, description="全部进程合计每分钟查询报告的上限 · questions about reports a minute, over all processes"
    )


class AdapterSheet(NetworkEndpoint):
    """How one hospital is called."""

    address: str = Field(
        pattern=r"^https?://[^\s@]+$", description="服务地址，以此为准 · address to call, whatever the WSDL says"
    )
    deadline: Duration = Field(
        30.0, gt=0, description="一次呼叫的总时限：解析、连接、发送、收完应答 · total deadline of one call"
    )
    parallel: int = Field(4, ge=1, le=64, description="一个进程同时呼叫该医院的最大数目 · calls at once from one process")
    wsdl: str = Field(
        "wsdl/hospital/HospitalService.wsdl",
        description="对方的 WSDL，已保存在项目内；空缺时为参考 WSDL · the pinned WSDL, a file of the project",
    )
    wsdl_query: str = Field(
        "?wsdl",
        pattern=r"^[?/]\S*$",
        description="在服务地址后读取对方 WSDL 的查询串，或以 / 开头的路径 · where the hospital shows its WSDL, to see whether it changed",
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
    rate: int = Field(
        600, ge=0, le=60_000, description="一个进程每分钟呼叫上限，0 为不限 · calls a minute from one process, 0 for no limit"
    )
    sync: SyncSheet = Field(default_factory=lambda: SyncSheet.model_validate({}), description="同步 · sync")
    reports: ReportsSheet = Field(
        default_factory=lambda: ReportsSheet.model_validate({}), description="查询报告 · asking for reports"
    )
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
