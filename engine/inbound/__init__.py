"""Doors in: gate, SOAP base and transport, intake, one file per contract."""
