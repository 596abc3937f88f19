"""Find what libxml2 would only find at run time: functions, prefixes and variables that an expression may not use."""

from __future__ import annotations

import re
from collections.abc import Collection

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


_PREFIX = re.compile(r"(?<![\w.$-])([A-Za-z_][\w.-]*):(?=[A-Za-z_*])")
VARIABLE = re.compile(r"\$\s*([\w.:-]+)")


def complaint(
    expression: str,
    prefixes: Collection[str],
    variables: Collection[str] = (),
    known: frozenset[str] = XSLT_FUNCTIONS,
) -> str:
    """Say in Chinese which name of an expression is unknown, empty when all are known."""
    bare = _QUOTED.sub("''", expression)
    if strange := strange_functions(expression, known):
        return f"没有函数 {strange[0]}()：只能用 XPath 1.0 的函数"
    for prefix in _PREFIX.findall(bare):
        if prefix not in prefixes:
            return f"前缀 {prefix} 没有声明"
    for variable in VARIABLE.findall(bare):
        if variable not in variables:
            return f"变量 ${variable} 没有定义"
    return ""
