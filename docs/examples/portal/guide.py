"""Python zeep：查找医生，逐页列出，打开每一位的介绍与可以预约的号源，把图片存成文件。

参数：地址 门户代码 密码 要查找的词。退出码：0 全部办成；1 平台没有受理；2 SOAP Fault 或网络故障。
"""

import sys
from pathlib import Path

from requests.exceptions import RequestException
from zeep import Client
from zeep.exceptions import Error, Fault
from zeep.wsse.username import UsernameToken


class Refused(Exception):
    """平台没有受理。"""


def good(result):
    """业务上的拒绝写在结果里，不是 Fault。"""
    if result.code != "0":
        raise Refused(f"{result.code} {result.message} {result.hint}")
    return result


def items(wrapper, name):
    """没有内容的列表，zeep 读作 None。"""
    return getattr(wrapper, name) if wrapper is not None else []


def found(service, words):
    """逐页查找。"""
    token = ""
    while True:
        result = good(service.SearchDoctors(words=words, page={"size": 20, "token": token}))
        yield from items(result.doctors, "doctor")
        token = result.page.token
        if not token:
            print(f"total {result.total}")
            return


def show(service, hospital, code):
    """一位医生：介绍、下一个有号的半天、号源、图片。"""
    doctor = good(service.GetDoctor(hospital=hospital, doctor=code)).doctor
    print(f"doctor {doctor.doctor} {doctor.name} {doctor.departmentName} {doctor.hospitalName}")
    if doctor.free:
        seats = "不限" if doctor.nextFree.free is None else doctor.nextFree.free
        print(f"  next {doctor.nextFree.date} {doctor.nextFree.half} {seats}")
    for slot in items(good(service.ListFreeSlots(hospital=hospital, doctor=code)).slots, "slot"):
        print(f"  slot {slot.slot} {slot.date} {slot.begin or ''} {slot.free}")
    if doctor.picture:
        Path(f"{doctor.picture}.img").write_bytes(good(service.GetPicture(picture=doctor.picture)).content)


def main(address, institution, password, words):
    """查找，并显示找到的每一位医生。"""
    try:
        service = Client(f"{address}?wsdl", wsse=UsernameToken(institution, password)).service
        for each in found(service, words):
            show(service, each.hospital, each.doctor)
    except Refused as problem:
        print(f"refused {problem}", file=sys.stderr)
        return 1
    except (Fault, Error, RequestException) as problem:
        print(f"fault {problem}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:5]))
