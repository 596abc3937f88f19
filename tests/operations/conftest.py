"""Give the tests of operations data one press."""

from pathlib import Path

import pytest

from engine.documents.press import Press

ROOT = Path(__file__).resolve().parents[2]
CLASSES = ("OPS01", "OPS02", "OPS03", "OPS04", "OPS05", "OPS06")


@pytest.fixture(scope="session")
def press():
    return Press(ROOT)


@pytest.fixture
def judge(press):
    """Judge bytes as the route does: the form first, the rules only for what fits it."""

    def judged(content, type_code):
        document = press.open(content)
        kind = press.catalogue.types[type_code]
        return press.schema(kind.schema).check(document) or press.rules(type_code).check(document)

    return judged
