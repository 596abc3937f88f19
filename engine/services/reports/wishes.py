"""Keep what residents agreed to and portals want: consents to show reports, subscriptions to be told of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, bindparam, delete, exists, insert, or_, select, update

from engine.services.appointments.refusals import refuse
from engine.services.audit import Audit, changed
from engine.services.claiming import claimed_resident
from engine.services.reports.model import Reader, ResidentClaim
from engine.services.reports.rules import ReportRules
from engine.services.reports.tables import consent, subscription
from engine.services.residents import one_person, resident
from engine.store.sealing import Seal


class Wishes:
    """Consents and subscriptions; both are of the person, whatever residents were merged into one since."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    def resident(self, connection: Connection, claim: ResidentClaim) -> str:
        """Give the resident who has this number and this name; refused when there is none (SND-753)."""
        found = claimed_resident(connection, self._seal, claim.identity, claim.name)
        if found is None:
            raise refuse("SND-753")
        return found.number

    def give(self, connection: Connection, reader: Reader, whose: str, until: datetime | None, now: datetime) -> None:
        """Keep that a resident lets a portal show reports, without end or until a time; one that is past is refused (SND-757)."""
        if until is not None and until <= now:
            raise refuse("SND-757")
        people = one_person(connection, whose)
        connection.execute(delete(consent).where(consent.c.portal == reader.portal, consent.c.resident.in_(people)))
        row = {"portal": reader.portal, "resident": whose, "given": now, "until": until, "withdrawn": None}
        connection.execute(insert(consent), row)
        self._audit(connection, reader, "report consent given", whose)

    def withdraw(self, connection: Connection, reader: Reader, whose: str, now: datetime) -> None:
        """Keep that a resident takes a consent back; one that was never given is no error."""
        mine = (consent.c.portal == reader.portal, consent.c.resident.in_(one_person(connection, whose)))
        connection.execute(update(consent).where(*mine, consent.c.withdrawn.is_(None)).values(withdrawn=now))
        self._audit(connection, reader, "report consent withdrawn", whose)

    def need(self, connection: Connection, rules: ReportRules, portal: str, people: Sequence[str], now: datetime) -> None:
        """Refuse a portal to which a person has not given consent (SND-754), where the rules want it."""
        if not self.consented(connection, rules, [portal], people, now):
            raise refuse("SND-754")

    def consented(
        self, connection: Connection, rules: ReportRules, portals: Sequence[str], people: Sequence[str], now: datetime
    ) -> set[str]:
        """Give those of some portals that may show a person's reports now."""
        if rules.consent == "not-required":
            return set(portals)
        mine = (consent.c.portal.in_(list(portals)), consent.c.resident.in_(list(people)), *_valid(now))
        return set(connection.execute(select(consent.c.portal).where(*mine)).scalars())

    def subscribe(self, connection: Connection, reader: Reader, whose: str, now: datetime) -> None:
        """Tell a portal of a resident's reports from now on; to do it twice changes nothing."""
        if whose not in self._subscribed(connection, reader.portal, whose):
            connection.execute(insert(subscription), {"resident": whose, "portal": reader.portal, "since": now})
        self._audit(connection, reader, "report subscribed", whose)

    def unsubscribe(self, connection: Connection, reader: Reader, whose: str) -> None:
        """Tell a portal no more of a resident's reports; without a subscription nothing happens."""
        mine = (subscription.c.portal == reader.portal, subscription.c.resident.in_(one_person(connection, whose)))
        connection.execute(delete(subscription).where(*mine))
        self._audit(connection, reader, "report unsubscribed", whose)

    def subscribers(self, connection: Connection, rules: ReportRules, whose: str, now: datetime) -> list[str]:
        """List the portals that want to be told of a resident's reports and may be."""
        if not whose:
            return []
        wanted = _SUBSCRIBERS if rules.consent == "not-required" else _CONSENTED
        return list(connection.execute(wanted, {"whose": whose, "now": now}).scalars())

    def _subscribed(self, connection: Connection, portal: str, whose: str) -> set[str]:
        mine = (subscription.c.portal == portal, subscription.c.resident.in_(one_person(connection, whose)))
        return set(connection.execute(select(subscription.c.resident).where(*mine)).scalars())

    def _audit(self, connection: Connection, reader: Reader, act: str, whose: str) -> None:
        note = changed(act, institution=reader.portal, subject=whose, actor=reader.portal, peer=reader.peer)
        Audit().write(connection, [note])


def _valid(now: datetime | BindParameter[Any]) -> tuple[ColumnElement[bool], ...]:
    return consent.c.withdrawn.is_(None), or_(consent.c.until.is_(None), consent.c.until > now)


_SURVIVOR = select(resident.c.survivor).where(resident.c.number == bindparam("whose")).scalar_subquery()
_PERSON = select(resident.c.number).where(resident.c.survivor == _SURVIVOR)
_SUBSCRIBERS = (
    select(subscription.c.portal).where(subscription.c.resident.in_(_PERSON)).distinct().order_by(subscription.c.portal)
)
_NOW = bindparam("now", type_=consent.c.until.type)
_CONSENTED = _SUBSCRIBERS.where(
    exists().where(consent.c.portal == subscription.c.portal, consent.c.resident.in_(_PERSON), *_valid(_NOW))
)
