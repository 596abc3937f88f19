"""Hold each institution to its quotas: documents a minute and bytes a day, counted from the journal over all fronts and nodes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from pydantic import Field

from engine.errors import Issue, OverQuota
from engine.message import midnight_before
from engine.store.database import Database
from engine.store.tables import message
from engine.yamlfile import Sheet, Size

_LOOK = 5.0
"""Seconds after which the journal is asked again what other fronts took in."""

_SHARE = 50
"""The journal is asked so rarely that asking takes a fiftieth of the time at most."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)


class Quota(Sheet):
    """What one institution may send; what is not named is not bounded."""

    documents_per_minute: int | None = Field(None, ge=1, description="documents and messages kept in one minute")
    bytes_per_day: Size | None = Field(None, ge=1, description="bytes kept in one day of Shanghai, unpacked")

    def __str__(self) -> str:
        each = [f"{self.documents_per_minute} documents/minute"] if self.documents_per_minute else []
        return ", ".join([*each, *([f"{self.bytes_per_day} bytes/day"] if self.bytes_per_day else [])])

    def __bool__(self) -> bool:
        return bool(self.documents_per_minute or self.bytes_per_day)


class QuotaTable(Sheet):
    """The quotas of config/access.yaml: `everyone`, and single institutions instead of it."""

    everyone: Quota = Field(default_factory=Quota, description="quota of every institution that is not named")
    institutions: dict[str, Quota] = Field(default_factory=dict, description="institution by code -> its own quota")

    def of(self, institution: str) -> Quota:
        """Give the quota of an institution."""
        return self.institutions.get(institution, self.everyone)


@dataclass(slots=True)
class Use:
    """What an institution sent since `minute` and since `day` (aware moments) began; asked of the journal again at `again`."""

    minute: datetime = _LONG_AGO
    day: datetime = _LONG_AGO
    documents: int = 0
    bytes: int = 0
    again: float = field(default=-1.0)


def usage(database: Database, institution: str, now: datetime) -> Use:
    """Count what the journal took of an institution in the minute and the day of `now`."""
    minute, day = now.replace(second=0, microsecond=0), midnight_before(now)
    with database.read() as connection:
        documents = connection.execute(_DOCUMENTS, {"code": institution, "since": minute}).scalar_one()
        size = connection.execute(_BYTES, {"code": institution, "since": day}).scalar_one()
    return Use(minute, day, documents, int(size))


_OF = (message.c.institution == sa.bindparam("code"), message.c.received >= sa.bindparam("since", type_=message.c.received.type))
_DOCUMENTS = sa.select(sa.func.count()).select_from(message).where(*_OF)
_BYTES = sa.select(sa.func.coalesce(sa.func.sum(message.c.size), 0)).where(*_OF)


class Quotas:
    """The quotas as one front keeps them: what it took itself at once, what others took after a look at the journal.

    A quota is passed by what was in hand when it was reached, a batch among it; the next call is refused.
    """

    def __init__(
        self, database: Database, table: QuotaTable, *, clock: Callable[[], float] = time.monotonic, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:  # fmt: skip
        self._database = database
        self._table = table
        self._clock = clock
        self._now = now
        self._used: dict[str, Use] = {}

    def due(self, institution: str) -> bool:
        """Tell whether the journal must be looked at before this institution is checked."""
        return bool(self._table.of(institution)) and self._clock() >= self._use(institution).again

    def look(self, institution: str) -> None:
        """Count anew from the journal; raises TryAgain when it is away."""
        began = self._clock()
        found = usage(self._database, institution, self._now())
        found.again = self._clock() + max(_LOOK, (self._clock() - began) * _SHARE)
        self._used[institution] = found

    def check(self, institution: str) -> None:
        """Raise OverQuota (SND-610) when a quota is used up; it names the quota, and the seconds until it begins anew."""
        quota, use, now = self._table.of(institution), self._use(institution), self._now()
        if quota.documents_per_minute and use.documents >= quota.documents_per_minute:
            raise _over(f"每分钟 {quota.documents_per_minute} 份", use.minute + _MINUTE - now)
        if quota.bytes_per_day and use.bytes >= quota.bytes_per_day:
            raise _over(f"每天 {quota.bytes_per_day} 字节（解压后）", use.day + _DAY - now)

    def took(self, institution: str, documents: int, size: int) -> None:
        """Note what was just taken in."""
        if self._table.of(institution):
            use = self._use(institution)
            use.documents += documents
            use.bytes += size

    def _use(self, institution: str) -> Use:
        """Give what is known, with minute and day begun anew when they are over."""
        use, now = self._used.setdefault(institution, Use()), self._now()
        if now >= use.minute + _MINUTE:
            use.minute, use.documents = now.replace(second=0, microsecond=0), 0
        if now >= use.day + _DAY:
            use.day, use.bytes = midnight_before(now), 0
        return use


def _over(words: str, left: timedelta) -> OverQuota:
    pause = max(1, int(left.total_seconds()) + 1)
    issue = Issue(
        code="SND-610", message=f"本机构的上传量已达到配额：{words}。本次内容没有保存。", hint=f"请在 {pause} 秒后原样重发。"
    )
    return OverQuota(issue, retry_after=pause)
