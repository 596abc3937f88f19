"""Keep the list of all rules with their severities beside the tables that give them: `python -m tests.support.promise`."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from engine.documents.catalogue import Catalogue
from engine.documents.sample_clinical import Clinical

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "tests" / "clinical" / "promised-rules.csv"

Promise = dict[tuple[str, str], str]
"""Type and rule (without the type at its head) -> severity."""


def promise(clinical: Clinical, catalogue: Catalogue, codes: Iterable[str]) -> Promise:
    """List what the tables give."""
    kinds = [catalogue.types[code] for code in codes]
    return {(k.code, rule.rule.removeprefix(f"{k.code}.")): rule.severity for k in kinds for rule in clinical.rules(k)}


def read_promise() -> Promise:
    """Read the list that is kept."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return {(code, row["rule"]): row["severity"] for row in csv.DictReader(file) for code in row["types"].split()}


def write_promise(given: Promise) -> None:
    """Write the list, one line for each rule and severity with the types that have it."""
    lines: dict[tuple[str, str], list[str]] = {}
    for (code, rule), severity in given.items():
        lines.setdefault((rule, severity), []).append(code)
    with FILE.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["rule", "severity", "types"])
        out.writerows([rule, severity, " ".join(codes)] for (rule, severity), codes in sorted(lines.items()))


if __name__ == "__main__":
    everything = Catalogue.load(ROOT / "xsd" / "catalogue.yaml")
    write_promise(promise(Clinical(ROOT), everything, [c for c, k in everything.types.items() if k.family == "clinical"]))
