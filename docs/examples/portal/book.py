"""用 zeep 预约：查号源，核对患者，预约，支付，查询，取消并退费。

参数：地址 门户代码 密码 医院代码。退出码：0 全部办成；1 平台或医院没有受理；2 SOAP Fault 或网络故障。
"""

import sys
import time
import uuid
from datetime import datetime, timedelta, timezone

from requests.exceptions import RequestException
from zeep import Client
from zeep.exceptions import Error, Fault
from zeep.transports import Transport
from zeep.wsse.username import UsernameToken

PATIENT = {
    "name": "测试患者",
    "sex": "1",
    "birthday": "1990-01-01",
    "idType": "1",
    "idNumber": "110101199001010031",
    "mobile": "13800000000",
    "address": "测试市测试路 1 号",
    "healthCard": "TEST-CARD-0001",
}


class Refused(Exception):
    """平台或医院没有受理。"""


def good(result):
    """业务上的拒绝写在结果里，不是 Fault。"""
    if result.code != "0":
        raise Refused(f"{result.code} {result.message} {result.hint}")
    return result


def items(wrapper, name):
    """没有内容的列表，zeep 读作 None。"""
    return getattr(wrapper, name) if wrapper is not None else []


def free_slot(service, hospital):
    """找一个还有号的号源；排班不分时段时，排班编号就是号源编号。"""
    token = ""
    while True:
        found = good(service.ListSchedules(hospital=hospital, page={"size": 200, "token": token}))
        for schedule in items(found.schedules, "schedule"):
            if schedule.status != "open" or not (schedule.unlimited or schedule.free):
                continue
            if not schedule.timed:
                return schedule.schedule
            slots = good(service.ListSlots(hospital=hospital, schedule=schedule.schedule)).slots
            for slot in items(slots, "slot"):
                if slot.status == "open" and (slot.unlimited or slot.free):
                    return slot.slot
        token = found.page.token
        if not token:
            raise Refused("没有可预约的号源")


def settled(service, order):
    """医院没有按时答复时，稍后再问；不要当作失败，也不要另外再约。"""
    while order.state == "booking" or order.pending:
        time.sleep(2)
        order = good(service.QueryOrder(order=order.order)).order
    print("order", order.state, order.payable, order.queueNumber or "")
    return order


def main(address, institution, password, hospital):
    transport = Transport(timeout=10, operation_timeout=60)
    client = Client(f"{address}?wsdl", wsse=UsernameToken(institution, password), transport=transport)
    (binding,) = client.wsdl.bindings
    service = client.create_service(binding, address)
    slot = free_slot(service, hospital)
    checked = good(service.CheckPatient(hospital=hospital, patient=PATIENT))
    # 请求编号由门户自己定；没有收到应答时，用同一个编号、同样的内容重发，不会重复预约。
    wish = {"requestId": uuid.uuid4().hex, "hospital": hospital, "slot": slot, "account": "TEST-ACCOUNT"}
    wish["patient"] = PATIENT | {"hospitalPatientId": checked.hospitalPatientId}
    order = settled(service, good(service.Book(**wish)).order)
    now = datetime.now(timezone(timedelta(hours=8))).isoformat(timespec="seconds")
    payment = {"serial": uuid.uuid4().hex, "paidAt": now, "channel": "1", "paid": order.payable}
    order = settled(service, good(service.NotifyPayment(order=order.order, payment=payment)).order)
    order = settled(service, good(service.Cancel(order=order.order, reason="测试：不去了")).order)
    print("refund", order.refund)
    return 0


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    try:
        sys.exit(main(*sys.argv[1:]))
    except Refused as problem:
        print("refused", problem, file=sys.stderr)
        sys.exit(1)
    except Fault as fault:
        print("fault", fault.message, file=sys.stderr)
    except (Error, RequestException) as problem:
        print("network", problem, file=sys.stderr)
    sys.exit(2)
