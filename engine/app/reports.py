"""Build the reports over the set of files in force: their rules, the tables of statuses, the delivery of notices."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime

from engine.app.hospitals import poll_terms_of
from engine.app.house import House
from engine.documents.packing import pack_gzip
from engine.documents.reportnotice import notice_document
from engine.errors import ConfigError
from engine.hospital import Ask
from engine.message import new_receipt, shanghai_text
from engine.services.reports.asking import PollTerms
from engine.services.reports.desk import Reports
from engine.services.reports.hearing import Hearing
from engine.services.reports.model import ReportNotice, status_name
from engine.services.reports.polling import Polling, plan_polls
from engine.services.reports.rules import ReportRules, load_report_rules, unknown_destinations
from engine.services.reports.statuses import Statuses, load_statuses
from engine.store.database import Connection, Database
from engine.store.entries import Entry, Order
from engine.store.journal import Journal
from engine.store.sealing import Seal

NOTICE = "reportNotice"
"""What the journal calls the message that tells of a report."""


class Reporting:
    """The reports of one process; they follow the set of files in force. Raises ConfigError when its rules or tables are wrong."""

    def __init__(self, database: Database, seal: Seal, house: House) -> None:
        self._database = database
        self._seal = seal
        self._journal = Journal(database, seal)
        self._terms = poll_terms_of(house.adapters)
        self._revision = house.book.revision
        rules, statuses = read_settings(house)
        self.reports = Reports(database, seal, rules=rules, news=plan_polls(self._terms_of), send=self._send)
        self.hearing = Hearing(self.reports, statuses, seal)

    def renew(self, house: House, settings: tuple[ReportRules, Statuses]) -> None:
        """Work by another set of files, of which `read_settings` has read what is ours."""
        rules, statuses = settings
        self.reports.exchange(rules)
        self.hearing.exchange(statuses)
        self._terms = poll_terms_of(house.adapters)
        self._revision = house.book.revision

    def errands(self, ask: Ask) -> Mapping[str, Callable[[str], datetime | None]]:
        """Give what is done for each kind of errand, for the runner of a worker that asks hospitals by `ask`."""
        return Polling(self._database, self._seal, self.reports, ask, self._terms_of).handlers()

    def _terms_of(self, institution: str) -> PollTerms | None:
        return self._terms(institution)

    def _send(self, connection: Connection, destinations: Mapping[str, str], told: ReportNotice) -> None:
        """Journal the message of a notice with a delivery to each destination, in the order of the report's statuses."""
        content = notice_document({
            "report": told.report, "institution": told.institution, "kind": told.kind, "status": str(told.status),
            "statusName": status_name(told.status), "at": shanghai_text(told.at), "noted": shanghai_text(told.noted),
        })  # fmt: skip
        receipt = new_receipt(told.noted)
        entry = Entry(
            receipt=receipt, institution=told.institution, document_type=NOTICE, document_id="", received=told.noted,
            route="", revision=self._revision, state="ROUTED", digest=hashlib.sha256(content).hexdigest(), size=len(content),
            original=pack_gzip(content),
            orders=tuple(Order(destination=name, key=told.report) for name in sorted(set(destinations.values()))),
        )  # fmt: skip
        self._journal.file(connection, [entry])


def read_settings(house: House) -> tuple[ReportRules, Statuses]:
    """Read the rules and tables of a set of files; a destination that it does not name is a fault too (CFG-031)."""
    rules = load_report_rules(house.book.root)
    if faults := list(unknown_destinations(rules, house.endpoints)):
        raise ConfigError(faults)
    return rules, load_statuses(house.book.root)
