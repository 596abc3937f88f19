"""Ask hospitals: each within its own limits, so that one that drips delays no other."""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from engine import tracing
from engine.breaker import Breaker
from engine.documents.jilin.envelope import new_nonce
from engine.documents.wsdlchanges import wsdl_changes
from engine.errors import ConfigError, DestinationError, Fault, Rejected, Unavailable
from engine.hospital import HospitalCall, HospitalReply, Observe, Values
from engine.metrics import figures
from engine.outbound.adapters import Adapters, fault_of
from engine.outbound.adaptersheet import AdapterSheet
from engine.outbound.connector import Surroundings, Unfit
from engine.outbound.dialect import Dialect
from engine.outbound.lookup import Lookup
from engine.outbound.turns import Turns
from engine.outbound.wire import open_wire, refuse_status
from engine.yamlfile import merge_faults

PATIENCE = 5.0
"""Seconds that a question waits for its turn before it is given back unasked."""

_MINUTE = 60.0


class Hospitals:
    """Every hospital that has an adapter.

    `together` is how many questions may be under way to all of them; each has its own `parallel` within that (turns.py). Raises ConfigError with
    the faults of all adapters, each at its place.
    """

    def __init__(
        self, adapters: Adapters, around: Surroundings, observe: Observe, *, together: int = 64, patience: float = PATIENCE
    ) -> None:
        self._observe = observe
        self._turns = Turns(together)
        self._patience = patience
        self._lines = self._build(adapters, around)

    def ask(self, institution: str, function: str, values: Values) -> HospitalReply:
        """Ask a hospital (engine.hospital.Ask): the code it answered, or what went wrong, with `unknown` when it may have acted."""
        line = self._lines.get(institution)
        if line is None:
            raise Rejected("DST-206", f"机构 {institution} 没有 adapter.yaml")
        nonce = new_nonce()
        body, headers = line.dialect.write(function, values, nonce)
        with (
            self._turns.turn(institution, line.sheet.parallel, self._patience),
            line.under_way(),
            figures().calling_hospital(),
            tracing.calling(institution, function) as span,
        ):
            asked, started, outcome = datetime.now(UTC), time.monotonic(), "ENG-000"
            try:
                answer = line.wire.post(body, headers, deadline=line.dialect.way(function).deadline)
                code, message, found = line.dialect.read(function, answer, nonce)
                outcome = code
            except DestinationError as error:
                outcome = error.code
                line.came(error)
                raise
            else:
                line.came(None)
            finally:
                span.note(code=outcome)
                self._note(institution, function, outcome, time.monotonic() - started, line)
        return HospitalReply(code=code, message=message, values=found, asked=asked, answered=datetime.now(UTC))

    def look(self, institution: str) -> list[str]:
        """Fetch the hospital's WSDL within its pinned networks and say how it differs from the pinned copy, [] for not at all.

        Raises Unavailable and Rejected as `ask` does.
        """
        line = self._lines.get(institution)
        if line is None:
            raise Rejected("DST-206", f"机构 {institution} 没有 adapter.yaml")
        with self._turns.turn(institution, line.sheet.parallel, self._patience), line.under_way():
            answer = line.wire.get(line.wsdl_path)
        refuse_status(answer)
        return wsdl_changes(line.pinned, answer.body)

    def knows(self, institution: str) -> bool:
        """Tell whether a hospital has an adapter."""
        return institution in self._lines

    def offers(self, institution: str, function: str) -> bool:
        """Tell whether a hospital has an adapter that names the function."""
        line = self._lines.get(institution)
        return line is not None and line.sheet.offers(function)

    def away(self, institution: str) -> bool:
        """Tell whether the hospital counts as away: it did not answer several times in a row."""
        line = self._lines.get(institution)
        return line is not None and line.breaker.open

    def renew(self, adapters: Adapters, around: Surroundings) -> None:
        """Take up a new set of adapters; raises ConfigError, and then nothing is changed. Questions under way end as they began."""
        fresh = self._build(adapters, around)
        before, self._lines = self._lines, fresh
        for line in before.values():
            line.wire.close()

    def close(self) -> None:
        """Close every resting connection."""
        for line in self._lines.values():
            line.wire.close()

    def _build(self, adapters: Adapters, around: Surroundings) -> dict[str, Line]:
        lines: dict[str, Line] = {}
        faults: list[Fault] = []
        for code, sheet in adapters.items():
            try:
                lines[code] = Line(sheet, around)
            except Unfit as misfit:
                faults.append(fault_of(adapters, code, misfit))
        if faults:
            raise ConfigError(merge_faults(faults))
        return lines

    def _note(self, institution: str, function: str, outcome: str, seconds: float, line: Line) -> None:
        until = line.wire.certificate_until
        ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(until), UTC) if until else None
        call = HospitalCall(
            institution=institution, function=function, outcome=outcome, seconds=seconds, at=datetime.now(UTC),
            certificate_until=ends,
        )  # fmt: skip
        self._observe(call)
        figures().hospital_call(institution, function, outcome, seconds)
        figures().hospital_breaker(institution, is_open=line.breaker.open)


class Line:
    """One hospital: its dialect, its connections, and the limits on them."""

    def __init__(self, sheet: AdapterSheet, around: Surroundings, lookup: Lookup | None = None) -> None:
        self.sheet = sheet
        self.dialect = Dialect(sheet, around)
        self.wire = open_wire(sheet.address, sheet, around, lookup)
        self.pinned = (around.root / sheet.wsdl).read_bytes()
        self.wsdl_path = urlsplit(sheet.address).path + sheet.wsdl_query if sheet.wsdl_query.startswith("?") else sheet.wsdl_query
        self.breaker = Breaker()
        self._recent: deque[float] = deque()
        self._under_way = 0
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def under_way(self) -> Iterator[None]:
        """Count one question under way; raises Unavailable DST-106 when the breaker or the rate does not let it go."""
        self._enter(time.monotonic())
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1

    def came(self, error: DestinationError | None) -> None:
        """Tell the breaker what came: who answers, if only to refuse, is there."""
        if isinstance(error, Unavailable):
            self.breaker.failed(time.monotonic())
        else:
            self.breaker.answered()

    def _enter(self, now: float) -> None:
        with self._lock:
            allowed = self.breaker.allows(now)
            if allowed is not None and self._under_way >= allowed:
                raise Unavailable("DST-106", "该医院多次没有应答，稍后再试", retry_after=1.0)
            while self._recent and now - self._recent[0] >= _MINUTE:
                self._recent.popleft()
            if self.sheet.rate and len(self._recent) >= self.sheet.rate:
                pause = _MINUTE - (now - self._recent[0])
                raise Unavailable("DST-106", f"一分钟内呼叫该医院已达 {self.sheet.rate} 次", retry_after=pause)
            self._recent.append(now)
            self._under_way += 1
