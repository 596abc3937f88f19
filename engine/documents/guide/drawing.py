"""Draw what a hospital says of itself from the files it sent, or list everything that keeps it from being taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.documents.guide.attachments import Attachments, GivenFile
from engine.documents.guide.cells import plain_form
from engine.documents.guide.columns import SHEETS
from engine.documents.guide.files import read_files
from engine.documents.guide.lines import Line, Lines, nearest
from engine.documents.guide.problems import Findings, Place, Problem
from engine.documents.guide.values import check_value
from engine.introduction import DepartmentEntry, DoctorEntry, HospitalEntry, Introduction, listed


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """What came of the files: `introduction` when nothing forbids to take it, else None; `problems` at their places.

    `errors` and `warnings` count all of them, `problems` lists a thousand at most; `departments` and `doctors` count the lines read.
    """

    files: tuple[str, ...]
    introduction: Introduction | None
    problems: tuple[Problem, ...]
    errors: int
    warnings: int
    departments: int
    doctors: int


def draw_introduction(institution: str, files: Sequence[GivenFile]) -> Draft:
    """Read the files of one institution; never raises for what is in them."""
    findings = Findings()
    lines, attached = read_files(files, findings)
    drawing = _Drawing(institution, lines, Attachments(institution, attached), findings)
    introduction = drawing.draw()
    return Draft(
        files=tuple(one.name for one in files), introduction=None if findings.errors else introduction, problems=findings.listed(),
        errors=findings.errors, warnings=findings.warnings, departments=len(lines.of["departments"]), doctors=len(lines.of["doctors"]),
    )  # fmt: skip


class _Drawing:
    """One drawing: the lines, what comes with them, and what is found."""

    def __init__(self, institution: str, lines: Lines, attachments: Attachments, findings: Findings) -> None:
        self._institution = institution
        self._lines = lines
        self._attachments = attachments
        self._findings = findings

    def draw(self) -> Introduction | None:
        """Draw everything; None without a hospital."""
        for sheet in SHEETS:
            if sheet.kind not in self._lines.seen:
                self._findings.add("sheet.missing", Place(file="", sheet=sheet.name), sheet.name)
        hospital = self._hospital()
        departments = self._departments()
        doctors = self._doctors(departments)
        self._attachments.tell_unused(self._findings)
        if hospital is None:
            return None
        return Introduction(hospital=hospital, departments=departments, doctors=doctors, pictures=self._attachments.pictures())

    def _values(self, line: Line) -> Mapping[str, str]:
        """Check every cell of a line that is not told as faulty already."""
        values = {}
        for heading in line.of.headings:
            told = line.cells.get(heading.name)
            usable = told is not None and not told.faulty
            place = line.at(heading.name)
            values[heading.name] = check_value(heading, told.text, place, self._findings) if told and usable else ""
        if values["picture"]:
            values["picture"] = self._attachments.picture(values["picture"], line.at("picture"), self._findings)
        values["introduction"] = self._introduction(line, values)
        return values

    def _introduction(self, line: Line, values: Mapping[str, str]) -> str:
        if not values["word"]:
            return values["introduction"]
        if values["introduction"]:
            self._findings.add("word.both", line.at("word"), values["word"])
        text = self._attachments.word(values["word"], line.at("word"), self._findings)
        longest = line.of.named("introduction").longest
        if len(text) > longest:
            self._findings.add("value.long", line.at("word"), f"{len(text):,}", f"{longest:,}")
        return text

    def _hospital(self) -> HospitalEntry | None:
        lines = self._lines.of["hospital"]
        for line in lines[1:]:
            self._findings.add("sheet.one-row", line.place)
        if not lines:
            if "hospital" in self._lines.seen and "hospital" not in self._lines.unsure:
                self._findings.add("sheet.no-row", Place(file="", sheet=SHEETS[0].name))
            return None
        values = self._values(lines[0])
        said = plain_form(values["institution"])
        if said and said != self._institution:
            self._findings.add("value.institution", lines[0].at("institution"), said, self._institution)
        named = {name: values[name] for name in _HOSPITAL}
        return HospitalEntry(**named)

    def _departments(self) -> tuple[DepartmentEntry, ...]:
        read = [(line, self._values(line)) for line in self._lines.of["departments"]]
        self._twice(read, "department", "department.twice")
        above = {values["department"]: (line, values["parent"]) for line, values in reversed(read) if values["department"]}
        for line, values in read:
            if values["parent"] and values["parent"] not in above and "departments" not in self._lines.unsure:
                self._findings.add("department.parent", line.at("parent"), values["parent"], nearest(values["parent"], above))
        self._tell_cycles(above)
        return tuple(
            DepartmentEntry(**{name: values[name] for name in _DEPARTMENT}, diseases=listed(values["diseases"])) for _, values in read
        )  # fmt: skip

    def _tell_cycles(self, above: dict[str, tuple[Line, str]]) -> None:
        """Tell each circle of departments once, at the line of it that stands first."""
        settled: set[str] = set()
        for start in reversed(above):
            path: dict[str, None] = {}
            code = start
            while code in above and code not in settled and code not in path:
                path[code] = None
                code = above[code][1]
            if code in path:
                circle = list(path)[list(path).index(code) :]
                first = min(circle, key=lambda one: above[one][0].place.row)
                self._findings.add("department.cycle", above[first][0].at("parent"), " → ".join([*circle, code]))
            settled |= path.keys()

    def _doctors(self, departments: Sequence[DepartmentEntry]) -> tuple[DoctorEntry, ...]:
        read = [(line, self._values(line)) for line in self._lines.of["doctors"]]
        self._twice(read, "doctor", "doctor.twice")
        known = {one.department for one in departments}
        sure = "departments" in self._lines.seen and "departments" not in self._lines.unsure
        for line, values in read:
            if sure and values["department"] and values["department"] not in known:
                self._findings.add(
                    "doctor.department", line.at("department"), values["department"], nearest(values["department"], known)
                )
        return tuple(
            DoctorEntry(
                **{name: values[name] for name in _DOCTOR}, sex=values["sex"] or "0", title=int(values["title"] or 9),
                diseases=listed(values["diseases"]),
            )
            for _, values in read
        )  # fmt: skip

    def _twice(self, read: Sequence[tuple[Line, Mapping[str, str]]], name: str, rule: str) -> None:
        first: dict[str, int] = {}
        for line, values in read:
            code = values[name]
            if code in first:
                self._findings.add(rule, line.at(name), code, str(first[code]))
            elif code:
                first[code] = line.place.row


_HOSPITAL = (
    "name", "short_name", "level", "kind", "area", "address", "telephone", "website", "opens_at", "transport", "picture", "introduction",
)  # fmt: skip
_DEPARTMENT = ("department", "name", "parent", "specialty", "address", "telephone", "picture", "introduction")
_DOCTOR = ("doctor", "name", "department", "specialty", "picture", "introduction")
