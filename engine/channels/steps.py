"""List every kind of step a route may take; a new kind is one function and one line here."""

from __future__ import annotations

from collections.abc import Mapping

from engine.channels.building import StepKind, Verb
from engine.channels.changes import CHANGE_STEPS
from engine.channels.checks import CHECK_STEPS

STEPS: Mapping[str, StepKind] = {kind.name: kind for kind in (*CHECK_STEPS, *CHANGE_STEPS)}


def steps_of(verb: Verb) -> dict[str, StepKind]:
    """List the kinds that stand under one verb of route.yaml: under `change` a check may follow, of what was changed."""
    return {name: kind for name, kind in STEPS.items() if verb in ("change", kind.verb)}
