"""Print the reference pages of config/endpoints.yaml and of adapter.yaml from their models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic_core import PydanticUndefined

from engine.outbound.adaptersheet import AdapterSheet
from engine.outbound.endpoints import CONNECTORS
from engine.outbound.values import WORDS

_DAY = 86400
_MEBIBYTE = 1 << 20
_MEANINGS = {
    "document": "文档的 XML 文本，不带 XML 声明 · the document as text",
    "packed": "GZIP 后再 Base64 的文本（xs:string 参数） · GZIP then Base64, for a string",
    "gzip": "GZIP 字节（xs:base64Binary 参数） · GZIP bytes, for base64Binary",
    "bytes": "文档的原始字节 · the document's bytes",
    "digest": "文档字节的 SHA-256，小写十六进制 · SHA-256 of the bytes",
    "message-id": "消息号：回执号加内容摘要前 8 位，重发不变 · the same for every resend",
    "receipt": "回执号 · receipt number",
    "route": "路由名 · route",
    "institution": "上传机构代码 · code of the sender",
    "document-type": "文档类型代码 · document type",
    "document-id": "上传方的 documentId · the sender's key",
    "own-id": "文档自身标识 · the document's own id",
    "resident-id": "患者标识 · the resident's id",
    "lane": "live 或 history · lane",
    "received": "接收时间，yyyy-MM-ddTHH:mm:ss+08:00 · time of receipt",
}


def generate() -> str:
    """Write docs/endpoints-reference.md: every kind, every key, every word."""
    lines = [
        "# 目的地配置 · config/endpoints.yaml",
        "",
        "本页由程序生成（`engine/outbound/reference.py`），请勿手改。 Generated from the models; do not edit.",
        "",
        "每个目的地一个名字，其下 `kind` 说明种类。密码、令牌一律不写在文件里，只写秘密的名字：",
        "数据目录 `secrets/` 下同名文件，或环境变量 `ENGINE_SECRET_名字`（大写，连字符改为下划线）。",
        "",
    ]
    for name, kind in CONNECTORS.items():
        lines += [f"## kind: {name} · {kind.title}", "", "| 键 key | 默认 default | 说明 meaning |", "|---|---|---|"]
        lines += [f"| `kind` | 必填 required | 写 `{name}` · write `{name}` |", *_rows(kind.sheet, ""), ""]
    lines += ["## 取值的词 · words for values", "", "| 词 word | 取值 value |", "|---|---|"]
    lines += [f"| `{word}` | {_MEANINGS[word]} |" for word in WORDS]
    return "\n".join(lines) + "\n"


def adapters_page() -> str:
    """Write docs/adapter-reference.md: every key of a hospital's adapter, with an example."""
    lines = [
        "# 医院接口配置 · config/institutions/机构代码/adapter.yaml",
        "",
        "本页由程序生成（`engine/outbound/reference.py`），请勿手改。 Generated from the models; do not edit.",
        "",
        "文件夹名是机构代码；每家医院一个文件，说明平台怎样调用它自己的 Web 服务。密钥不写在文件里，只写名字：",
        "数据目录 `secrets/` 下同名文件，或环境变量 `ENGINE_SECRET_名字`。改动后用 `check` 检查，用 `reload` 生效。",
        "",
        "```yaml",
        _EXAMPLE.strip(),
        "```",
        "",
        "| 键 key | 默认 default | 说明 meaning |",
        "|---|---|---|",
        *_rows(AdapterSheet, ""),
        "",
        "`codes` 与 `codes-back` 作用于任何层次的同名节点，也用于医院呼叫平台的报文；表中没有的代码会使该次调用失败，不会猜测。",
        "参考 WSDL 为 `wsdl/hospital/HospitalService.wsdl`；功能与节点见 `xsd/messages/jilin/`。",
    ]
    return "\n".join(lines) + "\n"


_EXAMPLE = """
about: 示例医院
address: https://his.example.invalid/HospitalService.asmx
networks: ["10.20.0.0/16"]
hospital-id: "22010001"
user: CHANGBAI
sign-key: his-a-sign
encryption-key: his-a-key
capabilities: ["1001", "1004", "2001", "2002", "2003", "2004", "2007", "2008", "2009", "2010", "2011", "2012"]
deadline: 15s
codes:
  SEX: {"0": "2", "1": "1", "2": "0", "3": "9"}
  PATIENT_SEX: {"0": "2", "1": "1", "2": "0", "3": "9"}
functions:
  "2012":
    deadline: 30s
"""


def _rows(sheet: Any, under: str) -> Iterator[str]:
    for name, field in sheet.model_fields.items():
        key = f"{under}{field.alias or name}"
        yield f"| `{key}` | {_default(field)} | {field.description} |"
        for inner in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if hasattr(inner, "model_fields"):
                yield from _rows(inner, f"{key}.")


def _default(field: Any) -> str:
    if field.is_required():
        return "必填 required"
    if field.default is PydanticUndefined or field.default in ("", None):
        return "空 empty"
    return f"`{_as_written(field.default)}`"


def _as_written(value: Any) -> str:
    """Write a default as it would stand in the file: true and false, 30s, 14d, 8MiB."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value / _DAY:g}d" if value and value % _DAY == 0 else f"{value:g}s"
    if isinstance(value, int) and value >= _MEBIBYTE:
        return f"{value // _MEBIBYTE}MiB"
    return str(value)
