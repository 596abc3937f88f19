"""Keep the laws of the house: imports point down, and each foreign library has one home."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ENGINE = ROOT / "engine"

FLOOR = {
    "message": 0, "errors": 0, "codes": 0, "yamlfile": 0, "hospital": 0, "interaction": 0, "report": 0, "introduction": 0, "identity": 0, "ciphers": 0, "breaker": 0, "csvfile": 0, "steady": 0,
    "alerting": 0, "version": 0, "documents": 1, "store": 1, "settings": 1, "log": 1, "metrics": 1, "tracing": 1, "inhand": 1,
    "channels": 2, "services": 2, "outbound": 2,
    "inbound": 3, "monitor": 3, "simulator": 3, "schedule": 3, "supervisor": 3,
    "app": 4,
    "cli": 5,
    "reference": 6,
}  # fmt: skip

HOMES = {
    "spyne": {"inbound", "simulator"},
    "zeep": {"outbound"},
    "lxml": {"documents"},
    "sqlalchemy": {"store", "services"},
    "alembic": {"store"},
    "pysqlite3": {"store"},
    "psycopg": {"store"},
    "apscheduler": {"schedule"},
    "structlog": {"log"},
    "prometheus_client": {"metrics"},
    "opentelemetry": {"tracing"},
    "starlette": {"monitor"},
    "jinja2": {"monitor"},
    "openpyxl": {"documents", "monitor"},
    "docx": {"documents"},
    "PIL": {"documents"},
    "nh3": {"documents"},
    "ruamel": {"yamlfile"},
    "pyotp": {"services"},
    "segno": {"monitor"},
}

EXEMPT = "# house:"
"""An import that breaks a law says why on its own line after this mark."""


def room_of(path: Path) -> str:
    parts = path.relative_to(ENGINE).parts
    return parts[0].removesuffix(".py")


def imports(path: Path):
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
            if node.module == "engine":
                names = [f"engine.{alias.name}" for alias in node.names]
        else:
            continue
        if EXEMPT in lines[node.lineno - 1]:
            assert len(lines[node.lineno - 1].split(EXEMPT)[1].strip()) > 10, f"{path}: an exemption states its reason"
            continue
        for name in names:
            yield node.lineno, name


FILES = sorted(p for p in ENGINE.rglob("*.py") if p.name != "__init__.py" or p.parent != ENGINE)


def test_every_room_has_a_floor():
    rooms = {room_of(p) for p in FILES}
    assert rooms <= set(FLOOR), f"rooms without a floor: {rooms - set(FLOOR)}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ENGINE)))
def test_imports_point_down_and_libraries_stay_at_home(path):
    room = room_of(path)
    wrong = []
    for line, name in imports(path):
        top, *rest = name.split(".")
        if top == "engine" and rest:
            other = rest[0]
            if other != room and FLOOR[other] >= FLOOR[room] and not (FLOOR[room] == 0 and FLOOR[other] == 0):
                wrong.append(f"{path.name}:{line} {room} (floor {FLOOR[room]}) imports {other} (floor {FLOOR[other]})")
        if top in HOMES and room not in HOMES[top]:
            wrong.append(f"{path.name}:{line} {top} lives in {sorted(HOMES[top])}, not in {room}")
    assert not wrong, "\n".join(wrong)


def test_no_file_reads_the_shared_folder():
    # The name is put together here so that this file does not find itself.
    word = "../" + "shared"
    for path in [*FILES, *ROOT.glob("tests/**/*.py"), *ROOT.glob("bench/**/*.py"), ROOT / "run_engine.py"]:
        if path.exists():
            assert word not in path.read_text(encoding="utf-8"), path
