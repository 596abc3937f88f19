"""Check a YAML file against a model and tell every fault at its place, with the nearest right word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Protocol, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from engine.errors import ConfigError, Fault
from engine.yamlfile.reading import At, YamlFile, scan_yaml

M = TypeVar("M", bound=BaseModel)
S_co = TypeVar("S_co", bound=BaseModel, covariant=True)

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


class Sheeted(Protocol[S_co]):
    """One kind of entry, as far as reading asks."""

    @property
    def sheet(self) -> type[S_co]:
        """The model of its keys."""


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Find the word that the writer most likely meant; None when nothing is near."""
    known = {w.lower(): w for w in words}
    found = get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return known[found[0]] if found else None


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """End a message with the nearest right word, or with all of them when none is near and they are few."""
    known = sorted(words)
    near = nearest(word, known)
    if near:
        return f'; did you mean "{near}"?'
    return f"; known: {', '.join(known)}" if 0 < len(known) <= 12 else ""


def load_yaml(path: Path, model: type[M], shown: str) -> M:
    """Read a YAML file as `model`; raises ConfigError with the faults of the YAML and of its values, all at once."""
    file = scan_yaml(path, shown)
    if file.data is None:
        raise ConfigError(file.faults or (file.fault("CFG-010", (), "the file is empty"),))
    value, faults = try_model(file, model)
    if value is None or faults or file.faults:
        raise ConfigError(merge_faults(file.faults, faults))
    return value


def check_model(file: YamlFile, model: type[M], at: At = ()) -> M:
    """Check the value at `at` against `model`; raises ConfigError with every fault at its place."""
    value, faults = try_model(file, model, at)
    if value is None:
        raise ConfigError(faults)
    return value


def try_model(file: YamlFile, model: type[M], at: At = (), data: Any = ...) -> tuple[M | None, tuple[Fault, ...]]:
    """Check like `check_model`, but hand the faults back; `data` stands in for the value at `at` when given."""
    if data is ...:
        data = file.data
        for step in at:
            data = data[step]
    try:
        return model.model_validate(data), ()
    except ValidationError as problem:
        return None, tuple(_model_fault(file, model, at, found) for found in problem.errors(include_url=False))


def try_entry(
    file: YamlFile, at: At, kinds: Mapping[str, Sheeted[M]], *, one: str, kind: str, unknown: str
) -> tuple[M | None, tuple[Fault, ...]]:
    """Check the named entry at `at`, whose key `kind` says which of `kinds` it is, and hand the faults back.

    `one` and `kind` are the words for an entry and for its kind, such as "a rule" and "kind of rule"; `unknown` is the code of a kind that is none.
    """
    name, entry = at[-1], file.data
    for step in at:
        entry = entry[step]
    if not _NAME.fullmatch(str(name)):
        return None, (file.fault("CFG-011", at, f'"{name}" is no name for {one}: small letters, digits and hyphens', key=True),)
    if not isinstance(entry, dict):
        return None, (file.fault("CFG-011", at, "a group of keys is wanted here"),)
    if "kind" not in entry:
        return None, (file.fault("CFG-010", at, f'the key "kind" is missing; one of {", ".join(kinds)}', key=True),)
    named = str(entry["kind"])
    if named not in kinds:
        return None, (file.fault(unknown, (*at, "kind"), f'there is no {kind} "{named}"{did_you_mean(named, kinds)}'),)
    return try_model(file, kinds[named].sheet, at, {key: value for key, value in entry.items() if key != "kind"})


def merge_faults(*groups: Iterable[Fault]) -> tuple[Fault, ...]:
    """Join groups of faults in order of file and place; a later group is silent where an earlier one has spoken."""
    kept: list[Fault] = []
    for group in groups:
        spoken = {(f.file, f.line, f.column) for f in kept}
        kept.extend(f for f in group if (f.file, f.line, f.column) not in spoken)
    return tuple(sorted(kept, key=lambda f: (f.file, f.line, f.column)))


def _model_fault(file: YamlFile, model: type[BaseModel], base: At, found: ErrorDetails) -> Fault:
    loc = _real(file, base, found["loc"])
    at = (*base, *loc)
    under = next((str(part) for part in reversed(at[:-1]) if isinstance(part, str)), "")
    name = str(at[-1]) if at else ""
    if found["type"] == "extra_forbidden":
        words = _keys_at(model, found["loc"][:-1])
        said = f'unknown key "{name}"{f" under {under}" if under else ""}{did_you_mean(name, words)}'
        return file.fault("CFG-012", at, said, key=True)
    if found["type"] == "missing":
        key = str(found["loc"][-1])
        return file.fault("CFG-010", at, f'the key "{key}" is missing{f" under {under or name}" if at else ""}; add it', key=True)
    code, said = _value_words(file, at, found)
    return file.fault(code, at, f"{name}: {said}" if isinstance(at[-1] if at else 0, str) else said)


def _value_words(file: YamlFile, at: At, found: ErrorDetails) -> tuple[str, str]:
    kind, given = found["type"], found["input"]
    if kind in {"string_type", "code_expected"} and isinstance(given, int | float) and not isinstance(given, bool):
        return "CFG-007", f'write "{file.text(at) or given}" in quotes'
    if given is None:
        return "CFG-011", "nothing stands after the colon; write a value or remove the line"
    if kind == "unit_missing":
        return "CFG-013", found["msg"]
    return "CFG-011", _wrong_value(file, at, found)


def _wrong_value(file: YamlFile, at: At, found: ErrorDetails) -> str:
    kind, given = found["type"], str(found["input"])
    if kind == "literal_error":
        words = re.findall(r"'([^']*)'", str(found.get("ctx", {}).get("expected", "")))
        near = nearest(given, words)
        return f'"{given}" is not one of {", ".join(words)}' + (f'; did you mean "{near}"?' if near else "")
    if kind in {"model_type", "dict_type", "model_attributes_type"}:
        return "a group of keys is wanted here"
    if kind in {"list_type", "tuple_type"}:
        return f"a list is wanted here: write [{file.text(at) or '...'}]"
    said = found["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return said[:1].lower() + said[1:]


def _real(file: YamlFile, base: At, loc: At) -> At:
    """Keep the parts of a model's location that exist in the file: names of union branches do not."""
    kept: At = ()
    for part in loc:
        if (*base, *kept, part) in file.values:
            kept = (*kept, part)
    return kept


def _keys_at(model: type[BaseModel], loc: At) -> list[str]:
    """List the keys that the model at `loc` knows."""
    for part in loc:
        known = {f.alias or name: f for name, f in model.model_fields.items()}
        if str(part) in known:
            inner = next(_models_in(known[str(part)].annotation), None)
            model = inner or model
    return [f.alias or name for name, f in model.model_fields.items()]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
