"""Declare every figure that the engine shows to Prometheus: its name, its kind, its labels, and what it tells.

Names and units follow Prometheus' conventions: base units in the name, `_total` for counters. A label takes few values, none of them
personal: institutions, destinations, document types, codes. docs/metrics.md is printed from this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram", "summary"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure. `name` is as Prometheus shows it, without the endings of a histogram's and a summary's rows.

    `now` says that it is read at the moment of asking, from the store or from /proc, and is not counted by the processes.
    """

    name: str
    kind: Kind
    labels: tuple[str, ...]
    about: str
    buckets: tuple[float, ...] = ()
    now: bool = False

    @property
    def series(self) -> tuple[str, ...]:
        """Name the rows that Prometheus sees of it."""
        endings = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}.get(self.kind, ("",))
        return tuple(self.name + ending for ending in endings)


_REQUEST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_COMMIT = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
_BATCH = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_SEND = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_AGE = (0.1, 0.5, 1.0, 5.0, 30.0, 60.0, 300.0, 1800.0, 3600.0, 21600.0, 86400.0)


def _counter(name: str, labels: str, about: str, *, now: bool = False) -> Metric:
    return Metric(f"changbai_{name}_total", "counter", tuple(labels.split()), about, now=now)


def _gauge(name: str, labels: str, about: str, *, now: bool = False) -> Metric:
    return Metric(f"changbai_{name}", "gauge", tuple(labels.split()), about, now=now)


def _histogram(name: str, labels: str, about: str, buckets: tuple[float, ...]) -> Metric:
    return Metric(f"changbai_{name}", "histogram", tuple(labels.split()), about, buckets)


def _summary(name: str, labels: str, about: str) -> Metric:
    return Metric(f"changbai_{name}", "summary", tuple(labels.split()), about)


GROUPS: Mapping[str, tuple[Metric, ...]] = {
    "没有丢失 · Is anything lost": (
        _gauge("messages_taken", "", "收下的消息总数（入库时另行计数） · messages taken in, counted apart", now=True),
        _gauge("messages_held", "state", "各状态的消息数，合计须等于收下的总数 · messages by state; their sum is what was taken in", now=True),
    ),
    "接收 · Intake": (
        _counter("requests", "service operation verdict", "已应答的请求；verdict 为 result 或错误代码 · requests answered; verdict is result or the fault's code"),
        _histogram("request_seconds", "service", "应答一个请求的时间 · time to answer a request", _REQUEST),
        _gauge("requests_in_flight", "service", "正在处理的请求 · requests in hand"),
        _gauge("body_bytes_in_flight", "", "正在处理的请求体字节数 · bytes of bodies in hand"),
        _counter(
            "messages", "service type kind lane outcome",
            "收下的消息：接口、文档类型、机构类别、通道、结果（五种状态之一或 duplicate） · messages by document type, kind of institution, lane and outcome",
        ),
        _summary("step_seconds", "step", "一步检查或转换的时间 · time of one step of a walk"),
        _counter("auth_checks", "verdict", "核验的凭证：right、wrong、remembered · credentials checked"),
        _gauge("history_in_hand", "", "正在处理的历史数据请求 · history calls in hand"),
        _histogram("history_wait_seconds", "", "历史数据请求为让实时数据先行而等待的时间 · wait of a history call for its turn", _SEND),
    ),
    "入库 · Journal": (
        _histogram("commit_batch", "", "一次提交的单元数 · units in one commit", _BATCH),
        _histogram("commit_seconds", "", "一次提交的时间 · time of one commit", _COMMIT),
        _gauge("commit_waiting", "", "最近一次提交之后仍在等待的单元数 · units that still waited after the last commit"),
        _gauge("database_connections_in_use", "", "正在使用的数据库连接 · database connections in use"),
        _gauge("database_connections_limit", "", "各进程数据库连接上限之和 · most connections that the processes may open"),
    ),
    "投递 · Delivery": (
        _gauge("waiting", "destination lane", "未办完的投递 · deliveries not yet done", now=True),
        _gauge("dead", "destination", "死信，等人处理 · dead deliveries that wait for a person", now=True),
        _gauge("oldest_waiting_seconds", "destination", "等待最久的投递已等的时间 · age of the oldest waiting delivery", now=True),
        _counter("deliveries", "destination state", "投递的结果：SENT、QUEUED（稍后再试）、UNKNOWN、DEAD · what came of a try"),
        _histogram("send_seconds", "destination", "发送一次的时间 · time of one send", _SEND),
        _gauge("sends_in_flight", "destination", "正在发送的投递 · sends under way"),
        _histogram("delivery_age_seconds", "destination", "从应投递到送达的时间 · age of a delivery when it was taken", _AGE),
        _gauge("breaker_open", "destination", "1 为暂停投递（对方多次没有应答） · 1 while the circuit breaker is open"),
    ),
    "医院 · Hospitals": (
        _counter(
            "hospital_calls", "function outcome", "呼叫医院：功能号、结果（0、RETURN_CODE 或 DST 代码） · calls to hospitals by function number and outcome"
        ),
        _histogram("hospital_call_seconds", "function", "呼叫医院一次的时间 · time of one call to a hospital", _SEND),
        _counter(
            "hospital_answers", "institution result",
            "各医院的应答：done、refused、failed（没有可用的应答） · what each hospital's answers came to; failed when there was none to rely on",
        ),
        _gauge("hospital_calls_in_flight", "", "正在进行的呼叫 · calls under way"),
        _gauge("hospital_breaker_open", "institution", "1 为该医院被视为不在 · 1 while the hospital counts as away"),
    ),
    "后台工作 · Background work": (
        _gauge("alerts_open", "rule severity", "未结束的告警 · alerts that are open", now=True),
        _gauge("errands_waiting", "kind", "未办完的后台工作 · errands not yet done", now=True),
        _gauge("errands_oldest_seconds", "kind", "最早到期而未办的后台工作已等的时间 · how long the oldest errand that is due has waited", now=True),
        _counter("errands", "kind outcome", "后台工作的结果：done、again（到时再来）、failed · what came of an errand"),
        _summary("errand_seconds", "kind", "一项后台工作的时间 · time of one errand"),
        _counter("jobs", "task outcome", "定时任务的结果：done、failed · what came of the clock's jobs"),
        _summary("job_seconds", "task", "一次定时任务的时间 · time of one turn of a job"),
    ),
    "监控页面 · Monitor": (
        _counter("pages", "page status", "页面应答 · pages shown, by the action they need and HTTP status"),
        _histogram("page_seconds", "page", "一页的时间 · time to show a page", _REQUEST),
    ),
    "进程 · Processes": (
        _gauge("process_up", "process", "1 为进程存在 · 1 while the process lives", now=True),
        _counter("process_starts", "process", "进程启动次数；大于 1 为曾被替换 · starts; more than 1 when it was replaced", now=True),
        _counter("process_cpu_seconds", "process", "进程用去的处理器时间 · CPU of the processes of this name", now=True),
        _gauge("process_resident_bytes", "process", "进程占用的内存 · resident memory of this process", now=True),
        _gauge("process_open_files", "process", "进程打开的文件与连接 · open files and sockets", now=True),
        _gauge("process_threads", "process", "进程的线程数 · threads", now=True),
        _counter("trails", "outcome", "链路追踪：sent、lost（采集器不在） · traces handed to the collector of OpenTelemetry, or lost"),
        _gauge("revision", "process revision", "进程使用的文件集 · set of files this process works with", now=True),
        _gauge("revision_refused", "process revision", "进程未能采用的当前文件集 · current set of files this process could not take up", now=True),
    ),
}  # fmt: skip
"""Every figure, by what it is about."""

METRICS: Mapping[str, Metric] = {metric.name: metric for group in GROUPS.values() for metric in group}
