"""Read the indicators by hospital, period and class, their files and JSON twins, and one report with its history."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest
from openpyxl import load_workbook

from engine.message import Figure, Record
from engine.services.indicators import period_of
from engine.services.institutions import Institutions
from engine.services.operations import OperationsDesk
from tests.monitor.conftest import PASSWORDS
from tests.monitor.test_monitor_pages import Outline
from tests.monitor.web import Visitor
from tests.support.seals import SEAL

ONE, OTHER, SILENT, FORMER = "H22010001", "H22020015", "H22030003", "H22040004"
EVIL = '=HYPERLINK("http://evil","点")'
ASKED = "/indicators?type=OPS01&indicator=volume.MZRCS&from=2026-01-01&to=2026-03-31"


def figure(value, field="MZRCS", section="volume", **more):
    return Figure(section=section, field=field, value=str(value), unit="人次", **more)


def report(institution, month, *figures, kind="OPS01", version=1):
    period = period_of("month", datetime(2026, month, 1, tzinfo=UTC).date())
    return Record(
        message=f"R-{institution}-{kind}-{month}-{version}", institution=institution, document_type=kind, own_root=kind,
        own_extension=f"month {period.first}/{period.last}", written=datetime(2026, 4, 1, tzinfo=UTC), author="测试填报员", figures=figures,
    )  # fmt: skip


@pytest.fixture(scope="module")
def reported(users):
    """Let two hospitals report, one of them with gaps; a third is silent, a fourth is disabled and has an evil name."""
    database = users._database
    institutions = Institutions(database, SEAL)
    for code, name in ((OTHER, "吉林测试中心医院"), (SILENT, EVIL), (FORMER, "测试停用医院")):
        institutions.add(code, name)
    institutions.disable(FORMER)
    with database.write() as connection:
        OperationsDesk(SEAL).take(
            connection,
            [
                report(ONE, 1, figure(1000)), report(ONE, 2, figure(1200), figure(3, "mzrc", "workload", dimension="d/NK")),
                report(ONE, 3, figure(900), version=1), report(ONE, 3, figure(1500), version=2), report(OTHER, 1, figure(400)),
                report(OTHER, 3, figure(7, "RYRS")), report(ONE, 3, figure(-250.5, "JZC", "balanceSheet"), kind="OPS02"),
                report(ONE, 3, figure("测试法人", "FRDBDWFZR", "institutionMaster", personal=True), kind="OPS06"),
            ],
        )  # fmt: skip
    return database


@pytest.fixture
def reader(reported, monitor):
    visitor = Visitor(monitor)
    assert visitor.sign_in("viewer-1", PASSWORDS["viewer"]).status == 303
    return visitor


@pytest.fixture
def hospital(reported, monitor):
    visitor = Visitor(monitor)
    assert visitor.sign_in("institution-1", PASSWORDS["viewer"]).status == 303
    return visitor


def told(visitor, address):
    return json.loads(visitor.get(f"{address}&format=json").body)


def test_the_page_shows_the_sum_and_who_is_missing_and_no_zero_for_them(reader):
    body = reader.get(f"{ASKED}&at=2026-03-01").body
    for words in ("运营指标", "门诊人次数", "1,500", "+300 (+25.0%)", "未填", "未报", "1 <small>/ 3</small>", "两期都报的 1 家"):
        assert words in body, words
    assert "测试停用医院" not in body.partition("<table")[2], "a hospital that is disabled and reported nothing is not missed"
    assert body.count('class="hole"') == 2
    english = reader.get(f"{ASKED}&lang=en").body
    assert "not reported" in english
    reader.get("/indicators?lang=zh")


def test_the_line_is_broken_where_nobody_reported(reader):
    body = reader.get("/indicators?type=OPS01&indicator=volume.MZRCS&from=2025-10-01&to=2026-02-28").body
    assert "2025-11：未报" in body
    assert body.count("<polyline") == 1
    (points,) = (part.split('"')[0] for part in body.split('points="')[1:])
    assert len(points.split()) == 2


def test_the_json_twin_tells_every_cell_and_what_it_is_compared_with(reader):
    found = told(reader, f"{ASKED}&at=2026-02-01")
    assert (found["title"], found["unit"], found["at"]) == ("门诊人次数", "人次", "2026-02-01")
    assert [(one["total"], one["stated"], one["of"]) for one in found["periods"]] == [
        ("1400", 2, 3),
        ("1200", 1, 3),
        ("1500", 1, 3),
    ]
    assert found["periods"][1]["change"] == {"difference": "200", "share": 0.2, "institutions": 1}
    cells = {one["code"]: [(cell["state"], cell["value"]) for cell in one["cells"]] for one in found["hospitals"]}
    assert cells == {
        ONE: [("stated", "1000"), ("stated", "1200"), ("stated", "1500")],
        OTHER: [("stated", "400"), ("missing", None), ("blank", None)],
        SILENT: [("missing", None)] * 3,
    }  # fmt: skip


def test_without_being_asked_for_anything_it_shows_the_latest_months(reader):
    found = told(reader, "/indicators?")
    assert (found["type"], found["kind"], len(found["periods"])) == ("OPS01", "month", 13)
    assert found["periods"][-1]["first"] == "2026-03-01"


def test_one_hospital_is_shown_by_itself(reader):
    body = reader.get(f"{ASKED}&institution={OTHER}").body
    assert "吉林测试中心医院" in body
    assert 'id="hospitals"' not in body
    assert f"/indicators/{OTHER}/OPS01/month/2026-03-01" in body


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("type=OPS99", "没有这一类运营数据：OPS99"), ("type=OPS06", "没有这一类运营数据"), ("indicator=volume.X", "没有这个指标"),
        ("institution=H9", "没有这家医院"), ("type=OPS02&kind=day", "没有这种期间"), ("from=yesterday", "日期写成"),
        ("from=2000-01-01&to=2026-01-31", "一次最多看 60 个期间"), ("kind=day&from=1990-01-01&to=2026-01-31", "最多看 92"),
        ("from=2026-03-02&to=2026-03-05", "没有一个已经结束"), ("from=2990-01-01", "没有一个已经结束"),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_said(reader, query, said):
    answer = reader.get(f"/indicators?{query}")
    assert answer.status == 400
    assert said in answer.body
    assert json.loads(reader.get(f"/indicators?{query}&format=json").body)["error"] == 400


def test_the_csv_file_has_a_row_for_each_hospital_and_period_and_no_formula(reader):
    answer = reader.get_bytes(f"{ASKED}&format=csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="indicator-OPS01-MZRCS-2026-01-01-2026-03-31.csv"'
    rows = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"), newline="")))
    assert len(rows) == 1 + 9
    assert rows[0][:2] == ["医院代码", "医院名称"]
    by = {(row[0], row[4]): row for row in rows[1:]}
    assert by[ONE, "2026-03-01"][10:15] == ["1500", "已报", "1200", "300", "0.2500"]
    assert by[OTHER, "2026-02-01"][10:13] == ["", "未报", ""]
    assert by[SILENT, "2026-01-01"][1] == f"'{EVIL}"


def test_the_excel_file_holds_numbers_and_texts_and_nothing_calculated(reader):
    answer = reader.get_bytes(f"{ASKED}&format=xlsx&lang=en")
    sheet = load_workbook(io.BytesIO(answer.body)).worksheets[0]
    rows = list(sheet.iter_rows(min_row=2))
    assert sheet.cell(1, 2).value == "Hospital"
    assert "f" not in {cell.data_type for row in rows for cell in row}, "nothing is a formula"
    assert (rows[2][10].value, rows[2][10].data_type) == (1500, "n")
    assert [cell.value for cell in rows[6]][1] == EVIL
    assert rows[6][10].value is None
    reader.get("/indicators?lang=zh")


def test_a_negative_figure_is_a_number_in_both_files(reader):
    asked = "/indicators?type=OPS02&indicator=balanceSheet.JZC&from=2026-03-01&to=2026-03-31"
    rows = list(csv.reader(io.StringIO(reader.get_bytes(f"{asked}&format=csv").body.decode("utf-8-sig"), newline="")))
    assert rows[1][10] == "-250.5"
    sheet = load_workbook(io.BytesIO(reader.get_bytes(f"{asked}&format=xlsx").body)).worksheets[0]
    assert sheet.cell(2, 11).value == -250.5
    assert "-250.5" in reader.get(asked).body


def test_one_report_shows_its_versions_and_figures(reader):
    body = reader.get(f"/indicators/{ONE}/OPS01/month/2026-03-01").body
    for words in ("上报记录", "有效", "已被替换", "门诊人次数", "1500", "测****"):
        assert words in body, words
    assert "测试填报员" not in body
    assert f'/messages/R-{ONE}-OPS01-3-2"' in body
    found = json.loads(reader.get(f"/indicators/{ONE}/OPS01/month/2026-03-01?format=json").body)
    assert [one["state"] for one in found["versions"]] == ["current", "replaced"]
    assert found["sections"]["诊疗与床位"] == [
        {"title": "门诊人次数", "value": "1500", "unit": "人次", "row": "", "personal": False}
    ]


def test_a_report_names_no_person(reader):
    answer = reader.get(f"/indicators/{ONE}/OPS06/month/2026-03-01")
    assert "含个人信息，已隐去" in answer.body
    assert "测试法人" not in answer.body
    assert "测试法人" not in reader.get(f"/indicators/{ONE}/OPS06/month/2026-03-01?format=json").body


def test_a_report_that_was_taken_back_counts_no_more_and_says_so(reported, reader):
    with reported.write() as connection:
        OperationsDesk(SEAL).take(connection, [report(OTHER, 2, figure(77), version=9)])
        OperationsDesk(SEAL).withdraw(connection, [report(OTHER, 2, version=9).message])
    body = reader.get(f"/indicators/{OTHER}/OPS01/month/2026-02-01").body
    assert "没有有效的报表" in body
    assert "已撤回" in body


@pytest.mark.parametrize(
    "path", ["H9/OPS01/month/2026-03-01", "{one}/OPS99/month/2026-03-01", "{one}/OPS01/week/2026-03-01", "{one}/OPS01/month/2026-03-02",
             "{one}/OPS01/month/x", "{one}/OPS01/month/2020-01-01"],
)  # fmt: skip
def test_a_report_that_there_is_not_is_not_found(reader, path):
    assert reader.get(f"/indicators/{path.format(one=ONE)}").status == 404


def test_an_institution_sees_its_own_figures_only(hospital):
    found = told(hospital, f"{ASKED}&at=2026-01-01")
    assert [one["code"] for one in found["hospitals"]] == [ONE]
    assert found["periods"][0]["total"] == "1000"
    body = hospital.get(ASKED).body
    assert "吉林测试中心医院" not in body
    assert hospital.get(f"{ASKED}&institution={OTHER}").status == 400
    for shape in ("csv", "xlsx", "json"):
        assert hospital.get_bytes(f"{ASKED}&institution={OTHER}&format={shape}").status == 400
    assert hospital.get(f"/indicators/{OTHER}/OPS01/month/2026-01-01").status == 404
    assert hospital.get(f"/indicators/{OTHER}/OPS01/month/2026-01-01?format=json").status == 404
    own = hospital.get(f"/indicators/{ONE}/OPS01/month/2026-03-01")
    assert own.status == 200
    assert 'href="/messages' not in own.body
    assert OTHER not in hospital.get_bytes(f"{ASKED}&format=csv").body.decode()


@pytest.mark.parametrize(
    "path", [ASKED, f"{ASKED}&institution={ONE}&lang=en", "/indicators?type=OPS02", f"/indicators/{ONE}/OPS01/month/2026-02-01"]
)
def test_the_pages_are_well_formed_and_every_field_has_its_label(reader, path):
    outline = Outline(reader.get(path).body)
    labels = {known["for"] for tag, known in outline.elements if tag == "label"}
    fields = {known["id"] for tag, known in outline.elements if tag in ("input", "select") and known.get("type") != "hidden"}
    assert fields <= labels
    reader.get("/indicators?lang=zh")
