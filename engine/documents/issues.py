"""Write findings about a document in the words of the code table."""

from __future__ import annotations

from engine.codes import CODES, Code
from engine.errors import Issue, SenderError, Severity

SHOWN = 100
"""Characters of a value that an issue repeats."""


def shorten(value: str) -> str:
    """Cut a value to what an issue may repeat, on one line."""
    text = " ".join(value.split())
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def finding(code: str, found: str = "", hint: str = "", *, value: str = "", line: int = 0, column: int = 0) -> Issue:
    """Build an issue: the title of the code, then what was found; the cure of the code unless a better one is given."""
    row = CODES[code]
    return Issue(
        code=code,
        message=f"{row.title}：{found}" if found else f"{row.title}。",
        hint=hint or row.sender,
        severity=severity_of(row),
        value=shorten(value),
        line=line,
        column=column,
    )


def refusal(code: str, found: str = "", hint: str = "", *, value: str = "", line: int = 0, column: int = 0) -> SenderError:
    """Build the error that refuses a document for one finding."""
    return SenderError(finding(code, found, hint, value=value, line=line, column=column))


def severity_of(row: Code) -> Severity:
    """Tell whether a code refuses or only warns."""
    return "warning" if row.outcome == "A-WARN" else "error"


def place_in(text: bytes, offset: int) -> tuple[int, int]:
    """Give line and column of a byte, from 1; characters of UTF-8 before it count one each, as do broken ones."""
    start = text.rfind(b"\n", 0, offset) + 1
    return text.count(b"\n", 0, offset) + 1, len(text[start:offset].decode("utf-8", errors="replace")) + 1
