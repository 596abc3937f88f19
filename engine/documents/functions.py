"""List the functions of XPath 1.0 and XSLT 1.0, and find calls of any other in an expression."""

from __future__ import annotations

import re

XPATH_FUNCTIONS = frozenset(
    [
        "last",
        "position",
        "count",
        "id",
        "local-name",
        "namespace-uri",
        "name",
        "string",
        "concat",
        "starts-with",
        "contains",
        "substring-before",
        "substring-after",
        "substring",
        "string-length",
        "normalize-space",
        "translate",
        "boolean",
        "not",
        "true",
        "false",
        "lang",
        "number",
        "sum",
        "floor",
        "ceiling",
        "round",
    ],
)
XSLT_FUNCTIONS = XPATH_FUNCTIONS | frozenset(["key", "format-number", "current", "generate-id", "system-property"])
"""What a stylesheet may call: no document(), no extension."""

_NODE_TESTS = frozenset(["node", "text", "comment", "processing-instruction", "and", "or", "div", "mod"])
_CALL = re.compile(r"([A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?)\s*\(")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")


def strange_functions(expression: str, known: frozenset[str] = XSLT_FUNCTIONS) -> list[str]:
    """Give the names of called functions that are not known, in order."""
    calls = _CALL.findall(_QUOTED.sub("''", expression))
    return [name for name in calls if name not in known and name.rsplit("::", 1)[-1] not in _NODE_TESTS]
