"""Hold the YAML of this house to its safe subset, and every fault to its place and cure."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ConfigError
from engine.yamlfile import (
    Code,
    Duration,
    Sheet,
    Size,
    load_yaml,
    nearest,
    parse_duration,
    parse_size,
    parse_yaml,
    read_yaml,
)


class Retry(Sheet):
    first: Duration
    give_up: Duration = 60.0


class Thing(Sheet):
    name: Code
    mode: Literal["hold", "keep", "refuse"] = "hold"
    limit: Size = 0
    retry: Retry | None = None
    types: tuple[Code, ...] = ()
    things: tuple[Retry, ...] = ()


def told(text):
    return [(f.line, f.column, f.code, f.message) for f in parse_yaml(text, "x.yaml").faults]


def checked(tmp_path, text):
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_yaml(path, Thing, "x.yaml")
    return [(f.line, f.column, f.code, f.message) for f in caught.value.faults]


def test_plain_data_comes_out_with_places():
    file = parse_yaml('a: 1\nb:\n  - x: "0001"\n  - true\n', "x.yaml")
    assert file.data == {"a": 1, "b": [{"x": "0001"}, True]}
    assert file.place(("b", 0, "x")) == (3, 8)
    assert file.key_place(("b", 0, "x")) == (3, 5)
    assert file.place(("b", 7, "nowhere")) == (3, 3)


@pytest.mark.parametrize(
    ("text", "line", "column", "code", "cure"),
    [
        ("a:\n\tb: 1\n", 2, 1, "CFG-003", "type spaces instead of the tab"),
        ("a: 1\na: 2\n", 2, 1, "CFG-004", "first on line 1"),
        ("a: 1\n---\nb: 2\n", 2, 1, "CFG-005", "its own file"),
        ("a: yes\n", 1, 4, "CFG-006", "write true or false instead of yes"),
        ("a: Off\n", 1, 4, "CFG-006", "write true or false instead of Off"),
        ("a: True\n", 1, 4, "CFG-006", "write true instead of True"),
        ("on: 1\n", 1, 1, "CFG-006", 'write "on" in quotes'),
        ("a: [0001]\n", 1, 5, "CFG-007", 'write "0001" in quotes'),
        ("a: &x 1\n", 1, 4, "CFG-008", "instead of an anchor"),
        ("a: !!str 1\n", 1, 4, "CFG-008", "remove the tag"),
        ("a: !!python/object:os.system x\n", 1, 4, "CFG-008", "remove the tag"),
        ("%YAML 1.1\n---\na: 1\n", 1, 1, "CFG-008", "remove the tag"),
        ("a: [1\nb: 2\n", 2, 2, "CFG-002", "not YAML"),
        ("? [a]\n: b\n", 1, 3, "CFG-002", "a key is one word"),
        ("a: '${HOME}'\n", 1, 4, "CFG-011", "no expressions"),
        ("a: \x01\n", 1, 1, "CFG-002", "control characters"),
    ],
)
def test_each_forbidden_form_says_what_to_type(text, line, column, code, cure):
    [(at_line, at_column, found, message)] = told(text)
    assert (at_line, at_column, found) == (line, column, code)
    assert cure in message


def test_all_faults_are_told_in_one_run():
    assert [code for *_, code, _ in told("a: yes\nb: 007\na: 2\n")] == ["CFG-006", "CFG-007", "CFG-004"]


def test_a_leading_document_mark_and_a_bom_are_harmless(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbf---\r\nname: a\r\n")
    assert load_yaml(path, Thing, "x.yaml").name == "a"


def test_a_file_that_is_missing_or_gbk_is_a_fault(tmp_path):
    with pytest.raises(ConfigError, match="CFG-020"):
        read_yaml(tmp_path / "none.yaml", "none.yaml")
    (tmp_path / "gbk.yaml").write_bytes("a: 门诊".encode("gbk"))
    with pytest.raises(ConfigError, match="save it as UTF-8"):
        read_yaml(tmp_path / "gbk.yaml", "gbk.yaml")


def test_an_unknown_key_names_the_nearest_right_one(tmp_path):
    assert checked(tmp_path, "name: a\nretry:\n  first: 5s\n  giveup: 3d\n") == [
        (4, 3, "CFG-012", 'unknown key "giveup" under retry; did you mean "give-up"?')
    ]


def test_a_missing_key_is_told_at_its_group(tmp_path):
    assert checked(tmp_path, "name: a\nretry:\n  give-up: 3d\n") == [
        (2, 1, "CFG-010", 'the key "first" is missing under retry; add it')
    ]


def test_values_are_told_at_their_own_place(tmp_path):
    found = checked(tmp_path, "name: 5001\nmode: holt\nlimit: 32\ntypes: [C1, 12]\nthings:\n  - {first: 7}\n")
    assert [(line, column, code) for line, column, code, _ in found] == [
        (1, 7, "CFG-007"), (2, 7, "CFG-011"), (3, 8, "CFG-013"), (4, 13, "CFG-007"), (6, 13, "CFG-013"),
    ]  # fmt: skip
    assert [message for *_, message in found] == [
        'name: write "5001" in quotes',
        'mode: "holt" is not one of hold, keep, refuse; did you mean "hold"?',
        "limit: a size carries its unit (B, KiB, MiB or GiB): write 32KiB or 32MiB",
        'write "12" in quotes',
        "first: a duration carries its unit (ms, s, m, h or d): write 7s or 7m",
    ]


def test_faults_of_yaml_and_of_values_come_together_once_each(tmp_path):
    found = checked(tmp_path, "name: 0001\nlimit: 5\nmode: yes\n")
    assert [(line, code) for line, _, code, _ in found] == [(1, "CFG-007"), (2, "CFG-013"), (3, "CFG-006")]


def test_two_missing_keys_of_one_group_are_two_faults(tmp_path):
    class Pair(Sheet):
        first: int
        second: int

    (tmp_path / "x.yaml").write_text("{}\n")
    with pytest.raises(ConfigError) as caught:
        load_yaml(tmp_path / "x.yaml", Pair, "x.yaml")
    assert [f.code for f in caught.value.faults] == ["CFG-010", "CFG-010"]


def test_an_empty_value_says_to_write_or_remove(tmp_path):
    [(line, _, code, message)] = checked(tmp_path, "name:\n")
    assert (line, code) == (1, "CFG-011")
    assert "nothing stands after the colon" in message


def test_a_fault_prints_line_and_caret():
    [fault] = parse_yaml("a:\n  b: yes\n", "routes/x/route.yaml").faults
    assert str(fault).splitlines() == [
        'routes/x/route.yaml:2:6 CFG-006 write true or false instead of yes, or "yes" in quotes for the word',
        "      b: yes",
        "         ^",
    ]


def test_durations_and_sizes_have_units():
    assert [parse_duration(t) for t in ("500ms", "5s", "10m", "2h", "3d")] == [0.5, 5, 600, 7200, 259200]
    assert [parse_size(t) for t in ("7B", "1KiB", "32MiB", "2GiB")] == [7, 1024, 33554432, 2147483648]
    for wrong in ("5", 5, "5 s", "m", "", None, "-5s"):
        with pytest.raises(ValueError, match="unit"):
            parse_duration(wrong)
    for wrong in ("5", 5, "5MB", "1.5MiB", None):
        with pytest.raises(ValueError, match="unit"):
            parse_size(wrong)


def test_the_nearest_word_is_found_or_nothing():
    assert nearest("shcema", ["schema", "rules"]) == "schema"
    assert nearest("C004", ["C0004", "C0007"]) == "C0004"
    assert nearest("zzz", ["schema"]) is None


@given(st.text(alphabet="ab:-[]{}\"'#&*!|>%@?,\n\t 01yesno~\x00é", max_size=60))
def test_no_text_makes_the_reader_fail(text):
    file = parse_yaml(text, "x.yaml")
    assert all(fault.line >= 1 and fault.column >= 1 and fault.message for fault in file.faults)
