"""Write log lines of JSON that carry ids and never the words of a document."""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import Any, TextIO

import structlog

from engine.errors import ConfigError, EngineError, TryAgain
from engine.message import SHANGHAI

FORBIDDEN = frozenset({"name", "identity", "body", "password", "payload", "content", "document", "secret", "token", "value"})
"""Keys under which a person or a document could slip into a line; a value under one of them is never written."""

LONGEST = 2048
"""Bytes of one line, line feed included."""

_IDENTITY = re.compile(r"(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z])")
_HEAD = ("ts", "level", "process", "logger", "event", "error", "code", "receipt", "trace")
_SILENT = ("spyne", "zeep", "python_multipart", "multipart")
"""Libraries whose own lines quote documents whole; what they meet is reported by the rooms that use them."""

_QUOTABLE = (ConfigError, TryAgain)
"""Errors whose words are ours alone; the words of all others may quote what somebody sent."""

Event = MutableMapping[str, Any]


class ForbiddenKey(ValueError):
    """A log call used a key under which personal data could be written."""


def configure(level: str = "info", process: str = "engine", stream: TextIO | None = None, *, strict: bool = False) -> None:
    """Send every line of this process to `stream` (stderr when None), one JSON object of at most 2 KB each.

    `process` is the short name of the process in every line (`front-1`, `worker-1`, `clock`). With `strict` a
    forbidden key raises `ForbiddenKey`; otherwise its value is left out and the key named under `dropped`.
    """
    out = stream if stream is not None else _Stderr()
    number = logging.getLevelNamesMapping()[level.upper()]
    _shape(number, process, out, strict=strict)
    _tame_libraries(max(number, logging.WARNING), process, out)


def get_logger(name: str) -> Any:
    """Return the logger of a room: `log.info("message filed", receipt=..., state=...)`, a constant sentence plus ids."""
    if not structlog.is_configured():
        # The guards hold also in a process that forgot to configure; what libraries log is left alone there.
        _shape(logging.INFO, "engine", _Stderr(), strict=False)
    return structlog.get_logger(room=name)


class _Stderr:
    """Write to what stderr is at that moment, which may be exchanged while the process runs.

    A full disk or a closed pipe loses the line and nothing else: what the line tells of must go on, and nobody is left to tell.
    """

    def write(self, text: str) -> int:
        with suppress(OSError):
            return sys.stderr.write(text)
        return 0

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


def _shape(level: int, process: str, stream: Any, *, strict: bool) -> None:
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, _Head(process), _Guard(strict=strict), _write_error, _to_line],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )


class _Head:
    """Put time, level and process in front of every line."""

    def __init__(self, process: str) -> None:
        self.process = process

    def __call__(self, _logger: Any, method: str, event: Event) -> Event:
        now = datetime.now(SHANGHAI).isoformat(timespec="milliseconds")
        level = "error" if method == "exception" else method
        return {"ts": now, "level": level, "process": self.process, "logger": event.pop("room", ""), **event}


class _Guard:
    """Keep forbidden keys and identity numbers out of a line."""

    def __init__(self, *, strict: bool) -> None:
        self.strict = strict

    def __call__(self, _logger: Any, _method: str, event: Event) -> Event:
        wrong = FORBIDDEN.intersection(event)
        if wrong and self.strict:
            raise ForbiddenKey(f"log keys that may hold personal data: {', '.join(sorted(wrong))}")
        kept: Event = {key: _plain(value) for key, value in event.items() if key not in wrong and key != "exc_info"}
        if wrong:
            kept["dropped"] = sorted(wrong)
        if "exc_info" in event:
            kept["exc_info"] = event["exc_info"]
        return kept


def _plain(value: Any) -> Any:
    """Turn a value into what may stand in a line; an object shows only its type, since its repr may hold a document."""
    if isinstance(value, str):
        return _IDENTITY.sub("[id]", value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items() if str(key) not in FORBIDDEN}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"<{len(value)} bytes>"
    return f"<{type(value).__name__}>"


def _write_error(_logger: Any, _method: str, event: Event) -> Event:
    """Replace an exception by its type, its code and the places it passed; its words only when they are ours."""
    given = event.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else sys.exc_info()[1] if given else None
    if error is not None:
        event.update(describe(error))
    return event


def describe(error: BaseException) -> dict[str, Any]:
    """Tell of an exception what a log line may hold: `error` type, `at` places (file:line, outermost first), `code`, `said`."""
    told: dict[str, Any] = {"error": type(error).__name__, "at": _places(error.__traceback__)}
    if isinstance(error, EngineError):
        told["code"] = error.code
    if isinstance(error, _QUOTABLE):
        told["said"] = str(error)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        told["cause"] = type(cause).__name__
        told["cause_at"] = _places(cause.__traceback__)[-3:]
    return told


def _places(trace: TracebackType | None) -> list[str]:
    """Name the last dozen places of a traceback, files by their last two parts so that no machine path is told."""
    frames = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(trace)]
    return [f"{'/'.join(file.replace(chr(92), '/').split('/')[-2:])}:{line}" for file, line in frames[-12:]]


def _to_line(_logger: Any, _method: str, event: Event) -> str:
    """Write the event as one line of JSON of at most `LONGEST` bytes."""
    line = _json(event)
    for longest in (300, 80, 20):
        if len(line.encode()) < LONGEST:
            return line
        event = {key: _shortened(value, longest) for key, value in event.items()} | {"cut": True}
        line = _json(event)
    if len(line.encode()) < LONGEST:
        return line
    return _json({key: _shortened(event[key], 80) for key in _HEAD if key in event} | {"cut": True})


def _json(event: Mapping[str, Any]) -> str:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"), default=lambda value: f"<{type(value).__name__}>")


def _shortened(value: Any, longest: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= longest else value[:longest] + "…"
    if isinstance(value, list):
        return [_shortened(item, longest) for item in value[-(longest // 20 or 1) :]]
    if isinstance(value, dict):
        return f"<{len(value)} entries>"
    return value


class _LibraryLines(logging.Handler):
    """Write what libraries log: the sentence without its arguments, since an argument may be a document."""

    def __init__(self, process: str, stream: Any) -> None:
        super().__init__()
        self.head = _Head(process)
        self.guard = _Guard(strict=False)
        self.stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; a broken stream is left to logging's own report."""
        try:
            said = record.msg if isinstance(record.msg, str) else f"<{type(record.msg).__name__}>"
            event = self.head(None, record.levelname.lower(), {"logger": record.name, "event": said.strip()[:200]})
            event = self.guard(None, "", event)
            if record.exc_info and record.exc_info[1]:
                event.update(describe(record.exc_info[1]))
            self.stream.write(_to_line(None, "", event) + "\n")
            self.stream.flush()
        except Exception:  # noqa: BLE001 a line that cannot be written must not end the request that wrote it
            self.handleError(record)


def _tame_libraries(level: int, process: str, stream: Any) -> None:
    root = logging.getLogger()
    root.handlers[:] = [_LibraryLines(process, stream)]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(level)
    for name in _SILENT:
        logger = logging.getLogger(name)
        logger.handlers[:] = [logging.NullHandler()]
        logger.propagate = False
