"""Write elements of a clinical document briefly."""

from __future__ import annotations

from typing import Any

from lxml import etree

HL7 = "urn:hl7-org:v3"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
OID = "2.16.156.10011"
LOINC = {"codeSystem": "2.16.840.1.113883.6.1", "codeSystemName": "LOINC"}
DE_SYSTEM = {"codeSystem": f"{OID}.2.2.1", "codeSystemName": "卫生信息数据元目录"}

Element = Any
"""An lxml element; lxml's own types do not follow namespaced building."""


def add(parent: Element, path: str, text: str = "", **attributes: str) -> Element:
    """Append a chain of elements named by `path`; text and attributes go to the last, which is returned.

    `xsi_type` becomes xsi:type; attributes with empty values are left out.
    """
    element = parent
    for name in path.split("/"):
        element = etree.SubElement(element, f"{{{HL7}}}{name}")
    for name, value in attributes.items():
        if value:
            element.set(f"{{{XSI}}}type" if name == "xsi_type" else name, value)
    element.text = text or None
    return element


def coded(parent: Element, name: str, system: str, title: str, code: str, shown: str) -> None:
    """Append a code with system, the system's name and meaning."""
    add(parent, name, code=code, codeSystem=system, codeSystemName=title, displayName=shown)


def open_section(body: Element, code: str, shown: str, title: str, text: str = "") -> Element:
    """Append a section to a structured body: code of LOINC or of the data elements, "" for one known by its name; then its narrative."""
    section = add(body, "component/section")
    system = (DE_SYSTEM if code.startswith("DE") else LOINC) if code else {}
    add(section, "code", code=code, displayName=shown, **system)
    add(section, "title", title)
    add(section, "text", text)
    return section


def root_element() -> Element:
    """Begin a ClinicalDocument with the two namespaces that vendors declare."""
    return etree.Element(f"{{{HL7}}}ClinicalDocument", nsmap={None: HL7, "xsi": XSI})


def to_bytes(root: Element) -> bytes:
    """Write the document as UTF-8, one element a line."""
    etree.indent(root, space="  ")
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True)) + b"\n"
