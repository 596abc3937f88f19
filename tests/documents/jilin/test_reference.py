"""What hospitals read about the functions is what the tables say."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.documents.jilin.functions import FUNCTIONS
from engine.documents.jilin.reference import generate

ROOT = Path(__file__).resolve().parents[3]
OFFERED = [function for function in FUNCTIONS.values() if function.from_platform]


def names(node):
    for child in node.children:
        yield child.name
        yield from names(child)


@pytest.mark.parametrize("wsdl", ["HospitalService.wsdl", "HospitalService12.wsdl"])
@pytest.mark.parametrize("function", OFFERED, ids=lambda function: function.code)
def test_the_reference_wsdl_describes_every_function_with_all_its_nodes(function, wsdl):
    text = (ROOT / "wsdl/hospital" / wsdl).read_text(encoding="utf-8")
    line = next(
        row for row in text.splitlines() if row.lstrip("：> ").startswith(f"{function.code} {function.name} {function.title}")
    )
    said = line.replace("[", " ").replace("]", " ").replace("；", " ").replace("。", " ").replace("?", " ").split()
    assert set(names(function.request)) | set(names(function.response)) <= set(said)
    assert ("本平台约定" in line) == (function.since == "ours")


def test_the_page_lists_every_function_node_and_code():
    page = generate()
    for function in FUNCTIONS.values():
        section = page.split(f"## {function.code} ")[1].split("\n## ")[0]
        for node in [*names(function.request), *names(function.response)]:
            assert f"{node}`" in section, (function.code, node)
        for code in FUNCTIONS.codes(function.code):
            assert f"| `{code}` |" in section
