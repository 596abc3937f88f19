"""Answer with a table as a CSV file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from starlette.responses import Response

from engine.csvfile import csv_bytes


def csv_file(name: str, header: Sequence[str], rows: Iterable[Sequence[str | Decimal]]) -> Response:
    """Answer with a CSV file of this name that Excel opens, in which nothing is a formula."""
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(csv_bytes(header, rows), media_type="text/csv; charset=utf-8", headers=headers)
