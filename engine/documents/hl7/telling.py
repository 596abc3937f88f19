"""Tell a hospital what is wrong with a node: its Chinese name, path and line, and how to write it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.documents.hl7.paths import TWINS, Step
from engine.documents.hl7.services import Node
from engine.documents.issues import shorten
from engine.documents.places import Places, local, path_of
from engine.errors import Issue


@dataclass(frozen=True, slots=True)
class Told:
    """What a check found: `kind` of the mistake at `element`, from where the steps `below` lead to the node."""

    kind: str
    node: Node
    element: Any
    below: tuple[Step, ...]
    value: str
    error: bool


def tell(told: Told, places: Places) -> Issue:
    """Write one finding as an issue with its place in the document."""
    if told.kind == "missing":
        return _missing(told, places)
    line, column = places.line_and_column(told.element)
    if told.kind == "often":
        name = told.below[-1].name
        return Issue(
            code="SND-343",
            message=f"节点“{name}”只能出现一次。",
            hint=f"此处只写一个 <{name}>；多条内容请分条发送。",
            path=f"{path_of(told.element)}/{_written(told.below)}",
            line=line,
            column=column,
            rule="nodes",
        )
    right = told.node.fixed[0]
    attribute = told.below[-1].name.removeprefix("@")
    if told.kind == "rootless":
        message = f"缺少{'必填' if told.node.required else ''}节点“{told.node.meaning}”，分不清是哪一种标识。"
        hint = f'在此处写 root="{right}" 等。'
    else:
        message, hint = (
            f"“{told.node.meaning}”应为固定值“{right}”，现为“{shorten(told.value)}”。",
            f'写成 {attribute}="{right}"。',
        )
    return Issue(
        code="SND-342" if told.kind == "rootless" and told.node.required else "SND-343",
        message=message,
        hint=hint,
        severity="error" if told.error else "warning",
        path=path_of(told.element, attribute),
        line=line,
        column=column,
        value=shorten(told.value),
        rule="nodes",
    )


def _missing(told: Told, places: Places) -> Issue:
    nearest, rest = _follow(told.element, told.below)
    line, column = places.line_and_column(nearest)
    empty = len(rest) == 1 and nearest.get(rest[0].name.removeprefix("@")) is not None
    return Issue(
        code="SND-342",
        message=f"缺少必填节点“{told.node.meaning}”{'（取值为空）' if empty else ''}。",
        hint=f"{_advice(nearest, rest, told.node, line)}{_others(nearest, rest)}",
        path=f"{path_of(nearest)}/{_written(rest)}",
        line=line,
        column=column,
        rule="nodes",
    )


def _follow(element: Any, below: tuple[Step, ...]) -> tuple[Any, tuple[Step, ...]]:
    """Go down as far as the elements are there; gives the last one and what is missing below it."""
    for number, step in enumerate(below):
        if step.is_leaf:
            return element, below[number:]
        found = [child for child in element.iterchildren("{*}" + step.name) if _fits(child, step)]
        if len(found) < max(step.position, 1):
            return element, below[number:]
        element = found[max(step.position, 1) - 1]
    return element, below[-1:]


def _fits(element: Any, step: Step) -> bool:
    """Tell whether an element carries the value that tells it from its brothers."""
    if not step.by:
        return True
    *path, attribute = step.by.split("/")
    holders = element.iterfind("/".join("{*}" + name for name in path)) if path else (element,)
    values = (step.value, TWINS.get(step.value, step.value))
    return any(holder.get(attribute.removeprefix("@")) in values for holder in holders)


def _advice(nearest: Any, rest: tuple[Step, ...], node: Node, line: int) -> str:
    where = f"第 {line} 行的 <{local(nearest.tag)}>"
    value = node.fixed[0] if node.fixed else "…"
    leaf = rest[-1]
    if len(rest) == 1 and leaf.name.startswith("@"):
        return f'在{where} 上写 {leaf.name.removeprefix("@")}="{value}"。'
    if len(rest) == 1 and leaf.name == "text()":
        return f"在{where} 中写明内容。"
    return f"在{where} 下写 {_snippet(rest, value)}。"


def _snippet(steps: tuple[Step, ...], value: str) -> str:
    """Write the elements that are missing, with what tells them apart."""
    if not steps:
        return ""
    step, rest = steps[0], steps[1:]
    if step.name == "text()":
        return value
    attributes = {step.by.removeprefix("@"): step.value} if step.by.startswith("@") else {}
    if rest and rest[0].name.startswith("@"):
        attributes.setdefault(rest[0].name.removeprefix("@"), value)
        rest = ()
    written = "".join(f' {name}="{text}"' for name, text in attributes.items())
    inner = _snippet(rest, value)
    return f"<{step.name}{written}>{inner}</{step.name}>" if inner else f"<{step.name}{written}/>"


def _others(nearest: Any, rest: tuple[Step, ...]) -> str:
    """Name the roots that stand where another one is wanted."""
    if rest[0].is_leaf or rest[0].by != "@root":
        return ""
    found = [child.get("root") for child in nearest.iterchildren("{*}" + rest[0].name)]
    return f"现有的 root 是 {'、'.join(shorten(root) for root in found if root)}。" if any(found) else ""


def _written(steps: tuple[Step, ...]) -> str:
    return "/".join(_one(step) for step in steps)


def _one(step: Step) -> str:
    if step.position:
        return f"{step.name}[{step.position}]"
    return f'{step.name}[{step.by}="{step.value}"]' if step.by else step.name
