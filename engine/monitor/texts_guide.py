"""Hold the words of the page of the medical guide, in Chinese and in English."""

from __future__ import annotations

GUIDE_TEXTS: dict[str, tuple[str, str]] = {
    # key: (Chinese, English)
    "page.guide": ("就医指南", "Guide"),
    "guide.about": (
        "导入医院、科室、医生介绍；先检查，全部无误才收，发布后对外展示。",
        "Take in what hospitals say of themselves; checked first, all or nothing, shown after approval.",
    ),
    "guide.upload": ("导入资料", "Take in files"),
    "guide.again": ("修改后再检查，或换一批文件", "Mend and check again, or choose other files"),
    "guide.hospital": ("医院", "Hospital"),
    "guide.choose": ("请选择医院", "Choose a hospital"),
    "guide.files": ("表格、Word 文件与图片（可多选）", "Tables, Word files and pictures (choose several)"),
    "guide.check": ("检查", "Check"),
    "guide.list": ("下载问题清单", "Problems as CSV"),
    "guide.import": ("检查并导入", "Check and take in"),
    "guide.template": ("下载模板", "Template"),
    "guide.limit": ("合计最大 {size} MiB；检查不保存任何内容", "{size} MiB in all; a check keeps nothing"),
    # the result
    "guide.verdict.good": ("没有问题，可以导入", "No problems, it can be taken in"),
    "guide.verdict.warn": ("可以导入，有 {number} 条提醒", "It can be taken in, with {number} warnings"),
    "guide.verdict.bad": ("有 {number} 处必须修改，没有导入", "{number} to be changed; nothing was taken in"),
    "guide.verdict.taken": ("已导入为第 {number} 版，等待发布", "Taken in as version {number}; it waits for approval"),
    "guide.read": (
        "{hospital}：读到 {departments} 个科室、{doctors} 位医生",
        "{hospital}: {departments} departments, {doctors} doctors",
    ),
    "guide.problems": ("问题", "Problems"),
    "guide.problems.more": ("另有 {number} 条没有列出。", "{number} more are not listed."),
    "guide.file": ("文件", "File"),
    "guide.sheet": ("工作表", "Sheet"),
    "guide.row": ("行", "Row"),
    "guide.column": ("列", "Column"),
    "guide.what": ("问题与改法", "Problem and cure"),
    "guide.severity.error": ("必须修改", "error"),
    "guide.severity.warning": ("提醒", "warning"),
    # the versions
    "guide.versions": ("版本", "Versions"),
    "guide.none": ("还没有导入过资料", "Nothing was taken in yet"),
    "guide.none.about": ("下载模板交医院填写，再从上面导入。", "Give the template to a hospital, then take its files in above."),
    "guide.number": ("版本", "Version"),
    "guide.counts": ("科室 / 医生 / 图片", "Departments / doctors / pictures"),
    "guide.imported": ("导入", "Taken in"),
    "guide.published": ("发布", "Approved"),
    "guide.state.waiting": ("等待发布", "waiting"),
    "guide.state.published": ("展示中", "on show"),
    "guide.state.kept": ("曾展示", "shown before"),
    "guide.approve": ("发布", "Approve"),
    "guide.back": ("恢复", "Put back"),
    "guide.withdraw": ("下架", "Take off"),
    "guide.warnings": ("{number} 条提醒", "{number} warnings"),
    "guide.done.approve": ("已发布。", "It is on show now."),
    "guide.done.withdraw": ("已下架，版本仍保留。", "It is off show; its versions are kept."),
    # what keeps it from being done
    "guide.trouble.busy": ("检查正忙，请稍后再试。", "Checks are busy; please try again in a moment."),
    "guide.trouble.nothing": ("请先选择医院和文件。", "Please choose a hospital and files first."),
    "guide.trouble.long": ("文件合计过大，请分批或用命令行导入。", "The files are too large together; use the command line."),
    "guide.trouble.undone": (
        "没有做成：状态已变，或机构未启用。请核对后再试。",
        "Not done: it changed meanwhile, or the institution is not approved.",
    ),
}
