"""Print the JSON Schema of route.yaml and the reference page of routes from the models that read them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from engine.channels.language import Receive, Retry, RouteSheet, SendTo
from engine.channels.steps import STEPS, steps_of

ROOT = Path(__file__).resolve().parent.parent.parent

_OPENING = """# 路由参考 · Routes reference

<!-- Printed by `python -m engine.channels.reference` from the models in engine/channels; do not edit by hand. -->

一条路由是 `routes/` 下的一个文件夹，名字就是路由名；`route.yaml` 写它接收什么、校验什么、怎样转换、发往哪里。
A route is a folder under `routes/`; its `route.yaml` says what it receives, checks, changes and sends.

编辑器里的提示：在 `route.yaml` 第一行写 `# yaml-language-server: $schema=../../docs/route.schema.json`。
Editors complete and check the keys when the first line of `route.yaml` names this schema.
"""

_RULES = """
## 写法 · Form

- 每样东西只有一种写法；没有模板，没有环境变量。One way to write each thing; no templates, no environment.
- 时长写单位：`5s` `10m` `3h` `2d`；大小写单位：`64KiB` `32MiB`。Durations and sizes carry their unit.
- 像数字的代码加引号：`"0001"`。A code that looks like a number stands in quotes.
- 不用制表符、锚点、标签、裸写的 yes no on off。No tabs, anchors, tags, bare yes/no/on/off.
- XPath 1.0 是唯一的表达式，前缀用平台登记的（`hl7:` 即 `urn:hl7-org:v3`）。XPath 1.0 is the only expression.
- 路径相对于路由文件夹；`config/`、`xsd/` 开头的相对于项目。Paths are relative to the route's folder; those under
  `config/` or `xsd/` to the project.

## 测试 · Tests

`tests/名称/in.xml`（可为任何编码，如 `in.gbk.xml`）放送来的文档；期望写在旁边：`expect.xml` 是转换后的文档（按规范化
XML 比较，`ignore.txt` 每行一个 XPath 不比较），`expect-issues.txt` 每行一个问题：`error SND-408 规则号或路径`
（没有问题就留空；`state FILTERED` 或 `state ERROR` 一行写出不由问题决定的状态），
`expect-sends.txt` 每行一个目的地，`institution.txt` 为发送机构代码。hip 与 regional 的路由：`expect.xml` 是规范形式，
`action.txt` 写交互编号或操作名（不写则取路由中根元素相同的第一个），`answer.xml` 是登记服务给出的规范应答，`expect-answer.xml` 是应答样式表的结果。`run_engine.py test --accept` 显示后写入期望。

`tests/NAME/in.xml` (any encoding) is what is sent. Beside it: `expect.xml`, the document as it leaves (compared as
canonical XML but for the XPaths in `ignore.txt`), `expect-issues.txt`, one issue a line (severity, code, rule or path;
empty for none; a line `state FILTERED` or `state ERROR` names a state that does not follow from the issues),
`expect-sends.txt`, one destination a line, `institution.txt`, the code of the sender. Routes of hip and regional:
`expect.xml` is the canonical form, `action.txt` names the interaction (without it the first with the same root),
`answer.xml` is the canonical answer of the register, `expect-answer.xml` what the stylesheet of the answer makes of it.
"""


def json_schema() -> dict[str, Any]:
    """Build the JSON Schema of route.yaml, with each kind of step as an alternative."""
    schema = RouteSheet.model_json_schema(by_alias=True)
    definitions = schema.setdefault("$defs", {})
    for verb in ("check", "change"):
        choices = []
        for name, kind in steps_of(verb).items():
            own = kind.sheet.model_json_schema(by_alias=True)
            definitions.update(own.pop("$defs", {}))
            definitions[f"step-{name}"] = own
            choices.append({"$ref": f"#/$defs/step-{name}"})
        schema["properties"][verb]["items"] = {"oneOf": choices}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "route.yaml"}


def page() -> str:
    """Print the reference page: every key with its meaning, every step with its fields, the form of tests."""
    parts = [_OPENING, "\n## route.yaml\n", _table(RouteSheet), "\n### receive\n", _table(Receive)]
    parts += ["\n### send\n", _table(SendTo), "\n#### retry\n", _table(Retry)]
    for kind in STEPS.values():
        parts += [f"\n### {kind.verb}: {kind.name}\n", f"\n{(kind.sheet.__doc__ or '').strip()}\n\n", _table(kind.sheet)]
        parts += [_table(model) for model in _inner(kind.sheet)]
    parts.append(_RULES)
    return "".join(parts)


def _inner(sheet: Any) -> list[Any]:
    found = [f.annotation for f in sheet.model_fields.values()]
    return [a for a in found if isinstance(a, type) and hasattr(a, "model_fields")]


def _table(sheet: Any) -> str:
    rows = ["\n| 键 key | 必填 required | 默认 default | 含义 meaning |\n|---|---|---|---|\n"]
    for name, field in sheet.model_fields.items():
        required = "是 yes" if field.is_required() else ""
        example = f"（如 e.g. `{field.examples[0]}`）" if field.examples else ""
        rows.append(
            f"| `{field.alias or name}` | {required} | {_default(field)} | {(field.description or '').replace('|', '/')}{example} |\n"
        )
    return "".join(rows)


def _default(field: Any) -> str:
    if field.is_required() or field.default in ("", ()) or field.default_factory:
        return ""
    return f"`{_duration(field.default)}`" if isinstance(field.default, float) else f"`{field.default}`"


def _duration(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


def schema_text() -> str:
    """Print the JSON Schema as it stands in docs/."""
    return json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n"


PAGES: Mapping[str, Callable[[], str]] = {"route.schema.json": schema_text, "routes-reference.md": page}
"""Files under docs/ and what prints them."""


def generate(root: Path = ROOT) -> None:
    """Write every page under docs/ of `root`."""
    for name, write in PAGES.items():
        (root / "docs" / name).write_text(write(), encoding="utf-8")


if __name__ == "__main__":
    generate()
