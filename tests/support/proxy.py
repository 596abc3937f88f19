"""Stand between the engine and its PostgreSQL: refuse, cut, or lose what is said about one COMMIT."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, Self
from urllib.parse import urlsplit, urlunsplit

_COMMIT = b"COMMIT\x00"
"""How the simple query ends by which psycopg commits."""

Loss = Literal["reply", "commit"]


@dataclass(eq=False)
class _Pair:
    """One connection of the engine and its own to the server; `said` is what the engine sent since its last COMMIT."""

    client: socket.socket
    server: socket.socket
    said: bytearray = field(default_factory=bytearray)
    deaf: bool = False

    def close(self) -> None:
        for each in (self.client, self.server):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


class Proxy:
    """A proxy before the server of a database address; `url` is the address to give to the engine, without TLS."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname or "127.0.0.1", parts.port or 5432)
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
        self.url = urlunsplit(parts._replace(netloc=f"{user}127.0.0.1:{port}", query="sslmode=disable"))
        self._pairs: set[_Pair] = set()
        self._away = False
        self._wanted: tuple[bytes, Loss] | None = None
        self.lost = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self.cut()

    def go_away(self) -> None:
        """Be a server that is down: every connection breaks, no new one comes about."""
        self._away = True
        self.cut()

    def come_back(self) -> None:
        """Be there again."""
        self._away = False

    def cut(self) -> None:
        """Break every connection."""
        for pair in list(self._pairs):
            pair.close()

    def lose(self, about: str, what: Loss) -> None:
        """Break the connection at the next COMMIT after these words were sent: before it (`commit`) or before its answer (`reply`)."""
        self.lost.clear()
        self._wanted = (about.encode(), what)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._away:
                client.close()
                continue
            pair = _Pair(client, socket.create_connection(self._server))
            self._pairs.add(pair)
            for pump in (self._up, self._down):
                threading.Thread(target=self._run, args=(pump, pair), daemon=True).start()

    def _run(self, pump: Callable[[_Pair], None], pair: _Pair) -> None:
        with suppress(OSError):
            pump(pair)
        self._pairs.discard(pair)
        pair.close()

    def _up(self, pair: _Pair) -> None:
        while words := pair.client.recv(65536):
            pair.said += words
            if self._strikes(pair) and self._lose(pair, words):
                return
            pair.server.sendall(words)
            if pair.said.endswith(_COMMIT):
                pair.said.clear()

    def _strikes(self, pair: _Pair) -> bool:
        return self._wanted is not None and pair.said.endswith(_COMMIT) and self._wanted[0] in pair.said

    def _lose(self, pair: _Pair, words: bytes) -> bool:
        """Lose the COMMIT itself, or let it through and lose its answer; true when the connection is over."""
        assert self._wanted is not None
        _, what = self._wanted
        self._wanted = None
        if what == "reply":
            pair.deaf = True
            pair.server.sendall(words)
            return False
        self.lost.set()
        return True

    def _down(self, pair: _Pair) -> None:
        while words := pair.server.recv(65536):
            if pair.deaf:
                self.lost.set()  # the server has committed: this is its answer
                return
            pair.client.sendall(words)
