"""Let spyne 2.14 be imported on Python 3.12 and 3.13, where its vendored six and the module cgi are missing.

Importing this module mends `sys.modules`; it must be imported before the first `import spyne`.
"""

from __future__ import annotations

import logging
import sys
from email.message import Message
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

_MOVED = ("collections_abc", "urllib", "urllib.parse", "urllib.request", "urllib.error", "http_cookies")
_LOUD = ("spyne", "spyne.protocol.xml", "spyne.protocol.soap.soap11", "spyne.protocol.soap.soap11.invalid")


def parse_header(line: str) -> tuple[str, dict[str, str]]:
    """Split a header into its value and its parameters, as cgi.parse_header did (RFC 2045)."""
    message = Message()
    message["content-type"] = line
    pairs = message.get_params(failobj=[(line, "")])
    return str(pairs[0][0]), {str(name): str(value) for name, value in pairs[1:]}


def _lend_six_moves() -> None:
    moves = import_module("six.moves")
    sys.modules.setdefault("spyne.util.six.moves", moves)
    for name in _MOVED:
        sys.modules.setdefault(f"spyne.util.six.moves.{name}", import_module(f"six.moves.{name}"))


def _stand_in_for_cgi() -> None:
    if find_spec("cgi") is None:
        stand_in = ModuleType("cgi")
        stand_in.parse_header = parse_header  # type: ignore[attr-defined]
        sys.modules["cgi"] = stand_in


def mend() -> None:
    """Mend what spyne misses and silence the loggers that print whole documents; safe to call again."""
    if sys.version_info >= (3, 12):
        _lend_six_moves()
    if sys.version_info >= (3, 13):
        _stand_in_for_cgi()
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


mend()
