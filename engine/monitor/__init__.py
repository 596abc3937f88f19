"""Windows: one small file per page."""
