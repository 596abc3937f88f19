"""Press the buttons of the overview, as those who may and as those who may not."""

import pytest

from tests.monitor.conftest import PASSWORDS
from tests.monitor.web import Visitor


@pytest.fixture
def operator(monitor):
    visitor = Visitor(monitor)
    assert visitor.sign_in("operator-1", PASSWORDS["operator"]).status == 303
    return visitor


def test_an_operator_retries_a_dead_delivery_and_is_told(operator, behind):
    token = operator.get("/overview").token()
    answer = operator.post("/deliveries/41/retry", {"token": token})
    assert answer.status == 303
    assert answer.location == "/overview?done=retry"
    assert behind.acted == [("retry", 41, "operator-1", "127.0.0.1", "")]
    assert "已重新排队" in operator.get(answer.location).body


def test_discarding_takes_a_reason_without_superfluous_space(operator, behind):
    token = operator.get("/overview").token()
    answer = operator.post("/deliveries/41/discard", {"token": token, "reason": "  已电话\n更正  "})
    assert answer.location == "/overview?done=discard"
    assert behind.acted == [("discard", 41, "operator-1", "127.0.0.1", "已电话 更正")]


def test_discarding_without_a_reason_does_nothing(operator, behind):
    token = operator.get("/overview").token()
    answer = operator.post("/deliveries/41/discard", {"token": token, "reason": " \t "})
    assert behind.acted == []
    assert "请写明原因" in operator.get(answer.location).body


def test_a_delivery_that_changed_in_the_meantime_is_told(operator, behind):
    behind.gone = True
    token = operator.get("/overview").token()
    answer = operator.post("/deliveries/41/retry", {"token": token})
    assert "状态已经变了" in operator.get(answer.location).body


def test_a_viewer_sees_no_buttons_and_may_not_press_them(viewer, behind):
    page = viewer.get("/overview")
    assert "已终止的投递" in page.body
    assert "/retry" not in page.body
    answer = viewer.post("/deliveries/41/retry", {"token": page.token()})
    assert answer.status == 403
    assert "您的角色不能做这个操作" in answer.body
    assert behind.acted == []


def test_a_stranger_may_press_nothing(visitor, behind):
    assert visitor.post("/deliveries/41/retry", {"token": ""}).status == 303
    assert behind.acted == []


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}, {"Origin": "null"}])
def test_a_post_from_another_site_presses_nothing(operator, behind, headers):
    token = operator.get("/overview").token()
    assert operator.post("/deliveries/41/retry", {"token": token}, **headers).status == 400
    assert behind.acted == []


def test_the_form_of_another_session_presses_nothing(operator, administrator, behind):
    for token in (administrator.get("/overview").token(), "", "x"):
        assert operator.post("/deliveries/41/retry", {"token": token}).status == 400
    assert behind.acted == []


@pytest.mark.parametrize("path", ["/deliveries/41/explode", "/deliveries/x/retry", "/deliveries/-1/retry", "/deliveries/41"])
def test_an_act_that_is_none_is_not_found(operator, behind, path):
    token = operator.get("/overview").token()
    assert operator.post(path, {"token": token}).status == 404
    assert behind.acted == []


def test_an_act_is_never_done_by_a_link(operator, behind):
    assert operator.get("/deliveries/41/retry").status == 405
    assert behind.acted == []
