"""Changbai (长白): the integration engine of a provincial health information platform."""
