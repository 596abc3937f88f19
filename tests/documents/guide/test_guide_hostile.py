"""Files made to hurt the reader: each is refused by name and soon, and any bytes at all give a clean list of problems."""

import io
import time
import tracemalloc
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.documents.guide import workbook as reading
from engine.documents.guide.attachments import GivenFile
from engine.documents.guide.drawing import draw_introduction
from engine.documents.guide.problems import RULES
from tests.support.guidefiles import DOCTORS, picture, word, workbook

NAMES = (
    "资料.xlsx",
    "医院.csv",
    "科室.csv",
    "医生.csv",
    "guide.json",
    "王测试.docx",
    "D1.png",
    "D2.jpg",
    "x.gif",
    "x.webp",
    "x.bmp",
    "老.xls",
    "x",
)
SEEDS = (
    workbook(),
    word(),
    picture(),
    picture("JPEG"),
    "医生代码,姓名,科室代码,职称\r\n1,王,01,医师".encode(),
    b'{"hospital": {}, "doctors": [{"name": 1}]}',
)


def rules(*files):
    return {one.rule for one in draw_introduction("H1", [GivenFile(*file) for file in files]).problems}


def replaced(content, part, new):
    """Put other bytes into a part of an Office package, as new parts when they are given by name."""
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as made:
        for name in old.namelist():
            made.writestr(name, new if name == part else old.read(name))
        if part not in old.namelist():
            made.writestr(part, new)
    return kept.getvalue()


SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
LAUGHS = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (replaced(workbook(), "xl/media/image1.bin", b"\0" * (65 * 1024 * 1024)), "file.bomb"),
        (replaced(workbook(), "xl/sharedStrings.xml", b"<si/>" * 3_100_000), "file.bomb"),
        (replaced(workbook(), "xl/sharedStrings.xml", LAUGHS), "file.broken"),
        (replaced(workbook(), "xl/worksheets/sheet2.xml", SHEET % b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'), "sheet.headings"),
        (replaced(workbook(), "xl/workbook.xml", b"<x/>"), "sheet.missing"),
        (workbook()[:3000], "file.broken"),
        (b"PK\x05\x06" + b"\0" * 18, "file.broken"),
    ],
    ids=["zip bomb", "many tags", "entities", "far corner", "no workbook", "cut", "empty zip"],
)  # fmt: skip
def test_a_workbook_made_to_hurt_is_refused_soon_and_in_little_memory(content, rule):
    tracemalloc.start()
    begun = time.process_time()
    found = rules(("资料.xlsx", content))
    spent, (_, most) = time.process_time() - begun, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rule in found
    assert spent < 20
    assert most < 200 * 1024 * 1024


def test_a_sheet_is_read_to_its_bound_only(monkeypatch):
    monkeypatch.setattr(reading, "ROWS", 100)
    row = b"<row><c t='inlineStr'><is><t>x</t></is></c></row>"
    heading = "".join(f"<c t='inlineStr'><is><t>{name}</t></is></c>" for name in ("医生代码", "姓名", "科室代码", "职称"))
    sheet = SHEET % (f"<row>{heading}</row>".encode() + row * 200)
    found = rules(("资料.xlsx", replaced(workbook(), "xl/worksheets/sheet4.xml", sheet)))
    assert "sheet.long" in found


@pytest.mark.parametrize("content", [
    replaced(word(), "word/media/x.bin", b"\0" * (65 * 1024 * 1024)),
    replaced(word(), "word/document.xml", LAUGHS),
    replaced(word(), "word/document.xml", b"<x/>"),
    replaced(word(), "word/document.xml", word()),
], ids=["zip bomb", "entities", "no body", "no xml"])  # fmt: skip
def test_a_word_file_made_to_hurt_is_refused_at_the_row_that_names_it(content):
    doctors = ({**DOCTORS[0], "introduction": None, "word": "x.docx"}, DOCTORS[1])
    draft = draw_introduction("HOSP-A", [GivenFile("资料.xlsx", workbook(doctors=doctors)), GivenFile("x.docx", content)])
    (found,) = draft.problems
    assert found.rule in {"file.bomb", "word.broken"}
    assert (found.place.sheet, found.place.row, found.place.column) == ("医生", 2, "J")


@pytest.mark.parametrize("nested", ["<ul><li>", "<div>", "<b><p>", "<table><tr><td>", "<a b=", "<a  ", "</"])
def test_html_nested_to_hurt_costs_little(nested):
    begun = time.process_time()
    book = workbook(doctors=({**DOCTORS[0], "introduction": (nested * 16_000)[:32_000]}, DOCTORS[1]))
    rules(("资料.xlsx", book))
    assert time.process_time() - begun < 10


def changed(data, seed):
    """Change some bytes of a file that was whole."""
    content = bytearray(seed)
    for place, value in data:
        content[place % len(content)] = value
    return bytes(content)


any_bytes = st.one_of(
    st.binary(max_size=300),
    st.builds(changed, st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), max_size=12), st.sampled_from(SEEDS)),
    st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")),
)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(NAMES), any_bytes), max_size=4))
def test_any_bytes_at_all_give_a_clean_list_of_problems(files):
    draft = draw_introduction("H1", [GivenFile(*file) for file in files])
    assert (draft.introduction is None) == bool(draft.errors)
    assert draft.errors + draft.warnings == len(draft.problems)
    for one in draft.problems:
        assert one.rule in RULES
        assert one.what
        assert one.cure
        assert f"{one.what}{one.cure}{one.value}".encode()
