"""Tell alerts by mail: SMTP (RFC 5321) with STARTTLS or TLS, to an address inside the pinned networks, within a total deadline."""

from __future__ import annotations

import os
import smtplib
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.utils import format_datetime
from threading import Timer
from typing import Any, Literal

from pydantic import Field

from engine.alerting import SEVERITY_WORDS, Batch, Notice
from engine.errors import Rejected, Unavailable
from engine.log import get_logger
from engine.message import SHANGHAI, minute_text
from engine.outbound.connector import NetworkEndpoint, Surroundings, Unfit, need_secret, tls_context
from engine.outbound.lookup import Lookup, pinned_address
from engine.outbound.timed import Clock, dial

_LOG = get_logger("alerts")
_ADDRESS = r"^[^\s@<>,;:\"]+@[^\s@<>,;:\"]+$"


class MailSheet(NetworkEndpoint):
    """A mail server and who gets our mail."""

    host: str = Field(min_length=1, pattern=r"^[^\s/@]+$", description="邮件服务器的主机名 · mail server")
    port: int = Field(587, ge=1, le=65535, description="端口 · port")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="starttls、tls（465 端口）或 none；有 login 时不可为 none · how the connection is secured"
    )
    from_: str = Field(pattern=_ADDRESS, description="发件地址 · sender's address")
    recipients: list[str] = Field(min_length=1, max_length=50, description="收件地址 · who gets it")


class MailChannel:
    """Send each batch as one mail; raises Unfit when the password is missing or would go unsecured."""

    def __init__(self, name: str, sheet: MailSheet, around: Surroundings, lookup: Lookup | None = None) -> None:
        if sheet.login is not None and sheet.security == "none":
            raise Unfit("CFG-011", ("security",), "a password goes over a secured connection only: write starttls or tls")
        self._name = name
        self._sheet = sheet
        self._password = need_secret(sheet.login.secret, ("login", "secret"), around) if sheet.login else ""
        self._tls = None if sheet.security == "none" else tls_context(sheet.trust, around.root)
        self._lookup = lookup or Lookup()

    def send(self, batch: Batch) -> None:
        """Send a batch; raises Unavailable DST-101 (not reached), DST-103 (the server says no for now), Rejected DST-202 (for good)."""
        mail = written(self._name, self._sheet, batch)
        with self._connected() as server:
            refused = server.send_message(mail)
        if refused:
            _LOG.warning(
                "mail not taken for all", channel=self._name, refused=len(refused), recipients=len(self._sheet.recipients)
            )

    def close(self) -> None:
        """Nothing is held open between two mails."""

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        clock = Clock(self._sheet.deadline)
        try:
            with self._dialled(clock) as server:
                if self._sheet.security == "starttls":
                    server.starttls(context=self._tls)
                if self._sheet.login is not None:
                    server.login(self._sheet.login.user, self._password)
                yield server
        except smtplib.SMTPRecipientsRefused as error:
            raise _refusal(max(code for code, _ in error.recipients.values())) from error
        except smtplib.SMTPResponseException as error:
            raise _refusal(error.smtp_code) from error
        except smtplib.SMTPNotSupportedError as error:
            raise Unavailable("DST-103", "邮件服务器不支持所要求的加密或登录方式") from error
        except (smtplib.SMTPException, OSError) as error:
            raise Unavailable("DST-101", f"邮件服务器没有应答或断开了连接：{type(error).__name__}") from error

    @contextmanager
    def _dialled(self, clock: Clock) -> Iterator[smtplib.SMTP]:
        """Connect to exactly the address that was looked up; whatever is under way at the deadline is cut off."""
        sheet = self._sheet
        address = pinned_address(self._lookup, sheet.host, sheet.port, sheet.networks, clock)
        sock = dial(address, sheet.host, self._tls if sheet.security == "tls" else None, clock)
        # STARTTLS takes the socket away from us, so that the connection is cut by a handle of its own.
        handle = socket.socket(fileno=os.dup(sock.fileno()))
        end = Timer(clock.left(), _cut, [handle])
        end.daemon = True
        end.start()
        try:
            server = _Server(sheet.host, sheet.port, sock)
            try:
                yield server
                # What was taken is taken, whatever the server says to our leaving.
                with suppress(smtplib.SMTPException, OSError):
                    server.quit()
            finally:
                server.close()
        finally:
            end.cancel()
            sock.close()
            handle.close()


class _Server(smtplib.SMTP):
    """An SMTP client on a socket that is connected already."""

    def __init__(self, host: str, port: int, sock: socket.socket) -> None:
        self._made = sock
        sock.settimeout(None)
        super().__init__(host, port, local_hostname="changbai")

    def _get_socket(self, *_where: Any) -> socket.socket:
        return self._made


def _cut(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _refusal(code: int) -> Unavailable | Rejected:
    """Name what a reply code means (RFC 5321 4.2.1); the server's words may repeat addresses and are left out."""
    if 500 <= code < 600:
        return Rejected("DST-202", f"邮件服务器应答 {code}")
    return Unavailable("DST-103", f"邮件服务器应答 {code}")


def written(channel: str, sheet: MailSheet, batch: Batch) -> EmailMessage:
    """Write the mail of a batch: ids and codes, in Chinese, then in English. The same batch has the same Message-ID."""
    mail = EmailMessage()
    mail["Subject"] = subject_of(batch.notices)
    mail["From"] = sheet.from_
    mail["To"] = ", ".join(sheet.recipients)
    mail["Date"] = format_datetime(batch.at.astimezone(SHANGHAI))
    first = batch.notices[0]
    domain = sheet.from_.rpartition("@")[2]
    mail["Message-ID"] = f"<changbai-{channel}-{batch.id}-{int(first.opened.timestamp())}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(
        "\n\n".join((*map(_chinese, batch.notices), "— — —", *map(_english, batch.notices))), charset="utf-8", cte="base64"
    )
    return mail


def subject_of(notices: Sequence[Notice]) -> str:
    """Say in one line what it is about: the one notice, or how many started and ended."""
    if len(notices) == 1:
        (one,) = notices
        return f"[长白] {SEVERITY_WORDS[one.severity].zh} {'报警' if one.what == 'start' else '恢复'}：{one.named.zh}"
    began = sum(1 for one in notices if one.what == "start")
    return f"[长白] 汇总：报警 {began} 起，恢复 {len(notices) - began} 起"


def _at(notice: Notice) -> tuple[str, str]:
    return minute_text(notice.opened), minute_text(notice.closed) if notice.closed else ""


def _chinese(notice: Notice) -> str:
    opened, closed = _at(notice)
    head = (
        f"【{'恢复' if notice.closed else '报警'}】{SEVERITY_WORDS[notice.severity].zh} {notice.named.zh}（规则 {notice.rule}）"
    )
    time = f"开始 {opened}" + (f"，恢复 {closed}" if closed else "")
    lines = [head, time, f"原因：{notice.cause.zh}", *([] if closed else [f"处理：{notice.cure.zh}"]), f"查看：{notice.link}"]
    return "\n".join(lines)


def _english(notice: Notice) -> str:
    opened, closed = _at(notice)
    head = f"[{'ended' if notice.closed else 'alert'}] {notice.severity} {notice.named.en} (rule {notice.rule})"
    time = f"since {opened}" + (f", ended {closed}" if closed else "")
    lines = [head, time, f"cause: {notice.cause.en}", *([] if closed else [f"to do: {notice.cure.en}"]), f"see: {notice.link}"]
    return "\n".join(lines)
