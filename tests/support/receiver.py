"""Run a SOAP destination that others wrote: the node `soap` server of tests/clients/destination, with a ledger of what it got."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from pathlib import Path

from tests.support.clients import need
from tests.support.engine import ROOT

ENTRY = """\
his:
  kind: soap
  about: 用 node 写的接收方
  networks: ["127.0.0.1/32"]
  deadline: 5s
  wsdl: wsdl/hospital/DocumentReceiver.wsdl
  address: http://127.0.0.1:{port}/DocumentReceiver
  operation: Receive
  body:
    messageId: message-id
    institution: institution
    documentType: document-type
    documentId: document-id
    digest: digest
    payload: packed
  accept:
    ReceiveResult.code: ["0"]
  echo: ReceiveResult.messageId
  remote-id: ReceiveResult.number
"""


class NodeReceiver:
    """The server of tests/clients/destination, installed once from its lock; it keeps its port when started again."""

    def __init__(self, work: Path) -> None:
        need("node", "npm")
        self.work = work / "destination"
        shutil.copytree(ROOT / "tests/clients/destination", self.work, ignore=shutil.ignore_patterns("node_modules"))
        install = ["npm", "ci", "--ignore-scripts", "--silent", "--no-audit", "--no-fund"]
        subprocess.run(install, cwd=self.work, check=True, timeout=280, capture_output=True)
        self.ledger = work / "ledger.jsonl"
        self.ledger.touch()
        self.port = 0

    def start(self) -> None:
        command = ["node", "server.js", str(ROOT / "wsdl/hospital/DocumentReceiver.wsdl"), str(self.port), str(self.ledger)]
        self.process = subprocess.Popen(command, cwd=self.work, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        self.process.stdout.close()

    def rows(self) -> list[dict]:
        return [json.loads(line) for line in self.ledger.read_text(encoding="utf-8").splitlines()]
