"""Call a hospital that PHP's SoapServer made of HospitalService.wsdl, in both profiles and both SOAP versions."""

from __future__ import annotations

import pytest

from engine.outbound.hospital import Hospitals
from tests.support.adapters import ENTRY, KEY, SIGN, adapters
from tests.support.hospitalphp import php_hospital

pytestmark = [pytest.mark.foreign, pytest.mark.xdist_group("foreign")]


@pytest.mark.parametrize(
    "wsdl", ["wsdl/hospital/HospitalService.wsdl", "wsdl/hospital/HospitalService12.wsdl"], ids=["1.1", "1.2"]
)
@pytest.mark.parametrize("profile", ["MD5", "SM3"])
def test_a_soap_server_that_others_wrote_is_asked_with_success(tmp_path, profile, wsdl):
    key = KEY if profile == "MD5" else KEY.encode().hex()
    with php_hospital(tmp_path, profile=profile, sign_key=SIGN, key=key, wsdl=wsdl) as address:
        more = f'wsdl: {wsdl}\nprofile: {profile}\ncodes:\n  SEX: {{"0": "2", "1": "1", "2": "0", "3": "9"}}\n'
        seen = []
        hospitals = Hospitals(*adapters(tmp_path, H001=ENTRY.format(address=address) + more), seen.append)
        assert hospitals.ask("H001", "1001", {"IP": "10.1.2.3"}).values == {"SYSDATE": "2026-11-20 09:30:00"}
        listed = hospitals.ask("H001", "2001", {"DEPT_ID": "-1"}).values["DEPT_LIST"]
        assert [each["DEPT_NAME"] for each in listed] == ["内科 <门诊> & 急诊", "儿科"]
        cancel = {"ORDER_ID": "1", "CANCEL_DATE": "2026-11-20 09:30:00", "CANCEL_REMARK": "患者 ]]> 取消 <&>"}
        assert (hospitals.ask("H001", "2009", cancel).code, hospitals.ask("H001", "2009", cancel).values) == ("0", {})
        told = hospitals.ask("H001", "1003", {"NAME": "测试患者", "SEX": "0", "BIRTHDAY": "1990-01-01"})
        assert (told.code, told.message) == ("100301", "收到的性别代码是 2"), "female is 0 in the text and 2 there"
        assert [call.outcome for call in seen] == ["0", "0", "0", "0", "100301"]
        hospitals.close()
