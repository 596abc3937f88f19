"""The pages for developers: every link leads somewhere, every rule has its place, nothing in a table becomes markup."""

import re
from urllib.parse import urljoin, urlsplit

import pytest
from lxml import html

from engine.documents.ruletables import assertions
from engine.documents.tables import load_tables
from engine.documents.typebook import TypeBook, anchor
from engine.inbound.handbook import explanation
from engine.inbound.prose import show
from tests.support.front import handbook
from tests.support.soap import ask, request

BOOK = handbook()
KINDS = BOOK.catalogue.types


def get(front, path, method="GET"):
    return ask(front, request(b"", method=method, path=path), head_only=method == "HEAD")


def test_every_link_from_the_page_of_services_leads_to_a_page_and_a_place_in_it(front):
    waiting, seen, places, wanted = ["/services/"], {}, {}, set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        answer = get(front, path)
        seen[path] = answer.status
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        page = html.document_fromstring(answer.body)
        assert page.xpath("//script | //img | //link | //@style | //@onclick") == []
        places[path] = set(page.xpath("//@id"))
        for to in page.xpath("//a/@href"):
            target = urlsplit(urljoin(f"http://front{path}", to))
            assert target.netloc == "front", to
            wanted.add((target.path, target.fragment))
            waiting.append(target.path + (f"?{target.query}" if target.query else ""))
    assert {status for path, status in seen.items()} == {200}
    assert {f"/services/types/{code}" for code in KINDS} <= set(seen)
    assert {f"/services/types/{code}.xml" for code in KINDS} <= set(seen)
    assert {"/services/examples/csharp/Upload.cs", "/services/examples/portal/book.php"} <= set(seen)
    assert {
        "/services/portal",
        "/services/contracts/appointment",
        "/services/contracts/report",
        "/services/contracts/guide",
        "/services/contracts/api",
    } <= set(seen)
    assert {"/services/contracts/hip", "/services/interactions", "/services/interactions/residents"} <= set(seen)
    assert [(path, place) for path, place in wanted if place and place not in places[path]] == []


@pytest.mark.parametrize("code", KINDS)
def test_every_rule_and_section_of_a_type_has_its_place_on_its_page(code):
    kind, page = KINDS[code], html.document_fromstring(BOOK.reply(f"/services/types/{code}").content)
    places = set(page.xpath("//@id"))
    if not (kind.rules / "sections.csv").is_file():
        assert {"schema"} <= places
        return
    tables = load_tables(kind.rules)
    rules = {rule.rule for rule in assertions(tables, kind)}
    assert {explanation("", code, "SND-404", rule).partition("#")[2] for rule in rules} <= places
    assert {anchor(part.key) for part in TypeBook(BOOK.catalogue).page(code).parts} <= places
    shown = page.text_content()
    assert all(row["name"] in shown for row in tables.sections if row["type"] == code)


def test_the_sample_of_a_type_is_served_byte_for_byte(front):
    for code in ("C0002", "C0007"):
        answer = get(front, f"/services/types/{code}.xml")
        assert (answer.status, answer.headers["content-type"]) == (200, "application/xml; charset=utf-8")
        assert answer.body == KINDS[code].sample.read_bytes()


@pytest.mark.parametrize("path", ["/services/types/C9999", "/services/types/../codes.md", "/services/examples/../guide.zh.md"])
def test_what_is_no_page_is_not_found(front, path):
    assert get(front, path).status == 404


def test_a_page_is_only_read(front):
    assert get(front, "/services/types", method="HEAD").status == 200
    assert get(front, "/services/types", method="POST").status == 405


def test_no_page_may_load_or_run_anything(front):
    assert get(front, "/services/types/C0002").headers["content-security-policy"].startswith("default-src 'none'")


def test_texts_of_tables_never_become_markup():
    page = show(
        '# <b>x</b> `<i>`\n\n| a\\|b &lt;u> | **<s>** [<q>](#"x) <a id="y"></a> |\n|---|---|\n| `c\\|d` | \\*e\\* |\n', str
    )
    shown = html.document_fromstring(page)
    assert re.findall(rb"<[biusq]>", page) == []
    assert [cell.text_content() for cell in shown.xpath("//th")] == ["a|b <u>", "<s> <q> "]
    assert [cell.text_content() for cell in shown.xpath("//td")] == ["c|d", "*e*"]
    assert shown.xpath("//title/text()") == ["<b>x</b> <i>"]


@pytest.mark.parametrize(
    ("code", "rule", "address"),
    [
        ("SND-404", "C0007.section.检验报告", "https://hip.test/services/types/C0007#C0007.section.检验报告"),
        ("SND-332", "schema", "https://hip.test/services/types/C0007#schema"),
        ("SND-208", "", "https://hip.test/services/codes#SND-208"),
        ("SND-501", "duplicate", "https://hip.test/services/codes#SND-501"),
        ("SND-401", "catalogue.type", "https://hip.test/services/types"),
    ],
)
def test_a_refusal_is_explained_by_its_rule_or_its_code(code, rule, address):
    assert explanation("https://hip.test", "C0007", code, rule) == address
