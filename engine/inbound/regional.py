"""Declare the contracts of the regional registers (docs/contracts/regional.md): one operation of one string for each interaction."""

from __future__ import annotations

from collections.abc import Mapping

from engine.documents.fields import Field, Operation, texts
from engine.inbound.contract import Contract


def _contract(name: str, title: str, *operations: str) -> Contract:
    return Contract(
        name=name,
        title=title,
        namespace="urn:changbai:regional:1",
        operations={each: Operation(each, texts("message"), Field(f"{each}Result")) for each in operations},
        fast=frozenset(operations),
    )


REGIONAL_CONTRACTS: Mapping[str, Contract] = {
    "patient": _contract(
        "RegionalPatient",
        "区域居民注册",
        "addPatientRegistry",
        "updatePatientRegistry",
        "mergePatientRegistry",
        "patientRegistryQuery",
    ),
    "provider": _contract("RegionalProvider", "区域医护人员注册", "addProvider", "updateProvider", "providerDetailsQuery"),
    "organization": _contract(
        "RegionalOrganization", "区域医疗卫生机构注册", "addOrganization", "updateOrganization", "organizationDetailQuery"
    ),
    "area": _contract(
        "RegionalArea",
        "区域行政区划注册",
        "addAreaRequest",
        "updateAreaRequest",
        "areaDetailQuery",
        "areaChildrenRegistryQuery",
        "areaHistoryRegistryQuery",
    ),
    "dictionary": _contract(
        "RegionalDictionary",
        "区域字典注册",
        "addDictCatalogRequest",
        "updateDictCatalogRequest",
        "dictCatalogDetailQuery",
        "dictCatalogDetailDelete",
        "addDictItemRequest",
        "updateDictItemRequest",
        "dictItemDetailQuery",
        "dictItemDetailDelete",
    ),
    "document": _contract(
        "RegionalDocument",
        "区域健康档案文档",
        "provideAndRegisterDocumentSet",
        "documentExistence",
        "getDocumentSetRetrieveInfo",
        "retrieveDocumentSet",
    ),
}
"""The contracts at /services/regional/{register}, by register."""
