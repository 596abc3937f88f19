"""Read the completeness page and its JSON twin as an administrator does, over an invented year and over the store."""

import json
import re
import time
from datetime import date, timedelta

import pytest

from engine.monitor.calendar import lay_out, window
from engine.monitor.completeness import CompletenessArchive
from engine.services.completeness import Asked, Completeness, Count
from engine.services.institutions import Institutions
from engine.store import days
from engine.store.bulk import insert_rows
from engine.store.database import Database
from engine.store.migrations import migrate
from tests.monitor.sample_completeness import HOLE, LOST, OPEN, QUIET, SHORT, THIN, TODAY
from tests.monitor.test_monitor_pages import Outline
from tests.monitor.web import Visitor
from tests.support.seals import SEAL

LIVE = "/completeness?institution=H22010001"
HISTORY = f"{LIVE}&lane=history"


def cell(body, day):
    """Give the kind and the words of a day in the calendar."""
    found = re.search(rf'<a class="cell (\w+)[^"]*" href="[^"]*day={day}[^"]*" title="([^"]*)" aria-label="([^"]*)"', body)
    assert found[2] == found[3], "what the mouse is told, a screen reader is told too"
    return found[1], found[2]


def test_the_page_asks_for_an_institution(administrator, behind):
    body = administrator.get("/completeness").body
    for words in ("选择机构后查看它的日历", "长春测试医院 · H22010001", "历史补传"):
        assert words in body
    assert behind.wishes == []


def test_the_live_calendar_tells_each_day_by_colour_and_by_words(administrator, behind):
    body = administrator.get(LIVE).body
    assert (behind.wishes[0].first, behind.wishes[0].last) == (date(2025, 4, 1), date(2026, 3, 31))
    assert cell(body, SHORT)[0] == "short"
    assert cell(body, QUIET)[0] == "rest"
    assert cell(body, OPEN)[0] == "open"
    assert cell(body, TODAY)[0] == "running"
    kind, words = cell(body, min(LOST))
    assert kind == "none"
    assert re.fullmatch(r"2026-01-17 空缺：申报 \d+，收到 0，接收 0，送达 0", words)
    assert 'day=2025-11-02"' not in body, "what lies before the first document is no hole"
    assert body.count('class="month"') == 5
    assert 'name="until" type="month" value="2026-03"' in body


def test_holes_are_listed_with_their_days_and_what_is_missing(administrator):
    body = administrator.get(LIVE).body
    listed = re.search(r'<ul class="list" id="holes">.*?</ul>', body, re.DOTALL)[0]
    assert "2026-01-17 至 2026-01-19" in listed
    assert "3 天" in listed
    assert listed.count("<li>") == 2


def test_history_is_a_year_by_the_day_of_writing(administrator, behind):
    body = administrator.get(HISTORY).body
    assert (behind.wishes[0].first, behind.wishes[0].last) == (date(2025, 3, 1), date(2026, 2, 28))
    assert cell(body, HOLE[0]) == ("none", "2025-10-01 空缺：历史 0 份，实时 0 份")
    assert cell(body, THIN)[0] == "thin"
    assert cell(body, date(2025, 7, 1))[0] == "full"
    assert body.count('class="month"') == 12
    for words in ("358 <small>共 365 天", "按文档书写日期", "2025-10-01 至 2025-10-07", "7 天"):
        assert words in body, words
    later = administrator.get(f"{HISTORY}&until=2026-03").body
    assert cell(later, date(2026, 3, 2))[0] == "elsewhere"


def test_a_day_is_shown_type_by_type(administrator):
    body = administrator.get(f"{LIVE}&day={SHORT}").body
    table = re.search(r'<table id="of-day">.*?</table>', body, re.DOTALL)[0]
    assert table.count('<th scope="row">') == 3
    assert table.count("−3") == 3
    assert "这一天没有文档" in administrator.get(f"{LIVE}&day=2025-06-01").body


def test_one_type_and_other_months_may_be_chosen(administrator, behind):
    body = administrator.get(f"{HISTORY}&type=C0004&until=2025-12").body
    wish = behind.wishes[-1]
    assert (wish.document_type, wish.first, wish.last) == ("C0004", date(2025, 1, 1), date(2025, 12, 31))
    assert "until=2024-12" in body
    assert "until=2026-12" in body
    administrator.get(f"{LIVE}&day=2024-02-29")
    assert (behind.wishes[-1].first, behind.wishes[-1].last) == (date(2023, 3, 1), date(2024, 2, 29))


@pytest.mark.parametrize(("asked", "words"), [
    ("institution=H9", "没有机构“H9”"), ("institution=H22010001&lane=fast", "没有通道“fast”"),
    ("institution=H22010001&type=X", "没有文档类型“X”"), ("institution=H22010001&until=2026-13", "不是月份"),
    ("institution=H22010001&day=2026-02-30", "不是日期"),
])  # fmt: skip
def test_what_cannot_be_shown_is_told(administrator, asked, words):
    answer = administrator.get(f"/completeness?{asked}")
    assert answer.status == 400
    assert words in answer.body
    assert json.loads(administrator.get(f"/completeness?{asked}&format=json").body)["error"] == 400


def test_the_json_twin_holds_the_same(administrator):
    told = json.loads(administrator.get(f"{HISTORY}&format=json").body)
    assert (told["asked"], told["filled"], len(told["days"])) == (365, 358, 365)
    assert {"first": "2025-10-01", "last": "2025-10-07", "days": 7, "kind": "none", "missing": 0} in told["holes"]
    assert [line["code"] for line in told["types"]] == ["C0002", "C0004", "C0007"]
    live = json.loads(administrator.get(f"{LIVE}&format=json").body)
    (short,) = [day for day in live["days"] if day["day"] == str(SHORT)]
    assert (short["kind"], short["missing"], short["received"] - short["accepted"]) == ("short", 9, 6)


def test_every_signed_in_person_may_look_and_nobody_else(monitor, viewer):
    assert viewer.get(LIVE).status == 200
    assert Visitor(monitor).get(LIVE).location.startswith("/?next=/completeness")
    assert Visitor(monitor).get(f"{LIVE}&format=json").status == 401


def test_the_page_is_whole_in_both_languages(administrator):
    for address in (LIVE, HISTORY, f"{LIVE}&day={SHORT}", "/completeness?institution=H22240003"):
        chinese, english = (Outline(administrator.get(f"{address}&lang={lang}").body) for lang in ("zh", "en"))
        assert [tag for tag, _ in chinese.elements] == [tag for tag, _ in english.elements]
    assert "by day of sending" in administrator.get(LIVE).body
    administrator.get("/overview?lang=zh")


def test_what_is_written_today_or_later_is_no_hole():
    asked = Asked(institution="H", lane="history", first=TODAY, last=TODAY + timedelta(days=1))
    year = lay_out(Completeness(asked=asked, sent={}, written={}, elsewhere={}), since=None, today=TODAY)
    assert [day.kind for day in year.days] == ["running", "outside"]
    assert (year.asked, year.filled, year.holes) == (0, 0, ())


def test_more_than_stated_and_refused_ones_are_told_apart():
    day, asked = date(2026, 3, 2), Asked(institution="H", lane="live", first=date(2026, 3, 2), last=date(2026, 3, 4))
    sent = {
        (day, "C0002"): Count(expected=2, received=3, accepted=3, delivered=3),
        (day + timedelta(days=1), "C0002"): Count(received=3, accepted=2, delivered=2),
        (day + timedelta(days=2), "C0002"): Count(received=3),
    }
    year = lay_out(Completeness(asked=asked, sent=sent, written={}, elsewhere={}), since=day, today=TODAY)
    assert [one.kind for one in year.days] == ["over", "short", "none"]


@pytest.mark.parametrize(("until", "first", "last"), [
    (date(2026, 2, 1), date(2025, 3, 1), date(2026, 2, 28)), (date(2024, 2, 29), date(2023, 3, 1), date(2024, 2, 29)),
    (date(2025, 12, 31), date(2025, 1, 1), date(2025, 12, 31)),
])  # fmt: skip
def test_a_window_is_twelve_whole_months(until, first, last):
    assert window(until) == (first, last)


def test_the_page_of_a_year_is_read_quickly_beside_a_full_store(tmp_path):
    """60 types every day of a year in both lanes; the messages themselves are not read at all."""
    database = Database(f"sqlite:///{tmp_path / 'full.db'}")
    migrate(database)
    first, last = window(date(2026, 3, 1))
    with database.write() as connection:
        places = [
            days.Place("H1", lane, basis, days.number_of(first + timedelta(days=day)), f"C{kind:04}")._asdict()
            for lane in ("live", "history") for basis in ("sent", "written") for day in range(365) for kind in range(60)
        ]  # fmt: skip
        insert_rows(connection, days.day_count, [place | {"received": 9, "accepted": 8, "delivered": 7} for place in places])
    archive = CompletenessArchive(database, Institutions(database, SEAL))
    taken = []
    for _ in range(5):
        began = time.thread_time()
        span = archive.span("H1", "history", last)
        found = archive.read(Asked(institution="H1", lane="history", first=first, last=last))
        year = lay_out(found, since=span[0], today=last)
        taken.append(time.thread_time() - began)
    assert (year.filled, year.written) == (365, 365 * 60 * 8)
    assert min(taken) < 0.5, f"{min(taken):.3f} s of CPU"
    database.close()
