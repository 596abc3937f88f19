"""Show a report at work: its hospital tells how it stands and publishes it, the portal finds it, and no longer once it is taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.simulator import control
from engine.simulator.acting import Actor, Say
from engine.simulator.hospital import SimulatedHospital
from engine.simulator.portal import PATIENT, Portal, listed

_CARD = "TEST-REPORT-CARD"
_LOOK, _PATIENCE = 1.0, 90
RESIDENT: Mapping[str, str] = {name: PATIENT[name] for name in ("idType", "idNumber", "name")}


class Readings(Actor):
    """The life of one laboratory report, told once."""

    def __init__(self, portal: Portal, hospital: SimulatedHospital, say: Say) -> None:
        super().__init__("reports", say)
        self._portal = portal
        self._hospital = hospital

    def act(self) -> None:
        """Follow a report from its specimen to its withdrawal."""
        made = self._move("has the specimen", step="sampled", card=_CARD, name=RESIDENT["name"], identity=RESIDENT["idNumber"])
        number = str(made["number"])
        for operation, words in (("GiveConsent", "has the resident's consent"), ("Subscribe", "wants to be told")):
            self._say(f"the portal {words}: {self._portal.read(operation, resident=RESIDENT).get('code')}")
        self._move("reviewed it", report=number, step="reviewed")
        self._move("publishes it", report=number, step="released")
        found = self._found(number, "released")
        if not found:
            return
        # REPORT_TIME counts seconds: an amendment is told from the release when its second is another.
        self._over.wait(_LOOK)
        self._move("amends it", report=number, step="amended")
        self._found(number, "amended", status="80", before=int(found["version"]))
        self._move("takes it back", report=number, step="withdrawn")
        self._say(
            f"the portal asks for report {found['report']} again: {self._portal.read('GetReport', report=found['report']).get('code')}"
        )
        self._tell_history(found["report"])

    def _move(self, words: str, **wanted: Any) -> dict[str, Any]:
        """Bring the report a step further at its hospital, which tells it (S0063)."""
        moved = control.Control.report(self._hospital.control, wanted)
        self._say(f"{self._hospital.wanted.code} {words} (S0063): {', '.join(moved['told'])}")
        return moved

    def _found(self, number: str, words: str, *, status: str = "70", before: int = 0) -> dict[str, Any]:
        """Wait until the portal finds the report with its content, which the platform fetches (8001, 8002); {} when it does not."""
        held: dict[str, Any] = {}

        def shown() -> bool:
            for one in listed(self._portal.read("ListReports", resident=RESIDENT), "reports"):
                got = self._portal.read("GetReport", report=one["report"]).get("report", {})
                if got.get("reportNumber") == number and got["status"] == status and int(got["version"]) > before:
                    held.update(got)
            return bool(held)

        if not self._wait(shown, _PATIENCE, _LOOK):
            self._say(f"the portal does not find the {words} report yet")
            return {}
        results = ", ".join(f"{item['name']} {item['value']} {item.get('unit', '')}" for item in listed(held, "items"))
        self._say(f"the portal finds report {held['report']}, {held['statusName']}, {held['title']}: {results}")
        return held

    def _tell_history(self, report: str) -> None:
        history = self._portal.read("ReportHistory", report=report).get("history", {})
        entries = history.get("entry", []) if isinstance(history, dict) else []
        told = [f"{entry['statusName']} ({entry['source']})" for entry in entries if isinstance(entry, dict)]
        self._say(f"what was told of report {report}: {', '.join(told)}")
