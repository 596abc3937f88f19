"""A workbook with forty planted mistakes: each is told once, at its sheet, row and column, and nothing of it is taken."""

from datetime import date

from engine.documents.guide.attachments import GivenFile
from engine.documents.guide.drawing import draw_introduction
from tests.support.guidefiles import BOOK, DEPARTMENTS, DOCTORS, HOSPITAL, given, picture, picture_bomb, word, workbook

DEPARTMENT_ROWS = (
    *DEPARTMENTS,
    *({"department": f"1{number}", "name": f"测试{number}科"} for number in range(10, 24)),
)
DOCTOR_ROWS = (
    *DOCTORS,
    *({"doctor": f"D{number}", "name": f"赵测试{number}", "department": "01", "title": "医师"} for number in range(12)),
)

PLANTED = {
    "医院": {
        "A2": ("HOSP-B", "value.institution"),
        "B2": (None, "value.required"),
        "D2": ("三甲", "value.list"),
        "E2": ("大医院", "value.list"),
        "F2": ("22010", "value.area"),
        "G2": ("路" * 201, "value.long"),
        "H2": ("打总机", "value.telephone"),
        "I2": ("www.hospital.example", "value.website"),
        "L2": ("大楼.jpg", "picture.missing"),
        "N2": ("介绍.docx", "word.both"),
        "B3": ("长春第二测试医院", "sheet.one-row"),
    },
    "科室": {
        "K1": ("电邮", "heading.unknown"),
        "A4": ("0102", "department.twice"),
        "B5": (None, "value.required"),
        "C6": ("99", "department.parent"),
        "C7": ("114", "department.cycle"),
        "E9": ("病" * 41, "value.disease"),
        "E10": ("、".join(f"病{number}" for number in range(101)), "value.diseases"),
        "G11": ("0431-1", "value.telephone"),
        "H12": ("损坏.png", "picture.broken"),
        "J13": ("没有.docx", "word.missing"),
        "J14": ("损坏.docx", "word.broken"),
        "A15": ("内 科", "value.code"),
        "D16": ("=A1&B1", "cell.formula"),
        "F17": ("#N/A", "cell.error"),
    },
    "医生": {
        "K1": ("姓名", "heading.twice"),
        "A4": ("008", "doctor.twice"),
        "B5": (None, "value.required"),
        "C6": ("先生", "value.list"),
        "D7": ("0103", "doctor.department"),
        "E8": ("教授", "value.list"),
        "A9": (12345678901234567, "cell.digits"),
        "B10": ("=B2", "cell.formula"),
        "H11": ("过大.png", "picture.large"),
        "F12": ("长" * 1001, "value.long"),
        "A13": (date(2026, 1, 2), "cell.date"),
        "D14": (None, "value.required"),
        "I15": ("<b></b>" * 1001, "html.tags"),
        "F2": ("专长", "cell.merged"),
        "A14": ("D 10", "value.code"),
    },
}


def spoil(book):
    for sheet, cells in PLANTED.items():
        for name, (value, _) in cells.items():
            book[sheet][name] = value
    book["医院"]["C3"] = "二院"
    book["科室"]["C8"] = "113"
    book["医生"].merge_cells("F2:F3")


FILES = (
    ("介绍.docx", word()),
    ("损坏.png", b"\x89PNG not really"),
    ("损坏.docx", b"PK not really"),
    ("过大.png", picture_bomb()),
)


def spoilt():
    return given(*FILES, book=workbook(departments=DEPARTMENT_ROWS, doctors=DOCTOR_ROWS, change=spoil))


def test_forty_mistakes_are_forty_problems_each_at_its_place():
    draft = draw_introduction("HOSP-A", spoilt())
    expected = {
        (sheet, int("".join(filter(str.isdigit, name))), "".join(filter(str.isalpha, name)), rule)
        for sheet, cells in PLANTED.items()
        for name, (_, rule) in cells.items()
    }
    expected = {(s, r, "" if rule == "sheet.one-row" else c, rule) for s, r, c, rule in expected}
    found = [(one.place.sheet, one.place.row, one.place.column, one.rule) for one in draft.problems]
    assert sorted(found) == sorted(expected)
    assert len(found) == draft.errors == 40
    assert list(dict.fromkeys(sheet for sheet, *_ in found)) == ["医院", "科室", "医生"]
    assert draft.introduction is None
    assert {one.place.file for one in draft.problems} == {BOOK}
    assert all(one.what and one.cure and one.severity == "error" for one in draft.problems)


def test_the_corrected_workbook_is_taken_whole():
    hospital = HOSPITAL | {"picture": "大楼.JPG", "introduction": None, "word": "介绍.docx"}
    book = workbook(hospital, DEPARTMENT_ROWS, DOCTOR_ROWS)
    draft = draw_introduction(
        "HOSP-A", [GivenFile(BOOK, book), GivenFile("介绍.docx", word()), GivenFile("大楼.jpg", picture("JPEG"))]
    )
    assert draft.problems == ()
    taken = draft.introduction
    assert (len(taken.departments), len(taken.doctors), len(taken.pictures)) == (16, 14, 1)
    assert taken.hospital.introduction == "<p>测试介绍</p>"
    assert taken.hospital.picture == taken.pictures[0].picture
    assert taken.doctors[0].doctor == "007"
