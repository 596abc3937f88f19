"""Print what the rules of each document type cost: their CPU as a ratio to parsing the same document, at about 20 KB.

Run it alone on a machine: `python -m bench.rules [TYPE ...]`. Documents that are shorter are filled up with copies of
their own entries, as long documents have them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial

from lxml import etree

from engine.documents.press import Press
from engine.documents.sample import ROOT, sample

SIZE = 20_000
"""Bytes of a document."""

ROUNDS = 200
_SECTIONS = "//*[local-name()='structuredBody']//*[local-name()='section'][*[local-name()='entry']]"


def document(kind: str, size: int = SIZE) -> bytes:
    """Invent a document of the type, at least `size` bytes long: entries are repeated, one after the other."""
    root = etree.fromstring(sample(kind, 1))
    entries = [section.findall("{*}entry") for section in root.xpath(_SECTIONS)]
    lines = [entry for section in entries for entry in section]
    turn = 0
    while len(etree.tostring(root, encoding="UTF-8")) < size:
        one = lines[turn % len(lines)]
        one.addnext(deepcopy(one))
        turn += 1
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def cpu(acts: Sequence[Callable[[], object]], rounds: int = ROUNDS) -> list[float]:
    """Give the least CPU seconds of each act, done in turn; the least is what others on the machine disturb least."""
    best = [float("inf")] * len(acts)
    for _ in range(rounds):
        for number, act in enumerate(acts):
            started = time.process_time()
            act()
            best[number] = min(best[number], time.process_time() - started)
    return best


def main(kinds: list[str]) -> None:
    """Print a line for each type, and the worst ratio."""
    press = Press(ROOT)
    chosen = kinds or [kind.code for kind in press.catalogue.types.values() if kind.family == "clinical"]
    print(f"{'type':<10} {'bytes':>6} {'rules':>5} {'parse ms':>8} {'rules ms':>8} {'ratio':>6}")
    worst = 0.0
    for kind in chosen:
        content = document(kind)
        opened, rules = press.open(content), press.rules(kind)
        parse, judge = cpu((partial(press.open, content), partial(rules.check, opened)))
        worst = max(worst, judge / parse)
        print(
            f"{kind:<10} {len(content):>6} {len(rules):>5} {parse * 1000:>8.3f} {judge * 1000:>8.3f} {judge / parse:>6.2f}",
            flush=True,
        )
    print(f"worst ratio {worst:.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
