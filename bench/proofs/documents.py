"""Prove that invented documents of every type pass, and that every broken rule of every type is found, and no more.

`python -m bench.proofs.documents [COUNT] [--rounds R] [--share S] [--types T ...]`: COUNT sound documents over all types, then every fault
of every type in R different documents (of the rules that all types share, one in S). Ends with 1 when anything is amiss.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path

from bench.proofs.breaking import Walk
from engine.documents.press import Press
from engine.documents.sample_clinical import Clinical

ROOT = Path(__file__).resolve().parents[2]
_FIRST_SEED = 1000
"""Seeds begin here, so that no committed sample is judged again."""


@dataclass(slots=True)
class Outcome:
    """What came of a part of the proof: how many documents, and what was wrong, by its sentence."""

    documents: int = 0
    refused: int = 0
    wrong: Counter[str] = field(default_factory=Counter)

    def add(self, other: Outcome) -> None:
        """Take up the outcome of another part."""
        self.documents += other.documents
        self.refused += other.refused
        self.wrong.update(other.wrong)


@cache
def _press() -> Press:
    return Press(ROOT)


@cache
def _clinical() -> Clinical:
    return Clinical(ROOT)


def types() -> list[str]:
    """List the clinical types."""
    return [code for code, kind in _press().catalogue.types.items() if kind.family == "clinical"]


def sound(code: str, count: int) -> Outcome:
    """Invent `count` documents of a type and judge them: an error is a false refusal, a warning is wrong too."""
    press, kind = _press(), _press().catalogue.types[code]
    outcome = Outcome(documents=count)
    for seed in range(_FIRST_SEED, _FIRST_SEED + count):
        document = press.open(_clinical().sample(kind, seed, f"H{seed % 100:03}", None))
        issues = (*press.schema(kind.schema).check(document), *press.rules(code).check(document))
        outcome.refused += any(issue.severity == "error" for issue in issues)
        outcome.wrong.update(f"{code}: {issue.rule} in a sound document" for issue in issues)
    return outcome


def broken(code: str, rounds: int, share: int) -> Outcome:
    """Break each rule of a type in `rounds` different documents."""
    outcome = Outcome()
    for seed in range(_FIRST_SEED, _FIRST_SEED + rounds):
        walk = Walk(_press(), _clinical(), code, seed)
        outcome.wrong.update(f"{code}: {name} cannot be broken" for name in walk.without_fault())
        for name in walk.names(share):
            outcome.documents += 1
            outcome.wrong.update(f"{code}: {complaint}" for complaint in walk.complaints(name))
    return outcome


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the proof on two processes and print its figures."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.proofs.documents", description="sound and broken documents of every type"
    )
    parser.add_argument("count", nargs="?", type=int, default=20_000, help="sound documents over all types")
    parser.add_argument("--rounds", type=int, default=2, help="documents in which each rule is broken")
    parser.add_argument("--share", type=int, default=1, help="of the rules that all types share, break one in so many")
    parser.add_argument("--types", nargs="*", default=types(), choices=types(), metavar="TYPE", help="only these")
    asked = parser.parse_args(arguments)
    codes, each = asked.types, -(-asked.count // len(asked.types))
    print(f"{len(codes)} types, {each} sound documents of each, every rule broken in {asked.rounds} document(s)", flush=True)
    made = _run("sound", partial(sound, count=each), codes)
    spoilt = _run("broken", partial(broken, rounds=asked.rounds, share=asked.share), codes)
    print(f"sound documents: {made.documents}, refused: {made.refused}, findings: {made.wrong.total()}")
    print(f"faults: {spoilt.documents}, amiss: {spoilt.wrong.total()}")
    for sentence, times in (made.wrong + spoilt.wrong).most_common(40):
        print(f"  {times} x {sentence}")
    return 1 if made.wrong or spoilt.wrong else 0


def _run(what: str, work: Callable[[str], Outcome], codes: Iterable[str]) -> Outcome:
    """Do the work for every type on two processes; tell how far it is every ten types."""
    outcome, started = Outcome(), time.perf_counter()
    with get_context("spawn").Pool(2) as pool:
        for done, part in enumerate(pool.imap_unordered(work, codes), start=1):
            outcome.add(part)
            if done % 10 == 0:
                print(f"{what}: {done} types, {outcome.documents} documents", file=sys.stderr, flush=True)
    seconds = time.perf_counter() - started
    print(f"{what}: {seconds:.0f} s, {1000 * seconds / max(1, outcome.documents):.1f} ms for each document", flush=True)
    return outcome


if __name__ == "__main__":
    sys.exit(main())
