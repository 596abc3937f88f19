"""Be many clients of a portal at once: lock, book, pay, cancel, and repeat what was not answered."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.booking.site import PASSWORD, PORTAL, Site
from bench.load import Line
from engine.identity import check_letter

RIVALS = 10
"""Attempts for each place."""

_CODE, _STATE, _ORDER, _PAYABLE = (
    re.compile(rb"<(?:\w+:)?%s>([^<]+)</" % name) for name in (b"code", b"state", b"order", b"payable")
)
_BUSY = {"SND-723", "ENG-503"}
"""Verdicts after which the same call is made again; SND-719 ends a wish here, though it might be repeated."""

_TRIES = 60

Place = tuple[str, str]
"""Hospital and slot."""


@dataclass(slots=True)
class Heard:
    """One answer: code, state and number of the order, what is to be paid."""

    code: str
    state: str = ""
    order: str = ""
    payable: str = "0"


@dataclass
class Tally:
    """What the clients saw: operations with their codes and states, and the numbers of their wishes that became orders."""

    codes: Counter[str] = field(default_factory=Counter)
    attempts: int = 0
    repeated: int = 0
    orders: set[str] = field(default_factory=set)
    odd: list[str] = field(default_factory=list)


class Client:
    """One of many: takes the next attempt until there is none."""

    def __init__(self, site: Site, number: int, tally: Tally) -> None:
        turn = [site.engines[(number + step) % len(site.engines)].services for step in range(len(site.engines))]
        self._lines = [Line(address, "/services/appointment", PORTAL, PASSWORD) for address in turn]
        self._tally = tally

    async def run(self, attempts: Iterator[tuple[int, Place]]) -> None:
        """Work until the attempts are used up."""
        for number, place in attempts:
            self._tally.attempts += 1
            await self._attempt(number, place, random.Random(number))
        for line in self._lines:
            line.close()

    async def _attempt(self, number: int, place: Place, dice: random.Random) -> None:
        wish = f"<hospital>{place[0]}</hospital><slot>{place[1]}</slot>{_patient(number)}"
        if dice.random() < 0.2:
            locked = await self._ask("Lock", f"<requestId>L{number}</requestId>{wish}")
            if locked.state != "locked":
                return
            if dice.random() < 0.3:
                await self._ask("Unlock", f"<order>{locked.order}</order>")
                return
            heard = await self._ask("Book", f"<requestId>B{number}</requestId><order>{locked.order}</order>")
        else:
            heard = await self._ask("Book", f"<requestId>B{number}</requestId>{wish}", twice=dice.random() < 0.05)
        if heard.state == "booked":
            await self._afterwards(number, heard, dice)

    async def _afterwards(self, number: int, heard: Heard, dice: random.Random) -> None:
        if dice.random() < 0.5:
            paid = "".join(f"<{name}>{heard.payable}</{name}>" for name in ("total", "payable", "paid"))
            payment = f"<payment><serial>S{number}</serial><paidAt>2026-01-01T09:00:00+08:00</paidAt><channel>1</channel>{paid}</payment>"
            await self._ask("NotifyPayment", f"<order>{heard.order}</order>{payment}")
        if dice.random() < 0.3:
            await self._ask("Cancel", f"<order>{heard.order}</order><reason>改期</reason>")

    async def _ask(self, operation: str, inner: str, *, twice: bool = False) -> Heard:
        """Call until there is a verdict; `twice` asks both engines at the same moment."""
        if twice and len(self._lines) > 1:
            self._tally.repeated += 1
            both = [self._persist(operation, inner, [line]) for line in self._lines[:2]]
            first, second = await asyncio.gather(*both)
            if first.order and second.order and first.order != second.order:
                self._tally.odd.append(f"one wish became two orders: {first.order} {second.order}")
            return first if first.state == "booked" else second
        return await self._persist(operation, inner, self._lines)

    async def _persist(self, operation: str, inner: str, lines: list[Line]) -> Heard:
        heard = Heard("none")
        for attempt in range(_TRIES):
            try:
                heard = read(await lines[attempt % len(lines)].call(_envelope(operation, inner)))
            except (OSError, EOFError):
                heard = Heard("unanswered")
            self._tally.codes[f"{operation} {heard.code} {heard.state}"] += 1
            if heard.code not in _BUSY and heard.code != "unanswered":
                break
            await asyncio.sleep(0.05 * (attempt + 1))
        if heard.order:
            self._tally.orders.add(heard.order)
        return heard


def _envelope(operation: str, inner: str) -> bytes:
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        f'<{operation} xmlns="urn:changbai:appointment:1">{inner}</{operation}></s:Body></s:Envelope>'
    ).encode()


def read(answer: bytes) -> Heard:
    """Read what an answer says; a fault's code is its own."""
    code, state, order, payable = (found.search(answer) for found in (_CODE, _STATE, _ORDER, _PAYABLE))
    return Heard(*(found[1].decode() if found else "" for found in (code, state, order)), payable[1].decode() if payable else "0")


def attempts_on(places: list[Place], size: int) -> Iterator[tuple[int, Place]]:
    """Give `size` attempts; the rivals for one place come close after each other, so that they meet."""
    shuffled = list(places)
    random.Random(4).shuffle(shuffled)
    for number in range(size):
        yield number, shuffled[number // RIVALS % len(shuffled)]


async def rush(site: Site, places: list[Place], size: int, clients: int, tally: Tally) -> None:
    """Let so many clients make the attempts."""
    attempts = attempts_on(places, size)
    await asyncio.gather(*(Client(site, number, tally).run(attempts) for number in range(clients)))


def _patient(number: int) -> str:
    head = f"220104{1950 + number % 50:04}{1 + number % 12:02}{1 + number // 12 % 28:02}{number // 600 % 499 * 2 + 1:03}"
    check = check_letter(head)
    birthday = f"{head[6:10]}-{head[10:12]}-{head[12:14]}"
    return (
        f"<patient><name>测试患者{number}</name><sex>1</sex><birthday>{birthday}</birthday><idType>1</idType><idNumber>{head}{check}</idNumber>"
        f"<mobile>13000000000</mobile><healthCard>PROOF-{number}</healthCard></patient>"
    )
