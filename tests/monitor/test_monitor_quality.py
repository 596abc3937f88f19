"""Read the quality page, its JSON twin and its Excel file as an administrator does, over invented and over stored findings."""

import io
import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import openpyxl
import pytest

from engine.message import SHANGHAI
from engine.monitor.quality import SHOWN, QualityArchive, Wish
from engine.monitor.quality_sheet import COLUMNS, workbook
from engine.monitor.sheets import XLSX
from engine.monitor.texts import percent_text
from engine.services.institutions import Institutions
from engine.services.quality import Period
from engine.store.entries import QualitySums
from engine.store.journal import Journal
from tests.monitor.conftest import PASSWORDS
from tests.monitor.sample_quality import quality_of
from tests.monitor.test_monitor_pages import Outline
from tests.monitor.web import Visitor
from tests.store.conftest import database, url  # noqa: F401 # the same empty databases as the store's own tests
from tests.store.samples import NOON, WARNING, entry, invalid, later
from tests.support.seals import SEAL

ASKED = "/quality?institution=H22010001&from=2026-03-01&to=2026-03-14"


def test_the_page_asks_for_an_institution_and_offers_the_last_31_days(administrator, behind):
    body = administrator.get("/quality").body
    today = datetime.now(SHANGHAI).date()
    assert f'name="from" type="date" value="{today - timedelta(days=30)}"' in body
    assert f'name="to" type="date" value="{today}"' in body
    for words in ("选择机构后查看", "长春测试医院 · H22010001", "C0004 西药处方", "历史补传"):
        assert words in body
    assert behind.wishes == []


def test_the_only_institution_is_chosen_at_once(administrator, behind):
    behind.institutions = {"H9": ("测试医院", "测试医院")}
    assert "按规则" in administrator.get("/quality").body
    assert behind.wishes[0].institution == "H9"
    assert behind.wishes[0].period.days == 31


def test_the_report_tells_rules_numbers_examples_and_cures(administrator, behind):
    body = administrator.get(f"{ASKED}&type=C0002&lane=history").body
    (wish,) = behind.wishes
    assert (wish.period.first, wish.period.last) == (date(2026, 3, 1), date(2026, 3, 14))
    assert (wish.document_type, wish.lane) == ("C0002", "history")
    assert 'value="C0002" selected' in body
    for words in ("12,480", "520", "4.2%", "patient.gender-code", "不在值域", "第 14 行", "administrativeGenderCode/@code",
                  "从值域中取值", "20260314-7kq2m9xw4v00", "4,200", "3,150", "25.2%", "共 14 天"):  # fmt: skip
        assert words in body, words
    assert re.findall(r'<rect class="some" width="([\d.]+)"', body)[0] == "25.24"


def test_a_rule_without_a_name_stands_by_its_code_and_without_a_place(administrator):
    rows = re.findall(r"<tr>(.*?)</tr>", administrator.get(ASKED).body, re.DOTALL)
    nameless = next(row for row in rows if "GZIP 数据不完整" in row)
    assert "<b>SND-211</b>" in nameless
    assert "第 0 行" not in nameless


@pytest.mark.parametrize(
    ("sort", "first"),
    [("count", "patient.gender-code"), ("rule", "SND-211"), ("last", "patient.gender-code"), ("x", "patient.gender-code")],
)
def test_the_table_is_sorted_as_asked(administrator, sort, first):
    told = json.loads(administrator.get(f"{ASKED}&sort={sort}&format=json").body)
    assert (told["rules"][0]["rule"] or told["rules"][0]["code"]) == first
    body = administrator.get(f"{ASKED}&sort={sort}").body
    assert body.count("aria-sort") == 1
    assert re.search(r'<td class="rule">.*?<b>(.*?)</b>', body, re.DOTALL)[1] == first


def test_headings_keep_what_was_asked(administrator):
    links = re.findall(r'<th[^>]*><a href="([^"]+)"', administrator.get(f"{ASKED}&type=C0002").body)
    assert len(links) == 3
    for link in links:
        again = administrator.get(link.replace("&amp;", "&"))
        assert again.status == 200
        assert 'value="C0002" selected' in again.body


def test_the_json_twin_tells_the_same(administrator):
    told = json.loads(administrator.get(f"{ASKED}&format=json").body)
    assert {k: told[k] for k in ("institution", "from", "to", "documents", "rejected", "warned")} == {
        "institution": "H22010001", "from": "2026-03-01", "to": "2026-03-14", "documents": 12_480, "rejected": 520, "warned": 1_386,
    }  # fmt: skip
    first = told["rules"][0]
    assert (first["rule"], first["count"], first["documents"], first["share"]) == ("patient.gender-code", 4_200, 3_150, 0.2524)
    assert first["last"].endswith("+08:00")
    assert json.loads(administrator.get("/quality?format=json").body)["error"] == 400


def test_many_rules_are_cut_on_the_page_but_not_in_the_file(administrator, behind):
    behind.rules = SHOWN + 30
    assert "另有 30 条规则未列出" in administrator.get(ASKED).body
    assert len(json.loads(administrator.get(f"{ASKED}&format=json").body)["rules"]) == SHOWN + 30


@pytest.mark.parametrize(("query", "words"), [
    ("institution=H9", "没有登记代码为“H9”的机构"),
    ("institution=H22010001&type=C9", "没有文档类型“C9”"),
    ("institution=H22010001&lane=fast", "通道只有实时"),
    ("institution=H22010001&from=2026-02-30", "“2026-02-30”不是日期"),
    ("institution=H22010001&from=20260201", "“20260201”不是日期"),
    ("institution=H22010001&from=9999-01-01", "“9999-01-01”不是日期"),
    ("institution=H22010001&from=2026-03-02&to=2026-03-01", "结束日期早于开始日期"),
    ("institution=H22010001&from=2025-03-01&to=2026-03-02", "一次最多看 366 天"),
    ("institution=%3Cscript%3E", "“&lt;script&gt;”"),
])  # fmt: skip
def test_what_cannot_be_shown_is_told_in_words(administrator, behind, query, words):
    page = administrator.get(f"/quality?{query}")
    assert page.status == 400
    assert words in page.body
    told = administrator.get(f"/quality?{query}&format=json")
    assert (told.status, json.loads(told.body)["error"]) == (400, 400)
    assert administrator.get(f"/quality?{query}&format=xlsx").status == 400
    assert behind.wishes == []


def test_a_year_and_a_day_of_leap_is_the_longest_report(administrator):
    assert administrator.get("/quality?institution=H22010001&from=2025-03-01&to=2026-03-01").status == 200


def test_good_news_and_emptiness_are_told_apart(administrator, behind):
    behind.rules = 0
    assert "这段时间没有收到文档" in administrator.get(ASKED).body
    behind.made = lambda wish, _: replace(quality_of(wish, 0), sums=QualitySums(messages=7, rejected=0, warned=0))
    body = administrator.get(ASKED).body
    assert "没有违反规则的文档" in body
    assert "收到 7 份" in body


def test_the_page_speaks_english(administrator):
    body = administrator.get(f"{ASKED}&lang=en").body
    for words in ("Rule and cure", "line 14", "All types", "Outpatient (emergency) medical record", "refused", "Download Excel"):
        assert words in body


@pytest.mark.parametrize("path", ["/quality", ASKED, "/quality?institution=H9"])
def test_the_page_is_well_formed_and_every_field_has_its_label(administrator, path):
    outline = Outline(administrator.get(path).body)
    labelled = {attributes["for"] for tag, attributes in outline.elements if tag == "label"}
    for tag, attributes in outline.elements:
        assert tag != "style"
        assert tag != "script" or attributes["src"].startswith("/static/live.js")
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        if tag in {"select", "input"} and attributes.get("type") != "hidden":
            assert attributes["id"] in labelled


def test_findings_cannot_write_into_the_page(administrator, behind):
    evil = '"><script>alert(1)</script>&\u202e'

    def report(wish, _):
        made = quality_of(wish, 1)
        row = replace(made.rows[0], rule=evil, path=evil, example=evil, message=evil, hint=evil, document_type=evil)
        return replace(made, rows=(row,))

    behind.made = report
    body = administrator.get(ASKED).body
    assert "<script>alert" not in body
    assert "&lt;script&gt;alert(1)" in body
    Outline(body)


def test_who_may_see_it(viewer, visitor, monitor, behind):
    assert viewer.get(ASKED).status == 403
    assert 'href="/quality"' not in viewer.get("/overview").body
    assert visitor.get(ASKED).location == "/?next=/quality"
    assert visitor.get(f"{ASKED}&format=json").status == 401
    assert behind.wishes == []
    for role in ("operator", "engineer"):
        person = Visitor(monitor)
        person.sign_in(f"{role}-1", PASSWORDS[role])
        assert person.get(ASKED).status == 200
        assert 'href="/quality"' in person.get("/overview").body


def sheet_of(answer_or_bytes):
    return openpyxl.load_workbook(io.BytesIO(answer_or_bytes))


def test_the_file_has_a_summary_and_a_row_for_each_rule(administrator):
    answer = administrator.get_bytes(f"{ASKED}&format=xlsx&type=C0002")
    assert answer.headers["content-type"] == XLSX
    assert answer.headers["content-disposition"] == 'attachment; filename="quality-H22010001-2026-03-01-2026-03-14.xlsx"'
    book = sheet_of(answer.body)
    assert book.sheetnames == ["汇总", "按规则"]
    summary = {row[0].value: row[1].value for row in book["汇总"].iter_rows()}
    assert (summary["机构名称"], summary["收到文档"], summary["文档类型"], summary["涉及规则"]) == (
        "长春测试医院",
        12_480,
        "C0002 门（急）诊病历",
        12,
    )
    rules = book["按规则"]
    assert [cell.value for cell in rules[1]] == [name for name, _ in COLUMNS]
    assert rules.freeze_panes == "A2"
    assert rules.column_dimensions["B"].width == 30
    assert rules.max_row == 13
    first = {head.value: cell.value for head, cell in zip(rules[1], rules[2], strict=True)}
    assert (first["规则"], first["次数"], first["所在行"], first["处理"]) == ("patient.gender-code", 4_200, 14, "退回")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "＝"])
def test_no_text_is_ever_a_formula(start):
    evil = f'{start}HYPERLINK("http://x","y")\x07'
    made = quality_of(Wish(institution="H9", period=Period(date(2026, 3, 1), date(2026, 3, 14))), 1)
    row = replace(made.rows[0], rule=evil, path=evil, example=evil, message=evil, hint=evil)
    book = sheet_of(workbook(replace(made, rows=(row,)), evil, ""))
    cells = [cell for sheet in book for line in sheet.iter_rows() for cell in line if isinstance(cell.value, str)]
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.quotePrefix for cell in cells)
    assert sum("HYPERLINK" in cell.value for cell in cells) == 6


def test_a_report_over_a_real_store(database):  # noqa: F811 # the fixture of that name is meant
    journal = Journal(database, SEAL)
    register = Institutions(database, SEAL)
    register.add("H1", "测试医院", password="correct-horse-battery")
    with database.write() as connection:
        journal.file(connection, [invalid(f"D{n}", received=later(n)) for n in range(3)])
        journal.file(connection, [entry("W", issues=(WARNING, WARNING)), entry("OK", text="fine"), entry("X", institution="H2")])
    archive = QualityArchive(database, journal, register)
    assert archive.names() == {"H1": ("测试医院", "测试医院")}
    day = NOON.astimezone(SHANGHAI).date()
    report = archive.report(Wish(institution="H1", period=Period(day, day)))
    assert [(row.rule, row.count, row.messages) for row in report.rows] == [("id-check", 3, 3), ("org-known", 2, 1)]
    assert report.sums == QualitySums(messages=5, rejected=3, warned=1)
    assert report.share(3) == 0.6
    assert report.errors == 1
    assert archive.report(Wish(institution="H1", period=Period(day, day), lane="history")).rows == ()
    yesterday = day - timedelta(days=1)
    assert archive.report(Wish(institution="H1", period=Period(yesterday, yesterday))).sums.messages == 0
    assert report.made <= datetime.now(UTC)


@pytest.mark.parametrize(("part", "text"), [(0, "0%"), (0.0004, "<0.1%"), (0.5, "50%"), (0.2524, "25.2%"), (1, "100%")])
def test_a_small_part_is_never_written_as_nothing(part, text):
    assert percent_text(part) == text
