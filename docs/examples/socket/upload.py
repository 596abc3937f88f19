"""只用一个 TCP 套接字：给 Delphi、PowerBuilder、VB6、Caché 等没有 SOAP 库的系统照着写。凭据放在 SOAP 报文头里。

退出码：0 第一份已接收；1 第一份被拒收；2 SOAP Fault 或网络故障。
"""

import base64
import gzip
import re
import socket
import sys
from html import escape, unescape
from pathlib import Path
from urllib.parse import urlsplit

ENVELOPE = """<?xml version="1.0" encoding="UTF-8"?>
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">
<soap:Header><Credentials xmlns="urn:changbai:collection:1"><institution>{institution}</institution>\
<password>{password}</password></Credentials></soap:Header>
<soap:Body><{operation} xmlns="urn:changbai:collection:1">{parameters}</{operation}></soap:Body>
</soap:Envelope>"""

REQUEST = "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/xml; charset=utf-8\r\n\
Content-Length: {length}\r\nConnection: close\r\n\r\n"


class Refused(Exception):
    """应答是 SOAP Fault。"""


def post(address, body):
    """发出一个报文，读到对方关闭连接为止；返回 HTTP 状态码与应答正文。"""
    where = urlsplit(address)
    # Content-Length 是 UTF-8 编码后的字节数，不是字符数。
    head = REQUEST.format(path=where.path, host=where.netloc, length=len(body)).encode("ascii")
    with socket.create_connection((where.hostname, where.port or 80), timeout=60) as connection:
        connection.sendall(head + body)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, content = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), content.decode("utf-8")


def values(answer, name):
    """取出某个元素的全部文字。"""
    return [unescape(text) for text in re.findall(rf"<(?:\w+:)?{name}>([^<]*)<", answer)]


def call(account, operation, **parameters):
    address, institution, password = account
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in parameters.items())
    body = ENVELOPE.format(institution=escape(institution), password=escape(password), operation=operation, parameters=inner)
    status, answer = post(address, body.encode("utf-8"))
    if status != 200:
        raise Refused(values(answer, "faultstring"))
    return answer


def upload(account, document_id, path):
    payload = base64.b64encode(gzip.compress(Path(path).read_bytes())).decode("ascii")
    answer = call(account, "Upload", documentType="C0002", documentId=document_id, payload=payload)
    print(*values(answer, "status"), values(answer, "code")[0], values(answer, "message")[0])
    for issue in re.findall(r"<(?:\w+:)?issue>(.*?)</(?:\w+:)?issue>", answer, re.DOTALL):
        print(" ", *values(issue, "severity"), *values(issue, "code"), *values(issue, "message"))
        print("   ", *values(issue, "path"), "line", *values(issue, "line"))
        print("   ", *values(issue, "hint"))
    return answer


def main(address, institution, password, document_id, good_file, wrong_file):
    account = (address, institution, password)
    good = upload(account, document_id, good_file)
    receipt = call(account, "QueryReceipt", receipt=values(good, "receipt")[0])
    print("receipt", *values(receipt, "receipt"), *values(receipt, "state"))
    upload(account, f"{document_id}-WRONG", wrong_file)
    return 1 if values(good, "status") == ["rejected"] else 0


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    try:
        sys.exit(main(*sys.argv[1:]))
    except Refused as fault:
        print("fault", *fault.args[0], file=sys.stderr)
    except OSError as problem:
        print("network", problem, file=sys.stderr)
    sys.exit(2)
