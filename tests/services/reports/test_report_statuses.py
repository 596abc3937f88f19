"""Tables of statuses: an institution's own goes over the shared one, faults are told at their lines."""

from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.services.reports.model import STATUSES
from engine.services.reports.rules import ReportRules, load_report_rules, unknown_destinations
from engine.services.reports.statuses import TABLE, load_statuses, status_files

ROOT = Path(__file__).resolve().parents[3]


def write(root, name, *rows):
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("\n".join(("source,theirs,status,meaning", *rows)) + "\n", encoding="utf-8")


def test_the_words_of_the_standard_are_known():
    statuses = load_statuses(ROOT)
    words = {"标本采集": 20, "标本接收": 30, "标本拒收": 35, "报告已打印": 70, "报告已删除": 90}
    assert {word: statuses.of("H1", "S0063", "", word) for word in words} == words
    assert statuses.of("H1", "S0063", "", "示例") == 0
    assert set(words.values()) < set(STATUSES)


def test_the_own_table_goes_first_then_the_code_then_the_source(tmp_path):
    write(tmp_path, TABLE, "*,1,10,", "S0063,1,20,", "*,标本接收,30,")
    write(tmp_path, "config/institutions/H2/report-status.csv", "*,1,90,删除")
    statuses = load_statuses(tmp_path)
    assert statuses.of("H1", "S0061", "1", "") == 10
    assert statuses.of("H1", "S0063", "１ ", "标本接收") == 20
    assert statuses.of("H1", "S0063", "7", "标本接收") == 30
    assert statuses.of("H2", "S0063", "1", "") == 90
    assert statuses.of("H2", "S0063", "7", "标本接收") == 30
    assert status_files(tmp_path) == (TABLE, "config/institutions/H2/report-status.csv")


@pytest.mark.parametrize(
    "row",
    ["S0001,1,10,", "*,1,15,", "*,1,,", "*,,10,", "*,1", "*,好,10,\n*,好,20,"],
    ids=["source", "status", "none", "word", "short", "twice"],
)
def test_what_is_wrong_is_told_at_its_line(tmp_path, row):
    write(tmp_path, TABLE, "*,已申请,10,", row)
    with pytest.raises(ConfigError) as refusal:
        load_statuses(tmp_path)
    (fault,) = refusal.value.faults
    assert (fault.code, fault.file, fault.line) == ("CFG-026", TABLE, 3 + row.count("\n"))


def test_the_rules_have_defaults_and_name_only_destinations_that_there_are(tmp_path):
    assert load_report_rules(tmp_path) == ReportRules(months=6, consent="required", notices={})
    (tmp_path / "config").mkdir()
    (tmp_path / "config/reports.yaml").write_text("months: 12\nconsent: not-required\nnotices:\n  P1: news\n", encoding="utf-8")
    rules = load_report_rules(tmp_path)
    assert (rules.months, rules.consent) == (12, "not-required")
    assert list(unknown_destinations(rules, ["news"])) == []
    assert [fault.code for fault in unknown_destinations(rules, ["archive"])] == ["CFG-031"]
    (tmp_path / "config/reports.yaml").write_text("months: 0\n", encoding="utf-8")
    with pytest.raises(ConfigError):
        load_report_rules(tmp_path)
