"""Measurements of the engine and long proofs; never part of the tests but for their short twins."""
