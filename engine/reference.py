"""Print the reference pages under docs/ from the models they describe; tests hold the pages true."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import Any

import click

from engine.codes import CODES, CONFIG_CODES
from engine.documents.catalogue import Catalogue
from engine.documents.typebook import TypeBook
from engine.documents.typepages import index_page, page
from engine.metrics.table import GROUPS
from engine.services.alerts.rules import KINDS as ALERT_KINDS
from engine.services.alerts.rules import AlertFile, QuietHours
from engine.services.alerts.rules import Rule as AlertRule
from engine.services.appointments.rules import Block, BookingRules
from engine.services.referrals.rules import Network, Pair, ReferralRules, Review
from engine.services.reports.model import STATUSES
from engine.services.reports.rules import ReportRules
from engine.services.reports.statuses import HEAD as STATUS_HEAD
from engine.services.reports.statuses import SOURCES, TABLE
from engine.settings import FLAGS, ROOT, Settings, environment_name, every_setting, value_text
from engine.yamlfile import Sheet, read_yaml

_GROUPS = {
    "0": "接收", "SND-1": "身份与权限", "SND-2": "打包、加密与字符集", "SND-3": "HTTP、报文、XML 与结构", "SND-4": "文档规则与代码",
    "SND-5": "重复与次序", "SND-6": "上限与配额", "SND-7": "业务", "DST-1": "目的系统暂不可用", "DST-2": "目的系统拒收", "ENG": "平台",
}  # fmt: skip


def codes_page() -> str:
    """Write docs/codes.md: every code with cause and what each side does."""
    lines = [
        "# 错误代码 · Codes",
        "",
        "由 `make docs` 从 `engine/codes.py` 生成。类别见敌意输入的分类（R-DEC、R-XML、F-AUTH ……）。",
        "",
    ]
    for prefix, name in _GROUPS.items():
        rows = [c for c in CODES.values() if c.code.startswith(prefix)]
        if rows:
            lines += [
                f"## {name}",
                "",
                "| 代码 | 含义 | 原因 | 医院怎样处理 | 管理员怎样处理 | 类别 |",
                "|---|---|---|---|---|---|",
            ]
            lines += [
                f'| <a id="{c.code}"></a>`{c.code}` | {c.title} | {_cell(c.cause)} | {_cell(c.sender)} | {_cell(c.admin)} | {c.outcome} |'
                for c in rows
            ]
            lines.append("")
    lines += ["## 配置检查（run_engine.py check）", "", "| 代码 | 含义 |", "|---|---|"]
    lines += [f"| `{code}` | {meaning} |" for code, meaning in CONFIG_CODES.items()]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def settings_page() -> str:
    """Write docs/settings.md: every key of config/engine.yaml with its default, flag and environment variable."""
    head = "参数优先于环境变量，环境变量优先于 `config/engine.yaml`。Flags beat the environment, which beats the file."
    lines = [
        "# 设置 · Settings",
        "",
        "由 `make docs` 从 `engine/settings.py` 生成。" + head,
        "",
        "| 键 | 默认 | 参数 | 环境变量 | 说明 |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| `{key}` | {default} | {flag} | {variable} | {about} |" for key, default, flag, variable, about in _settings_rows()
    ]
    return "\n".join(lines) + "\n"


def _settings_rows() -> Iterator[tuple[str, str, str, str, str]]:
    for key, value, about in every_setting(Settings()):
        name, shown = key.replace("-", "_"), value_text(value)
        is_flag = name in FLAGS
        flag = f"`--{key}`" if is_flag else ""
        yield key, f"`{shown}`" if shown else "", flag, f"`{environment_name(name)}`" if is_flag else "", about


def metrics_page() -> str:
    """Write docs/metrics.md: every figure that /metrics shows."""
    kinds = {"counter": "计数 counter", "gauge": "现值 gauge", "histogram": "分布 histogram", "summary": "合计 summary"}
    lines = [
        "# 指标 · Metrics", "",
        "由 `make docs` 从 `engine/metrics/table.py` 生成。监控端口的 `/metrics` 不需登录，给出本节点全部进程之和；重新启动时全部计数归零一次。",
        ("`/metrics` on the monitor port shows the figures of all processes of the node, summed. Where `store` stands, the figure is read from the store"
        " when it is asked for: every node shows the same, so take `max`, not `sum`, over nodes. No figure names a person; a label of more than a"
        " thousand values goes on as `other`."), "",
        "[`grafana-dashboard.json`](grafana-dashboard.json) 可导入 Grafana（数据源为 Prometheus） · can be imported into Grafana. Prometheus:", "",
        "```yaml", "scrape_configs:", "  - job_name: changbai", "    static_configs: [{ targets: ['127.0.0.1:8081'] }]", "```",
    ]  # fmt: skip
    for group, metrics in GROUPS.items():
        lines += ["", f"## {group}", "", "| 指标 | 种类 | 标签 | 说明 |", "|---|---|---|---|"]
        for one in metrics:
            labels = " ".join(f"`{label}`" for label in one.labels)
            store = " (store)" if one.now and not one.name.startswith(("changbai_process", "changbai_revision")) else ""
            lines.append(f"| `{one.name}` | {kinds[one.kind]}{store} | {labels} | {_cell(one.about)} |")
    return "\n".join(lines) + "\n"


def booking_page() -> str:
    """Write docs/booking-reference.md: every key of config/booking.yaml, which a hospital's adapter may set differently."""
    lines = [
        "# 预约规则 · Rules of booking",
        "",
        "由 `make docs` 从 `engine/services/appointments/rules.py` 生成。写在 `config/booking.yaml`；某医院不同的，写在其 `adapter.yaml` 的 `booking` 下。没有写的规则不执行。",
        "A rule that is left out is not applied; a hospital's adapter may differ under `booking`.",
        "",
        "| 键 | 默认 | 说明 |",
        "|---|---|---|",
    ]
    for name, field in BookingRules.model_fields.items():
        default = f"`{field.default:g}s`" if isinstance(field.default, float) else ""
        lines.append(f"| `{name.replace('_', '-')}` | {default} | {field.description} |")
    lines += ["", "`no-shows`、`cancels` 各有以下三项 · each has:", "", "| 键 | 说明 |", "|---|---|"]
    lines += [f"| `{name}` | {field.description} |" for name, field in Block.model_fields.items()]
    example = "horizon-days: 14\nper-person-department: 1\ncancel-days: 1\ncancel-until: '17:00'\nno-shows: {count: 3, within: 180, length: 90}"
    return "\n".join([*lines, "", "```yaml", example, "```"]) + "\n"


def reports_page() -> str:
    """Write docs/reports-reference.md: every key of config/reports.yaml, our statuses, and how tables of statuses are written."""
    lines = [
        "# 报告 · Reports",
        "",
        "由 `make docs` 从 `engine/services/reports/` 生成。写在 `config/reports.yaml`，没有写的取默认值。",
        "",
        "| 键 | 默认 | 说明 |",
        "|---|---|---|",
    ]
    for name, field in ReportRules.model_fields.items():
        default = "" if field.default_factory else f"`{field.default}`"
        lines.append(f"| `{name}` | {default} | {field.description} |")
    lines += [
        "", "```yaml", "months: 6", "consent: required", "notices: { PORTAL-A: portal-news }", "```", "",
        "`notices` 的目的地收到的消息 · what such a destination receives:", "", "```xml",
        '<reportNotice xmlns="urn:changbai:report:1"><report/><institution/><kind/><status/><statusName/><at/><noted/></reportNotice>',
        "```", "", "## 状态 · Statuses", "", "居民只在 70、80 时看到报告 · a resident sees a report in 70 and 80 only.", "",
        "| 状态 | 名称 |", "|---|---|", *(f"| `{status}` | {name} |" for status, name in STATUSES.items()), "",
        (f"医院自己的代码与名称写在 `{TABLE}`（UTF-8，首行 `{','.join(STATUS_HEAD)}`）；某医院不同的，写在 `config/institutions/机构代码/report-status.csv`，优先于前者。"
        f"`source` 为 {'、'.join(f'`{one}`' for one in SOURCES)} 之一（`*` 为全部）；`theirs` 是代码或名称，代码优先。表中没有的状态照样留存并告警，不改变当前状态。"),
        "An institution's own table goes over the shared one; a status that no table knows is kept, warned of, and moves nothing.",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def referrals_page() -> str:
    """Write docs/referrals-reference.md: every key of config/referrals.yaml."""
    lines = [
        "# 转诊规则 · Rules of referral",
        "",
        "由 `make docs` 从 `engine/services/referrals/rules.py` 生成。写在 `config/referrals.yaml`；没有这个文件时，任何机构都不能转诊。",
        "Without the file nobody may refer.",
    ]
    sheets = (
        ("", ReferralRules),
        ("`networks` 各项 · each:", Network),
        ("`pairs` 各项 · each:", Pair),
        ("`review` 各项 · each:", Review),
    )
    for head, sheet in sheets:
        lines += ["", *([head, ""] if head else []), "| 键 | 默认 | 说明 |", "|---|---|---|"]
        for name, field in sheet.model_fields.items():
            lines.append(f"| `{field.alias or name}` | {_rule_default(field.default)} | {field.description} |")
    example = (
        "networks:", "  - { name: 示例医联体, lead: HOSP-A, institutions: [HOSP-A, HOSP-B, CLINIC-C] }",
        "levels: { HOSP-A: 3, HOSP-B: 2, CLINIC-C: 1 }", "pairs:", "  - { from: HOSP-B, to: HOSP-D, directions: [up] }", "review:",
        "  - { by: HOSP-B, from: CLINIC-C, direction: up }", "accept-within: 2d", "arrive-within: 7d",
    )  # fmt: skip
    return "\n".join([*lines, "", "```yaml", *example, "```"]) + "\n"


def alerts_page() -> str:
    """Write docs/alerts-reference.md: every key of config/alerts.yaml, of each kind of rule and of each kind of channel."""
    from engine.outbound.alertchannels import CHANNELS

    lines = [
        "# 报警 · Alerts",
        "",
        "由 `make docs` 从 `engine/services/alerts/rules.py` 和 `engine/outbound/` 生成。写在 `config/alerts.yaml`，改后 `reload` 生效；没有这个文件时没有报警。",
        "Without the file there are no alerts; a `reload` puts changes in force.",
        "",
        "一处异常从开始到恢复是一条报警，监控页面 `/alerts` 显示原因与处理办法；`to` 列出的渠道在开始和恢复时各收到一次通知。渠道不通时平台不断重试，恢复后把积压的合成一份发出；同一份重发时 `Message-ID`（邮件）或 `X-Changbai-Batch`（网络回调）不变。通知只含机构、目的地与错误的代码，不含姓名和文档内容。",
        "One trouble is one alert from its start to its end. A channel that is away is tried again until it is back; a repetition has the same id. Notices hold ids and codes only.",
    ]  # fmt: skip
    lines += _keys_of("文件 · The file", AlertFile) + _keys_of("`quiet-hours`", QuietHours)
    lines += _keys_of("每条规则 · Every rule", AlertRule, "`kind`")
    for name, kind in ALERT_KINDS.items():
        own = [key for key in kind.sheet.model_fields if key not in AlertRule.model_fields]
        lines += _keys_of(f"`kind: {name}` {kind.title}", kind.sheet, only=own)
    for name, channel in CHANNELS.items():
        lines += _keys_of(f"渠道 · channel `kind: {name}` {channel.title}", channel.sheet)
    example = (
        "monitor: https://monitor.example.org:8081", 'quiet-hours: { from: "22:00", until: "07:00" }', "channels:", "  duty:",
        "    kind: mail", "    about: 值班邮箱", "    host: mail.example.org", '    networks: ["10.20.0.0/16"]',
        "    login: { user: changbai, secret: duty-mail-password }", "    from: changbai@example.org", "    recipients: [duty@example.org]",
        "rules:", "  his-a-late: { kind: waiting-age, older-than: 10m, for: 1m, severity: critical, to: [duty], destinations: [his-a] }",
    )  # fmt: skip
    return "\n".join([*lines, "", "```yaml", *example, "```"]) + "\n"


def _keys_of(head: str, sheet: type[Sheet], *first: str, only: Collection[str] | None = None) -> list[str]:
    """Write the keys of one group as a table; nothing below the heading when it has none of its own."""
    rows = [
        f"| `{field.alias or name}` | {_alert_default(field.default)} | {field.description} |"
        for name, field in sheet.model_fields.items()
        if only is None or name in only
    ]
    said = (sheet.__doc__ or "").strip().splitlines()[0]
    table = ["| 键 | 默认 | 说明 |", "|---|---|---|", *(f"| {one} | | 种类 · kind |" for one in first), *rows] if rows else []
    return ["", f"## {head}", "", said, *(["", *table] if table else [])]


def _alert_default(value: Any) -> str:
    """Write a default as it is typed, durations by their largest even unit; nothing for what is left out or must be given."""
    if isinstance(value, float) and value >= 60:
        size, unit = next((size, unit) for size, unit in ((86400, "d"), (3600, "h"), (60, "m")) if value % size == 0)
        return f"`{value / size:g}{unit}`"
    if isinstance(value, float | int) and not isinstance(value, bool):
        return f"`{value:g}`"
    if isinstance(value, list):
        return f"`[{', '.join(value)}]`" if value else ""
    return f"`{value}`" if isinstance(value, str) and value else ""


def _rule_default(value: Any) -> str:
    """Write the default of a rule as it is typed; nothing for one that is left out or must be given."""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, float):
        return f"`{value / 3600:g}h`" if value >= 1 else f"`{value:g}`"
    return f"`{value}`" if isinstance(value, str) else ""


def commands_page() -> str:
    """Write docs/commands.md: the help of every command."""
    from engine.cli.entry import SHOWN, all_commands

    lines = ["# 命令 · Commands", "", "由 `make docs` 从 `engine/cli/` 生成。", ""]
    for path, command in _walk_commands(all_commands(), "run_engine.py"):
        context = click.Context(command, info_name=path, **SHOWN)
        lines += [f"## `{path}`", "", "```", command.get_help(context), "```", ""]
    return "\n".join(lines)


def _walk_commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in sorted(group.commands.items()):
        if command.hidden:
            continue
        if isinstance(command, click.Group):
            yield from _walk_commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def pages() -> Mapping[str, Callable[[], str]]:
    """Name every generated page under docs/ and the function that writes it."""
    from engine.channels import reference as routes
    from engine.documents.guide.reference import guide_page
    from engine.documents.jilin import reference as hospital_functions
    from engine.outbound import reference as endpoints

    own = {
        "codes.md": codes_page,
        "settings.md": settings_page,
        "commands.md": commands_page,
        "metrics.md": metrics_page,
        "booking-reference.md": booking_page,
        "reports-reference.md": reports_page,
        "referrals-reference.md": referrals_page,
        "alerts-reference.md": alerts_page,
    }
    return (
        own
        | dict(routes.PAGES)
        | {
            "endpoints-reference.md": endpoints.generate,
            "adapter-reference.md": endpoints.adapters_page,
            "hospital-functions.md": hospital_functions.generate,
            "guide-reference.md": guide_page,
        }
        | dict(_type_pages())
        | dict(_interaction_pages())
    )


def _interaction_pages() -> Iterator[tuple[str, Callable[[], str]]]:
    """Name the pages of the interaction services, and their list."""
    from engine.documents.hl7 import pages as interactions

    routes = _routes_of_actions()
    yield "interactions/README.md", partial(interactions.index_page, routes)
    for register in interactions.TITLES:
        yield f"interactions/{register}.md", partial(interactions.register_page, register, routes)


def _routes_of_actions() -> Mapping[str, str]:
    """Say which route folder receives each interaction."""
    found: dict[str, str] = {}
    for sheet in sorted((ROOT / "routes").glob("*/route.yaml")):
        receive = read_yaml(sheet, f"routes/{sheet.parent.name}/route.yaml").data["receive"]
        found.update(dict.fromkeys(receive.get("actions", ()), sheet.parent.name))
    return found


def _type_pages() -> Iterator[tuple[str, Callable[[], str]]]:
    """Name the pages of the document types, and their list."""
    catalogue = Catalogue.load(ROOT / "xsd" / "catalogue.yaml")
    book = TypeBook(catalogue)
    yield "types/README.md", partial(index_page, catalogue)
    for code, kind in catalogue.types.items():
        yield f"types/{code}.md", partial(_type_page, book, code, f"../../{kind.sample.relative_to(ROOT).as_posix()}")


def _type_page(book: TypeBook, code: str, sample: str) -> str:
    return page(book.page(code), sample)


def main() -> None:
    """Write all pages, and drop those of types and registers that are no more."""
    written = pages()
    for folder in ("types", "interactions"):
        for old in (ROOT / "docs" / folder).glob("*.md"):
            if f"{folder}/{old.name}" not in written:
                old.unlink()
    for name, write in written.items():
        path = ROOT / "docs" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(write(), encoding="utf-8")


if __name__ == "__main__":
    main()
