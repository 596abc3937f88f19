"""Send every known bad input and print the table of results: `python -m tests.hostile.table [WORDS OF PYTEST]`."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.hostile.cases import Case
from tests.hostile.rows import BOUNDED, BOUNDS, COVERED, ELSEWHERE, LATER

_ROW = re.compile(r"BI-\d{3}")


@dataclass
class Result:
    """What came of one row: the classes expected, what failed, the most seconds of processor and MiB of any of its inputs."""

    expected: set[str] = field(default_factory=set)
    tried: int = 0
    failed: list[str] = field(default_factory=list)
    seconds: float = 0.0
    mebibytes: int = 0


class Table:
    """Watch a run of pytest and note what each test says of its rows."""

    def __init__(self) -> None:
        self.results: dict[str, Result] = defaultdict(Result)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, None]:
        """Measure what the front spent on a test."""
        site = getattr(item, "funcargs", {}).get("site")
        if site is None:
            yield
            return
        site.forget_peak()
        spent, held = site.spent(), site.memory()
        yield
        for row in rows_of(item):
            result = self.results[row]
            result.seconds = max(result.seconds, site.spent() - spent)
            result.mebibytes = max(result.mebibytes, site.memory(peak=True) - held)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: Any) -> Generator[None, Any, None]:
        """Note whether a test held."""
        report = (yield).get_result()
        for row in rows_of(item) if call.when == "call" or report.failed else ():
            result = self.results[row]
            result.tried += call.when == "call"
            case = getattr(item, "callspec", None) and item.callspec.params.get("case")  # type: ignore[attr-defined]
            result.expected.add(case.said.split()[0] if isinstance(case, Case) else "held")
            if report.failed:
                result.failed.append(item.name)

    def lines(self) -> list[str]:
        """Write the table: row, classes expected, got, cost beside its bound, input."""
        return [
            *map(self._line, sorted({*COVERED, *ELSEWHERE})),
            *(f"{row}  later     {words}: {why}" for row, (words, why) in LATER.items()),
        ]

    def _line(self, row: str) -> str:
        found = self.results.get(row, Result())
        words = COVERED.get(row) or ELSEWHERE[row][0]
        got = "NOT RUN" if not found.tried else "as expected" if not found.failed else f"FAILED {', '.join(found.failed)}"
        bound = BOUNDED.get(row)
        cost = f"{found.seconds:.2f} s {found.mebibytes} MiB" + (
            f" ({bound}: {BOUNDS[bound][0]:g} s {BOUNDS[bound][1]} MiB)" if bound else ""
        )
        return f"{row}  {'/'.join(sorted(found.expected))}  {got} ({found.tried})  {cost}  {words}"


def rows_of(item: pytest.Item) -> set[str]:
    """Name the rows that a test is about: by its name and its words, or because the table names it."""
    words = f"{item.name} {getattr(getattr(item, 'obj', None), '__doc__', '') or ''}"
    name = item.nodeid.partition("[")[0]
    return {*_ROW.findall(words), *(row for row, (_, tests) in ELSEWHERE.items() if name in tests)}


def main(words: list[str]) -> int:
    """Run and print; returns pytest's exit code."""
    table = Table()
    elsewhere = sorted({test for _, tests in ELSEWHERE.values() for test in tests})
    code = pytest.main(["-q", "-n", "0", "--no-header", "tests/hostile", *elsewhere, *words], plugins=[table])
    sys.stdout.write("\n".join(table.lines()) + "\n")
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
