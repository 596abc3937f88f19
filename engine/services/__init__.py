"""Consulting rooms: what the platform decides and keeps; know no XML, no SOAP, no channel."""
