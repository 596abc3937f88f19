"""Say in both languages what an alert is about, what to do, and what a rule means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from engine.alerting import Words
from engine.services.alerts import rules
from engine.services.alerts.rules import Rule

_UNITS = ((86400, "天", "d"), (3600, "小时", "h"), (60, "分", "min"), (1, "秒", "s"))


def lasting(seconds: float) -> Words:
    """Write a duration by its two largest units."""
    rest, parts = max(int(seconds), 0), list[tuple[str, str]]()
    for size, chinese, english in _UNITS:
        count, rest = divmod(rest, size)
        if count or (size == 1 and not parts):
            parts.append((f"{count} {chinese}", f"{count} {english}"))
        elif parts:
            break
    return Words(*(" ".join(part[number] for part in parts[:2]) for number in (0, 1)))


def share(part: float) -> str:
    """Write a part of one in percent."""
    return f"{part:.1%}".replace(".0%", "%")


def size(number: float) -> str:
    """Write bytes in GiB."""
    return f"{number / (1 << 30):.1f} GiB"


_SUBJECTS: Mapping[str, Words] = MappingProxyType(
    {
        "destination": Words("目的地", "Destination"),
        "institution": Words("机构", "Institution"),
        "client-certificate": Words("机构客户端证书", "Client certificate of"),
        "hospital-certificate": Words("医院服务证书", "Certificate of the service of"),
        "platform-certificate": Words("平台端口证书", "Certificate of our own ports"),
        "disk": Words("数据目录的磁盘", "Disk of the data directory"),
        "store": Words("收发账目", "The books"),
        "worker": Words("投递进程", "Workers"),
        "clock": Words("时钟进程", "The clock"),
    }
)
"""What an alert may be about: the first word of its subject; a name may follow."""


def named(subject: str) -> Words:
    """Name the subject of an alert."""
    kind, _, name = subject.partition(" ")
    words = _SUBJECTS[kind]
    return Words(f"{words.zh} {name}".strip(), f"{words.en} {name}".strip())


def link(subject: str) -> str:
    """Give the page of the monitor where one acts on a subject."""
    kind, _, name = subject.partition(" ")
    if kind == "institution":
        return f"/messages?institution={quote(name)}"
    if kind in ("client-certificate", "hospital-certificate"):
        return f"/institutions/{quote(name)}"
    return {"destination": "/waiting", "platform-certificate": "/settings", "disk": "/settings"}.get(kind, "/overview")


_CURES: Mapping[str, Words] = MappingProxyType(
    {
        "waiting-age": Words(
            "看目的地的最后错误，联系对方恢复；恢复后自动续投，无需重发。",
            "See its last error and call its people; deliveries go on by themselves once it is back.",
        ),
        "dead-deliveries": Words(
            "在“待处理”页按原因查看，改正后重试，或注明理由作废。", "Look at the causes under Waiting; retry when mended, or discard."
        ),
        "breaker": Words(
            "目的地连续没有应答，平台暂停投递并定时试探；检查网络与对方服务，恢复后自动续投。",
            "It did not answer again and again; check network and service, deliveries go on by themselves.",
        ),
        "error-share": Words(
            "按错误代码查看被拒文档，把规则、位置和改法告诉医院；质量报告页有汇总。",
            "See the refused documents by code and tell the hospital rule, place and cure; Quality sums them up.",
        ),
        "silence": Words(
            "联系该机构，核对其上传程序、网络和凭据是否正常。", "Call the institution: is its upload program, its network, its password well?"
        ),
        "rate": Words("与该机构核对当天业务量与上传程序。", "Ask the institution about its day and its upload program."),
        "certificate": Words("尽快换发证书并登记，到期后连接会被拒绝。", "Renew and register it in time; connections fail once it has ended."),
        "disk": Words(
            "清理或扩容；磁盘写满后平台停止接收，应答“请稍后重发”。", "Free or add space; on a full disk the platform takes nothing in."
        ),
        "conservation": Words(
            "立即通知平台工程师，运行 run_engine.py check --store 找出差异。", "Call the platform's engineers; run `run_engine.py check --store`."
        ),
        "standstill": Words(
            "查看引擎进程与日志，必要时重新启动引擎；已接收的文档不会丢失。",
            "Look at the processes and the log, start the engine anew if need be; nothing taken in is lost.",
        ),
    }
)  # fmt: skip


def cure(kind: str) -> Words:
    """Say what to do about an alert of a kind."""
    return _CURES[kind]


def prose(rule: Rule) -> Words:
    """Say what a rule means, as a sentence."""
    said = _PROSE[type(rule)](rule)
    held = lasting(rule.for_)
    some = _only(rule)
    zh = f"{said.zh}{f'，持续 {held.zh}' if rule.for_ else ''}{some.zh}"
    en = f"{said.en}{f', for {held.en}' if rule.for_ else ''}{some.en}"
    return Words(f"{zh}。", f"{en}.")


def _only(rule: Rule) -> Words:
    names = getattr(rule, "destinations", None) or getattr(rule, "institutions", None) or ()
    return Words(f"（只看 {'、'.join(names)}）", f" (only {', '.join(names)})") if names else Words("", "")


def _age(rule: rules.WaitingAge) -> Words:
    age = lasting(rule.older_than)
    return Words(
        f"目的地最早一件投递等待超过 {age.zh}", f"The oldest delivery of a destination has waited for more than {age.en}"
    )


def _dead(rule: rules.DeadDeliveries) -> Words:
    return Words(f"目的地的死信多于 {rule.more_than} 件", f"A destination has more than {rule.more_than} dead deliveries")


def _breaker(_rule: rules.BreakerOpen) -> Words:
    return Words("目的地连续没有应答，已断路", "A destination counts as away (its circuit breaker is open)")


def _errors(rule: rules.ErrorShare) -> Words:
    time = lasting(rule.within)
    return Words(
        f"机构最近 {time.zh}上传满 {rule.least} 份，被拒收超过 {share(rule.above)}",
        f"More than {share(rule.above)} of at least {rule.least} documents of an institution were refused within {time.en}",
    )


def _silence(rule: rules.Silence) -> Words:
    time = lasting(rule.longer_than)
    return Words(
        f"最近七天至少 {rule.days} 天上传过的机构，在 {rule.from_} 至 {rule.until} 间超过 {time.zh}没有上传",
        f"An institution that sent on {rule.days} of the last 7 days has sent nothing for {time.en} between {rule.from_} and {rule.until}",
    )


def _rate(rule: rules.Rate) -> Words:
    zh = [f"少于平时的 {share(rule.below)}"] if rule.below else []
    en = [f"less than {share(rule.below)} of the usual"] if rule.below else []
    if rule.above:
        zh.append(f"多于平时的 {rule.above:g} 倍")
        en.append(f"more than {rule.above:g} times the usual")
    return Words(
        f"平时每小时满 {rule.least} 份的机构，最近一小时上传{'，或'.join(zh)}",
        f"An institution with {rule.least} an hour or more sent {', or '.join(en)} in the last hour",
    )


def _certificate(rule: rules.CertificateEnds) -> Words:
    time = lasting(rule.within)
    whose = {
        "institutions": ("机构客户端", "institutions"),
        "platform": ("平台端口", "our ports"),
        "hospitals": ("医院服务", "hospitals"),
    }
    zh, en = ("、".join(whose[one][0] for one in rule.of), ", ".join(whose[one][1] for one in rule.of))
    return Words(f"{zh}的证书在 {time.zh}内到期", f"A certificate ends within {time.en} ({en})")


def _disk(rule: rules.DiskFree) -> Words:
    return Words(
        f"数据目录所在磁盘的剩余空间少于 {share(rule.below)}",
        f"Less than {share(rule.below)} of the disk of the data directory is free",
    )


def _books(_rule: rules.Conservation) -> Words:
    return Words("已接收的份数与五种状态之和不相等", "What was taken in is not the sum of the five states")


def _standstill(rule: rules.Standstill) -> Words:
    time = lasting(rule.longer_than)
    return Words(f"投递进程或时钟进程超过 {time.zh}没有动静", f"No worker or no clock has given a sign of life for {time.en}")


_PROSE: Mapping[type[Rule], Callable[[Any], Words]] = MappingProxyType(
    {
        rules.WaitingAge: _age,
        rules.DeadDeliveries: _dead,
        rules.BreakerOpen: _breaker,
        rules.ErrorShare: _errors,
        rules.Silence: _silence,
        rules.Rate: _rate,
        rules.CertificateEnds: _certificate,
        rules.DiskFree: _disk,
        rules.Conservation: _books,
        rules.Standstill: _standstill,
    }
)
