"""Whatever the order in which the words of three hospitals come, and however often: the same statuses and the same history."""

from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from engine.services.reports.tables import report as table
from tests.services.reports.counter import Counter

_HOSPITALS = ("H1", "H2", "H3")
_FORMS = count(1)
_WORD = st.tuples(
    st.sampled_from(_HOSPITALS), st.sampled_from((10, 20, 30, 35, 40, 60, 70, 80, 90)), st.integers(0, 6), st.booleans()
)  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(_WORD, min_size=1, max_size=10), data=st.data())
def test_any_order_with_repeats_ends_alike(database, words, data):
    counter = Counter(database)
    shuffled = data.draw(st.permutations(words + words[: len(words) // 2]))
    ends = [_told(counter, listed, f"F{next(_FORMS)}") for listed in (words, shuffled)]
    assert ends[0] == ends[1]
    for hospital, (status, history) in ends[0].items():
        mine = {(when, status) for one, status, when, _ in words if one == hospital}
        assert status == max(mine)[1]
        assert len(history) == len(mine)


def _told(counter, words, form):
    """Tell words of one form of each hospital, some by the specimen alone; give each report's status and history."""
    reports = {one: counter.tell(10, -10, institution=one, form=form, specimen=f"S{form}") for one in {word[0] for word in words}}
    for hospital, status, when, by_specimen in words:
        keys = {"specimen": f"S{form}"} if by_specimen else {"form": form}
        assert counter.tell(status, when, institution=hospital, **keys) == reports[hospital]
    counter.consent()
    ends = {}
    for hospital, report in reports.items():
        history = [(status, when) for status, when, _ in counter.history(report)][1:]
        ends[hospital] = _now(counter, report), history
    return ends


def _now(counter, report):
    with counter.database.read() as connection:
        return connection.execute(select(table.c.status).where(table.c.report == report)).scalar_one()
