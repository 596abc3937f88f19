"""Turn the contexts of rules (patterns that match nodes) into selections of those nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator

_NAME = re.compile(r"[\w.-]+(?::[\w.-]+)?(?=\[|$)")
_LAST_STEP = re.compile(r"(?:^|[/:])(@?[\w.-]+:?[\w.-]*)(?:\[.*\])?$", re.DOTALL)
_COUNTING = re.compile(r"\[\s*(?:\d|\$|count\(|number\(|sum\()")


class Scans:
    """The scans of the whole document that contexts share: one variable for each name of element."""

    def __init__(self) -> None:
        self.variables: dict[str, str] = {}
        """Name of the variable by the name of the elements it holds."""

    def select(self, context: str) -> str:
        """Write a match pattern as an XPath of the nodes it matches."""
        return " | ".join(self._select_one(one.strip()) for one in alternatives(context))

    def _select_one(self, path: str) -> str:
        if path.startswith(("/", "$", "id(", "key(")):
            return path
        name = _NAME.match(path)
        rest = path[name.end() :] if name else ""
        if not name or not _filters_only(rest):
            return f"//{path}"
        variable = self.variables.setdefault(name.group(), f"cb-all-{len(self.variables)}")
        return f"${variable}{rest}"


def ends(context: str) -> set[str] | None:
    """Give the names of nodes a context can match; None when it can be anything."""
    names = set()
    for one in alternatives(context):
        match = _LAST_STEP.search(_without_predicates(one.strip()))
        if not match or "*" in match.group(1) or one.strip().startswith("$"):
            return None
        names.add(match.group(1))
    return names


def alternatives(path: str) -> Iterator[str]:
    """Split a path at the bars that stand outside brackets and quotes."""
    depth, quote, start = 0, "", 0
    for at, letter in enumerate(path):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter in "[(":
            depth += 1
        elif letter in "])":
            depth -= 1
        elif letter == "|" and depth == 0:
            yield path[start:at]
            start = at + 1
    yield path[start:]


def _filters_only(rest: str) -> bool:
    """Tell whether a chain of predicates only filters, so that it means the same on a shared list of nodes."""
    return "position(" not in rest and "last(" not in rest and not _COUNTING.search(rest)


def _without_predicates(path: str) -> str:
    """Drop everything in brackets."""
    out, depth, quote = [], 0, ""
    for letter in path:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter == "[":
            depth += 1
        elif letter == "]":
            depth -= 1
        elif depth == 0:
            out.append(letter)
    return "".join(out)
