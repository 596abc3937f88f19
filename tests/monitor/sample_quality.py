"""Invent a quality report; no institution, receipt or number here is real."""

from datetime import timedelta

from engine.monitor.quality import Report
from engine.store.entries import QualityRow, QualitySums

HOSPITALS = {"H22010001": ("长春测试医院", "长春测试医院"), "H22020015": ("吉林测试中心医院", "吉林测试中心医院")}
TYPES = {
    "C0002": ("门（急）诊病历", "Outpatient (emergency) medical record"),
    "C0004": ("西药处方", "Prescription of western medicine"),
    "C0007": ("检验报告", "Laboratory report"),
}

PATIENT = "/ClinicalDocument/recordTarget/patientRole"
CASES = (
    ("error", "patient.gender-code", "SND-412", f"{PATIENT}/patient/administrativeGenderCode/@code", 14, "3",
     "患者性别代码“3”不在值域“GB/T 2261.1 性别代码”内", "从值域中取值：1 男，2 女，9 未说明的性别，0 未知的性别"),
    ("warning", "patient.resident-id-checksum", "SND-414", f"{PATIENT}/patient/id/@extension", 11, "220*************0X",
     "身份证号“220*************0X”的校验码不符", "核对身份证号；确实没有身份证的，改用其他证件并写明类别"),
    ("error", "section.chief-complaint", "SND-408", "/ClinicalDocument/component/structuredBody", 96, "",
     "缺少章节“主诉”（10154-3）", '补上 <section><code code="10154-3" codeSystem="2.16.840.1.113883.6.1"/>…</section>'),
    ("warning", "entry.DE04.10.188.00.unit", "SND-411",
     "/ClinicalDocument/component/structuredBody/component[3]/section/entry[2]/observation/value/@unit", 187, "千克",
     "体重的计量单位应为 kg，现为“千克”", '把 unit="千克" 改为 unit="kg"'),
    ("error", "", "SND-211", "", 0, "", "GZIP 数据不完整：收到 4096 字节，压缩数据在中途结束", "先关闭压缩流再取字节；并检查字段长度是否截断。"),
)  # fmt: skip
"""Severity, rule, code, path, line, masked value, message and cure."""


def quality_of(wish, rules=12):
    """Invent what the store would answer to a wish, with so many rules; none came in when there are none."""
    made = wish.period.end - timedelta(hours=8)
    rows = tuple(row(made, number, wish) for number in range(rules))
    messages = 12_480 if rules else 0
    return Report(
        wish=wish, made=made, sums=QualitySums(messages=messages, rejected=messages // 24, warned=messages // 9), rows=rows
    )


def row(made, number, wish):
    severity, rule, code, path, line, value, message, hint = CASES[number % len(CASES)]
    last = made - timedelta(minutes=37 * number)
    count = 4_200 // (number + 1) ** 2
    return QualityRow(
        rule=f"{rule}{f'-{number}' if number >= len(CASES) and rule else ''}", code=code, severity=severity, count=max(count, 1),
        messages=max(count * 3 // 4, 1), first=wish.period.start + timedelta(hours=9, minutes=number), last=last,
        receipt=f"20260314-7kq2m9xw4v{number % 32:02d}", document_type=("C0002", "C0004", "C0007")[number % 3], path=path, line=line,
        example=value, message=message, hint=hint,
    )  # fmt: skip
