"""Make the files of a guide as a hospital would: the template filled in, Word files, pictures; every name in them is invented."""

import io
import struct
import zlib

import docx
from openpyxl import load_workbook
from PIL import Image

from engine.documents.guide.attachments import GivenFile
from engine.documents.guide.columns import SHEETS
from engine.documents.guide.template import write_template

BOOK = "资料.xlsx"

HOSPITAL = {
    "institution": "HOSP-A", "name": "长春测试医院", "short_name": "测试医院", "level": "三级甲等", "kind": "综合医院", "area": "220102",
    "address": "长春市测试路 1 号", "telephone": "0431-88780120", "website": "https://hospital.example/",
    "opens_at": "周一至周五 8:00-17:00", "introduction": "建于 1950 年。\n设有 2 个科室。",
}  # fmt: skip
DEPARTMENTS = (
    {"department": "01", "name": "内科", "specialty": "内科常见病"},
    {"department": "0102", "name": "内分泌科", "parent": "01", "diseases": "糖尿病、甲状腺结节", "telephone": "0431-88780121"},
)
DOCTORS = (
    {"doctor": "007", "name": "王测试", "sex": "男", "department": "0102", "title": "主任医师", "specialty": "糖尿病及并发症",
     "diseases": "糖尿病，高血压", "introduction": "从医 30 年。"},
    {"doctor": "008", "name": "李测试", "sex": "女", "department": "01", "title": "主治医师"},
)  # fmt: skip


def workbook(hospital=None, departments=DEPARTMENTS, doctors=DOCTORS, change=lambda book: None):
    """Fill in the template; `change` may spoil the workbook before it is saved."""
    book = load_workbook(io.BytesIO(write_template()))
    for sheet, rows in zip(SHEETS, ([HOSPITAL if hospital is None else hospital], departments, doctors), strict=True):
        fields = [one.name for one in sheet.headings]
        for number, row in enumerate(rows, 2):
            for name, value in row.items():
                book[sheet.name].cell(number, fields.index(name) + 1, value)
    change(book)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def given(*files, book=None):
    """Hand over a workbook and what comes with it, as pairs of name and bytes."""
    return [GivenFile(BOOK, workbook() if book is None else book), *(GivenFile(name, content) for name, content in files)]


def picture(form="PNG", size=(60, 80), **more):
    """Draw a picture of one colour."""
    kept = io.BytesIO()
    Image.new("RGB", size, (12, 120, 110)).save(kept, form, **more)
    return kept.getvalue()


def picture_bomb(width=60_000, height=60_000):
    """Make a PNG of a few bytes that says it has so many pixels."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


def word(build=lambda document: document.add_paragraph("测试介绍")):
    """Write a Word file."""
    document = docx.Document()
    build(document)
    kept = io.BytesIO()
    document.save(kept)
    return kept.getvalue()
