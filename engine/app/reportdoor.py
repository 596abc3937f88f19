"""Build the service of reports of one front: portals read them at /services/report."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from engine.app.ground import Ground
from engine.documents.reportpage import REPORT_STYLESHEET, ReportHead, render_report
from engine.inbound.admission import put_down
from engine.inbound.calling import Service
from engine.inbound.intake import Intake
from engine.inbound.judge import Judge
from engine.inbound.report import REPORT
from engine.inbound.report_door import ReportDoor
from engine.services.reports.desk import Reports
from engine.services.reports.model import ReportView


class ReportReading:
    """The reports as portals read them; the page of one is made by the judges of the intake, and so by the set of files in force."""

    def __init__(self, ground: Ground, reports: Reports, intake: Intake) -> None:
        async def draw(view: ReportView, head: ReportHead) -> bytes:
            return await intake.by_judge(len(str(view.content)), lambda judge: _page(judge, view, head))

        def name_of(code: str) -> str:
            found = ground.institutions.refresh().by_code.get(code)
            return found.name if found is not None else ""

        self._door = ReportDoor(reports, ground.database, draw, name_of, partial(put_down, ground.audit, ground.put_down))

    @property
    def services(self) -> Mapping[str, Service]:
        """Name the address with what answers there."""
        return {"/services/report": Service(contract=REPORT, handlers=self._door.handlers)}

    def close(self) -> None:
        """Finish the readings in hand."""
        self._door.close()


def _page(judge: Judge, view: ReportView, head: ReportHead) -> bytes:
    press = judge.press
    return render_report(press.stylesheet(press.root / REPORT_STYLESHEET), view.content, view.person, head)
