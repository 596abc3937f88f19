"""Read from the store what the page of indicators shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from engine.documents.forms import Form
from engine.monitor.indicators import IndicatorsSource, ReportSheet, ShownFigure
from engine.monitor.quality import Names
from engine.services.indicators import Grid, Wanted, latest_days, read_grid
from engine.services.institutions import Institutions
from engine.services.operations import OperationsDesk, Period, PeriodKind, Report
from engine.store.database import Database
from engine.store.masking import mask
from engine.store.sealing import Seal


@dataclass(frozen=True, slots=True)
class IndicatorArchive:
    """The operations data as the monitor knows them: nobody is named."""

    database: Database
    seal: Seal
    institutions: Institutions
    forms: Mapping[str, Form]

    def source(self, types: Names) -> IndicatorsSource:
        """Hand the page what it asks."""
        return IndicatorsSource(
            hospitals=self.hospitals, forms=self.forms, types=types, latest=self.latest, read=self.read, report=self.report
        )

    def hospitals(self) -> Mapping[str, str]:
        """Name the hospitals that report or have reported: also those that are disabled now."""
        return {one.code: one.name for one in self.institutions.list() if one.kind == "hospital" and one.state != "applied"}

    def latest(self, document_type: str, codes: Sequence[str]) -> Mapping[PeriodKind, date]:
        """Tell the last day that was reported, by kind of period."""
        with self.database.read() as connection:
            return latest_days(connection, document_type, codes)

    def read(self, wanted: Wanted, codes: Sequence[str]) -> Grid:
        """Read an indicator; a hospital that is not approved any more and reported nothing is not asked for anything."""
        approved = {one.code for one in self.institutions.list() if one.state == "approved"}
        with self.database.read() as connection:
            grid = read_grid(connection, OperationsDesk(self.seal), wanted, codes)
        told = {code for code, _ in grid.cells}
        return replace(grid, institutions=tuple(code for code in grid.institutions if code in approved or code in told))

    def report(self, institution: str, document_type: str, period: Period) -> ReportSheet | None:
        """Read every version of one report and the figures of the one that counts; None when nothing was ever reported."""
        desk, form = OperationsDesk(self.seal), self.forms[document_type]
        with self.database.read() as connection:
            versions = desk.history(connection, institution, document_type, period)
            if not versions:
                return None
            counts = next((one for one in versions if one.state == "current"), versions[0])
            figures = desk.figures(connection, counts.message)
        sections: dict[str, list[ShownFigure]] = {}
        for one in figures:
            table = form.tables.get(one.section)
            field = table.fields.get(one.field) if table else None
            shown = ShownFigure(
                title=field.title if field else one.field, value="" if one.personal else one.value, unit=one.unit, dimension=one.dimension,
                personal=one.personal,
            )  # fmt: skip
            sections.setdefault(table.title if table else one.section, []).append(shown)
        return ReportSheet(versions=tuple(_masked(one) for one in versions), figures=sections)


def _masked(one: Report) -> Report:
    return replace(one, reporter=mask(one.reporter, "name"))
