"""Load all routes of the project into one book, or tell every fault of all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.channels import interactions
from engine.channels.building import Misfit, Misfits, Site, Step, Verb, compile_xpath
from engine.channels.language import ONE_WAY, ORDERS, Retry, RouteSheet, SendTo
from engine.channels.revision import digests_of, read_files, revision_of, shared_files
from engine.channels.route import Destinations, Route, RouteSend, RouteTable
from engine.channels.steps import STEPS, steps_of
from engine.documents.press import Press
from engine.errors import ConfigError, Fault
from engine.yamlfile import At, YamlFile, did_you_mean, merge_faults, scan_yaml, try_model

SHEET = "route.yaml"
TESTS = "tests"
_TYPED = frozenset({"collection"})
"""Services whose every document type wants a route."""


@dataclass(frozen=True, slots=True)
class RouteBook:
    """All routes in force; `revision` names the whole set, `warnings` are what lint would still like changed."""

    routes: Mapping[str, Route]
    table: RouteTable
    revision: str
    warnings: tuple[Fault, ...]
    root: Path
    shared: tuple[str, ...] = ()
    """Files that every route leans on, by path from the project's top."""

    def find(self, service: str, key: str) -> Route | None:
        """Find the route of a document type, action or function of a service."""
        return self.table.get((service, key))

    def files(self) -> Mapping[str, bytes]:
        """Read every file this book leans on, shared ones included, by path from the project's top."""
        return read_files(self.root, {*self.shared, *(name for route in self.routes.values() for name in route.files)})

    def retry(self, route: str, destination: str) -> Retry:
        """Give the retry policy of a delivery; the default one when route or destination left the book since."""
        known = self.routes.get(route)
        sends = known.sends if known else ()
        return next((send.retry for send in sends if send.to == destination), Retry())


def load_book(
    root: Path, press: Press, endpoints: Collection[str], desks: Collection[str], also: Iterable[str] = ()
) -> RouteBook:
    """Load every folder of routes/; raises ConfigError with all faults of all routes, sorted by place.

    `endpoints` are the names of config/endpoints.yaml, `desks` those of our own services, `also` further files of the
    project that the revision covers.
    """
    loading = load_in_slices(root, press, endpoints, desks, also)
    while True:
        try:
            next(loading)
        except StopIteration as done:
            book: RouteBook = done.value
            return book


def load_in_slices(
    root: Path, press: Press, endpoints: Collection[str], desks: Collection[str], also: Iterable[str] = ()
) -> Generator[None, None, RouteBook]:
    """Do what `load_book` does, and stop for a moment after each route, for who has an event loop to serve."""
    destinations = Destinations(frozenset(endpoints), frozenset(desks))
    folders = sorted(p for p in (root / "routes").iterdir() if p.is_dir()) if (root / "routes").is_dir() else []
    drafts, routes = [], []
    for folder in folders:
        draft = _Draft(root, folder, press, destinations)
        drafts.append(draft)
        if (route := draft.build()) is not None:
            routes.append(route)
        yield
    faults = [fault for draft in drafts for fault in draft.faults]
    faults += _two_for_one(drafts)
    if faults:
        raise ConfigError(merge_faults(faults))
    warnings = [fault for draft in drafts for fault in draft.warnings] + _types_without_route(press, routes)
    warnings += interactions.actions_without_route(routes)
    return _bind(root, routes, merge_faults(warnings), tuple(sorted({*shared_files(root), *also})))


def check_folder(
    root: Path, name: str, press: Press, endpoints: Collection[str], desks: Collection[str]
) -> tuple[Fault, ...]:  # fmt: skip
    """Lint the folder of one route alone, as `load_book` does all of them: its faults and warnings, sorted by place."""
    draft = _Draft(root, root / "routes" / name, press, Destinations(frozenset(endpoints), frozenset(desks)))
    draft.build()
    return merge_faults(draft.faults, draft.warnings)


def _bind(root: Path, routes: list[Route], warnings: tuple[Fault, ...], shared: tuple[str, ...]) -> RouteBook:
    leaning = digests_of(read_files(root, shared))
    digests = leaning | digests_of(read_files(root, (name for route in routes for name in route.files)))
    marked = [replace(route, revision=revision_of(leaning | {name: digests[name] for name in route.files})) for route in routes]
    table = {(route.service, key): route for route in marked for key in route.keys}
    return RouteBook({route.name: route for route in marked}, table, revision_of(digests), warnings, root, shared)


def _two_for_one(drafts: Iterable[_Draft]) -> list[Fault]:
    """Tell of every key that a second route receives as well."""
    first: dict[tuple[str, str], str] = {}
    faults = []
    for draft in drafts:
        for service, key, at in draft.received:
            other = first.setdefault((service, key), draft.name)
            if other != draft.name:
                faults.append(draft.file.fault("CFG-033", at, f"{key} is already received by the route {other}; keep it in one"))
    return faults


def _types_without_route(press: Press, routes: Iterable[Route]) -> list[Fault]:
    taken = {key for route in routes if route.service in _TYPED for key in route.keys}
    missing = [code for code in press.catalogue.types if code not in taken]
    return [
        Fault(
            file="xsd/catalogue.yaml", line=1, column=1, code="CFG-035", message=f"no route receives {code}", severity="warning"
        )
        for code in missing
    ]


class _Draft:
    """One route folder while it is being read; collects its faults."""

    def __init__(self, root: Path, folder: Path, press: Press, destinations: Destinations) -> None:
        self.root = root
        self.folder = folder
        self.name = folder.name
        self.press = press
        self.destinations = destinations
        self.file: YamlFile = scan_yaml(folder / SHEET, f"{folder.relative_to(root).as_posix()}/{SHEET}")
        self.faults: list[Fault] = list(self.file.faults)
        self.warnings: list[Fault] = []
        self.received: list[tuple[str, str, At]] = []

    def build(self) -> Route | None:
        """Build the route; None when there are faults."""
        if not isinstance(self.file.data, dict) or not self.file.data:
            if not self.faults:
                self.complain("CFG-010", (), "the file is empty; write about, receive, check, change, send")
            return None
        sheet, faults = try_model(self.file, RouteSheet)
        self.faults = list(merge_faults(self.faults, faults))
        by_action = bool(self._group("receive", "actions") or self._group("receive", "function"))
        service = str(self._group("receive", "service"))
        site = Site(self.press, self.root, self.folder, self._types(), by_action, service)
        self._receive(site.types)
        actions, answers = self._group("receive", "actions"), bool(self._group("answer"))
        for code, at, message in interactions.complaints(service, actions, self._group("send"), answers=answers):
            self.complain(code, at, message)
        checks = self._steps(site, "check")
        changes = self._steps(site, "change")
        sends = self._sends(sheet)
        answer = self._answer(site)
        if self.faults or sheet is None:
            return None
        self._look_around(site)
        files = tuple(sorted(p.relative_to(self.root).as_posix() for p in {*site.used, self.folder / SHEET}))
        return Route(
            self.name, sheet.about, sheet.receive.service, sheet.receive.keys, checks, changes, sends,
            answer, sheet.answer, self.folder, files,
        )  # fmt: skip

    def complain(self, code: str, at: At, message: str, *, key: bool = False) -> None:
        """Note a fault, unless one already stands at that place."""
        self.faults = list(merge_faults(self.faults, [self.file.fault(code, at, message, key=key)]))

    def _group(self, *at: str) -> Any:
        value = self.file.data
        for key in at:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def _types(self) -> tuple[str, ...]:
        types = self._group("receive", "types")
        return tuple(code for code in types if isinstance(code, str)) if isinstance(types, list) else ()

    def _receive(self, types: tuple[str, ...]) -> None:
        service = str(self._group("receive", "service"))
        known = self.press.catalogue.types
        for position, code in enumerate(self._group("receive", "types") or ()) if types else ():
            at: At = ("receive", "types", position)
            if code not in known:
                self.complain("CFG-030", at, f'no document type "{code}" in xsd/catalogue.yaml{did_you_mean(str(code), known)}')
            self.received.append((service, str(code), at))
        actions = self._group("receive", "actions")
        for position, action in enumerate(actions if isinstance(actions, list) else ()):
            self.received.append((service, str(action), ("receive", "actions", position)))
        if function := self._group("receive", "function"):
            self.received.append((service, str(function), ("receive", "function")))

    def _steps(self, site: Site, verb: Verb) -> tuple[Step, ...]:
        items = self._group(verb)
        if not isinstance(items, list):
            return ()
        built = [self._step(site, verb, (verb, position), item) for position, item in enumerate(items)]
        return tuple(step for step in built if step is not None)

    def _step(self, site: Site, verb: Verb, at: At, item: Any) -> Step | None:
        if not isinstance(item, dict) or not item:
            self.complain("CFG-011", at, f"a step is a key and a value: write for example - {next(iter(steps_of(verb)))}: ...")
            return None
        name, *more = item
        kinds = steps_of(verb)
        if name not in kinds:
            hint = f"; it stands under {STEPS[name].verb}" if name in STEPS else did_you_mean(name, kinds)
            self.complain("CFG-012", (*at, name), f'unknown key "{name}" under {verb}{hint}', key=True)
            return None
        if more:
            self.complain("CFG-011", (*at, more[0]), f'one step has one key; write "- {more[0]}:" on its own', key=True)
            return None
        return self._build(site, at, name)

    def _build(self, site: Site, at: At, name: str) -> Step | None:
        kind = STEPS[name]
        sheet, faults = try_model(self.file, kind.sheet, at)
        self.faults = list(merge_faults(self.faults, faults))
        if sheet is None:
            return None
        run = self._attempt(at, lambda: kind.build(site, sheet))
        return Step(kind, sheet, run) if run else None

    def _attempt(self, at: At, build: Callable[[], Any]) -> Any:
        """Build a part; what does not fit becomes faults, at the key that is meant or in the file that is wrong."""
        try:
            return build()
        except Misfits as problem:
            for part in problem.parts:
                self._misfit(at, part)
        except (Misfit, ConfigError) as problem:
            self._misfit(at, problem)
        return None

    def _misfit(self, at: At, problem: Misfit | ConfigError) -> None:
        if isinstance(problem, Misfit):
            self.complain(problem.code, (*at, *problem.key), problem.message)
        else:
            self.faults = list(merge_faults(self.faults, [_shown_from(self.root, fault) for fault in problem.faults]))

    def _sends(self, sheet: RouteSheet | None) -> tuple[RouteSend, ...]:
        if sheet is None:
            for position, item in enumerate(self._group("send") or () if isinstance(self._group("send"), list) else ()):
                if isinstance(item, dict):
                    self._parts(("send", position), str(item.get("to", "")), item.get("when"), item.get("in-order-by"))
            return ()
        names = [send.to for send in sheet.send]
        for position, name in enumerate(names):
            if name in names[:position]:
                self.complain(
                    "CFG-004", ("send", position, "to"), f'"{name}" stands here again; keep one and join the conditions with "or"'
                )
        return tuple(self._send(("send", position), send) for position, send in enumerate(sheet.send))

    def _send(self, at: At, send: SendTo) -> RouteSend:
        when, order = self._parts(at, send.to, send.when, send.in_order_by)
        own = send.to in self._own()
        return RouteSend(send.to, own, when, send.when, order, send.in_order_by, send.retry)

    def _own(self) -> frozenset[str]:
        """List our own services that this route may send to: registers for interactions, else the desks."""
        service = str(self._group("receive", "service"))
        return interactions.destinations_of(service) or self.destinations.desks

    def _parts(self, at: At, to: str, when: Any, order: Any) -> tuple[Any, Any]:
        known = self._own() | self.destinations.endpoints
        if to and to not in known:
            self.complain(
                "CFG-031",
                (*at, "to"),
                f'no destination "{to}" in config/endpoints.yaml or among our services{did_you_mean(to, known)}',
            )
        condition = self._attempt(at, lambda: compile_xpath(when, "when")) if isinstance(when, str) and when else None
        if not isinstance(order, str) or order in ORDERS:
            return condition, order
        return condition, self._attempt(at, lambda: compile_xpath(order, "in-order-by"))

    def _answer(self, site: Site) -> Any:
        answer = self._group("answer")
        if not isinstance(answer, str) or not answer:
            return None
        service = self._group("receive", "service")
        if service in ONE_WAY:
            self.complain(
                "CFG-011", ("answer",), f"what comes in by {service} is answered with a receipt; remove answer", key=True
            )
            return None
        return self._attempt((), lambda: site.press.stylesheet(site.find(answer, "answer")))

    def _look_around(self, site: Site) -> None:
        """Warn of files nobody uses and of a route without tests."""
        for path in sorted(p for p in self.folder.rglob("*") if p.is_file()):
            inside = path.relative_to(self.folder)
            if inside.parts[0] == TESTS or path.name == SHEET or path.suffix == ".md" or path in site.used:
                continue
            shown = path.relative_to(self.root).as_posix()
            self._warn(shown, "CFG-021", "nothing in route.yaml uses this file; use it or remove it")
        if not any((self.folder / TESTS).glob("*/in.*")):
            self._warn(self.file.shown, "CFG-034", f"the route has no tests; put in.xml and expect.xml into {TESTS}/NAME/")

    def _warn(self, shown: str, code: str, message: str) -> None:
        self.warnings.append(Fault(file=shown, line=1, column=1, code=code, message=message, severity="warning"))


def _shown_from(root: Path, fault: Fault) -> Fault:
    """Show a file by its path from the project's top."""
    path = Path(fault.file)
    return replace(fault, file=path.relative_to(root).as_posix()) if path.is_absolute() and path.is_relative_to(root) else fault
