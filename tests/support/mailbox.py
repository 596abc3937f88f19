"""Be a mail server on loopback: a small SMTP receiver that keeps what it takes, and can refuse, be slow or hang up (RFC 5321)."""

from __future__ import annotations

import base64
import email
import email.policy
import socket
import ssl
import threading
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Self


@dataclass
class Taken:
    """One mail: who sent it, to whom, whether the connection was encrypted and who had signed in."""

    sender: str
    recipients: list[str]
    mail: EmailMessage
    secured: bool
    user: str

    @property
    def text(self) -> str:
        return self.mail.get_content()


@dataclass
class Mailbox:
    """A server on a port of its own; `refuse` maps a command (or a recipient) to the reply it gets instead, `mute` answers nothing at all.

    `accounts` are users with their passwords; with `tls` it offers STARTTLS, and speaks TLS from the beginning when `wrapped`.
    """

    tls: ssl.SSLContext | None = None
    wrapped: bool = False
    accounts: dict[str, str] = field(default_factory=dict)
    refuse: dict[str, str] = field(default_factory=dict)
    mute: bool = False
    port: int = 0
    taken: list[Taken] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Listen, on the same port as before when it was open already."""
        self._news = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close(self) -> None:
        # Only shutdown wakes a thread that waits in accept.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def wait(self, number: int, seconds: float = 30.0) -> list[Taken]:
        """Wait until so many mails have come; fails when they do not."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.taken) >= number, seconds), f"{len(self.taken)} of {number} mails came"
        return self.taken

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            if self.mute:
                sock.recv(1)
                return
            if self.wrapped and self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
            _Session(self, sock).run()
        except (OSError, EOFError):
            pass  # the other side hung up, which some tests want it to do
        finally:
            sock.close()

    def keep(self, one: Taken) -> None:
        with self._news:
            self.taken.append(one)
            self._news.notify_all()


class _Session:
    def __init__(self, box: Mailbox, sock: socket.socket) -> None:
        self.box, self.sock = box, sock
        self.reader = sock.makefile("rb")
        self.secured = isinstance(sock, ssl.SSLSocket)
        self.user, self.sender, self.recipients = "", "", []

    def say(self, *lines: str) -> None:
        self.sock.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def line(self) -> str:
        read = self.reader.readline()
        if not read:
            raise EOFError
        return read.decode().rstrip("\r\n")

    def run(self) -> None:
        self.say("220 mailbox")
        while True:
            words = self.line()
            verb = words.split(" ", 1)[0].upper()
            refusal = self.box.refuse.get(verb) or next((r for key, r in self.box.refuse.items() if f"<{key}>" in words), None)
            if refusal:
                self.say(refusal)
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                getattr(self, f"_{verb.lower()}")(words)

    def _ehlo(self, _words: str) -> None:
        offers = ["STARTTLS"] if self.box.tls and not self.secured else []
        offers += ["AUTH PLAIN"] if self.box.accounts else []
        self.say(*[f"250-{offer}" for offer in ("mailbox", *offers)], "250 8BITMIME")

    def _starttls(self, _words: str) -> None:
        self.say("220 go ahead")
        assert self.box.tls is not None
        self.sock = self.box.tls.wrap_socket(self.sock, server_side=True)
        self.reader = self.sock.makefile("rb")
        self.secured = True

    def _auth(self, words: str) -> None:
        _, user, password = base64.b64decode(words.split(" ")[2]).decode().split("\0")
        good = self.box.accounts.get(user) == password
        self.user = user if good else ""
        self.say("235 welcome" if good else "535 wrong")

    def _mail(self, words: str) -> None:
        self.sender, self.recipients = words.split("<")[1].split(">", maxsplit=1)[0], []
        self.say("250 ok")

    def _rcpt(self, words: str) -> None:
        self.recipients.append(words.split("<")[1].split(">", maxsplit=1)[0])
        self.say("250 ok")

    def _rset(self, _words: str) -> None:
        self.say("250 ok")

    def _data(self, _words: str) -> None:
        self.say("354 go on")
        lines = []
        while (row := self.reader.readline()) != b".\r\n":
            lines.append(row[1:] if row.startswith(b"..") else row)
        parsed = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        self.box.keep(Taken(self.sender, self.recipients, parsed, self.secured, self.user))
        self.say("250 taken")
