"""Print a rehearsal for the terminal: one line a stage, under it what was found and changed."""

from __future__ import annotations

from collections.abc import Iterator

from engine.channels.rehearsal import Found, Rehearsed, SourceLine, Stage
from engine.codes import CODES

_FORMS = {
    "envelope": "SOAP envelope", "base64": "Base64", "gzip": "GZIP", "xml": "XML, not packed", "empty": "nothing",
}  # fmt: skip


def as_text(rehearsed: Rehearsed) -> str:
    """Write the whole rehearsal; ends with a line feed."""
    return "\n".join(_lines(rehearsed)) + "\n"


def _lines(rehearsed: Rehearsed) -> Iterator[str]:
    yield f"input    {_FORMS[rehearsed.form]}: {rehearsed.size} bytes"
    for stage in rehearsed.stages:
        yield from _stage(stage)
    title = CODES[rehearsed.code].title
    if rehearsed.reason:
        yield f"         {rehearsed.reason}"
    reference = f" (reference {rehearsed.reference})" if rehearsed.reference else ""
    yield f"state    {rehearsed.state or 'none'} {rehearsed.code} {title}{reference}"
    for target in rehearsed.targets:
        if not target.wanted:
            yield f"send     {target.name}: not sent" + (f", {target.when} does not hold" if target.when else "")
        elif target.own:
            yield f"send     {target.name}: our own service, with the receipt"
        else:
            yield f"send     {target.name}: would be queued under the key {target.key}"
    yield f"time     {rehearsed.micros} microseconds"


def _stage(stage: Stage) -> Iterator[str]:
    facts = " ".join(f"{name}={value}" for name, value in stage.facts.items() if value != "")
    what = f"{stage.result}, {stage.changed} changes" if stage.changed else stage.result
    yield f"{stage.verb or stage.name:<8} {stage.detail + ': ' if stage.detail else ''}{what}{' ' + facts if facts else ''}"
    yield from (f"         {change.where}: {change.expected or '-'} → {change.found or '-'}" for change in stage.changes)
    if stage.changed > len(stage.changes):
        yield f"         ... and {stage.changed - len(stage.changes)} more"
    for found in stage.found:
        yield from _found(found)


def _found(found: Found) -> Iterator[str]:
    issue = found.issue
    yield " ".join(
        f"         {issue.severity} {issue.code} {issue.rule} {issue.line}:{issue.column} {issue.path}".split(" ")
    ).rstrip()
    yield f"           {issue.message}"
    if found.source:
        yield from _source(found.source)
    if issue.hint:
        yield f"           → {issue.hint}"


def _source(source: SourceLine) -> Iterator[str]:
    head = "…" if source.cut_before else ""
    number = f"{source.number:>9} | "
    yield f"{number}{head}{source.text}{'…' if source.cut_after else ''}"
    if source.caret >= 0:
        yield f"{' ' * 9} | {' ' * (len(head) + _width(source.text[: source.caret]))}^"


def _width(text: str) -> int:
    """Count the columns of a terminal that a text takes: Chinese characters take two."""
    return sum(2 if letter >= "\u1100" else 1 for letter in text)
