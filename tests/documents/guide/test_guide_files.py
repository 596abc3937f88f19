"""Read the files of a guide in every form that hospitals send, and name what is wrong with a file as a whole."""

import csv
import io
import json

import pytest
from openpyxl import load_workbook

from engine.documents.guide.attachments import GivenFile
from engine.documents.guide.columns import SHEETS
from engine.documents.guide.drawing import draw_introduction
from engine.documents.guide.listing import problems_csv
from engine.documents.guide.problems import RULES, Findings, Place
from engine.documents.guide.template import write_template
from engine.introduction import KINDS, LEVELS, TITLES
from tests.support.guidefiles import DEPARTMENTS, DOCTORS, HOSPITAL, given, picture, word, workbook


def draw(*files):
    return draw_introduction("HOSP-A", [GivenFile(name, content) for name, content in files])


def rules(draft):
    return [one.rule for one in draft.problems]


def as_csv(separator=","):
    """Write the three tables as CSV."""
    for sheet, rows in zip(SHEETS, ([HOSPITAL], DEPARTMENTS, DOCTORS), strict=True):
        kept = io.StringIO()
        writer = csv.writer(kept, delimiter=separator)
        writer.writerow([one.heading for one in sheet.headings])
        writer.writerows([[row.get(one.name, "") for one in sheet.headings] for row in rows])
        yield f"{sheet.name}.csv", kept.getvalue()


def as_json(**more):
    def keyed(sheet, row):
        return {one.key: row[one.name] for one in sheet.headings if one.name in row}

    whole = {
        "hospital": keyed(SHEETS[0], HOSPITAL), "departments": [keyed(SHEETS[1], row) for row in DEPARTMENTS],
        "doctors": [keyed(SHEETS[2], row) for row in DOCTORS],
    }  # fmt: skip
    return json.dumps(whole | more, ensure_ascii=False).encode()


WHOLE = draw(("资料.xlsx", workbook())).introduction


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_of_every_charset_says_the_same_as_the_workbook(charset):
    separator = "\t" if charset == "utf-16" else ","
    draft = draw(*((name, text.encode(charset)) for name, text in as_csv(separator)))
    assert draft.problems == ()
    assert draft.introduction == WHOLE


def test_json_says_the_same_as_the_workbook():
    assert draw(("guide.json", as_json())).introduction == WHOLE


def test_diseases_in_json_may_be_a_list():
    doctors = [{"doctor": "1", "name": "王测试", "department": "01", "title": 1, "diseases": ["糖尿病", "高血压"]}]
    (doctor,) = draw(("guide.json", as_json(doctors=doctors))).introduction.doctors
    assert (doctor.diseases, doctor.title) == (("糖尿病", "高血压"), 1)


@pytest.mark.parametrize(
    ("content", "rule", "place"),
    [
        (b"{", "file.broken", (0, "")),
        (b"[" * 100_000, "file.broken", (0, "")),
        (b'{"hospital": NaN}', "file.broken", (0, "")),
        (b"[]", "json.shape", (0, "")),
        (as_json(doctors={}), "json.shape", (0, "")),
        (as_json(doctors=["x"]), "json.shape", (1, "")),
        (as_json(doctors=[{"doctor": {}, "name": "王", "department": "01", "title": "医师"}]), "json.shape", (1, "doctor")),
        (as_json(doctors=[{"docter": "1"}]), "heading.unknown", (1, "docter")),
        (as_json(doktors=[]), "heading.unknown", (0, "doktors")),
        (as_json()[:-1] + b', "doctors": []}', "json.twice", (0, "")),
        (b"\xff\xff\xff", "file.charset", (0, "")),
    ],
)
def test_what_is_wrong_with_json_has_its_place(content, rule, place):
    found = {(one.rule, (one.place.row, one.place.column)) for one in draw(("guide.json", content)).problems}
    assert (rule, place) in found


@pytest.mark.parametrize(
    ("files", "rule"),
    [
        ([("资料.txt", b"x")], "file.unknown"),
        ([("资料.xls", b"x")], "file.old"),
        ([("资料.xlsx", b"x")], "file.broken"),
        ([("表一.csv", b"x")], "file.unnamed"),
        ([("医生.csv", b"\xff\xff\xff")], "file.charset"),
        ([("医生.csv", b"x,y\r\n1,2")], "sheet.headings"),
        ([("医院.csv", "医院名称,地址\r\n".encode())], "heading.missing"),
        ([("医院.csv", "医院名称,级别,行政区划代码,地址,电话\r\n".encode())], "sheet.no-row"),
        ([("医院.csv", b"\xef\xbb\xbf")], "sheet.headings"),
        ([("资料.xlsx", workbook()), ("../资料.XLSX", workbook())], "file.same-name"),
        ([("资料.xlsx", workbook()), ("多余.png", picture())], "file.unused"),
        ([("资料.xlsx", workbook(change=lambda book: book.create_sheet("护士").append(["x"])))], "sheet.unknown"),
        ([("资料.xlsx", workbook(change=lambda book: book.remove(book["医生"])))], "sheet.missing"),
        ([("资料.xlsx", b"x" * (20 * 1024 * 1024 + 1))], "file.big"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[-1][0],
)
def test_what_is_wrong_with_a_file_is_named(files, rule):
    assert rule in rules(draw(*files))


def test_a_sheet_that_was_not_read_is_told_once_and_not_for_every_line_that_leans_on_it():
    draft = draw(("资料.xlsx", workbook(change=lambda book: book["科室"].delete_cols(1))))
    assert rules(draft) == ["heading.missing"]
    assert draft.problems[0].place.heading == "科室代码"


def test_blank_rows_titles_stars_and_full_width_letters_do_no_harm():
    def loosen(book):
        for sheet in ("科室", "医生"):
            book[sheet].insert_rows(1)
            book[sheet]["A1"] = "2026 年资料"
            book[sheet].merge_cells("A1:C1")
            book[sheet].insert_rows(4)
        book["医生"]["A3"] = "００７"
        book["医生"]["B3"] = " 王\u3000测试\u200b"
        book["医生"]["D3"] = "０１０２"

    draft = draw(("资料.xlsx", workbook(change=loosen)))
    assert draft.problems == ()
    assert [one.name for one in draft.introduction.doctors] == ["王 测试", "李测试"]
    assert draft.introduction.doctors[0].doctor == "007"


def test_numbers_become_the_codes_that_the_sheet_shows():
    def number(book):
        cell = book["医生"]["A2"]
        cell.value, cell.number_format = 7, "000"
        book["医生"]["A3"] = 8.0
        book["医院"]["F2"] = 220102

    first, second = draw(("资料.xlsx", workbook(change=number))).introduction.doctors
    assert (first.doctor, second.doctor) == ("007", "8")


def test_zeros_that_excel_users_keep_by_a_formula_in_csv_are_read():
    texts = dict(as_csv())
    texts["医生.csv"] = texts["医生.csv"].replace("007,", '"=""007""",')
    draft = draw(*((name, text.encode()) for name, text in texts.items()))
    assert draft.introduction.doctors[0].doctor == "007"


def test_the_list_of_problems_is_csv_in_which_no_text_is_a_formula():
    draft = draw(
        ("=cmd.csv", b"x"), ("guide.json", as_json(doctors=[{"doctor": "1", "name": "王", "department": "01", "title": "@x"}]))
    )
    listed = problems_csv(draft.problems).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(listed)))
    assert rows[0][:4] == ["文件", "工作表", "行", "列"]
    assert rows[1][0] == "'=cmd.csv"
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    assert len(rows) == len(draft.problems) + 1


def test_the_template_offers_the_lists_that_are_checked():
    book = load_workbook(io.BytesIO(write_template()))
    offered = {str(rule.sqref): rule.formula1 for sheet in SHEETS for rule in book[sheet.name].data_validations.dataValidation}
    assert set(offered) == {"D2:D20000", "E2:E20000", "C2:C20000"}
    words = [[cell.value for cell in column if cell.value] for column in book["选项"].columns]
    assert words == [list(LEVELS), list(KINDS), ["男", "女"], list(TITLES.values())]
    assert [cell.value for cell in book["医生"][1]][:2] == ["医生代码*", "姓名*"]


def test_a_thousand_problems_are_listed_and_all_are_counted():
    findings = Findings()
    for row in range(1200):
        findings.add("value.required", Place(file="x", row=row))
    assert (findings.errors, len(findings.listed())) == (1200, 1000)


def test_every_rule_says_what_and_how_to_cure_it():
    assert all(one.what and one.cure.endswith("。") for one in RULES.values())


def test_pictures_and_word_files_are_found_by_name_whatever_their_folder_and_case():
    doctors = ({**DOCTORS[0], "picture": "照片\\D007.JPG", "introduction": None, "word": "王测试.docx"}, DOCTORS[1])
    draft = draw_introduction(
        "HOSP-A", given(("D007.jpg", picture("JPEG")), ("王测试.DOCX", word()), book=workbook(doctors=doctors))
    )
    assert draft.problems == ()
    assert draft.introduction.doctors[0].picture
    assert draft.introduction.doctors[0].introduction == "<p>测试介绍</p>"
