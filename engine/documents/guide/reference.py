"""Write the page that tells hospitals how to send their guide: files, columns, and every problem that may be told."""

from __future__ import annotations

import json
from collections.abc import Iterator

from engine.documents.guide.columns import DISEASE, DISEASES, ROWS, SHEETS, Heading, SheetOf
from engine.documents.guide.files import LARGEST
from engine.documents.guide.packages import UNPACKED
from engine.documents.guide.pictures import FORMATS, LONGEST, PIXELS
from engine.documents.guide.problems import MOST, RULES

_MIB = 1024 * 1024
_EXAMPLE = {
    "hospital": {"name": "长春测试医院", "level": "三级甲等", "area": "220102", "address": "测试路 1 号", "telephone": "0431-88780120"},
    "departments": [{"department": "0102", "name": "内分泌科", "diseases": ["糖尿病", "甲状腺结节"]}],
    "doctors": [{"doctor": "007", "name": "王测试", "department": "0102", "title": "主任医师", "picture": "007.jpg"}],
}  # fmt: skip


def guide_page() -> str:
    """Write docs/guide-reference.md."""
    lines = [
        "# 就医指南资料 · Files of the guide",
        "",
        "由 `make docs` 从 `engine/documents/guide/` 生成 · written from the tables that the reader checks by.",
        "",
        "1. `run_engine.py guide template` 写出模板，交医院填写；页面 `/guide` 也可下载。",
        "2. `guide check CODE FILE...` 逐条列出问题（文件、工作表、行、列、改法），不改动任何资料；`--csv` 写成表交还医院，`--json` 供程序读取。有错误时返回 1。",
        "3. `guide import CODE FILE...` 全部接收或全部不收，成为等待发布的新版本。",
        "4. `guide approve CODE VERSION` 发布；再发布旧版本即恢复；`guide withdraw CODE` 下架；`guide versions` 列出。每一步都有审计。",
        "",
        "## 文件 · Files",
        "",
        "| 文件 | 说明 |",
        "|---|---|",
        f"| `.xlsx` | 按模板，三张表；标题在前 10 行内即可，空行不影响；一张表最多 {ROWS:,} 行 |",
        "| `.csv` | 一张表一个文件，名为 医院.csv、科室.csv、医生.csv（或 hospital、departments、doctors）；UTF-8、GB18030 或 Excel 的 Unicode 文本 |",
        "| `.json` | 一个对象，键见下表的 JSON 一列 |",
        "| `.docx` | 长篇介绍，由“介绍文件”一列指名；保留标题、段落、列表、表格、粗体、斜体、下划线 |",
        f"| 图片 | {'、'.join(FORMATS)}，由“照片”一列指名，最多 {PIXELS // 10_000:,} 万像素；平台重新编码，长边不超过 {LONGEST}，不留拍摄信息 |",
        "",
        (f"每个文件最大 {LARGEST // _MIB} MiB，展开后 {UNPACKED // _MIB} MiB。介绍可写文字或简单 HTML，其中的脚本、链接、图片会删去并提醒。"
        f"诊治疾病最多 {DISEASES} 个，每个 {DISEASE} 字。问题最多列出 {MOST:,} 条，其余只计数。"),
    ]  # fmt: skip
    for sheet in SHEETS:
        lines += _sheet(sheet)
    lines += ["", "## JSON", "", "```json", json.dumps(_EXAMPLE, ensure_ascii=False, indent=1), "```", ""]
    lines += [
        "",
        "## 问题 · Problems",
        "",
        "`rule` 是稳定的名字 · stable names.",
        "",
        "| rule | 类别 | 问题 | 改法 |",
        "|---|---|---|---|",
    ]
    for name, rule in RULES.items():
        kind = "必须修改" if rule.severity == "error" else "提醒"
        lines.append(f"| `{name}` | {kind} | {_plain(rule.what)} | {_plain(rule.cure)} |")
    return "\n".join(lines) + "\n"


def _sheet(sheet: SheetOf) -> Iterator[str]:
    yield from ("", f"## {sheet.name}", "", "| 列 | JSON | 必填 | 说明 |", "|---|---|---|---|")
    for one in sheet.headings:
        yield f"| {one.heading} | `{one.key}` | {'是' if one.required else ''} | {_told(one)} |"


def _told(heading: Heading) -> str:
    told = [heading.note] if heading.note else []
    if heading.choices:
        told.append("、".join(heading.choices))
    if heading.kind in {"text", "hours", "introduction"}:
        told.append(f"最多 {heading.longest:,} 字")
    return "；".join(told)


def _plain(text: str) -> str:
    """Write the places of values as people read them."""
    return text.replace("{value}", "…").replace("{more}", "…").replace("{heading}", "…")
