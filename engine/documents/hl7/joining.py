"""Join many questions about nodes into one XPath that goes down each way once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from engine.documents.hl7.paths import Step

Spell = Callable[[Step], str]
Tree = dict[Step, "Tree | str"]
"""Ways down by step; at the end the condition on an attribute, text or element."""


def join(ways: Iterable[tuple[tuple[Step, ...], str]], spell: Spell, how: Literal["and", "or"]) -> str:
    """Write one condition: all (or any) of the conditions hold at the ends of their ways below one element.

    With "and" all ends that share an element must hold at the same one of its brothers, which is more than was asked: who needs to
    know asks each question by itself when the joined one fails.
    """
    tree: Tree = {}
    for steps, condition in ways:
        branch = tree
        for step in steps[:-1]:
            inner = branch.get(step)
            if not isinstance(inner, dict):
                inner = {} if inner is None else {Step("."): inner}
                branch[step] = inner
            branch = inner
        last = branch.get(steps[-1])
        if isinstance(last, dict):
            last[Step(".")] = condition
        else:
            branch[steps[-1]] = condition
    return _written(tree, spell, how)


def _written(tree: Tree, spell: Spell, how: str) -> str:
    return f" {how} ".join(_one(step, inner, spell, how) for step, inner in tree.items())


def _one(step: Step, inner: Tree | str, spell: Spell, how: str) -> str:
    name = "." if step.name == "." else spell(step)
    if isinstance(inner, dict):
        return f"{name}[{_written(inner, spell, how)}]"
    return f"{name}[{inner}]" if inner else name
