"""Serve the hand-written WSDLs byte for byte but for their address, and the page that lists the services."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_ADDRESS = re.compile(rb"(<(?:soap|soap12):address\s+location=\")[^\"]*(\")")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}(?::\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](?::\d{1,5})?")
_QUERIES = {"wsdl": "1.1", "singlewsdl": "1.1", "wsdl12": "1.2"}

_PAGE = """<!DOCTYPE html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>长白 · 服务目录</title>
<style>body{{font:16px/1.7 system-ui,"Microsoft YaHei",sans-serif;max-width:50rem;margin:3rem auto;padding:0 1rem;color:#222}}
h1{{font-size:1.4rem}}table{{border-collapse:collapse;width:100%}}td,th{{text-align:left;padding:.5rem;border-bottom:1px solid #ddd}}
code{{font-size:.9em}}a{{color:#0a58a8}}</style></head>
<body><h1>长白集成平台 · 服务目录</h1>
<p><a href="/services/developer">开发指南</a>（<a href="/services/developer/en">English</a>） · \
<a href="/services/portal">门户开发指南</a> · <a href="/services/contracts/api">惠民接口说明</a> · \
<a href="/services/contracts/hip">交互服务说明</a> · <a href="/services/contracts/regional">区域注册服务说明</a> · \
<a href="/services/interactions">全部交互</a> · \
<a href="/services/types">文档类型</a> · <a href="/services/codes">错误代码</a></p>
<p>用 POST 调用下列地址；SOAP 1.1 与 1.2 都在同一地址应答。{{机构代码}} 换成本机构的代码。</p>
<table><tr><th>服务</th><th>地址</th><th>接口说明</th></tr>
{rows}
</table></body></html>
"""
_ROW = (
    "<tr><td>{title}<br><code>{name}</code></td><td><code>{path}</code></td>"
    '<td><a href="{link}?wsdl">WSDL（SOAP 1.1）</a><br><a href="{link}?wsdl12">WSDL（SOAP 1.2）</a></td></tr>'
)


@dataclass(frozen=True, slots=True)
class WsdlPair:
    """The two WSDLs of one contract as they stand in the folder."""

    soap11: bytes
    soap12: bytes

    def at(self, version: str, address: str) -> bytes:
        """Give the WSDL of a version with the address written in."""
        content = self.soap12 if version == "1.2" else self.soap11
        location = html.escape(address).encode("utf-8")
        return _ADDRESS.sub(lambda found: found[1] + location + found[2], content)


def load_wsdls(folder: Path, name: str) -> WsdlPair:
    """Read `NAME.wsdl` and `NAME12.wsdl`; OSError when one is missing."""
    return WsdlPair((folder / f"{name}.wsdl").read_bytes(), (folder / f"{name}12.wsdl").read_bytes())


def wanted_version(query: str) -> str | None:
    """Tell which WSDL a query string asks for: "1.1" for wsdl, WSDL, singleWsdl; "1.2" for wsdl12; else None."""
    return _QUERIES.get(query.partition("&")[0].partition("=")[0].lower())


def base_address(configured: str, scheme: str, host: str, server: tuple[str, int | None] | None) -> str:
    """Give scheme and host for the address: the configured one, else the Host of the request, else the socket's."""
    if configured:
        return configured.rstrip("/")
    if _HOST.fullmatch(host):
        return f"{scheme}://{host}"
    name, port = server or ("127.0.0.1", None)
    shown = f"[{name}]" if ":" in name else name
    return f"{scheme}://{shown}" + (f":{port}" if port else "")


def service_page(services: Iterable[tuple[str, str, str]]) -> bytes:
    """Write the page of services from (path, name, title); Chinese HTML, UTF-8."""
    rows = "\n".join(
        _ROW.format(
            title=html.escape(title),
            name=html.escape(name),
            path=html.escape(path.replace("{institution}", "{机构代码}")),
            link=html.escape(path.replace("{institution}", "CODE")),
        )
        for path, name, title in services
    )
    return _PAGE.format(rows=rows).encode("utf-8")
