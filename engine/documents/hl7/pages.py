"""Print the reference pages of the interaction services: one a register, every service with request, answer and example."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from engine.codes import CODES
from engine.documents.hl7.framing import frame, refusal_text
from engine.documents.hl7.nodes import check_nodes
from engine.documents.hl7.opening import open_message
from engine.documents.hl7.sample import sample_message, without
from engine.documents.hl7.services import HIP, SERVICES, HipService, Node, Service, nodes_of
from engine.message import SHANGHAI

TITLES: Mapping[str, str] = {
    "residents": "居民", "cards": "就诊卡", "institutions": "医疗卫生机构与科室", "staff": "医疗卫生人员", "terms": "术语与字典",
    "areas": "行政区域", "documents": "文档与结果", "schedules": "号源排班", "outpatient-visits": "门诊挂号",
    "inpatient-visits": "住院就诊", "transfers": "住院转科", "discharges": "出院登记", "orders": "医嘱",
    "laboratory-requests": "检验申请", "examination-requests": "检查申请", "pathology-requests": "病理申请",
    "transfusion-requests": "输血申请", "surgery-requests": "手术申请", "appointment-status": "门诊预约状态",
    "examination-appointments": "检查预约", "order-status": "医嘱执行状态", "examination-status": "检查状态",
    "laboratory-status": "检验状态", "surgery-schedules": "手术排班", "surgery-status": "手术状态",
}  # fmt: skip
"""Every register in Chinese, in the order of the pages."""

_ACTS = {
    "add": "登记", "update": "更新", "merge": "合并", "query": "查询", "get": "调阅", "status": "登记状态", "delete": "删除",
}  # fmt: skip
_INFERRED = {"name": "英文名称由平台命名", "nodes": "节点表由根元素推得"}
_CODES = ("SND-340", "SND-341", "SND-342", "SND-343", "SND-344")
_LONG = re.compile(r'(?<=")[A-Za-z0-9+/=]{120,}(?=")|(?<=>)[A-Za-z0-9+/=]{120,}(?=<)')
_NOW = datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI)

Routes = Mapping[str, str]
"""Key of a service -> the folder of the route that receives it."""


def index_page(routes: Routes) -> str:
    """Print docs/interactions/README.md: how a message is judged and answered, and the list of all services."""
    lines = [
        "# 交互服务参考 · Interaction services",
        "",
        (
            "由 `make docs` 从 `xsd/messages/`、`engine/documents/hl7/` 与 `routes/` 生成。地址、凭据与 WSDL 见 [hip](../contracts/hip.md) 与 "
            "[regional](../contracts/regional.md) 的约定；全部代码见 [错误代码](../codes.md)。"
        ),
        "",
        (
            "`HIPMessageServer` 的 `action` 写编号（S0001）、英文名称或 EMR-PL 编号，大小写与前后空格不限；消息根元素须与之相符。区域平台每个操作一个"
            "参数 `message`。两种方言不能混用：医院平台写 `<id><item root extension/></id>`，区域平台写 `<id root extension/>`。"
        ),
        "",
        (
            "必填节点没有出现或取值为空即拒收（AE），应答说明节点的中文名称、路径、行号和写法；标识的 root 不符即拒收，代码表等固定值不符只提醒；"
            "`interactionId` 与根元素不符不影响处理。可不出现的元素一旦出现，其下的必填节点就须齐全，出现几次各自计算。表中没有的节点不影响处理。"
        ),
        "",
        "样例：`run_engine.py sample S0001`（必填节点），`--full`（全部节点），`--seed`、`--institution` 换人换机构。",
        "",
        "## 应答 · Replies",
        "",
        *_replies(),
        "## 代码 · Codes",
        "",
        "| 代码 | 含义 | 怎样处理 |",
        "|---|---|---|",
        *(f"| [`{code}`](../codes.md#{code}) | {CODES[code].title} | {_cell(CODES[code].sender)} |" for code in _CODES),
        "",
        "登记服务拒收的代码（SND-345 起、SND-730 起）也见 [错误代码](../codes.md)。",
        "",
        "## 全部服务 · All services",
        "",
        "| 服务 | 编号 | 中文名称 | 请求根元素 | 成功应答 | 登记 | 做什么 | 路由 | 注 |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_row(service, routes) for service in SERVICES),
    ]
    return "\n".join(lines) + "\n"


def _replies() -> Iterator[str]:
    service = HIP["S0001"]
    opened = open_message(None, service, sample_message(service))
    node = next(node for node in nodes_of(service.nodes_of) if node.meaning == "姓名")
    broken = open_message(None, service, without(service, node))
    refusal = refusal_text(check_nodes(service, broken.document))
    for title, verdict, text in (("成功", "AA", "已登记"), ("拒收", "AE", refusal)):
        said = frame(
            service,
            "hospital",
            opened,
            "AA" if verdict == "AA" else "AE",
            text,
            message_id="0123456789abcdef0123456789abcdef",
            now=_NOW,
        )
        yield from (f"{title}：", "", "```xml", said.replace("><", ">\n<"), "```", "")
    yield from (
        (
            "查询以自己的根元素应答，`controlActProcess/subject` 是查到的内容，`queryAck` 给出 `queryResponseCode`（OK 查到，NF 没有，QE 被拒，AE 出错）"
            "与 `resultTotalQuantity`（总条数，可多于所给的条数）。区域平台的文档、字典、区域操作以各自的平面 XML 应答。"
        ),
        "",
    )


def _row(service: Service, routes: Routes) -> str:
    page = f"{service.register}.md#{service.key.lower()}"
    number, name, answer = _facts(service)
    route = routes.get(service.key, "")
    shown = f"[`{route}`](../../routes/{route}/route.yaml)" if route else "未接通"
    return (
        f"| [{name}]({page}) | {number} | {service.title} | `{service.root}` | `{answer}` | {TITLES[service.register]} | "
        f"{_ACTS[service.act]} | {shown} | {_notes(service)} |"
    )


def _facts(service: Service) -> tuple[str, str, str]:
    """Give numbers, name and answer root of a service."""
    if isinstance(service, HipService):
        return f"{service.code} {service.plan}", service.name, service.answer_root
    return service.code, service.name, service.success_root


def _notes(service: Service) -> str:
    return "；".join(_INFERRED[word] for word in service.inferred) if isinstance(service, HipService) else ""


def register_page(register: str, routes: Routes) -> str:
    """Print the page of one register: every service of both dialects."""
    own = [service for service in SERVICES if service.register == register]
    lines = [
        f"# {TITLES[register]} · {register}",
        "",
        "由 `make docs` 生成。[全部服务](README.md)。必填一栏：● 必须出现且不为空；元素带 * 可重复。",
        "",
    ]
    for service in own:
        lines += _service(service, routes)
    return "\n".join(lines) + "\n"


def _service(service: Service, routes: Routes) -> Iterator[str]:
    number, name, answer = _facts(service)
    route = routes.get(service.key, "")
    yield from (f'<a id="{service.key.lower()}"></a>', "", f"## {service.key} {service.title}", "")
    yield f"- 名称：`{name}`{f'，编号 {number}' if number else ''}"
    yield f"- 请求根元素 `{'` 或 `'.join(service.roots)}`，应答根元素 `{answer}`，{_ACTS[service.act]}"
    yield f"- 路由：{f'[`{route}`](../../routes/{route}/route.yaml)' if route else '未接通'}"
    if notes := _notes(service):
        yield f"- 推定（inferred）：{notes}"
    yield from ("", "请求的节点：", "", *_nodes(nodes_of(service.nodes_of)))
    answers = nodes_of(service.nodes_of, "success")
    content = tuple(node for node in answers if node.path.startswith("/controlActProcess/"))
    if content:
        yield from ("", "应答的节点：", "", *_nodes(content))
    example = _LONG.sub("……", sample_message(service).decode()).strip()
    yield from ("", "示例：", "", "```xml", example, "```", "")


def _nodes(nodes: tuple[Node, ...]) -> Iterator[str]:
    yield "| 路径 | 必填 | 含义 | 固定值 | 数据元 |"
    yield "|---|---|---|---|---|"
    for node in nodes:
        must = ("●" if node.required else "") + ("" if node.maximum else "*")
        fixed = " 或 ".join(f"`{value}`" for value in node.fixed)
        yield f"| `{_cell(node.path)}` | {must} | {_cell(node.meaning)} | {fixed} | {node.element} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
