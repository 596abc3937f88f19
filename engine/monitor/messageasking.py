"""Read what the page of messages is asked for, from its address and from its form, and write it back into an address."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode

from engine.message import SHANGHAI
from engine.monitor.asking import Wrong, day_of
from engine.store.browse import Asked, Place
from engine.store.columns import micros, moment
from engine.store.entries import MESSAGE_STATES
from engine.store.search import MARKS

SHOWN = 50
"""Messages of one page."""

WARNED = "warned"
"""What is asked for as a state and is a status: accepted with warnings."""

STATES: tuple[str, ...] = (*MESSAGE_STATES, WARNED, *sorted(MARKS))

FIELDS = ("institution", "type", "route", "document", "resident", "receipt", "state", "code", "from", "to")
"""What may stand in the address; `resident` is the search key of an identity number, never the number."""

Address = Mapping[str, str]

_CODE = re.compile(r"0|[A-Z]{3}-[0-9]{3}")
_KEY = re.compile(r"[0-9a-f]{64}")
_MINUTE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}")
_PLACE = re.compile(r"([0-9]{1,17})-([0-9]{1,18})")


def fields_of(given: Mapping[str, str]) -> dict[str, str]:
    """Take the fields out of an address or a form; what is not given is empty."""
    return {name: given.get(name, "").strip()[:128] for name in FIELDS}


def address_of(form: Mapping[str, str], key_of: Callable[[str], str]) -> str:
    """Write the address of what a posted form asks for; an identity number becomes its search key on the way."""
    fields = fields_of(form)
    number = form.get("number", "").strip().upper()[:64]
    if number:
        fields["resident"] = key_of(number)
    return written(fields)


def written(fields: Address, *, path: str = "/messages", **more: str) -> str:
    """Write an address of the page, or of its file, without what is empty."""
    query = urlencode({name: value for name, value in {**fields, **more}.items() if value})
    return f"{path}?{query}" if query else path


def asked_of(fields: Address, query: Mapping[str, str]) -> Asked:
    """Read a search; raises Wrong for what cannot be asked."""
    state, code = fields["state"], fields["code"].upper()
    if state and state not in STATES:
        raise Wrong("messages.wrong.state", state)
    if code and not _CODE.fullmatch(code):
        raise Wrong("messages.wrong.code", code)
    if fields["resident"] and not _KEY.fullmatch(fields["resident"]):
        raise Wrong("messages.wrong.resident")
    since, until = _time(fields["from"], last=False), _time(fields["to"], last=True)
    if since and until and since >= until:
        raise Wrong("messages.wrong.order")
    warned = state == WARNED
    return Asked(
        receipt=fields["receipt"], institution=fields["institution"], document_type=fields["type"], route=fields["route"], document_id=fields["document"],
        resident_key=fields["resident"], state="" if warned else state, status="accepted-with-warnings" if warned else "",
        code=code, since=since, until=until, after=_place(query.get("after", "")), before=_place(query.get("before", "")), limit=SHOWN,
    )  # fmt: skip


def _time(text: str, *, last: bool) -> datetime | None:
    """Read a day or a minute in Shanghai; as an end it is included."""
    if not text:
        return None
    try:
        if not _MINUTE.fullmatch(text):
            found, step = datetime.combine(day_of(text, "messages.wrong.time"), datetime.min.time(), SHANGHAI), timedelta(days=1)
        else:
            found, step = datetime.fromisoformat(text).replace(tzinfo=SHANGHAI), timedelta(minutes=1)
        return found + step if last else found
    except (ValueError, OverflowError):
        raise Wrong("messages.wrong.time", text) from None


def _place(text: str) -> Place | None:
    found = _PLACE.fullmatch(text)
    if found is None:
        return None
    try:
        return moment(int(found[1])), int(found[2])
    except OverflowError:
        raise Wrong("messages.wrong.time", text) from None


def place_text(place: Place) -> str:
    """Write a place as it stands in an address."""
    return f"{micros(place[0])}-{place[1]}"
