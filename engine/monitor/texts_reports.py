"""Hold the words of the page of reports, in Chinese and in English."""

from __future__ import annotations

REPORT_TEXTS: dict[str, tuple[str, str]] = {
    # key: (Chinese, English)
    "page.reports": ("报告查询", "Reports"),
    "reports.about": (
        "平台得知检验检查动态后向医院查询报告；没有新动态时间隔逐次加倍，间隔与每分钟上限写在医院的 adapter.yaml。",
        "Hospitals are asked for reports soon after news of one, at doubling pauses without news; adapter.yaml sets pauses and limits.",
    ),
    "reports.none": ("还没有向医院查询过报告", "No hospital has been asked for reports yet"),
    "reports.hospital": ("医院", "Hospital"),
    "reports.followed": ("跟进的居民", "Residents followed"),
    "reports.running": ("正在查询", "Under way"),
    "reports.due": ("下次查询", "Next"),
    "reports.late": ("已晚 {age}", "{age} late"),
    "reports.done": ("最近成功", "Last done"),
    "reports.failed": ("最近失败", "Last failed"),
    "reports.failures": ("连续 {number} 次", "{number} in a row"),
}
