"""用 zeep 办双向转诊的一步。参数：地址 机构代码 密码 命令 ……

    apply 申请编号 接收医院 姓名 证件号码 手机   上转，预约第一个有号的时段（没有就不预约）
    todo                                          列出等待本院接收的转诊
    accept | arrive 转诊编号                       接收；登记到诊
    reject | withdraw 转诊编号 理由                 拒绝；撤回
    complete 转诊编号 小结                          登记完成
    back 申请编号 转诊编号 小结                      转回原医院
    shared 转诊编号                                把共享的文档存成文件
    show 转诊编号                                   查询

退出码：0 办成；1 平台没有受理；2 SOAP Fault 或网络故障。
"""

import sys
from pathlib import Path

import requests
import zeep
from zeep.wsse.username import UsernameToken


class Refused(Exception):
    """平台没有受理；业务上的拒绝写在结果里，不是 Fault。"""


def good(result):
    if result.code != "0":
        raise Refused(f"{result.code} {result.message} {result.hint or ''}")
    return result


def items(held, name):
    return getattr(held, name) if held is not None else []


def free_slot(service, hospital):
    for half in items(good(service.ListSchedules(hospital=hospital)).schedules, "schedule"):
        if half.status != "open" or not half.free:
            continue
        if not half.timed:
            return half.schedule
        found = good(service.ListSlots(hospital=hospital, schedule=half.schedule))
        for slot in items(found.slots, "slot"):
            if slot.status == "open" and slot.free:
                return slot.slot
    return None


def apply(service, request, hospital, name, number, mobile):
    referral = {
        "direction": "up", "kind": "outpatient", "urgency": "1", "to": {"hospital": hospital},
        "patient": {"name": name, "idType": "1", "idNumber": number, "mobile": mobile},
        "origin": {"departmentName": "全科", "doctorName": "测试医师甲", "telephone": "0431-80000000"},
        "reason": "反复胸痛，需进一步检查", "diagnoses": {"diagnosis": [{"code": "I20.900", "name": "心绞痛"}]},
        "condition": "活动后胸痛三天", "treatment": "休息，含服硝酸甘油", "plan": "请行冠脉造影", "share": {"type": ["C0002"]},
    }  # fmt: skip
    # 号源在申请时一并预约；医院没有号时整个申请不成立。
    return good(service.Apply(requestId=request, referral=referral, slot=free_slot(service, hospital))).referral


def tell(one):
    booking = f" {one.booking.state} {one.booking.date} {one.booking.order}" if one.booking else ""
    print(f"referral {one.referral} {one.state} {one.direction} {one['from'].hospital} {one.to.hospital}{booking}")


def shared(service, referral):
    for each in items(good(service.ListSharedDocuments(referral=referral)).documents, "document"):
        content = good(service.GetSharedDocument(referral=referral, document=each.document)).document.content
        Path(f"{each.document}.xml").write_bytes(content)
        print(f"document {each.document} {each.documentType}")


def todo(service):
    found = good(service.ListReferrals(role="receiver", states={"state": ["applied"]}))
    for one in items(found.referrals, "referral"):
        tell(one)


def main(address, institution, password, command, *given):
    service = zeep.Client(f"{address}?wsdl", wsse=UsernameToken(institution, password)).service
    moves = {
        "apply": lambda *words: apply(service, *words),
        "accept": lambda number: good(service.Accept(referral=number)).referral,
        "arrive": lambda number: good(service.Arrive(referral=number)).referral,
        "reject": lambda number, reason: good(service.Reject(referral=number, reason=reason)).referral,
        "withdraw": lambda number, reason: good(service.Withdraw(referral=number, reason=reason)).referral,
        "complete": lambda number, summary: good(service.Complete(referral=number, summary=summary)).referral,
        "back": lambda request, number, summary: (
            good(service.ReferBack(requestId=request, referral=number, summary=summary)).referral
        ),
        "show": lambda number: good(service.QueryReferral(referral=number)).referral,
    }
    if command in moves:
        tell(moves[command](*given))
    else:
        {"shared": shared, "todo": todo}[command](service, *given)


try:
    main(*sys.argv[1:])
except Refused as problem:
    sys.exit(f"refused {problem}")
except (zeep.exceptions.Error, requests.RequestException) as problem:
    print(f"fault {problem}", file=sys.stderr)
    sys.exit(2)
