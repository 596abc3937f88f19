"""Texts, Word files and pictures of a guide: what is kept of them is safe to show, and nothing else is kept."""

import io

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from engine.documents.guide.cells import clean, plain_form
from engine.documents.guide.columns import DOCTORS
from engine.documents.guide.markup import fragment_of
from engine.documents.guide.packages import Broken
from engine.documents.guide.pictures import LONGEST, NoPicture, TooManyPixels, make_anew
from engine.documents.guide.problems import Findings, Place
from engine.documents.guide.values import check_value
from engine.documents.guide.word import read_word
from tests.support.guidefiles import picture, picture_bomb, word


@pytest.mark.parametrize(
    ("written", "kept", "removed"),
    [
        ("第一段\n\n第二段 <5%", "<p>第一段</p><p>第二段 &lt;5%</p>", ""),
        ("<p>好<script>alert(1)</script></p>", "<p>好</p>", "<script>"),
        ("<p onclick='x()'>好</p>", "<p>好</p>", "onclick"),
        ("<p><a href='javascript:x'>链接</a></p>", "<p>链接</p>", "javascript:"),
        ("<p>图<img src=x></p>", "<p>图</p>", "<img>"),
        ("<h2>标题</h2><div>段<div>内</div></div>", "<p><strong>标题</strong></p><p>段</p><p>内</p>", ""),
        ("<table><tr><td colspan=2 style='x'>格</td></tr></table>", '<table><tbody><tr><td colspan="2">格</td></tr></tbody></table>', ""),
        ("<svg><p>x</p></svg><math>y</math>", "<p>x</p>", "<math>、<svg>"),
    ],
)  # fmt: skip
def test_only_paragraphs_lists_tables_and_emphasis_stay(written, kept, removed):
    assert fragment_of(written) == (kept, removed)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("ＡＢＣ１２３，（全角）", "ABC123，（全角）"),
        ("a\u00a0b\u200bc\ufeffd\x00e\ud800", "a bcde"),
        ("一_x000D_\n二\r\n三", "一\n二\n三"),
        ("\u2028x\ufffe", "x"),
    ],
)
def test_cells_are_cleaned(written, kept):
    assert clean(written) == kept


def test_codes_have_a_plain_form():
    assert plain_form("（ａ－１） ") == "(a-1)"


@pytest.mark.parametrize(
    ("field", "written", "kept"),
    [
        ("diseases", "糖尿病、高血压;糖尿病。", "糖尿病\n高血压"),
        ("title", "副主任医师", "2"),
        ("title", "9", "9"),
        ("sex", "女", "2"),
    ],
)
def test_values_are_kept_in_one_form(field, written, kept):
    findings = Findings()
    assert check_value(DOCTORS.named(field), written, Place(file="x"), findings) == kept
    assert findings.listed() == ()


def build(document):
    document.add_heading("专家介绍", 1)
    paragraph = document.add_paragraph("擅长")
    paragraph.add_run("糖尿病").bold = True
    paragraph.add_run(" <b> & 其他")
    document.add_paragraph("第一点", style="List Bullet")
    document.add_paragraph("第二点", style="List Bullet")
    document.add_paragraph("其一", style="List Number")
    table = document.add_table(rows=2, cols=2)
    table.cell(0, 0).text = "时间"
    table.cell(0, 0).merge(table.cell(0, 1))
    table.cell(1, 1).text = "上午"


def test_a_word_file_becomes_a_fragment():
    text, left_out = read_word(word(build))
    assert text == (
        "<p><strong>专家介绍</strong></p><p>擅长<strong>糖尿病</strong> &lt;b&gt; &amp; 其他</p>"
        "<ul><li>第一点</li><li>第二点</li></ul><ol><li>其一</li></ol>"
        '<table><tbody><tr><td colspan="2">时间</td></tr><tr><td></td><td>上午</td></tr></tbody></table>'
    )
    assert not left_out


def test_pictures_in_a_word_file_are_left_out_and_told():
    _, left_out = read_word(word(lambda document: document.add_picture(io.BytesIO(picture()))))
    assert left_out


def test_a_zip_that_is_no_word_file_is_broken():
    with pytest.raises(Broken):
        read_word(b"PK\x03\x04" + b"\0" * 100)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
def test_a_picture_is_made_anew_without_what_came_with_it(form):
    notes = PngInfo()
    notes.add_text("Author", "secret-name")
    exif = Image.Exif()
    exif[0x013B] = "secret-name"
    more = {"pnginfo": notes} if form == "PNG" else {"exif": exif} if form in {"JPEG", "WEBP"} else {}
    sent = picture(form, (1400, 700), **more)
    made = make_anew("H1", sent)
    assert (made.media_type, made.width, made.height) == ("image/jpeg", LONGEST, LONGEST // 2)
    assert b"secret-name" not in made.content
    with Image.open(io.BytesIO(made.content)) as opened:
        assert opened.format == "JPEG"
        assert not opened.getexif()
    assert make_anew("H1", sent).picture == made.picture
    assert make_anew("H2", sent).picture != made.picture


def test_a_picture_that_lies_on_its_side_is_put_upright_and_see_through_becomes_white():
    exif = Image.Exif()
    exif[0x0112] = 6
    made = make_anew("H1", picture("JPEG", (80, 40), exif=exif))
    assert (made.width, made.height) == (40, 80)
    clear = io.BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(clear, "PNG")
    with Image.open(io.BytesIO(make_anew("H1", clear.getvalue()).content)) as opened:
        assert min(opened.getpixel((5, 5))) > 250


@pytest.mark.parametrize("content", [b"", b"GIF89a", picture()[:60], b"<svg xmlns='http://www.w3.org/2000/svg'/>"])
def test_what_is_no_picture_is_named(content):
    with pytest.raises(NoPicture):
        make_anew("H1", content)


@pytest.mark.parametrize("size", [(60_000, 60_000), (6000, 5000)])
def test_a_picture_of_too_many_pixels_is_not_opened(size):
    with pytest.raises(TooManyPixels):
        make_anew("H1", picture_bomb(*size))
