"""One document that no transform ever finishes stops nobody: after three deaths it has its receipt as ERROR, and all others flow on."""

import os
import signal
from http.client import HTTPException

import pytest

from tests.acceptance.test_restart import children
from tests.support.databases import STORES
from tests.support.project import Project
from tests.support.stores import hospital, new_engine, until

pytestmark = [pytest.mark.xdist_group("acceptance-poison"), pytest.mark.timeout(240)]

STEP_LIMIT = 2
STYLESHEET = "routes/laboratory-report/xslt/to-record.xsl"
ENDLESS = """
  <xsl:template match="/">
    <xsl:if test="comment()[contains(., 'endless small') or contains(., 'endless large')]">
      <xsl:call-template name="twice"><xsl:with-param name="depth" select="64"/></xsl:call-template>
    </xsl:if>
    <xsl:apply-templates/>
  </xsl:template>

  <xsl:template name="twice">
    <xsl:param name="depth"/>
    <xsl:if test="$depth &gt; 0">
      <xsl:call-template name="twice"><xsl:with-param name="depth" select="$depth - 1"/></xsl:call-template>
      <xsl:call-template name="twice"><xsl:with-param name="depth" select="$depth - 1"/></xsl:call-template>
    </xsl:if>
  </xsl:template>
"""
LARGE = "".join(f" {number:07d}" for number in range(40_000))
"""Words that make a document one for the large-document thread."""


@pytest.fixture(scope="module", params=STORES)
def site(request, tmp_path_factory):
    """Run an engine whose laboratory report has an endless transform for some documents; two fronts on PostgreSQL."""
    project = Project.copy(tmp_path_factory.mktemp("project")).short_leases()
    project.add("config/engine.yaml", f"deadlines:\n  step-limit: {STEP_LIMIT}s\n")
    project.change(
        STYLESHEET, '<xsl:output method="xml" encoding="UTF-8"/>\n', '<xsl:output method="xml" encoding="UTF-8"/>\n' + ENDLESS
    )
    many = ("--fronts", "2", "--workers", "2") if request.param == "postgresql" else ()
    with new_engine(request.param, tmp_path_factory.mktemp("engine"), *project.option, *many) as made:
        yield made.start(), project


def cut_until_received(ours, paper):
    """Send a document again after each cut connection, as a hospital does; returns its receipt and the number of cuts."""
    for cuts in range(6):
        try:
            return ours.upload(paper), cuts
        except (OSError, HTTPException):
            continue
    raise AssertionError("its connection was cut six times")


def check_store(engine):
    return engine.command("check", "--store", *engine.extra[:2]).strip()


@pytest.mark.parametrize(
    ("site", "size"), [("sqlite", "large"), pytest.param("postgresql", "small", marks=pytest.mark.postgres)], indirect=["site"]
)
def test_after_three_deaths_it_is_error_with_a_receipt_and_a_replay_walks_it_again(site, size):
    engine, project = site
    ours = hospital(engine)
    paper = ours.invent("C0007").other(f"endless {size}" + (LARGE if size == "large" else ""))
    before = [ours.accepted(ours.invent(kind)) for kind in ("C0007", "C0002")]
    result, cuts = cut_until_received(ours, paper)
    assert cuts == 3
    assert (result["status"], result["code"], result["duplicate"]) == ("accepted", "0", "false")
    after = [ours.accepted(ours.invent(kind)) for kind in ("C0007", "C0002")]
    assert {ours.receipt(r)["state"] for r in before + after} == {"routed"}
    found = ours.receipt(result["receipt"])
    assert (found["state"], found.get("deliveries", [])) == ("error", [])
    again = ours.upload(paper)
    assert (again["receipt"], again["duplicate"]) == (result["receipt"], "true")
    assert check_store(engine) == "every message is in exactly one state"
    (death,) = (engine.data / "deaths").iterdir()
    assert [line.split(maxsplit=2)[2] for line in death.read_text(encoding="utf-8").splitlines()] == ["walked too long"] * 3
    project.change(STYLESHEET, f"'endless {size}'", "'never'")
    engine.command("reload", *project.option)
    assert "ERROR ENG-001 -> ROUTED 0" in engine.command("replay", "--code", "ENG-001", *project.option)
    assert not death.exists()
    until(lambda: [d["state"] for d in ours.receipt(result["receipt"])["deliveries"]] == ["sent"])
    assert check_store(engine) == "every message is in exactly one state"


@pytest.mark.parametrize("role", ["front", "worker", "clock", "monitor"])
def test_a_process_that_stands_still_is_replaced(site, role):
    engine, _ = site
    before = children(engine, role)
    os.kill(before[0], signal.SIGSTOP)
    until(lambda: len(now := children(engine, role)) == len(before) and before[0] not in now)
    ours = hospital(engine)
    receipt, _ = cut_until_received(ours, ours.invent("C0007"))
    until(lambda: [d["state"] for d in ours.receipt(receipt["receipt"])["deliveries"]] == ["sent"])
