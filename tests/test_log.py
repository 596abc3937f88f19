"""Hold the log to its promise: ids, never the words of a document."""

import ast
import io
import json
import logging
from contextlib import suppress
from pathlib import Path

import pytest

from engine import log
from engine.errors import Issue, SenderError, TryAgain

ROOT = Path(__file__).resolve().parent.parent
SECRET_WORDS = "测试患者 诊断：高血压"


@pytest.fixture
def lines():
    """Collect the lines of one test as parsed objects; the log goes back to stderr afterwards."""
    stream = io.StringIO()
    log.configure("info", "front-1", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    log.configure("warning", "tests")


def test_a_line_is_json_with_time_level_process_and_logger(lines):
    log.get_logger("intake").info("message filed", receipt="20260314-abcdefghjkmn", micros=12)
    (line,) = lines()
    assert line["event"] == "message filed"
    assert line["level"] == "info"
    assert line["process"] == "front-1"
    assert line["logger"] == "intake"
    assert line["receipt"] == "20260314-abcdefghjkmn"
    assert line["micros"] == 12
    assert line["ts"].endswith("+08:00")


def test_lines_below_the_level_are_not_written(lines):
    log.get_logger("intake").debug("step walked")
    assert lines() == []


@pytest.mark.parametrize("key", sorted(log.FORBIDDEN))
def test_a_forbidden_key_is_left_out_and_named(lines, key):
    log.get_logger("intake").warning("odd", **{key: SECRET_WORDS}, receipt="r1")
    (line,) = lines()
    assert SECRET_WORDS not in json.dumps(line, ensure_ascii=False)
    assert line["dropped"] == [key]
    assert line["receipt"] == "r1"


def test_a_forbidden_key_raises_where_tests_ask_for_it():
    log.configure("info", "tests", io.StringIO(), strict=True)
    with pytest.raises(log.ForbiddenKey, match="password"):
        log.get_logger("users").info("signed in", password="x")
    log.configure("warning", "tests")


def test_a_forbidden_key_inside_a_mapping_is_left_out(lines):
    log.get_logger("x").info("odd", facts={"body": SECRET_WORDS, "count": 3})
    assert lines()[0]["facts"] == {"count": 3}


def test_an_identity_number_in_a_value_is_masked(lines):
    log.get_logger("x").info("odd", where="resident 22010419900307721X seen")
    assert lines()[0]["where"] == "resident [id] seen"


def test_bytes_and_objects_show_only_their_size_and_type(lines):
    class Holder:
        def __repr__(self):
            return SECRET_WORDS

    log.get_logger("x").info("odd", raw=SECRET_WORDS.encode(), thing=Holder(), many=[Holder()])
    (line,) = lines()
    assert line["raw"] == f"<{len(SECRET_WORDS.encode())} bytes>"
    assert line["thing"] == "<Holder>"
    assert line["many"] == ["<Holder>"]


@pytest.mark.parametrize(
    "values",
    [
        {"text": "长" * 5000},
        {f"k{n}": "长" * 200 for n in range(60)},
        {"list": ["x" * 50] * 500},
        {"deep": {str(n): n for n in range(2000)}},
    ],
    ids=["long text", "many keys", "long list", "large mapping"],
)
def test_a_line_is_never_longer_than_two_kilobytes(values):
    stream = io.StringIO()
    log.configure("info", "front-1", stream)
    log.get_logger("x").error("too much", code="ENG-000", **values)
    log.configure("warning", "tests")
    line = stream.getvalue()
    assert len(line.encode()) <= log.LONGEST
    told = json.loads(line)
    assert told["event"] == "too much"
    assert told["code"] == "ENG-000"
    assert told["cut"] is True


def test_an_exception_shows_type_and_place_but_not_its_words(lines):
    try:
        int(SECRET_WORDS)
    except ValueError:
        log.get_logger("x").exception("step broke")
    (line,) = lines()
    assert line["level"] == "error"
    assert line["error"] == "ValueError"
    assert line["at"][-1].startswith("tests/test_log.py:")
    assert SECRET_WORDS not in json.dumps(line, ensure_ascii=False)


def test_a_senders_error_shows_its_code_but_not_its_words(lines):
    error = SenderError(Issue(code="SND-401", message=SECRET_WORDS))
    log.get_logger("x").error("refused", exc_info=error)
    (line,) = lines()
    assert line["code"] == "SND-401"
    assert SECRET_WORDS not in json.dumps(line, ensure_ascii=False)


def test_an_error_whose_words_are_ours_shows_them_and_its_cause(lines):
    try:
        try:
            {}[SECRET_WORDS]
        except KeyError as cause:
            raise TryAgain("the disk is full") from cause
    except TryAgain:
        log.get_logger("x").exception("not kept")
    (line,) = lines()
    assert line["said"] == "the disk is full"
    assert line["cause"] == "KeyError"
    assert SECRET_WORDS not in json.dumps(line, ensure_ascii=False)


def test_a_library_line_is_written_without_its_arguments(lines):
    logging.getLogger("uvicorn.error").warning("Invalid request %s", SECRET_WORDS)
    logging.getLogger("uvicorn.access").info("GET /")
    (line,) = lines()
    assert line["event"] == "Invalid request %s"
    assert line["logger"] == "uvicorn.error"


def test_a_library_exception_shows_type_and_place(lines):
    try:
        raise RuntimeError(SECRET_WORDS)
    except RuntimeError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    (line,) = lines()
    assert line["error"] == "RuntimeError"
    assert SECRET_WORDS not in json.dumps(line, ensure_ascii=False)


def test_loggers_that_print_whole_documents_are_silent(lines):
    logging.getLogger("spyne.protocol.soap.soap11.invalid").error(SECRET_WORDS)
    logging.getLogger("zeep.transports").error(SECRET_WORDS)
    assert lines() == []


def test_a_line_that_finds_no_room_ends_nothing(monkeypatch):
    with open("/dev/full", "w", encoding="utf-8", buffering=1) as full:  # noqa: PTH123 - the device whose disk is full
        monkeypatch.setattr("sys.stderr", full)
        log.configure("info", "front-1")
        log.get_logger("front").info("request refused", code="ENG-503")
        monkeypatch.undo()
        with suppress(OSError):
            full.close()


LOGGERS = {"log", "logger", "_log", "_LOG"}
LEVELS = {"debug", "info", "warning", "error", "exception"}


def is_log_call(node):
    called = node.func if isinstance(node, ast.Call) else None
    named = isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name)
    return named and (called.value.id == "_LOG" or (called.value.id in LOGGERS and called.attr in LEVELS))


def log_calls(tree):
    return [node for node in ast.walk(tree) if is_log_call(node)]


def test_the_sentence_of_every_log_call_in_the_house_is_a_constant():
    for path in (ROOT / "engine").rglob("*.py"):
        for call in log_calls(ast.parse(path.read_text(encoding="utf-8"))):
            place = f"{path.relative_to(ROOT)}:{call.lineno}"
            assert call.func.attr in LEVELS, f"{place} a logger has no level {call.func.attr}"
            assert call.args, place
            assert isinstance(call.args[0], ast.Constant), f"{place} a log sentence is constant; values go under keys"
