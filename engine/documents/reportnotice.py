"""Write the message by which a portal is told that a report has another status."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

NAMESPACE = "urn:changbai:report:1"


def notice_document(told: Mapping[str, str]) -> bytes:
    """Write a `reportNotice` with one element for each value, in the order given."""
    root = etree.Element(f"{{{NAMESPACE}}}reportNotice", nsmap={None: NAMESPACE})
    for name, value in told.items():
        etree.SubElement(root, f"{{{NAMESPACE}}}{name}").text = value
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)
