"""Offer every command of the engine."""


def main() -> None:
    """Run the command named on the command line."""
    raise SystemExit("no command is built yet")
