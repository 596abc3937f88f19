"""Print the reference page of the Jilin text for who builds a hospital's side: envelope with worked examples, functions, codes."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from engine.ciphers import SM4
from engine.documents.jilin.functions import FUNCTIONS, Function, Node
from engine.documents.jilin.keys import Keys, ProfileName
from engine.documents.jilin.profiles import PROFILES, signed_text

_BODY = "<REQ><HOS_ID><![CDATA[22010001]]></HOS_ID><IP><![CDATA[10.1.2.3]]></IP></REQ>"
_SIGN, _KEY = "example-sign-key", "0123456789abcdef"
_NONCE = "00112233445566778899aabbccddeeff"
_INITIAL = bytes(range(12))
"""The twelve bytes before the encrypted text; fixed in the example only, random in every real message."""

_SINCE = {"1.0.4": "2019 年 8 月文本", "3.1.2": "后续版本 3.1.2", "ours": "本平台约定，原文本没有"}


def generate() -> str:
    """Write docs/hospital-functions.md."""
    lines = [
        "# 医院接口的功能与信封 · Functions and envelope of the hospital interface",
        "",
        "由 `make docs` 从 `xsd/messages/jilin/` 与 `engine/documents/jilin/` 生成。医院端按 `wsdl/hospital/HospitalService.wsdl` 提供一个操作，",
        "平台端是 `ApiService`（[contracts/api.md](contracts/api.md)）。两边的信封相同；平台怎样调用一家医院见 [adapter-reference.md](adapter-reference.md)。",
        "",
        "时间用 24 小时制 `yyyy-MM-dd` 或 `yyyy-MM-dd HH:mm:ss`，金额以分为单位，节点名大写，取值放在 CDATA 中，UTF-8。",
        "`可重复` 的节点每出现一次是一条；没有的条目不写。不认识的节点不影响处理。",
        "",
        *_example("MD5"),
        *_example("SM3"),
        "## 公共代码 RETURN_CODE",
        "",
        *_codes("*"),
    ]
    for function in FUNCTIONS.values():
        lines += _function(function)
    return "\n".join(lines) + "\n"


def _example(profile: ProfileName) -> Iterator[str]:
    """Work one request out with fixed keys, so that a vendor can check his own program against it."""
    keys = Keys(profile=profile, sign=_SIGN, encryption=_KEY)
    if profile == "MD5":
        sealed, more, title = PROFILES["MD5"].encrypt(keys, _BODY.encode()), {}, "SIGN_TYPE=MD5：MD5 与 AES-128-ECB（原文本）"
    else:
        sealed = base64.b64encode(_INITIAL + SM4.encrypt(keys.block_key, _INITIAL, _BODY.encode(), b"")).decode()
        more = {"TIMESTAMP": "2026-11-20 09:30:00", "NONCE": _NONCE}
        title = "SIGN_TYPE=SM3：HMAC-SM3 与 SM4-GCM（本平台扩展）"
    fields = {"FUN_CODE": "1001", "USER_ID": "CHANGBAI", "REQ_ENCRYPTED": sealed, **more}
    key = f"&KEY={_SIGN}" if profile == "MD5" else ""
    yield from (f"## {title}", "", f"签名密钥 `{_SIGN}`，加密密钥 `{_KEY}`，明文：", "", "```xml", _BODY, "```", "")
    if more:
        yield from (
            f"前 12 字节随机数在本例中固定为 `{_INITIAL.hex()}`（实际每次不同）。签名是以签名密钥计算的 HMAC-SM3，不加 KEY。",
            "",
        )
    yield from (
        "REQ_ENCRYPTED：",
        "",
        "```",
        sealed,
        "```",
        "",
        "被签名的文字：",
        "",
        "```",
        signed_text(fields) + key,
        "```",
        "",
    )
    yield from ("SIGN：", "", "```", PROFILES[profile].sign(keys, fields), "```", "")


def _function(function: Function) -> Iterator[str]:
    way = "平台调用医院" if function.from_platform else "医院调用平台"
    yield from ("", f"## {function.code} {function.name} · {function.title}", "", f"{way}；{_SINCE[function.since]}。", "")
    for name, root in (("请求 REQ", function.request), ("应答 RES", function.response)):
        if not root.children:
            yield from (f"{name}：空。", "")
            continue
        yield from (f"| {name} | 类型 | 必填 | 说明 |", "|---|---|---|---|")
        yield from _nodes(root, "", function.since)
        yield ""
    if FUNCTIONS.codes(function.code):
        yield from _codes(function.code)


def _nodes(group: Node, under: str, since: str) -> Iterator[str]:
    for node in group.children:
        kind = "可重复" if node.kind == "List" else f"{node.kind}({node.length})" if node.length else node.kind
        later = "" if node.since == since else f"（{node.since} 起）"
        also = f"；也读 `{node.also}`" if node.also else ""
        yield f"| `{under}{node.name}` | {kind} | {'是' if node.required else ''} | {node.title}{later}{also} |"
        yield from _nodes(node, f"{under}{node.name}/", since)


def _codes(function: str) -> Iterator[str]:
    yield from ("| 代码 | 含义 | 平台的理解 |", "|---|---|---|")
    for code, text in FUNCTIONS.codes(function).items():
        yield f"| `{code}` | {text} | {FUNCTIONS.meaning(function, code)} |"
