"""用 zeep 上传一份文档，查回执，再上传一份有错的文档并显示错在哪里。

退出码：0 第一份已接收；1 第一份被拒收；2 SOAP Fault 或网络故障。
"""

import base64
import gzip
import sys
from pathlib import Path

from requests.exceptions import RequestException
from zeep import Client
from zeep.exceptions import Error, Fault
from zeep.transports import Transport
from zeep.wsse.username import UsernameToken


def pack(xml):
    return base64.b64encode(gzip.compress(xml)).decode("ascii")


def send(service, document_id, path):
    payload = pack(Path(path).read_bytes())
    result = service.Upload(documentType="C0002", documentId=document_id, payload=payload)
    print(result.status, result.code, result.message)
    for issue in result.issues.issue if result.issues else []:
        print(f"  {issue.severity} {issue.code} {issue.message}")
        print(f"    {issue.path} line {issue.line}")
        print(f"    {issue.hint}")
    return result


def main(address, institution, password, document_id, good_file, wrong_file):
    transport = Transport(timeout=10, operation_timeout=60)
    client = Client(f"{address}?wsdl", wsse=UsernameToken(institution, password), transport=transport)
    (binding,) = client.wsdl.bindings
    service = client.create_service(binding, address)
    good = send(service, document_id, good_file)
    receipt = service.QueryReceipt(receipt=good.receipt)
    print("receipt", receipt.receipt, receipt.state)
    send(service, f"{document_id}-WRONG", wrong_file)
    return 1 if good.status == "rejected" else 0


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    try:
        sys.exit(main(*sys.argv[1:]))
    except Fault as fault:
        print("fault", fault.message, file=sys.stderr)
    except (Error, RequestException) as problem:
        print("network", problem, file=sys.stderr)
    sys.exit(2)
