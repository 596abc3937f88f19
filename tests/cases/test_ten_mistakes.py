"""Run the command an interface engineer runs on a project with ten different mistakes."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CASE = ROOT / "tests" / "cases" / "ten-mistakes"


def test_check_prints_ten_lines_with_place_and_cure_and_exits_with_one(tmp_path):
    for name in ("config", "xsd", "wsdl"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copytree(CASE / "routes", tmp_path / "routes")
    command = [sys.executable, str(ROOT / "run_engine.py"), "check", "--project", str(tmp_path), "--data", str(tmp_path / "data")]
    ran = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False)
    lines = [line for line in ran.stdout.splitlines() if re.match(r"\S+:\d+:\d+ CFG-\d{3} ", line)]
    assert ran.returncode == 1, ran.stderr
    assert [line.split()[:2] for line in lines] == [
        line.split()[:2] for line in (CASE / "expect.txt").read_text(encoding="utf-8").splitlines()
    ]
    assert "10 errors, 0 warnings" in ran.stdout
