"""Commands that run the engine and act on what it keeps."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from engine.cli.entry import in_words, say, settings_of, with_project, with_settings
from engine.inhand.deaths import Deaths
from engine.settings import Settings
from engine.supervisor import Role, Supervisor, aside, listening_socket, load_early, raise_file_limit
from engine.tracing import close_tracing

_PROCESSES = tuple(f"engine.app.{name}" for name in ("house", "front", "worker", "clock", "monitor"))

RUN_OPTIONS: tuple[tuple[str, str], ...] = (
    ("host", "address to listen on"),
    ("port", "port of the services; 0 takes a free one"),
    ("monitor-port", "port of the monitor; 0 takes a free one"),
    ("fronts", "front processes (PostgreSQL)"),
    ("workers", "delivery workers (PostgreSQL)"),
    ("public-address", "scheme and host written into the WSDLs"),
    ("second-factor", "roles of the monitor that must have a second factor, with commas; none for no role"),
    ("key-file", "file of the master key that seals the store"),
    ("project", "folder that holds routes/, config/, xsd/, wsdl/"),
)


def with_run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command that starts the engine."""
    for name, about in reversed(RUN_OPTIONS):
        command = click.option(f"--{name}", help=about)(command)
    return with_settings(command)


@click.command()
@with_run_options
def run(**flags: Any) -> None:
    """Run the engine in the foreground: fronts, workers, clock and monitor under one supervisor."""
    raise SystemExit(serve(settings_of(**flags)))


def serve(settings: Settings, announce: Callable[[str, str], None] | None = None) -> int:
    """Check, prepare the store, start all processes, print the addresses and watch until told to stop."""
    raise_file_limit()
    load_early(_PROCESSES)
    first_password = aside(_prepare, settings)
    services, monitor = listening_socket(settings.host, settings.port), listening_socket(settings.host, settings.monitor_port)
    patience = settings.deadlines
    supervisor = Supervisor(
        _roles(settings, services, monitor), drain=patience.drain, step_limit=patience.step_limit, deaths=Deaths(settings.data)
    )

    def ready() -> None:
        at, watch = _address(settings, services), _address(settings, monitor)
        say(f"services         {at}/services/")
        say(f"monitor          {watch}/")
        if first_password:
            say("monitor user     admin")
            say(f"monitor password {first_password}")
        say(f"data             {settings.data}")
        say("ready")
        if announce:
            announce(at, watch)

    return supervisor.run(ready)


def _address(settings: Settings, listening: Any) -> str:
    scheme = "https" if settings.tls.certificate else "http"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{scheme}://{host}:{listening.getsockname()[1]}"


def _roles(settings: Settings, services: Any, monitor: Any) -> list[Role]:
    def role(kind: str, name: str, *sockets: Any) -> Role:
        return Role(name=name, main=be_process, arguments=(kind, settings, name), sockets=sockets)

    fronts = [role("front", f"front-{n}", services) for n in range(1, settings.fronts + 1)]
    workers = [role("worker", f"worker-{n}") for n in range(1, settings.workers + 1)]
    return [*fronts, *workers, role("clock", "clock"), role("monitor", "monitor", monitor)]


def be_process(kind: str, settings: Settings, name: str, *sockets: int) -> None:
    """Be one process of the engine; exits 1 with words when something must be changed first."""
    with in_words(), ExitStack() as last:
        last.callback(close_tracing)
        if kind == "front":
            from engine.app.front import run_front

            run_front(settings, name, *sockets)
        elif kind == "worker":
            from engine.app.worker import run_worker

            run_worker(settings, name)
        elif kind == "clock":
            from engine.app.clock import run_clock

            run_clock(settings, name)
        else:
            from engine.app.monitor import run_monitor

            run_monitor(settings, name, *sockets)


def _prepare(settings: Settings) -> str | None:
    from engine.app.house import prepare

    return prepare(settings)


@click.command()
@click.option("--receipt", help="one message")
@click.option("--route", help="messages of this route")
@click.option("--code", help="messages that ended with this code")
@click.option("--since", help="messages received since yyyy-MM-dd or yyyy-MM-ddTHH:mm:ss (Shanghai)")
@click.option("--preview", is_flag=True, help="only show what would change")
@with_project
@with_settings
def replay(receipt: str | None, route: str | None, code: str | None, since: str | None, preview: bool, **flags: Any) -> None:  # noqa: FBT001 - click hands flags over so
    """Walk stored messages again, one by receipt or many by cause, with the routes in force (see reload)."""
    from engine.app.replay import NotReplayed, Wanted, replay_messages

    if not receipt and not (route or code):
        raise click.UsageError("name --receipt, or --route or --code (with --since)")
    wanted = Wanted(receipt=receipt or "", route=route or "", code=code or "", since=since or "")
    changed = 0
    try:
        for line in replay_messages(settings_of(**flags), wanted, preview=preview):
            changed += line.changed
            say(str(line))
    except NotReplayed as problem:
        raise click.ClickException(str(problem)) from problem
    say(f"{changed} message(s) {'would change' if preview else 'changed'}")


@click.command()
@click.option("--preview", is_flag=True, help="show what differs from the set in force, line by line, and change nothing")
@with_project
@with_settings
def reload(preview: bool, **flags: Any) -> None:  # noqa: FBT001 - click hands flags over so
    """Check the set of files and make it current in one commit; exit 1 and nothing changed when anything is wrong."""
    from engine.app.reload import preview_reload, reload_files
    from engine.channels import lint
    from engine.channels.setchanges import unified

    if not preview:
        say(str(reload_files(settings_of(**flags))))
        return
    found = preview_reload(settings_of(**flags))
    say("\n".join([*unified(found.changes), f"in force {found.before or '(none)'}, on disk {found.after or '(faulty)'}"]))
    click.echo(lint.as_text(found.faults), nl=False)
    raise SystemExit(0 if found.after else 1)


@click.command()
@click.option("--seconds", type=float, default=10.0, show_default=True, help="how long each measurement runs")
@with_settings
def bench(seconds: float, **flags: Any) -> None:
    """Measure the engine: documents per second, CPU per document, ratio to the XML floor."""
    from bench.receive import main as measure

    measure(seconds=seconds, database=flags.get("database") or os.environ.get("ENGINE_DATABASE", ""))


@click.command()
@with_run_options
def demo(**flags: Any) -> None:
    """Run the engine with two simulated hospitals, a simulated portal and sample traffic, data under var/demo."""
    from engine.simulator import demo as show
    from engine.simulator.demoalerts import forward_reports
    from engine.simulator.demobooking import introduce, own_project, two_hospitals

    given = {"data": Path("var/demo")} | {name: value for name, value in flags.items() if value is not None}
    settings = settings_of(**given)
    keys, fresh = show.demo_keys(settings.data)
    settings = settings_of(**given | {"project": own_project(settings.project, settings.data)})
    with ExitStack() as stack:
        hospitals = two_hospitals(keys, settings.data, say)
        for hospital in hospitals:
            stack.enter_context(hospital)
        introduce(hospitals, settings.project, settings.secrets)
        forward_reports(settings.project, hospitals[1])
        raise SystemExit(_demo(settings, keys, hospitals, fresh=fresh))


def _demo(settings: Settings, keys: Mapping[str, str], hospitals: tuple[Any, ...], *, fresh: bool) -> int:
    from engine.app.cellar import open_institutions, open_users
    from engine.app.house import load_house
    from engine.app.reload import Watch
    from engine.simulator import demo as show
    from engine.simulator.acting import Actor
    from engine.simulator.demoalerts import Desk, Outage
    from engine.simulator.demobooking import PORTAL, Bookings
    from engine.simulator.demoreports import Readings
    from engine.simulator.portal import Portal
    from engine.simulator.sender import Account

    with open_institutions(settings) as register, open_users(settings) as users:
        show.enrol(register, users, keys, fresh=fresh)
    types = tuple(key for service, key in load_house(settings).book.table if service == "collection")
    parts: list[show.Day | Watch | Actor] = []

    def begin(services: str, monitor: str) -> None:
        say(show.guide(services, monitor, keys, settings.data))
        for hospital in hospitals:
            hospital.meet(services)
        account = Account(
            address=f"{services}/services/collection/{show.HOSPITAL}", institution=show.HOSPITAL, password=keys["hospital"]
        )
        portal = Portal(address=services, code=PORTAL, password=keys[PORTAL])
        bookings, desk = Bookings(portal, hospitals, say), Desk(monitor, show.USER, keys["user"])
        actors = (
            bookings,
            Readings(portal, hospitals[0], say),
            Outage(account, hospitals[1], desk, bookings.shown, say),
        )
        parts.extend((show.Day(account, types, say), Watch(settings, say), *actors))
        for part in parts:
            part.start()
        say(f"edit a file of routes/, config/ or xsd/ below {settings.project}: it is checked and loaded by itself")

    try:
        return serve(settings, begin)
    finally:
        for part in parts:
            part.stop()
