"""Turn flags, environment and config/engine.yaml into one checked, frozen object."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, PrivateAttr, field_validator

from engine.errors import ConfigError, Fault
from engine.yamlfile import Duration, Sheet, Size, YamlFile, check_model, read_yaml

ROOT = Path(__file__).resolve().parent.parent
"""The checkout: the folder that holds engine/, routes/, config/, xsd/ and wsdl/."""


_LEAST_KEPT = 7 * 86400.0
"""Seconds for which a message is kept at least: the counts of a day are made up anew for a few days."""


class Limits(Sheet):
    """What one request and one document may cost; past a limit the answer names it with its value."""

    body: Size = Field(32 << 20, description="HTTP 请求体上限 · largest HTTP body")
    in_flight: Size = Field(
        256 << 20, description="一个前端进程同时处理的请求体总量，超过时应答 503 · bodies in flight in one front"
    )
    unpacked: Size = Field(64 << 20, description="解压后文档上限 · largest unpacked document")
    depth: int = Field(100, ge=10, description="元素嵌套层数上限 · deepest nesting of elements")
    elements: int = Field(500_000, ge=1000, description="元素个数上限 · most elements of a document")
    attributes: int = Field(256, ge=16, description="一个元素的属性个数上限 · most attributes on one element")
    text: Size = Field(8 << 20, description="单个文本上限 · longest single text")
    batch_documents: int = Field(200, ge=1, description="一批文档数上限 · most documents of a batch")
    batch_unpacked: Size = Field(256 << 20, description="一批解压后总量上限 · largest batch, unpacked in all")
    large: Size = Field(
        256 << 10,
        description="大于此值的文档交给单独的线程，不占用前端的事件循环 · documents above this go to the large-document thread",
    )


class Deadlines(Sheet):
    """How long we wait: for a caller, for ourselves."""

    header: Duration = Field(10.0, description="请求头须在此时间内收完 · header deadline")
    body: Duration = Field(60.0, description="请求体须在此时间内收完 · body deadline")
    reply: Duration = Field(
        30.0,
        gt=0,
        description="应答在此时间内连 64 KiB 都没有被收取时断开连接 · a caller that takes less than 64 KiB of a reply within this is cut off",
    )
    drain: Duration = Field(30.0, description="停机时等待在途工作的最长时间 · how long a stop waits for work in hand")
    step_limit: Duration = Field(
        10.0,
        ge=2,
        description="一个进程无响应、或处理文档的一步超过此时间时被结束并替换 · a process that is silent, or takes for one step of a walk, longer than this is replaced",
    )


class Delivery(Sheet):
    """How workers deliver."""

    batch: int = Field(32, ge=1, le=500, description="一次领取的投递数 · deliveries claimed at a time")
    lease: Duration = Field(
        120.0,
        description="领取的租期，超时未办完的投递重新排队；至少为最长投递时限的两倍 · lease of a claim, at least twice the longest deadline of a destination",
    )
    poll: Duration = Field(0.2, description="空闲时查看队列的间隔 · how often an idle worker looks")


class HospitalCalls(Sheet):
    """How hospitals' own services are called, all together."""

    together: int = Field(64, ge=1, le=1000, description="一个进程同时呼叫医院的请求总数 · questions under way to all hospitals")
    portal_each: int = Field(
        8, ge=1, le=1000, description="一个前端进程中同时等待同一家医院的门户请求数 · calls of portals that wait for one hospital"
    )
    portal_together: int = Field(
        32,
        ge=1,
        le=1000,
        description="一个前端进程中同时等待各家医院的门户请求总数 · calls of portals that wait for any hospital",
    )
    portal_patience: Duration = Field(
        20.0, gt=0, description="门户请求排队等待的最长时间，超过则应答 SND-719 · how long such a call waits for its turn"
    )
    old_profile: bool = Field(
        default=True,
        description="允许 MD5 与 AES-ECB 的旧签名方式（profile: MD5）；false 时只能用 SM3 · whether adapters may use the old profile MD5",
    )


class Retention(Sheet):
    """How long messages are kept that were not accepted; what is not named is kept for ever, accepted ones always are."""

    invalid: Duration | None = Field(
        None,
        ge=_LEAST_KEPT,
        description="拒收（INVALID）消息的保存期，至少 7 天；不填为永久 · how long refused messages are kept",
    )
    filtered: Duration | None = Field(
        None, ge=_LEAST_KEPT, description="被过滤（FILTERED）消息的保存期；不填为永久 · how long filtered messages are kept"
    )
    discarded: Duration | None = Field(
        None, ge=_LEAST_KEPT, description="人工作废（DISCARDED）消息的保存期；不填为永久 · how long discarded messages are kept"
    )
    largest: Size | None = Field(
        None,
        description="以上三类消息正文的总量上限，超过时先删最早的；不填为不限 · most bytes of the bodies of these three; above it the oldest go first",
    )


class Alerts(Sheet):
    """How often alerts are judged; the rules stand in config/alerts.yaml."""

    every: Duration = Field(10.0, ge=1, le=60, description="每隔多久判断一次报警规则 · how often the rules of alerts are judged")


class Tls(Sheet):
    """The files of TLS on both ports; relative names are below the data directory, "" for none."""

    certificate: str = Field(
        "",
        description="服务器证书（PEM，含中间证书）；填写后两个端口都只接受 TLS · server certificate; when set, both ports speak TLS only",
    )
    key: str = Field("", description="服务器私钥（PEM，不加密） · key of the server certificate")
    client_ca: str = Field(
        "",
        description="客户端证书的签发机构（PEM）；填写后服务端口接受客户端证书 · authority of client certificates, services port",
    )
    revoked: str = Field("", description="签发机构的吊销列表（PEM） · revocation list of that authority")


class Tracing(Sheet):
    """Where traces go, if anywhere."""

    endpoint: str = Field(
        "",
        pattern=r"^(https?://[^\s@]+)?$",
        description="OpenTelemetry 采集器的地址（OTLP/HTTP），例如 http://127.0.0.1:4318/v1/traces；空为不追踪 · collector of traces, empty for none",
    )
    one_in: int = Field(
        1,
        ge=1,
        description="每多少条消息追踪一条；带 traceparent 的请求总是追踪。追踪一条约费 0.5 毫秒处理器时间 · trace one message in so many; who sends a traceparent is always traced",
    )


SecondFactorRole = Literal["viewer", "operator", "engineer", "administrator", "auditor", "institution"]


class Settings(Sheet):
    """Everything that can be set; a flag beats the environment, which beats the file."""

    data: Path = Field(Path("var/data"), description="数据目录 · where the engine keeps its files")
    database: str = Field(
        "", description="数据库地址；空为数据目录下的 SQLite · database URL, empty for SQLite in the data directory"
    )
    host: str = Field("127.0.0.1", description="监听地址 · address to listen on")
    port: int = Field(8080, ge=0, le=65535, description="服务端口 · port of the services")
    monitor_port: int = Field(8081, ge=0, le=65535, description="监控页面端口 · port of the monitor")
    fronts: int = Field(1, ge=1, le=64, description="前端进程数（SQLite 时为 1） · front processes, one on SQLite")
    workers: int = Field(1, ge=1, le=64, description="投递进程数（SQLite 时为 1） · delivery workers, one on SQLite")
    public_address: str = Field(
        "",
        description="写进 WSDL 的地址前缀，空为请求的 Host · address written into the WSDLs, empty for the Host of each request",
    )
    key_file: Path | None = Field(
        None,
        description="主密钥文件（0600），空为数据目录下 secrets/sealing.key · file of the master key, empty for secrets/sealing.key in the data directory",
    )
    sealing: Literal["AES-256-GCM", "SM4-GCM"] = Field(
        "AES-256-GCM", description="落库加密算法，对新密钥有效 · cipher of new sealing keys"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="日志级别 · log level")
    second_factor: list[SecondFactorRole] = Field(
        [],
        description="登录监控须有第二因素（动态验证码）的角色，正式运行时建议 administrator,engineer；none 为都不要求 · roles of the monitor that must have a second factor, none for no role",
    )
    invitation: Duration = Field(7 * 86400.0, description="机构邀请码的有效期 · how long an invitation is good")
    project: Path = Field(
        ROOT, description="项目目录，含 routes、config、xsd、wsdl · folder that holds routes/, config/, xsd/, wsdl/"
    )
    limits: Limits = Field(default_factory=Limits, description="上限 · limits")
    deadlines: Deadlines = Field(default_factory=Deadlines, description="时限 · deadlines")
    delivery: Delivery = Field(default_factory=Delivery, description="投递 · delivery")
    hospitals: HospitalCalls = Field(default_factory=HospitalCalls, description="呼叫医院 · calls to hospitals")
    retention: Retention = Field(default_factory=Retention, description="保存期 · retention")
    alerts: Alerts = Field(default_factory=Alerts, description="报警 · alerts")
    tls: Tls = Field(default_factory=Tls, description="TLS")
    tracing: Tracing = Field(default_factory=Tracing, description="链路追踪 · traces")

    _given: dict[str, str] = PrivateAttr(default_factory=dict)

    @field_validator("second_factor", mode="before")
    @classmethod
    def _in_one_word(cls, value: Any) -> Any:
        """Take the roles as a list, or in one text with commas, as flags and the environment have them."""
        if not isinstance(value, str):
            return value
        return [] if value == "none" else [role.strip() for role in value.split(",")]

    def origin(self, key: str) -> Literal["flag", "environment", "file", "default"]:
        """Say where the value of a key comes from, such as `port` or `limits.body`."""
        key = key.replace("-", "_")
        if key in self._given:
            return "flag" if self._given[key] == "flag" else "environment"
        sheet: Any = self
        for name in key.split("."):
            if name not in sheet.model_fields_set:
                return "default"
            sheet = getattr(sheet, name)
        return "file"

    @property
    def secrets(self) -> Path:
        """The folder of secret files, one secret a file, never in the checkout."""
        return self.data / "secrets"

    @property
    def key_path(self) -> Path:
        """The file of the master key, without which nothing sealed can be read."""
        return self.key_file or self.secrets / "sealing.key"


FLAGS: tuple[str, ...] = (
    "data",
    "database",
    "host",
    "port",
    "monitor_port",
    "fronts",
    "workers",
    "public_address",
    "key_file",
    "log_level",
    "second_factor",
    "project",
)
"""The settings that are also flags and, as ENGINE_NAME, environment variables."""


def every_setting(sheet: Sheet, prefix: str = "") -> Iterator[tuple[str, Any, str]]:
    """Give each key as it is written in config/engine.yaml with its value in `sheet` and its description."""
    for name, field in type(sheet).model_fields.items():
        key, value = prefix + name.replace("_", "-"), getattr(sheet, name)
        if isinstance(value, Sheet):
            yield from every_setting(value, f"{key}.")
        else:
            yield key, value, field.description or ""


def value_text(value: Any) -> str:
    """Write a value as it would be written into the file."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(value) or "none"
    if isinstance(value, Path):
        return str(value.relative_to(ROOT) if value.is_relative_to(ROOT) else value)
    if isinstance(value, float):
        return f"{value:g}s"
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1 << 18 and value % (1 << 10) == 0:
        return f"{value >> 20}MiB" if value % (1 << 20) == 0 else f"{value >> 10}KiB"
    return str(value)


def environment_name(flag: str) -> str:
    """Name the environment variable of a flag."""
    return f"ENGINE_{flag.upper()}"


def load_settings(flags: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> Settings:
    """Read config/engine.yaml and lay environment and flags (None means not given) over it.

    Raises ConfigError with every fault at once.
    """
    environment = os.environ if environment is None else environment
    given = {name: environment[environment_name(name)] for name in FLAGS if environment.get(environment_name(name))}
    given |= {name: value for name, value in flags.items() if value is not None}
    file = _engine_yaml(Path(given.get("project", ROOT)) / "config")
    settings = check_model(file, Settings) if file else Settings()
    settings = _lay_over(settings, given)
    settings._given = {name: "flag" if flags.get(name) is not None else "environment" for name in given}  # noqa: SLF001 - made here
    return _fit_sqlite(settings)


def _engine_yaml(folder: Path) -> YamlFile | None:
    path = folder / "engine.yaml"
    return read_yaml(path, "config/engine.yaml") if path.exists() else None


def _lay_over(settings: Settings, given: Mapping[str, Any]) -> Settings:
    faults = []
    for name, value in given.items():
        try:
            checked = Settings.model_validate({name: value})
            settings = settings.model_copy(update={name: getattr(checked, name)})
        except ValueError:
            words = f"{environment_name(name)} / --{name.replace('_', '-')}: {value!r} does not fit"
            faults.append(Fault(file="command line", line=0, column=0, code="CFG-011", message=words))
    if faults:
        raise ConfigError(faults)
    return settings


def _fit_sqlite(settings: Settings) -> Settings:
    if settings.database and not settings.database.startswith("sqlite"):
        return settings
    if settings.fronts > 1 or settings.workers > 1:
        words = "SQLite serves one front and one worker; set database to PostgreSQL for more"
        raise ConfigError([Fault(file="config/engine.yaml", line=0, column=0, code="CFG-011", message=words)])
    return settings
