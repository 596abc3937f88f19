"""Run a coverage-guided fuzzer (atheris) on one target: `python -m bench.fuzz gate|unpacking|reading [SECONDS] [FOLDER]`."""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from engine.log import configure

TARGETS = ("gate", "unpacking", "reading")
SECONDS = 600
_LONGEST_INPUT, _LONGEST_RUN, _MOST_MEMORY = 1 << 16, 5, 1024
"""Bytes of an input, seconds and MiB that one may take: more is a finding."""


def main(target: str, seconds: int = SECONDS, folder: str = "") -> None:
    """Fuzz one target; the inputs that taught something stand in `folder` afterwards, a finding ends the run with code 77."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["engine", "bench.fuzz.targets"]):
        from bench.fuzz import targets
    configure("error", f"fuzz-{target}")
    corpus = Path(folder or tempfile.mkdtemp(prefix=f"fuzz-{target}-"))
    _plant(corpus, target)
    options = (
        f"-max_total_time={seconds}",
        f"-max_len={_LONGEST_INPUT}",
        f"-timeout={_LONGEST_RUN}",
        f"-rss_limit_mb={_MOST_MEMORY}",
    )
    run: Callable[[bytes], None] = targets.Gate() if target == "gate" else getattr(targets, target)
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={corpus}-", str(corpus)], run)
    atheris.Fuzz()


def _plant(corpus: Path, target: str) -> None:
    """Put the first inputs into the folder."""
    from bench.fuzz.seeds import SEEDS

    corpus.mkdir(parents=True, exist_ok=True)
    for seed in SEEDS[target]():
        (corpus / sha256(seed).hexdigest()[:16]).write_bytes(seed)


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(__doc__)
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else SECONDS, sys.argv[3] if len(sys.argv) > 3 else "")
