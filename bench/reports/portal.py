"""Be the portal: take consents, look for changes in the histories of reports, and see at the end that each stands as its hospital said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from bench.load import Line
from bench.reports.site import PORTAL
from engine.documents.answer import escape_text, wrap_body
from engine.documents.plain import read_answer
from tests.support.hospital import PASSWORD

_NAMESPACE, _PATH = "urn:changbai:report:1", "/services/report"


class Portal:
    """A portal with some kept connections."""

    def __init__(self, address: str, lines: int) -> None:
        self._free: asyncio.Queue[Line] = asyncio.Queue()
        for _ in range(lines):
            self._free.put_nowait(Line(address, _PATH, PORTAL, PASSWORD))
        self.asked = 0

    async def call(self, operation: str, **values: Any) -> dict[str, Any]:
        """Call one operation of ReportService; raises SenderError for a fault."""
        body = wrap_body("1.1", f'<{operation} xmlns="{_NAMESPACE}">{_written(values)}</{operation}>')
        self.asked += 1
        async with self._line() as line:
            answer = read_answer(await line.call(body))
        return next((one for name, one in answer.items() if name.endswith("Result") and isinstance(one, dict)), {})

    async def history(self, report: str) -> list[Mapping[str, Any]]:
        """Give the entries of a report's history."""
        told = (await self.call("ReportHistory", report=report)).get("history")
        return [] if not isinstance(told, dict) else _listed(told.get("entry"))

    async def reports(self, resident: Mapping[str, str]) -> list[Mapping[str, Any]]:
        """Give a resident's reports with their contents."""
        listed = (await self.call("ListReports", resident=resident)).get("reports")
        got = [await self.call("GetReport", report=one["report"]) for one in _listed(listed)]
        return [one["report"] for one in got if "report" in one]

    async def close(self) -> None:
        """Hang up."""
        while not self._free.empty():
            self._free.get_nowait().close()

    @asynccontextmanager
    async def _line(self) -> AsyncIterator[Line]:
        line = await self._free.get()
        try:
            yield line
        finally:
            self._free.put_nowait(line)


def _listed(found: Any) -> list[Mapping[str, Any]]:
    each: Sequence[Any] = found if isinstance(found, list) else [found]
    return [one for one in each if isinstance(one, dict)]


def _written(values: Mapping[str, Any]) -> str:
    return "".join(
        f"<{name}>{_written(value) if isinstance(value, Mapping) else escape_text(str(value))}</{name}>"
        for name, value in values.items()
    )
