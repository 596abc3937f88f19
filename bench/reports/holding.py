"""Bring the reports of the proof to the platform, find them as the portal does, and see at the end that nothing is lost and each stands right."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence

from bench.reports.changes import WORDS, Change, Paper, now_of
from bench.reports.portal import Portal
from bench.reports.site import Site
from engine.message import shanghai_text
from engine.simulator.sender import Account, upload
from tests.support.hospital import PASSWORD

_SHOWN = (WORDS["报告发布"], WORDS["报告修改"])


async def bring(site: Site, portal: Portal, held: Sequence[Paper]) -> list[str]:
    """Upload every document, and take the residents' consents and subscriptions; gives the platform's number of each report."""
    for paper in held:
        address = f"{site.engine.services}/services/collection/{paper.hospital}"
        account = Account(address=address, institution=paper.hospital, password=PASSWORD)
        said = await asyncio.to_thread(upload, account, paper.kind, paper.document_id, paper.xml)
        if not said.startswith("accepted"):
            raise AssertionError(f"{paper.document_id}: {said}")
    return list(await asyncio.gather(*(_find(portal, paper) for paper in held)))


async def _find(portal: Portal, paper: Paper) -> str:
    for operation in ("GiveConsent", "Subscribe"):
        said = await portal.call(operation, resident=paper.resident)
        if said.get("code") != "0":
            raise AssertionError(f"{operation} for {paper.document_id}: {said}")
    shown = [one for one in await portal.reports(paper.resident) if one.get("reportNumber") == paper.arrival.keys["report"]]
    if len(shown) != 1:
        raise AssertionError(f"{paper.document_id} is shown {len(shown)} times")
    return str(shown[0]["report"])


async def differences(portal: Portal, held: Sequence[Paper], found: Sequence[str], told: Sequence[Change]) -> list[str]:
    """Tell every change that is not in its report's history exactly once, and every report that does not stand as of its latest time."""
    mine: defaultdict[int, list[Change]] = defaultdict(list)
    for change in told:
        mine[change.paper].append(change)
    each = await asyncio.gather(*(_compare(portal, paper, found[place], mine[place]) for place, paper in enumerate(held)))
    return [line for lines in each for line in lines]


async def _compare(portal: Portal, paper: Paper, report: str, told: Sequence[Change]) -> list[str]:
    has = Counter((one["status"], one["at"], one["source"]) for one in await portal.history(report))
    wanted = Counter((str(one.status), shanghai_text(one.at), one.action) for one in told)
    wanted[str(WORDS["报告发布"]), shanghai_text(paper.arrival.at), paper.kind] += 1
    wrong = [
        f"{report}: {key} is told {has[key]} times instead of {wanted[key]}" for key in has | wanted if has[key] != wanted[key]
    ]
    at, status = now_of(paper, told)
    answer = await portal.call("GetReport", report=report)
    shown = answer.get("report", {})
    stands = (shown.get("status"), shown.get("at")) if answer.get("code") == "0" else answer.get("code")
    right = (str(status), shanghai_text(at)) if status in _SHOWN else "SND-755"
    return wrong if stands == right else [*wrong, f"{report} is shown as {stands} instead of {right}"]
