"""Hold the dashboard for Grafana against the figures there are: it asks for nothing that is not counted."""

import json
import re

import pytest

from engine.metrics.table import METRICS
from engine.settings import ROOT

BOARD = json.loads((ROOT / "docs" / "grafana-dashboard.json").read_text(encoding="utf-8"))
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
SERIES = {row: one for one in METRICS.values() for row in one.series}
SET_BY_PROMETHEUS = {"instance", "le"}
ASKED = [(panel["title"], target["expr"], target["legendFormat"]) for panel in PANELS for target in panel["targets"]]


@pytest.mark.parametrize(("title", "query", "legend"), ASKED)
def test_a_panel_asks_for_figures_and_labels_that_exist(title, query, legend):
    names = re.findall(r"changbai_\w+", query)
    assert names, title
    assert set(names) <= set(SERIES), title
    for name, chosen in re.findall(r"(changbai_\w+){([^}]*)}", query):
        assert set(re.findall(r"(\w+)\s*(?:=|!)", chosen)) <= {*SERIES[name].labels, *SET_BY_PROMETHEUS}, title
    grouped = {label for group in re.findall(r"by \(([^)]*)\)", query) for label in group.split(", ")}
    known = {label for name in names for label in SERIES[name].labels} | SET_BY_PROMETHEUS
    assert grouped | set(re.findall(r"{{(\w+)}}", legend)) <= known, title


def test_every_figure_has_its_place_on_the_dashboard():
    asked = " ".join(query for _, query, _ in ASKED)
    assert [name for name in METRICS if not re.search(rf"{name}(_bucket|_sum|_count)?{{", asked)] == []


def test_it_can_be_imported_anywhere_and_its_rows_are_in_order():
    sources = {json.dumps(part["datasource"]) for panel in PANELS for part in (panel, *panel["targets"])}
    assert sources == {json.dumps({"type": "prometheus", "uid": "${datasource}"})}
    assert [one["name"] for one in BOARD["templating"]["list"]] == ["datasource", "instance"]
    rows = [panel["title"].split(" · ")[1] for panel in BOARD["panels"] if panel["type"] == "row"]
    assert rows == ["Is anything lost", "Intake", "Delivery", "Hospitals", "Processes"]
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])


def test_panels_do_not_lie_on_each_other():
    taken = set()
    for panel in BOARD["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
