"""Changbai (长白): the integration engine of a provincial health information platform."""

VERSION = "0.1.0"
"""The version of the engine, as pyproject.toml has it."""
