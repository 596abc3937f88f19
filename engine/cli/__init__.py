"""Offer every command of the engine."""

from engine.cli.entry import main

__all__ = ["main"]
