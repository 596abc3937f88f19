"""PHP calls ApiService by the Jilin text alone: its own AES, its own MD5, ext-soap from our WSDL."""

from __future__ import annotations

import pytest

from tests.support.api import MD5, open_office
from tests.support.clients import HERE, Php, run_json

REQ = """<REQ>
  <HOS_ID><![CDATA[22010001]]></HOS_ID>
  <ORDER_ID><![CDATA[O-1]]></ORDER_ID>
  <HOSP_ORDER_ID><![CDATA[H-1]]></HOSP_ORDER_ID>
  <HOSP_REFUND_ID><![CDATA[R-1]]></HOSP_REFUND_ID>
  <REFUND_TYPE><![CDATA[1]]></REFUND_TYPE>
  <REFUND_DATE><![CDATA[2026-11-20]]></REFUND_DATE>
  <TOTAL_FEE><![CDATA[1500]]></TOTAL_FEE>
  <REFUND_FEE><![CDATA[1500]]></REFUND_FEE>
  <REFUND_REMARK><![CDATA[停诊 <退费> 𠮷]]></REFUND_REMARK>
</REQ>"""

pytestmark = [pytest.mark.foreign, pytest.mark.xdist_group("foreign"), pytest.mark.timeout(120)]


@pytest.fixture
def office(tmp_path):
    Php(tmp_path)
    made = open_office(tmp_path)
    yield made
    made.close()


def call(office, tmp_path, *, query="wsdl", operation="RegService", sign=MD5.sign):
    file = tmp_path / "req.xml"
    file.write_text(REQ, encoding="utf-8")
    wsdl = f"{office.address}/ApiService.asmx?{query}"
    return run_json(["php", str(HERE / "php/api.php"), wsdl, operation, "5003", "USER-1", sign, MD5.encryption, str(file)])


@pytest.mark.parametrize("query", ["wsdl", "wsdl12"])
def test_php_asks_for_a_refund_and_reads_the_signed_answer(office, tmp_path, query):
    office.answers["5003"] = ("0", "已受理", {"REFUND_ID": "T-1"})
    answer = call(office, tmp_path, query=query)
    assert answer == {"code": "0", "message": "已受理", "signed": True, "res": {"REFUND_ID": "T-1"}}
    assert office.asked[0][2]["REFUND_REMARK"] == "停诊 <退费> 𠮷"


def test_php_reads_a_business_refusal_and_a_wrong_operation(office, tmp_path):
    office.answers["5003"] = ("500301", "订单不存在", {})
    assert call(office, tmp_path) == {"code": "500301", "message": "订单不存在", "signed": True, "res": []}
    assert call(office, tmp_path, operation="PayService")["code"] == "5"


def test_php_with_another_key_is_told_7_unsigned(office, tmp_path):
    answer = call(office, tmp_path, sign="another-key")
    assert (answer["code"], answer["signed"]) == ("7", False)
    assert office.asked == []
