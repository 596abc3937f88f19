"""Commands that are the other side: a hospital that can be called and that calls."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import click

from engine.cli.entry import say, with_settings

_FAULT_HELP = (
    "what goes wrong: KIND[,share=0.05][,seconds=3][,acts=yes|no|both][,functions=2007+2008]; may be given several times. KIND is one of "
    "slow, down, garbage, half-open, 5xx, wrong-signature, full, duplicate, drip"
)

HOSPITAL_OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--code", {"default": "DEMO-HOSPITAL", "help": "code of the simulated hospital; also its HOS_ID and USER_ID when these are not given"}),
    ("--port", {"type": int, "default": 8090, "help": "port on which it can be called; 0 takes a free one"}),
    ("--host", {"default": "127.0.0.1", "help": "address to listen on"}),
    ("--control-port", {"type": int, "default": 8091, "help": "port of /control, on loopback only; 0 takes a free one"}),
    ("--engine", {"default": "", "metavar": "URL", "help": "platform that it calls (ApiService), such as http://127.0.0.1:8080"}),
    ("--password", {
        "default": "", "envvar": "SIMULATE_PASSWORD",
        "help": "password of the institution --code at the platform, with which it tells statuses of reports (S0063)",
    }),
    ("--dialect", {
        "type": click.Choice(["jilin", "wcf", "pubservice"]), "default": "jilin",
        "help": "asmx with one operation, WCF proxy with one operation for each function, or PubService",
    }),
    ("--profile", {"type": click.Choice(["MD5", "SM3"]), "default": "MD5", "help": "how messages are signed and encrypted"}),
    ("--hospital-id", {"default": "", "help": "its HOS_ID"}),
    ("--user-id", {"default": "", "help": "the USER_ID that both sides use"}),
    ("--sign-key", {"default": "", "envvar": "SIMULATE_SIGN_KEY", "help": "key of the signature; made and printed when not given"}),
    ("--encryption-key", {
        "default": "", "envvar": "SIMULATE_ENCRYPTION_KEY",
        "help": "key of the encryption, 16 characters; made and printed when not given",
    }),
    ("--departments", {"type": click.IntRange(1, 60), "default": 3, "help": "departments"}),
    ("--doctors", {"type": click.IntRange(1, 60), "default": 2, "help": "doctors in each department"}),
    ("--days", {"type": click.IntRange(1, 60), "default": 7, "help": "days for which there are clinics, from today on"}),
    ("--stretches", {"type": click.IntRange(0, 6), "default": 3, "help": "stretches of half an hour in each half day; 0 leaves it whole"}),
    ("--seats", {"type": click.IntRange(1, 98), "default": 5, "help": "numbers in each stretch"}),
    ("--unlimited", {"is_flag": True, "help": "answer 99 (without limit) everywhere"}),
    ("--kept", {"type": click.Path(dir_okay=False, path_type=Path), "help": "file in which its book outlives a run"}),
    ("--fault", {"multiple": True, "metavar": "FAULT", "help": _FAULT_HELP}),
    ("--seed", {"type": int, "default": 0, "help": "the same seed and calls give the same faults"}),
)  # fmt: skip


@click.group()
def simulate() -> None:
    """Simulate the other side."""


def _with_hospital_options(command: Any) -> Any:
    for name, particulars in reversed(HOSPITAL_OPTIONS):
        command = click.option(name, **({"show_default": bool(particulars.get("default", ""))} | particulars))(command)
    return with_settings(command)


@simulate.command()
@_with_hospital_options
def hospital(fault: tuple[str, ...], **flags: Any) -> None:
    """Run a hospital that can be called and that calls.

    It has departments, doctors, clinics and a book of orders of its own; it answers the functions 1001 to 2012, 8001 to 8004 and 9003 of
    the Jilin text, takes the documents of our routes, and with --engine tells the platform what happens at its own windows. POST JSON
    to /control to move it: {"act": "stop", "place": REG_ID}, and "cancel", "refund", "print", "pay", "push" with "order", "sell" with "place",
    "fault" with "faults": ["slow,share=0.1"], "report" with "card" and "step" for a new report, or "report" and "step" for the next step
    of one (applied, sampled, received, rejected, testing, preliminary, reviewed, released, amended, withdrawn), "times": 2 to tell it twice,
    "hold": true to tell it with "held" only, in reverse order.
    """
    from engine.simulator.clinic import Plan
    from engine.simulator.faults import read_fault
    from engine.simulator.hospital import Particulars, serve_hospital

    try:
        faults = tuple(read_fault(words) for words in fault)
    except ValueError as problem:
        raise click.BadParameter(str(problem), param_hint="--fault") from problem
    made = {name: secrets.token_hex(8) for name in ("sign_key", "encryption_key") if not flags[name]}
    if len((flags["encryption_key"] or made["encryption_key"]).encode()) != 16:
        raise click.BadParameter("16 characters", param_hint="--encryption-key")
    for name, value in made.items():
        say(f"{name.replace('_', ' '):16} {value}")
    plan = Plan(**{name: flags.pop(name) for name in ("departments", "doctors", "days", "stretches", "seats", "unlimited")})
    rest = {name: value for name, value in (flags | made).items() if name not in ("data", "database", "user_id")}
    serve_hospital(Particulars(**rest, user=flags["user_id"], plan=plan, faults=faults), say)
