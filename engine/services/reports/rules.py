"""Say how reports are shown and told: the settings of config/reports.yaml."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from engine.errors import Fault
from engine.yamlfile import Sheet, check_model, read_yaml

REPORTS = "config/reports.yaml"


class ReportRules(Sheet):
    """How reports are shown and told; without the file the defaults hold."""

    months: int = Field(6, ge=1, le=1200, description="可查询最近多少个月的报告 · months of reports that are shown")
    consent: Literal["required", "not-required"] = Field(
        "required", description="门户查询前是否须有居民授权 · whether a portal needs the resident's consent"
    )
    notices: Mapping[str, str] = Field(
        default_factory=dict,
        description="门户代码: 投递目的地，状态变化即时投递 · portal code: destination to which status changes are delivered",
    )


def load_report_rules(root: Path) -> ReportRules:
    """Read config/reports.yaml of a set of files; raises ConfigError with all faults at their places."""
    path = root / REPORTS
    return check_model(read_yaml(path, REPORTS), ReportRules) if path.is_file() else ReportRules()


def unknown_destinations(rules: ReportRules, endpoints: Collection[str]) -> Iterator[Fault]:
    """Find notices that would go to a destination nobody knows (CFG-031)."""
    for portal, name in rules.notices.items():
        if name not in endpoints:
            words = f"notices.{portal}: no destination is named {name}"
            yield Fault(file=REPORTS, line=0, column=0, code="CFG-031", message=words)
