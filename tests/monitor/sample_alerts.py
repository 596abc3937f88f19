"""Invent what the page of alerts may show."""

from datetime import timedelta

from engine.alerting import Words
from engine.monitor.alerts import AlertView, ChannelLine, RuleLine
from engine.services.alerts.book import Line, Lines
from engine.services.alerts.words import cure, link, named


def a_line(now, number=1, **changes):
    facts = {
        "number": number, "rule": "destination-away", "kind": "breaker", "severity": "warning", "subject": "destination his-a",
        "opened": now - timedelta(minutes=7), "calm": None, "closed": None, "ended": "", "value": 420.0, "threshold": 0.0,
        "cause": Words("自 10:00 起连续没有应答，最后的错误是 DST-101。", "It has not answered since 10:00; its last error is DST-101."),
        "acknowledged": None, "acknowledged_by": "", "note": "", "told": {"duty": "sent", "hook": "waiting"},
    } | changes  # fmt: skip
    about = facts["subject"]
    return Line(**facts, named=named(about), link=link(about), cure=cure(facts["kind"]))


def alerts_of(now, *, calm=False, judged=None):
    grave = a_line(
        now, 2, rule="disk-filling", kind="disk", severity="critical", subject="disk",
        cause=Words("剩余 3.1 GiB，占 4.2%。", "3.1 GiB are free, 4.2% of it."), told={}, acknowledged=now, acknowledged_by="operator-1",
        note="已联系机房",
    )  # fmt: skip
    share = a_line(
        now, 3, rule="refused-documents", kind="error-share", subject="institution H22010001", told={},
        cause=Words("最近 1 小时收到 120 份，拒收 66 份（55%）。", "66 of 120 documents of the last 1 h were refused (55%)."),
    )  # fmt: skip
    over = [
        a_line(now, 10 + n, closed=now - timedelta(hours=n, minutes=3), opened=now - timedelta(hours=n + 1)) for n in range(4)
    ]
    return AlertView(
        now=now, lines=Lines(open=[] if calm else [grave, a_line(now), share], closed=over, token="12-3", judged=judged or now),
        rules=[
            RuleLine(name="disk-filling", severity="critical", words=Words("数据目录所在磁盘的剩余空间少于 10%，持续 1 分。", "Less than 10% of the disk of the data directory is free, for 1 min."), to=("duty",)),
            RuleLine(name="destination-away", severity="warning", words=Words("目的地连续没有应答，已断路，持续 1 分。", "A destination counts as away (its circuit breaker is open), for 1 min."), to=()),
        ],
        channels=[
            ChannelLine(name="duty", kind="mail", about="值班邮箱", place="mail.example → duty@example", waiting=0, last_sent=now - timedelta(minutes=6), last_failed=None, error=""),
            ChannelLine(name="hook", kind="webhook", about="值班系统", place="https://duty.example/alerts", waiting=2, last_sent=None, last_failed=now - timedelta(minutes=1), error="DST-101 连接失败：Connection refused"),
        ],
        quiet=("22:00–07:00", ("warning", "information")),
    )  # fmt: skip
