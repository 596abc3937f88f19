"""Ask a hospital that others wrote (node `soap`, from HospitalService.wsdl alone) as the platform does."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from engine.errors import DestinationError
from engine.outbound.adapters import load_adapters
from engine.outbound.connector import Secrets, Surroundings
from engine.outbound.hospital import Hospitals
from tests.support.clients import need

ROOT = Path(__file__).resolve().parent.parent.parent
SIGN, KEY = "a-sign-key-for-tests", "0123456789abcdef"
ADAPTER = """\
about: 用 node 写的医院
address: http://127.0.0.1:{port}/HospitalService
networks: ["127.0.0.1/32"]
deadline: 5s
hospital-id: "22010077"
user: {user}
sign-key: node-sign
encryption-key: node-key
capabilities: ["1001", "1002", "2007", "2008", "2009", "2012"]
"""
WISH = {
    "HOSP_PATIENT_ID": "N1", "CHANNEL_ID": "3", "IS_REG": "2", "REG_ID": "R1", "REG_FEE": "200", "TREAT_FEE": "800", "REG_TYPE": "1",
    "ORDER_TIME": "2026-03-02 09:00:00", "NAME": "测试患者&<李>", "SEX": "1", "BIRTHDAY": "1980-01-01",
}  # fmt: skip

pytestmark = [pytest.mark.foreign, pytest.mark.xdist_group("foreign"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    need("node", "npm")
    work = tmp_path_factory.mktemp("hospital") / "hospital"
    shutil.copytree(ROOT / "tests/clients/hospital-node", work, ignore=shutil.ignore_patterns("node_modules"))
    install = ["npm", "ci", "--ignore-scripts", "--silent", "--no-audit", "--no-fund"]
    subprocess.run(install, cwd=work, check=True, timeout=280, capture_output=True)
    command = ["node", "server.js", str(ROOT / "wsdl/hospital/HospitalService.wsdl"), "0", "22010077", "CHANGBAI"]
    keys = {"HOSPITAL_SIGN_KEY": SIGN, "HOSPITAL_ENCRYPTION_KEY": KEY}
    process = subprocess.Popen(command, cwd=work, stdout=subprocess.PIPE, text=True, env={**os.environ, **keys})
    yield int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    process.stdout.close()


def client_of(folder, port, *, user="CHANGBAI", sign=SIGN):
    root = folder / "project"
    shutil.copytree(ROOT / "wsdl/hospital", root / "wsdl/hospital")
    sheet = root / "config/institutions/NODE/adapter.yaml"
    sheet.parent.mkdir(parents=True)
    sheet.write_text(ADAPTER.format(port=port, user=user), encoding="utf-8")
    secrets = Secrets(folder / "secrets", {"ENGINE_SECRET_NODE_SIGN": sign, "ENGINE_SECRET_NODE_KEY": KEY})
    return Hospitals(load_adapters(root), Surroundings(root=root, data=folder, secrets=secrets), lambda _: None)


def test_a_hospital_of_another_stack_books_refuses_cancels_and_tells(port, tmp_path):
    client = client_of(tmp_path, port)
    assert client.ask("NODE", "1001", {"IP": "10.0.0.1"}).code == "0"
    patient = client.ask("NODE", "1002", {"MOBILE": "13000000001", "HEALTH_CARD_ID": "card"}).values["HOSP_PATIENT_ID"]
    booked = [client.ask("NODE", "2007", {**WISH, "ORDER_ID": f"CB{n}", "HOSP_PATIENT_ID": patient}) for n in range(4)]
    assert [one.code for one in booked] == ["0", "0", "0", "200709"]
    assert booked[0].values["HOSP_ORDER_ID"] == "NODE-1"
    assert client.ask("NODE", "2007", {**WISH, "ORDER_ID": "CB0"}).code == "200708"
    assert client.ask("NODE", "2009", {"ORDER_ID": "CB0", "CANCEL_DATE": "2026-03-02 10:00:00"}).code == "0"
    one = {"HOSP_PATIENT_ID": "", "BEGIN_DATE": "2026-03-02", "END_DATE": "2026-03-02", "PAGE_CURRENT": "1", "PAGE_SIZE": "9"}
    assert client.ask("NODE", "2012", {**one, "ORDER_ID": "CB0"}).values["ORDER_LIST"][0]["ORDER_STATUS"] == "4"
    assert client.ask("NODE", "2012", {**one, "ORDER_ID": "CB9"}).code == "201201"
    payment = {
        "ORDER_ID": "CB1", "SERIAL_NUM": "S1", "PAY_DATE": "2026-03-02", "PAY_TIME": "10:00:00", "PAY_CHANNEL_ID": "1", "PAY_TOTAL_FEE": "1000",
        "PAY_COPE_FEE": "1000", "PAY_FEE": "1000",
    }  # fmt: skip
    assert client.ask("NODE", "2008", payment).code == "5"
    client.close()


def test_a_wrong_key_is_found_by_the_other_side_and_its_reply_is_not_trusted(port, tmp_path):
    client = client_of(tmp_path, port, sign="another-key")
    with pytest.raises(DestinationError) as told:
        client.ask("NODE", "1001", {"IP": "10.0.0.1"})
    assert told.value.code == "DST-204"
    client.close()
