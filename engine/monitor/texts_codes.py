"""Hold the words of the catalogue of error codes, in Chinese and in English."""

from __future__ import annotations

CODES_TEXTS: dict[str, tuple[str, str]] = {
    # key: (Chinese, English)
    "page.codes": ("错误代码", "Error codes"),
    "codes.about": (
        "每个代码的原因，以及医院和管理员各自怎样处理。",
        "What each code means, and what hospital and administrator do about it (in Chinese).",
    ),
    "codes.search": ("代码或关键词", "Code or words"),
    "codes.find": ("查找", "Find"),
    "codes.all": ("全部", "All"),
    "codes.count": ("共 {number} 个", "{number} in all"),
    "codes.none": ("没有符合的代码，请换个关键词。", "No code matches; try other words."),
    "codes.code": ("代码", "Code"),
    "codes.cause": ("原因", "Cause"),
    "codes.sender": ("医院怎样处理", "What the hospital does"),
    "codes.admin": ("管理员怎样处理", "What the administrator does"),
    "codes.config": ("配置检查", "Checks of the configuration"),
}
