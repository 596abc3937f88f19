"""Hold the reference pages of interactions to the tables: every service, its route, what is inferred, an example."""

from engine.documents.hl7.pages import TITLES, index_page, register_page
from engine.documents.hl7.services import HIP, REGISTERS, SERVICES


def test_every_register_has_a_page_and_every_service_a_row_and_a_chapter():
    assert set(TITLES) == REGISTERS
    index = index_page({})
    pages = {register: register_page(register, {}) for register in TITLES}
    for service in SERVICES:
        assert f"({service.register}.md#{service.key.lower()})" in index
        page = pages[service.register]
        assert f"## {service.key} {service.title}\n" in page
        assert f"<{service.root}" in page
    assert all("<a id=" in page for page in pages.values())


def test_a_route_is_linked_and_its_absence_is_said():
    page = register_page("residents", {"S0001": "hip-residents"})
    assert "[`hip-residents`](../../routes/hip-residents/route.yaml)" in page
    assert "未接通" in page


def test_what_is_inferred_is_marked():
    rows = {line.split("|")[2].split()[0]: line for line in index_page({}).splitlines() if "| S00" in line}
    marked = {code for code, line in rows.items() if "推得" in line}
    assert marked == {"S0034", *(f"S{number:04d}" for number in range(65, 77))}
    assert set(rows) == set(HIP)


def test_an_example_does_not_print_a_whole_document():
    assert max(len(line) for line in register_page("documents", {}).splitlines()) < 500
    assert 'originalText value="……"' in register_page("documents", {})


def test_the_index_shows_a_reply_that_names_a_node():
    assert "SND-342 缺少必填节点“姓名”" in index_page({})
