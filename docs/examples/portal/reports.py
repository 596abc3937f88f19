"""用 zeep 查报告：登记居民的同意，列出报告，打开每一份，看状态经过，把网页存成文件。

参数：地址 门户代码 密码 证件号码 姓名。退出码：0 全部办成；1 平台没有受理；2 SOAP Fault 或网络故障。
"""

import sys
from pathlib import Path

from requests.exceptions import RequestException
from zeep import Client
from zeep.exceptions import Error, Fault
from zeep.transports import Transport
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


def pages(service, resident):
    """列表可能有很多页，逐页取完。"""
    token = ""
    while True:
        found = good(service.ListReports(resident=resident, page={"size": 100, "token": token}))
        yield from items(found.reports, "report")
        token = found.page.token
        if not token:
            return


def show(service, number):
    """内容、状态经过、网页。"""
    report = good(service.GetReport(report=number)).report
    print("report", report.report, report.status, report.hospitalName, report.title or "")
    # 元素名 items 与 zeep 对象自己的方法同名，用方括号取。
    for item in items(report["items"], "item"):
        print(" ", item.name, item.value, item.unit or "", item.flag or "")
    for entry in items(good(service.ReportHistory(report=number)).history, "entry"):
        print(" ", entry.at, entry.statusName)
    page = good(service.RenderReport(report=number))
    Path(f"{page.report}.html").write_text(page.html, encoding="utf-8")


def main(address, institution, password, number, name):
    transport = Transport(timeout=10, operation_timeout=60)
    client = Client(f"{address}?wsdl", wsse=UsernameToken(institution, password), transport=transport)
    (binding,) = client.wsdl.bindings
    service = client.create_service(binding, address)
    resident = {"idType": "1", "idNumber": number, "name": name}
    good(service.GiveConsent(resident=resident))
    for each in pages(service, resident):
        show(service, each.report)
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
