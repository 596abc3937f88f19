"""Tell a route in prose, in Chinese or English, so that a person can read it aloud and find what is wrong."""

from __future__ import annotations

from typing import Literal

from engine.channels.route import Route, RouteSend

Language = Literal["zh", "en"]

SERVICES = {
    "zh": {
        "collection": "数据采集服务", "hip": "HIP 交互服务", "regional": "区域平台服务",
        "api": "惠民接口服务", "file": "文件", "schedule": "定时任务",
    },
    "en": {
        "collection": "the collection service", "hip": "the HIP service", "regional": "the regional services",
        "api": "ApiService", "file": "a file", "schedule": "the clock",
    },
}  # fmt: skip
"""The services that a route receives from, as they are called in prose."""

_ORDERS = {
    "zh": {"resident": "同一居民的", "document": "同一文档的", "visit": "同一次就诊的"},
    "en": {"resident": "of one resident", "document": "of one document", "visit": "of one visit"},
}

_VERBS = {"check": "校验", "change": "转换"}

_UNITS = ((86400, "天", "days"), (3600, "小时", "hours"), (60, "分钟", "minutes"), (1, "秒", "seconds"))


def explain(route: Route, language: Language = "zh") -> str:
    """Tell the route in prose: what comes in, what is checked and changed, where it goes; ends with a line feed."""
    lines = _chinese(route) if language == "zh" else _english(route)
    return "\n".join(lines) + "\n"


def _chinese(route: Route) -> list[str]:
    lines = [
        f"路由 {route.name}：{route.about}",
        f"  接收  从{SERVICES['zh'][route.service]}收到的 {'、'.join(route.keys)}。",
    ]
    lines += [f"  {_VERBS[step.kind.verb]}  {n}. {step.kind.tell['zh'](step.sheet)}。" for n, step in enumerate(route.steps, 1)]
    if any(step.kind.verb == "check" for step in route.steps):
        lines.append("        校验发现错误即结束，文档退回，并告诉医院错在哪里、怎么改；转换出错则挂起，等人处理后重放。")
    lines += [f"  发送  {_send_zh(send)}" for send in route.sends]
    if route.answer_path:
        lines.append(f"  应答  用 {route.answer_path} 生成。")
    return lines


def _send_zh(send: RouteSend) -> str:
    condition = f"满足 {send.when_text} 时，" if send.when_text else ""
    if send.own:
        return f"{condition}交给平台自己的服务 {send.to}，与回执同一事务完成。"
    order = _ORDERS["zh"].get(send.order_text, f"{send.order_text} 相同的")
    retry = send.retry
    return (
        f"{condition}发往 {send.to}；{order}消息按先后逐个发送；失败后 {_time(retry.first, 1)}重试，"
        f"间隔逐渐延长到 {_time(retry.longest, 1)}，{_time(retry.give_up, 1)}仍不成功转入死信等人处理。"
    )


def _english(route: Route) -> list[str]:
    lines = [
        f"Route {route.name}: {route.about}",
        f"  receive  {', '.join(route.keys)} from {SERVICES['en'][route.service]}.",
    ]
    lines += [f"  {step.kind.verb:<8} {n}. {step.kind.tell['en'](step.sheet)}." for n, step in enumerate(route.steps, 1)]
    if any(step.kind.verb == "check" for step in route.steps):
        lines.append(
            "           An error found ends the walk and the hospital is told what to change; a change that fails holds the message."
        )
    lines += [f"  send     {_send_en(send)}" for send in route.sends]
    if route.answer_path:
        lines.append(f"  answer   made by {route.answer_path}.")
    return lines


def _send_en(send: RouteSend) -> str:
    condition = f"when {send.when_text}: " if send.when_text else ""
    if send.own:
        return f"{condition}to our own service {send.to}, in the transaction of the receipt."
    order = _ORDERS["en"].get(send.order_text, f"of one {send.order_text}")
    retry = send.retry
    return (
        f"{condition}to {send.to}; messages {order} go out one after another; a failure is tried again after "
        f"{_time(retry.first, 2)}, then less and less often up to every {_time(retry.longest, 2)}; after "
        f"{_time(retry.give_up, 2)} it is a dead letter and waits for a person."
    )


def _time(seconds: float, word: int) -> str:
    for unit in _UNITS:
        if seconds >= unit[0] and seconds % unit[0] == 0:
            return f"{seconds / unit[0]:g} {unit[word]}"
    return f"{seconds:g} {_UNITS[-1][word]}"
