"""Tell a measurement line by line, each at once."""

from __future__ import annotations

import sys


def say(words: str) -> None:
    """Print a line at once."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()
