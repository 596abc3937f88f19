"""config/alerts.yaml is checked with the place of every fault and the nearest right word, rules and channels together."""

import shutil

import pytest

from engine.alerting import ALERTS
from engine.app.alerts import check_alerts
from engine.errors import ConfigError
from engine.outbound.alertchannels import load_channels
from engine.services.alerts.rules import AlertRules, kind_of, load_alert_rules
from engine.services.alerts.words import prose
from engine.settings import ROOT, load_settings

CHANNEL = """\
channels:
  duty:
    kind: mail
    about: 值班邮箱
    host: mail.example
    networks: ["10.0.0.0/8"]
    from: changbai@platform.example
    recipients: [duty@platform.example]
"""


def faults(tmp_path, text):
    """Check a file of this text as `check` does; destinations are archive and his."""
    path = tmp_path / ALERTS
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    settings = load_settings({"data": tmp_path / "data"}, {})
    return [(f.line, f.column, f.code, f.message) for f in check_alerts(settings, tmp_path, ["archive", "his"])]


@pytest.mark.parametrize(
    ("text", "line", "column", "code", "words"),
    [
        ("rulez: {}\n", 1, 1, "CFG-012", 'did you mean "rules"'),
        ("rules:\n  late: { kind: waiting-agee }\n", 2, 17, "CFG-011", 'did you mean "waiting-age"'),
        ("rules:\n  late: { for: 1m }\n", 2, 3, "CFG-010", 'the key "kind" is missing'),
        ("rules:\n  late: { kind: waiting-age, older-then: 5m }\n", 2, 30, "CFG-012", 'did you mean "older-than"'),
        ("rules:\n  late: { kind: waiting-age, older-than: 5 }\n", 2, 42, "CFG-013", "write 5s or 5m"),
        ("rules:\n  late: { kind: waiting-age, severity: grave }\n", 2, 40, "CFG-011", '"grave" is not one of critical'),
        ("rules:\n  late: { kind: waiting-age, to: [dutty] }\n" + CHANNEL, 2, 35, "CFG-031", 'no channel "dutty"; did you mean "duty"'),
        ("rules:\n  late: { kind: breaker, destinations: [hiss] }\n", 2, 41, "CFG-031", 'did you mean "his"'),
        ("rules:\n  Late: { kind: breaker }\n", 2, 3, "CFG-011", "no name for a rule"),
        ("rules:\n  late: 5m\n", 2, 9, "CFG-011", "a group of keys is wanted"),
        ("rules:\n  rate: { kind: rate }\n", 2, 3, "CFG-010", '"below" or "above" is missing'),
        ("rules:\n  still: { kind: silence, from: '20:00', until: '08:00' }\n", 2, 49, "CFG-011", "not later than"),
        ("rules:\n  still: { kind: silence, longer-than: 12h }\n", 2, 40, "CFG-011", "longer than the time of day"),
        ("rules:\n  share: { kind: error-share, above: 30 }\n", 2, 38, "CFG-011", "less than 1"),
        ("quiet-hours: { from: '25:00', until: '07:00' }\n", 1, 22, "CFG-011", "four digits"),
        ("quiet-hours: { from: '22:00' }\n", 1, 1, "CFG-010", '"until" is missing'),
        ("monitor: ftp://x\n", 1, 10, "CFG-011", "monitor"),
        (CHANNEL.replace("mail\n", "male\n"), 3, 11, "CFG-040", 'did you mean "mail"'),
        (CHANNEL.replace("recipients", "recipient"), 8, 5, "CFG-012", 'did you mean "recipients"'),
        (CHANNEL + "    login: { user: changbai, secret: not-there }\n", 9, 38, "CFG-042", "no secret not-there"),
        (CHANNEL + "    login: { user: changbai, password: x }\n", 9, 30, "CFG-012", "unknown key"),
        ("rules:\n\tlate: { kind: breaker }\n", 2, 1, "CFG-003", "spaces instead of the tab"),
    ],
)  # fmt: skip
def test_a_fault_is_told_at_its_place_with_what_to_type(tmp_path, text, line, column, code, words):
    found = faults(tmp_path, text)
    assert (line, column, code) in [fault[:3] for fault in found], found
    assert any(words in fault[3] for fault in found), found


def test_all_faults_are_told_at_once(tmp_path):
    text = "rules:\n  a: { kind: brake }\n  b: { kind: disk, below: 2.0 }\n" + CHANNEL.replace("host", "hosts")
    assert [(line, code) for line, _, code, _ in faults(tmp_path, text)] == [
        (2, "CFG-011"), (3, "CFG-011"), (5, "CFG-010"), (8, "CFG-012")
    ]  # fmt: skip


def test_without_the_file_there_are_no_alerts(tmp_path):
    assert load_alert_rules(tmp_path) == AlertRules()
    assert load_channels(tmp_path).sheets == {}
    assert check_alerts(load_settings({"data": tmp_path}, {}), tmp_path, []) == ()


def test_the_shipped_rules_are_of_every_kind_sound_and_told_in_prose(tmp_path):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    assert faults(tmp_path, (ROOT / ALERTS).read_text(encoding="utf-8")) == []
    rules = load_alert_rules(ROOT).rules
    assert len({kind_of(rule) for rule in rules.values()}) == 10
    said = {name: prose(rule) for name, rule in rules.items()}
    assert said["delivery-waiting"].zh == "目的地最早一件投递等待超过 5 分，持续 1 分。"
    assert said["hospital-rate"].zh == "平时每小时满 50 份的机构，最近一小时上传少于平时的 20%，或多于平时的 5 倍，持续 15 分。"
    assert said["certificate-week"].en == "A certificate ends within 7 d (institutions, our ports, hospitals)."
    for words in said.values():
        assert "  " not in words.zh + words.en
        assert words.zh.endswith("。")


def test_a_file_that_cannot_be_read_raises_its_faults(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / ALERTS).write_text("rules: [", encoding="utf-8")
    with pytest.raises(ConfigError):
        load_alert_rules(tmp_path)
