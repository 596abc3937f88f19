"""A withdrawn report is never given after the answer to the withdrawal; what two processes tell of one report at once is one report."""

import threading
from concurrent.futures import ThreadPoolExecutor

from engine.errors import SenderError, TryAgain
from tests.services.reports.counter import Counter, content

_WITHDRAWALS = 8


def again(work, *arguments, **named):
    """Run a transaction again as the doors do when two got in each other's way, or one waited too long for its turn."""
    for _ in range(20):
        try:
            return work(*arguments, **named)
        except TryAgain:
            continue
    raise AssertionError("the transactions never got through")


def test_nobody_gets_a_report_after_the_answer_to_its_withdrawal(counter, other):
    report = counter.keep(content("5.6"), 0)
    counter.consent()
    withdrawn, ended = threading.Event(), threading.Event()
    wrong, given = [], []

    def read(reader):
        while not ended.is_set():
            before = withdrawn.is_set()
            try:
                seen = again(reader.get, report).summary.status
            except SenderError:
                seen = None
            listed = again(reader.list).items
            given.append(seen)
            if before and withdrawn.is_set() and (seen or listed):
                wrong.append((seen, listed))

    with ThreadPoolExecutor(3) as pool:
        reading = [pool.submit(read, reader) for reader in (Counter(other), Counter(other), counter)]
        try:
            for place in range(_WITHDRAWALS):
                again(counter.tell, 90, 10 * place + 5)
                withdrawn.set()
                assert again(counter.list).items == ()
                withdrawn.clear()
                again(counter.tell, 70, 10 * place + 10)
        finally:
            ended.set()
        for one in reading:
            one.result()
    assert wrong == []
    assert 70 in given


def test_what_is_told_at_once_of_one_new_report_is_one_report(counter, other):
    tellers = [counter, Counter(other)]

    def tell(place):
        return again(tellers[place % 2].tell, 10 + 10 * (place % 4), place, form="F1", specimen=f"S{place % 3}")

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(tell, range(24)))) == 1
    again(counter.consent)
    (report,) = {counter.tell(70, 60)}
    assert len(counter.history(report)) == 25
