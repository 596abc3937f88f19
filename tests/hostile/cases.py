"""Say what one bad input is, what it must be answered with, and hold an engine to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.hostile.site import INSIDE, Site, assert_clean, party_of, result_of
from tests.support.soap import SOAP, Answer

PREFIX = {
    "F-AUTH": "SND-1",
    "R-DEC": "SND-2",
    "R-XML": ("SND-2", "SND-3"),
    "R-XSD": "SND-3",
    "R-SEM": "SND-4",
    "R-CODE": "SND-4",
    "R-ID": ("SND-1", "SND-4"),
    "R-SEQ": "SND-5",
    "R-DUP-CONFLICT": "SND-5",
    "R-LIMIT": "SND-6",
    "F-CLIENT": ("SND-2", "SND-3", "SND-6"),
    "F-SERVER-RETRY": ("SND-6", "ENG-503"),
    "F-VERSION": "SND-306",
    "F-MUST": "SND-314",
    "HTTP": ("SND-1", "SND-2", "SND-3", "SND-6"),
}
"""Which codes an outcome class may carry."""

_PARTY = {"F-VERSION": "VersionMismatch", "F-MUST": "MustUnderstand", "F-SERVER-RETRY": "Server"}


@dataclass(frozen=True)
class Case:
    """One input of one row. `said` is `CLASS CODE`, `CLASS STATUS CODE`, `HTTP STATUS CODE`, `A-OK`, `A-WARN CODE`, `A-DUP`, `SERVED` or `DROPPED`.

    `send` gives the answer; `then` looks at what else became of it.
    """

    row: str
    name: str
    said: str
    send: Callable[[Site], Answer | None]
    then: Callable[[Site, Answer], object] | None = None

    def __str__(self) -> str:
        return f"{self.row} {self.name}"


def hold(site: Site, case: Case) -> None:
    """Send a case, and check its answer, what was stored of it, and that the engine is well."""
    site.mark()
    answer = case.send(site)
    if answer is None:
        assert case.said == "DROPPED", "no answer"
    else:
        _check_reply(answer)
        _check_said(site, case.said, answer)
        if case.then:
            case.then(site, answer)
    site.check_well()


def _check_reply(answer: Answer) -> None:
    """Hold every reply to a well-formed envelope with a trace that tells nothing of the inside."""
    text = answer.body.decode("utf-8")
    assert answer.tree.tag in {f"{{{space}}}Envelope" for space in SOAP.values()}
    assert len(answer.headers["x-trace-id"]) == 16
    for word in INSIDE:
        assert word not in text, text
    assert answer.headers["content-type"].endswith("charset=utf-8")
    if party_of(answer):
        assert_clean(answer.body)
        assert answer.text("trace") == answer.headers["x-trace-id"]
        assert answer.text("message")


def _check_said(site: Site, said: str, answer: Answer) -> None:
    outcome, *rest = said.split()
    if outcome == "DROPPED":
        assert answer.status == 400
    elif outcome == "HTTP" or outcome.startswith("F-"):
        _check_fault(outcome, rest, answer)
    elif outcome.startswith("R-"):
        _check_refused(site, outcome, rest[0], answer)
    else:
        _check_taken(site, outcome, rest, answer)
    if outcome not in {"A-OK", "A-WARN"} and not outcome.startswith("R-"):
        assert site.messages() == site.before, "something was stored"


def _check_fault(outcome: str, rest: list[str], answer: Answer) -> None:
    shown = f"{answer.status} {answer.body.decode()}"
    assert answer.code == rest[-1], shown
    assert answer.code.startswith(PREFIX[outcome]), shown
    assert party_of(answer) == _PARTY.get(outcome, "Client"), shown
    newer = SOAP["1.2"] in shown
    assert answer.status == (int(rest[0]) if len(rest) == 2 else 400 if newer else 500), shown


def _check_refused(site: Site, outcome: str, code: str, answer: Answer) -> None:
    """Hold a refusal of an admitted sender to its code, its cure, and a receipt under which it can be asked for."""
    result = result_of(answer)
    assert (answer.status, result.get("status"), result.get("code")) == (200, "rejected", code), answer.body.decode()
    assert code.startswith(PREFIX[outcome])
    first = result["issues"][0]
    assert first["code"] == code
    assert first["message"]
    assert first["hint"]
    assert site.messages() == site.before + 1
    kept = site.kept(result["receipt"])
    assert (kept["state"], kept["code"]) == ("INVALID", code)
    assert kept["original_form"] == ("meta" if outcome == "R-LIMIT" else kept["original_form"])
    assert outcome == "R-LIMIT" or kept["original_form"] in {"gzip", "raw"}


def _check_taken(site: Site, outcome: str, rest: list[str], answer: Answer) -> None:
    result: Any = result_of(answer)
    shown = answer.body.decode()
    assert answer.status == 200, shown
    if outcome == "SERVED":
        return
    assert result.get("code") == "0", shown
    assert result["duplicate"] == ("true" if outcome == "A-DUP" else "false"), shown
    assert site.messages() == site.before + (outcome != "A-DUP")
    found = {issue["code"] for issue in result.get("issues", ())}
    if outcome == "A-WARN":
        assert set(rest) <= found, shown
    if outcome == "A-OK":
        assert result["status"] == "accepted", shown
    assert site.kept(result["receipt"])["state"] == "ROUTED"
