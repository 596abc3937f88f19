"""Declare what stands in a route.yaml: each key once, with its meaning in Chinese and English."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from engine.yamlfile import Code, Duration, Sheet

ONE_WAY = frozenset({"collection", "file", "schedule"})
"""Services whose callers get a receipt, never an answer made by a route."""

INTERACTIVE = frozenset({"hip", "regional"})
"""Services whose messages go to one register of ours and are answered in the caller's dialect."""

ServiceName = Literal["collection", "hip", "regional", "api", "file", "schedule"]

ORDERS = ("resident", "document", "visit")
"""The keys that `in-order-by` knows by name; anything else there is an XPath."""


class Receive(Sheet):
    """What the route takes in: a service, with either types, actions or a function."""

    service: ServiceName = Field(description="从哪个服务接收 · the service it comes in by")
    types: tuple[Code, ...] = Field((), description="文档类型代码，写在方括号里 · codes of document types, in square brackets")
    actions: tuple[Code, ...] = Field(
        (),
        description="hip 的交互编号或 regional 的操作名，写在方括号里，每个只属于一条路由 · S-codes of hip or operations of regional, in "
        "square brackets; each belongs to one route",
        examples=["[S0001, S0002]"],
    )
    function: Code = Field(
        "", description="惠民服务的功能号，加引号 · number of the ApiService function, in quotes", examples=["5001"]
    )

    @model_validator(mode="after")
    def _one_kind_of_key(self) -> Receive:
        given = [name for name, value in (("types", self.types), ("actions", self.actions), ("function", self.function)) if value]
        if len(given) != 1:
            raise ValueError(f"write exactly one of types, actions, function; {' and '.join(given) or 'none'} is given")
        return self

    @property
    def keys(self) -> tuple[str, ...]:
        """Give the keys by which the service finds this route."""
        return self.types or self.actions or (self.function,)


class Retry(Sheet):
    """How a delivery that failed is tried again."""

    first: Duration = Field(5.0, description="第一次重试前的等待 · wait before the first retry", examples=["5s"])
    longest: Duration = Field(600.0, description="两次重试之间最长的等待 · longest wait between two tries", examples=["10m"])
    give_up: Duration = Field(
        259_200.0, description="超过此时间转入死信，等人处理 · after this the delivery is a dead letter", examples=["3d"]
    )

    @model_validator(mode="after")
    def _rising(self) -> Retry:
        if not 0 < self.first <= self.longest <= self.give_up:
            raise ValueError("first, longest and give-up must rise: write for example { first: 5s, longest: 10m, give-up: 3d }")
        return self


class SendTo(Sheet):
    """One destination of the route."""

    to: str = Field(
        min_length=1,
        description="目的地：平台自己的服务，或 config/endpoints.yaml 中的名称 · our own service, or a name in config/endpoints.yaml",
    )
    when: str = Field("", description="满足此 XPath 才发送，空为总是发送 · sends only when this XPath holds")
    in_order_by: str = Field(
        "document",
        description="同一键的消息按接收先后逐个发送：resident、document、visit 或 XPath · messages of one key go out one after another",
    )
    retry: Retry = Field(default_factory=Retry, description="发送失败后的重试 · retry after a failure")


StepSheets = tuple[Any, ...]
"""Steps as written, one key each; the models behind the keys stand in steps.STEPS."""


class RouteSheet(Sheet):
    """One route: what it receives, checks, changes, sends and answers."""

    about: str = Field(min_length=1, description="这条路由做什么，显示在监控页面 · what the route does, shown on the monitor")
    receive: Receive = Field(description="接收什么 · what comes in")
    check: StepSheets = Field((), description="依次校验；第一个错误结束 · checks in order; the first error ends the walk")
    change: StepSheets = Field(
        (),
        description="依次转换；出错则挂起等待；也可再写校验，校验转换后的内容 · changes in order, a failure holds the message; "
        "a check may stand here as well, and sees what was changed",
    )
    send: tuple[SendTo, ...] = Field((), description="发往哪里 · where it goes")
    answer: str = Field(
        "",
        description="应答的 XSLT，只用于请求应答式路由；hip 与 regional 的写入可不写，由平台加信封 · XSLT of the answer, only for request-reply "
        "routes; a write of hip or regional may do without",
    )

    @model_validator(mode="after")
    def _goes_somewhere(self) -> RouteSheet:
        if not self.send and not self.answer:
            raise ValueError("the route goes nowhere: write send: with at least one - to:")
        return self
