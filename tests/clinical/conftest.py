"""Give the clinical tests one press."""

from pathlib import Path

import pytest

from engine.documents.press import Press

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def press():
    return Press(ROOT)


@pytest.fixture
def judge(press):
    """Judge bytes as the catalogue says: all issues of grammar and rules."""

    def judged(content, type_code):
        document = press.open(content)
        return (*press.schema("clinical").check(document), *press.rules(type_code).check(document))

    return judged
