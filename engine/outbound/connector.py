"""Say what every way out has in common: the connector, its reply, its sheet of settings, its surroundings."""

from __future__ import annotations

import os
import re
import ssl
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal, Protocol

from pydantic import AfterValidator, Field

from engine.message import Message
from engine.yamlfile import Duration, Sheet, Size

SECRET_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


@dataclass(frozen=True, slots=True)
class Reply:
    """What the destination said: `text` for the event, `remote_id` the number it gave, both may be empty."""

    text: str = ""
    remote_id: str = ""


class Connector(Protocol):
    """A way out to one destination; `send` may be called from several threads at once."""

    def send(self, message: Message) -> Reply:
        """Deliver one message, once; raises Unavailable (later) or Rejected (never)."""

    def close(self) -> None:
        """Let go of what is held open."""


class Secrets:
    """Find secrets by name: the file of that name, else the environment variable ENGINE_SECRET_<NAME>."""

    def __init__(self, folder: Path, environment: Mapping[str, str] = os.environ) -> None:
        self._folder = folder
        self._environment = environment

    def find(self, name: str) -> str | None:
        """Give the secret without its final line break, None when there is none."""
        file = self._folder / name
        if SECRET_NAME.fullmatch(name) and file.is_file():
            return file.read_text(encoding="utf-8").rstrip("\r\n")
        return self._environment.get(f"ENGINE_SECRET_{name.upper().replace('-', '_')}")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a connector may lean on: `root` the checkout, `data` the data directory, `secrets` by name."""

    root: Path
    data: Path
    secrets: Secrets


def _secret_name(name: str) -> str:
    if not SECRET_NAME.fullmatch(name):
        raise ValueError("the name of a secret has small letters, digits and hyphens only, for example his-a-password")
    return name


SecretName = Annotated[str, AfterValidator(_secret_name)]
"""The name of a secret; the secret itself never stands in a file of configuration."""


class Endpoint(Sheet):
    """What every entry of config/endpoints.yaml has."""

    about: str = Field(description="这个目的地是什么，显示在监控页面 · what it is, shown on the monitor")


class Login(Sheet):
    """Who we are at the destination; the password is named, never written."""

    user: str = Field(description="用户名 · user name")
    secret: SecretName = Field(
        description="密码的名字：数据目录 secrets/ 下的文件名，或环境变量 ENGINE_SECRET_名字 · name of the password, never the password"
    )


class NetworkEndpoint(Endpoint):
    """What every destination reached over HTTP has."""

    networks: list[IPv4Network | IPv6Network] = Field(
        min_length=1,
        description='域名允许解析到的网络，例如 "10.20.0.0/16"；此外的地址一律拒绝连接 · networks the name may resolve to',
    )
    deadline: Duration = Field(
        30.0, gt=0, description="一次投递的总时限：解析、连接、发送、收完应答 · total deadline of one send"
    )
    reply_limit: Size = Field(8 << 20, gt=0, description="应答大小上限 · largest reply")
    trust: str = Field(
        "", description="信任的根证书文件（PEM，项目内路径）；空为系统证书 · CA file inside the project, empty for the system's"
    )
    login: Login | None = Field(None, description="HTTP Basic 登录 · HTTP Basic login")
    parallel: int = Field(4, ge=1, le=64, description="同时投递的最大数目 · how many sends at once")


def tls_context(trust: str, root: Path) -> ssl.SSLContext:
    """Make the verifying TLS context of a destination; `trust` is a CA file below `root` or empty."""
    context = ssl.create_default_context(cafile=str(root / trust) if trust else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


Form = Literal["xml", "gzip"]
"""How a document is written out: as it is, or as one GZIP member."""


class Unfit(Exception):
    """An entry of config/endpoints.yaml reads well but cannot work; `at` is the key at fault below the entry."""

    def __init__(self, code: str, at: tuple[str, ...], text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.at = at
        self.text = text


def need_secret(name: str, at: tuple[str, ...], around: Surroundings) -> str:
    """Find a secret; raises Unfit CFG-042 with the two places where it may be put."""
    found = around.secrets.find(name)
    if found is None:
        variable = f"ENGINE_SECRET_{name.upper().replace('-', '_')}"
        raise Unfit(
            "CFG-042",
            at,
            f"there is no secret {name}; put it into the file secrets/{name} of the data directory or into {variable}",
        )
    return found


def inside(root: Path, path: str, at: tuple[str, ...]) -> Path:
    """Find a file of the project; raises Unfit CFG-020 when it is absent or lies outside."""
    found = (root / path).resolve()
    if not found.is_relative_to(root.resolve()) or not found.is_file():
        raise Unfit("CFG-020", at, f"there is no file {path} in the project")
    return found


def basic(login: Login | None, around: Surroundings) -> dict[str, str]:
    """Make the HTTP Basic header (RFC 7617, UTF-8) of a login, nothing without one."""
    if login is None:
        return {}
    pair = f"{login.user}:{need_secret(login.secret, ('login', 'secret'), around)}"
    return {"Authorization": f"Basic {b64encode(pair.encode()).decode('ascii')}"}
