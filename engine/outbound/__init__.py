"""Doors out: one connector per way of reaching a destination."""
