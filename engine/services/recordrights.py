"""Say who may read what others wrote about a resident, as written under `records` in config/access.yaml."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from engine.yamlfile import Sheet

Scope = Literal["own", "treating", "all"]
"""Whose entries a caller reads: its own only, also those of others about its own patients, or everybody's."""


class RecordRights(Sheet):
    """The one rule table of reading; what a caller wrote itself it always reads."""

    residents: Scope = Field(default="treating", description="particulars of residents (S0004, S0019, patientRegistryQuery)")
    documents: Scope = Field(default="treating", description="documents of the library, their search and their retrieval")
    filings: Scope = Field(default="treating", description="visits, orders, requests, appointments and their status")
    staff: Scope = Field(
        default="all", description="staff; identity numbers and telephones are shown to the own institution only"
    )
    closed: list[str] = Field(
        default_factory=lambda: ["R", "V"],
        description="confidentiality codes of documents that no other institution reads, whatever the lines above say",
    )
