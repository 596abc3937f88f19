"""Ask as machines do: is it well, and what did it count."""

import json

from engine.errors import TryAgain


def test_health_is_ok_while_the_store_can_be_written(visitor):
    answer = visitor.get("/health")
    assert answer.status == 200
    assert json.loads(answer.body) == {"status": "ok"}


def test_health_is_503_when_the_store_cannot_be_written(visitor, behind):
    behind.trouble = TryAgain("disk full", retry_after=9)
    answer = visitor.get("/health")
    assert answer.status == 503
    assert answer.headers["retry-after"] == "9"
    assert json.loads(answer.body) == {"status": "unavailable"}


def test_metrics_tell_what_waits_and_need_no_sign_in(visitor):
    answer = visitor.get("/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'changbai_waiting{destination="referral-hospital",lane="live"} 17.0' in answer.body
    assert 'changbai_oldest_waiting_seconds{destination="referral-hospital"} 192.0' in answer.body


def test_metrics_are_told_also_while_the_store_is_away(visitor, behind):
    behind.trouble = TryAgain("store away")
    answer = visitor.get("/metrics")
    assert answer.status == 200
    assert "changbai_waiting{" not in answer.body
    assert "changbai_commit_batch" in answer.body


def test_probes_answer_a_head_request(visitor):
    assert visitor.ask("HEAD", "/health", None, {}).status == 200
