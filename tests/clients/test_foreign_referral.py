"""PHP refers a patient up with a slot and takes the patient back, by our WSDL alone."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.support.clients import Php
from tests.support.hospital import PASSWORD
from tests.support.region import CLINIC, EXAMPLES, region
from tests.support.stores import until

pytestmark = [pytest.mark.foreign, pytest.mark.xdist_group("foreign"), pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    folder = tmp_path_factory.mktemp("region")
    Php(folder)
    with region("sqlite", folder) as made:
        yield made


@pytest.fixture
def php(here, tmp_path):
    def step(code, command, *words, refused=False):
        run = ["php", str(EXAMPLES / "refer.php"), here.address, code, PASSWORD, command, *words]
        done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == int(refused), done.stdout + done.stderr
        return done.stderr if refused else done.stdout

    return step


def test_php_refers_up_with_a_slot_and_back(here, php, tmp_path):
    person = here.person()
    first = php(CLINIC, "apply", "P-1", "HOSP-B", person.name, person.number, "13800000000")
    number, order = re.match(r"referral (\S+) applied up CLINIC-1 HOSP-B booked \S+ (\S+)", first).groups()
    assert here.order_state("HOSP-B", order) == "2"
    until(lambda: here.told("HOSP-B", number))
    assert number in php("HOSP-B", "todo")
    assert php("HOSP-B", "accept", number).startswith(f"referral {number} accepted")
    assert "C0002" in php("HOSP-B", "shared", number)
    assert person.paper.xml in [file.read_bytes() for file in tmp_path.glob("*.xml")]
    php("HOSP-B", "arrive", number)
    assert re.match(r"referral \S+ applied down HOSP-B CLINIC-1", php("HOSP-B", "back", "P-2", number, "好转，回社区随访"))
    assert php(CLINIC, "show", number).startswith(f"referral {number} returned")


def test_php_reads_a_refusal_and_a_rejection_frees_the_slot(here, php):
    person = here.person()
    assert php(CLINIC, "apply", "P-3", "HOSP-A", "测试别人", person.number, "13800000000", refused=True).startswith(
        "refused SND-762"
    )
    first = php(CLINIC, "apply", "P-4", "HOSP-A", person.name, person.number, "13800000000")
    number, order = re.match(r"referral (\S+) applied up CLINIC-1 HOSP-A booked \S+ (\S+)", first).groups()
    assert php("HOSP-A", "reject", number, "没有床位").startswith(f"referral {number} rejected")
    until(lambda: here.order_state("HOSP-A", order) == "4")
    assert php(CLINIC, "withdraw", number, "好转", refused=True).startswith("refused SND-763")
