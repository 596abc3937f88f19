"""A hospital that can be called and that calls: for demo, tests and vendors."""
