"""Say what may be wrong in the files of a guide: one line for each rule, and every finding at its file, sheet, row and column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from engine.documents.guide.columns import SHEETS
from engine.errors import Severity

MOST = 1000
"""Problems that are listed; what is beyond is only counted."""

_SHOWN = 60
"""Characters of a value that are shown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where something stands: rows count from 1 as Excel shows them (in JSON: the entry's place in its list), 0 for the whole sheet or file.

    `column` is Excel's letter, in JSON the key; `heading` what the column is called.
    """

    file: str
    sheet: str = ""
    row: int = 0
    column: str = ""
    heading: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One finding: `rule` is a stable word of RULES, `what` and `cure` are Chinese sentences for the hospital."""

    place: Place
    rule: str
    severity: Severity
    value: str
    what: str
    cure: str


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule says when it is broken, and how that is cured; {value}, {heading} and {more} stand for the case's own."""

    what: str
    cure: str
    severity: Severity = "error"


RULES: Mapping[str, Rule] = MappingProxyType({
    "file.unknown": Rule("不认识这种文件", "请提供 .xlsx、.csv、.json、.docx 或图片（.png、.jpg、.gif、.webp、.bmp）。"),
    "file.old": Rule("旧版 Office 文件不能读", "用 Excel 或 Word 打开，另存为 .xlsx 或 .docx。"),
    "file.same-name": Rule("有两个文件同名", "给其中一个改名，并在表里写对应的名字。"),
    "file.big": Rule("文件过大：{value}", "请控制在 {more} 以内。"),
    "file.broken": Rule("文件打不开，不是完好的{more}", "用原来的软件打开检查，重新保存后再发。"),
    "file.bomb": Rule("文件展开后过大", "删去多余的工作表、行和图片后另存；每个文件展开后最多 {more}。"),
    "file.charset": Rule("文字编码认不出", "另存为“CSV UTF-8”，或保存为 UTF-8、GB18030。"),
    "file.unnamed": Rule("从文件名看不出是哪张表", "改名为 医院.csv、科室.csv 或 医生.csv。"),
    "file.unused": Rule("没有任何一行用到这个文件", "在对应行写上文件名，或不必发这个文件。", "warning"),
    "sheet.missing": Rule("没有“{value}”表", "按模板补上这张表，表名写“{value}”；没有内容时只留标题行。"),
    "sheet.unknown": Rule("工作表“{value}”没有读取", "只读取 医院、科室、医生 三张表；需要导入请改表名。", "warning"),
    "sheet.headings": Rule("没有找到标题行", "标题行照模板写，例如：{more}。"),
    "sheet.long": Rule("行数超过上限", "一张表最多 {more} 行，请删去多余的行。"),
    "sheet.one-row": Rule("医院表只能有一行，这里是又一行", "只保留一行本院信息。"),
    "sheet.no-row": Rule("医院表里没有内容", "填写一行本院信息。"),
    "heading.missing": Rule("缺少必填的列“{heading}”", "补上这一列，标题照模板写。"),
    "heading.unknown": Rule("不认识标题“{value}”", "改为模板里的标题{more}，不需要的列请删除。"),
    "heading.twice": Rule("标题“{value}”出现了两次", "删去其中一列。"),
    "cell.merged": Rule("单元格合并了（{value}）", "取消合并，每行各自填写。"),
    "cell.formula": Rule("单元格里是公式", "选中后复制，用“选择性粘贴 - 数值”贴回。"),
    "cell.error": Rule("单元格显示为错误值 {value}", "改正后填写内容本身。"),
    "cell.date": Rule("Excel 把内容变成了日期或时间", "把单元格格式设为“文本”，重新填写原来的内容。"),
    "cell.digits": Rule("号码过长，Excel 已丢失末尾数字", "把单元格格式设为“文本”，重新填写完整号码。"),
    "value.required": Rule("“{heading}”没有填写", "请填写{heading}。"),
    "value.long": Rule("“{heading}”过长，有 {value} 字", "请缩短到 {more} 字以内。"),
    "value.code": Rule("“{heading}”写法不对：{value}", "代码用字母、数字和 - _ . / #，最多 64 位，与医院系统中的一致。"),
    "value.list": Rule("“{heading}”不在可选范围：{value}", "请从中选择：{more}。"),
    "value.telephone": Rule("电话写法不对：{value}", "例如 0431-88780120、0431-88780120-801、13800000000、4001234567，几个电话用顿号隔开。"),
    "value.area": Rule("行政区划代码不对：{value}", "填写六位 GB/T 2260 代码，例如 220102。"),
    "value.website": Rule("网址写法不对：{value}", "写完整网址，以 http:// 或 https:// 开头。"),
    "value.disease": Rule("病名过长：{value}", "病名之间用顿号隔开，每个最多 40 字。"),
    "value.diseases": Rule("病名过多，有 {value} 个", "最多写 {more} 个。"),
    "value.institution": Rule("机构代码是 {value}，与要导入的机构不同", "核对是否拿错了文件；本次应为 {more}。"),
    "department.twice": Rule("科室代码 {value} 重复", "第 {more} 行已有这个代码，请改正其中一个。"),
    "department.parent": Rule("没有上级科室 {value}", "上级科室代码须在科室表里{more}；没有上级时留空。"),
    "department.cycle": Rule("上级科室绕成了圈：{value}", "改正其中一个科室的上级科室代码。"),
    "doctor.twice": Rule("医生代码 {value} 重复", "第 {more} 行已有这个代码，请改正其中一个。"),
    "doctor.department": Rule("没有科室 {value}", "科室代码须在科室表里{more}。"),
    "picture.missing": Rule("没有收到图片 {value}", "把图片与表格一起提供，文件名写全（含扩展名）{more}。"),
    "picture.broken": Rule("{value} 不是完好的图片", "请提供 PNG、JPEG、GIF、WebP 或 BMP 图片。"),
    "picture.large": Rule("图片 {value} 像素过多", "请缩小到 {more} 万像素以内。"),
    "word.missing": Rule("没有收到文件 {value}", "把 Word 文件与表格一起提供，文件名写全（含 .docx）{more}。"),
    "word.broken": Rule("{value} 不是完好的 Word 文件", "用 Word 打开检查，另存为 .docx 后再发。"),
    "word.both": Rule("“介绍”与“介绍文件”都填了", "两处只填一处。"),
    "word.left-out": Rule("Word 文件 {value} 里的图片、文本框没有导入", "需要展示的图片请另存，写在“照片”一列。", "warning"),
    "html.removed": Rule("介绍里删去了不允许的内容：{value}", "只保留文字、段落、列表、表格和强调；其余不会展示。", "warning"),
    "html.tags": Rule("介绍里的标记过多，有 {value} 个", "最多 {more} 个；从网页复制时请只粘贴文字。"),
    "json.shape": Rule("JSON 结构不对：{value}", "照说明写：hospital 是一个对象，departments、doctors 是对象的列表，内容是文字。"),
    "json.twice": Rule("JSON 里的键“{value}”出现了两次", "删去其中一个。"),
})  # fmt: skip
"""Every rule by its stable name."""


class Findings:
    """Gather what is found in the files of one guide."""

    def __init__(self) -> None:
        self._found: list[Problem] = []
        self.errors = 0
        self.warnings = 0

    def add(self, rule: str, place: Place, value: str = "", more: str = "") -> None:
        """Note that a rule of RULES is broken at a place."""
        of = RULES[rule]
        if of.severity == "error":
            self.errors += 1
        else:
            self.warnings += 1
        if len(self._found) >= MOST:
            return
        shown = value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…"
        words = {"value": shown, "heading": place.heading, "more": more}
        self._found.append(
            Problem(
                place=place, rule=rule, severity=of.severity, value=shown, what=of.what.format_map(words), cure=of.cure.format_map(words),
            )
        )  # fmt: skip

    def listed(self) -> tuple[Problem, ...]:
        """List what was found: files as they came, their sheets in the workbook's order, then by row and column."""
        files = {name: number for number, name in enumerate(dict.fromkeys(one.place.file for one in self._found))}
        return tuple(sorted(self._found, key=lambda one: (files[one.place.file], *_within(one.place))))


def _within(place: Place) -> tuple[int, str, int, int, str]:
    order = next((number for number, sheet in enumerate(SHEETS) if place.sheet in {sheet.name, sheet.kind}), len(SHEETS))
    return order if place.sheet else -1, place.sheet, place.row, len(place.column), place.column
