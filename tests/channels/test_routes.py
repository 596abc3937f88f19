"""Hold the real routes to their own tests and to lint, and the reference of the house to what runs."""

import pytest

from engine.channels.book import load_book
from engine.channels.explain import explain
from engine.channels.trial import run_tests
from engine.documents.press import Press
from engine.yamlfile import read_yaml
from tests.channels.conftest import DESKS, ROOT


@pytest.fixture(scope="module")
def book(press):
    endpoints = read_yaml(ROOT / "config" / "endpoints.yaml", "config/endpoints.yaml").data
    return load_book(ROOT, press, list(endpoints), DESKS)


def test_every_route_passes_its_own_tests(book, press):
    failed = [(r.route, r.test, r.differences) for r in run_tests(book, press) if not r.passed]
    assert not failed


def test_every_route_has_a_good_case_and_a_bad_one(book):
    for route in book.routes.values():
        tests = {p.name for p in (route.folder / "tests").iterdir()}
        assert any(name.startswith("good-") for name in tests), route.name
        assert any(not name.startswith("good-") for name in tests), route.name


def test_lint_has_nothing_to_say_of_the_real_routes(book):
    assert [str(w) for w in book.warnings if w.file.startswith("routes/")] == []


def test_the_three_types_of_the_first_issue_have_routes_into_the_library(book):
    for code in ("C0002", "C0004", "C0007"):
        route = book.find("collection", code)
        assert "records" in [send.to for send in route.sends]
    assert [s.to for s in book.routes["laboratory-report"].sends] == ["records", "reports", "archive"]


def test_each_press_gives_the_same_revision(book):
    assert load_book(ROOT, Press(ROOT), ["archive"], DESKS).revision == book.revision


def test_the_laboratory_report_reads_in_order(book):
    text = explain(book.routes["laboratory-report"])
    steps = [
        text.index(word)
        for word in ("1. 按结构", "2. ", "代码按 institution/gender 对照", "3. 按目录中该类型的规则", "4. 用样式表", "archive")
    ]
    assert steps == sorted(steps)
