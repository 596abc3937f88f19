"""Whatever the order in which documents come, the same people come out of it, but for what the conflict queue says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from engine.services.identifying import keys_of
from engine.services.records import record
from engine.services.residents import resident, resident_conflict, resident_key
from engine.store.database import Database
from engine.store.migrations import migrate
from tests.services.people import groups, keys, links, owners, questions, said, take

IDENTITIES = ("220102199003078515", "220102198512120027", "22010419900101001X")
NAMES = ("测试患者甲", "测试患者乙", "无名氏", "")


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    opened = Database(f"sqlite:///{tmp_path_factory.mktemp('registry') / 'registry.db'}")
    migrate(opened)
    yield opened
    opened.close()


@st.composite
def papers(draw):
    """Draw documents of few people whose numbers, cards and names are mixed up as they may be."""
    size = draw(st.integers(2, 7))
    chosen = [
        said(
            f"R{n}",
            draw(st.sampled_from(("", *IDENTITIES))),
            card=draw(st.sampled_from(("", "", "JKK1", "JKK2"))),
            numbers=draw(st.sampled_from(((), ("outpatient^1",), ("inpatient^1", "outpatient^1"), ("outpatient^2",)))),
            resident_name=draw(st.sampled_from(NAMES)),
            gender=draw(st.sampled_from(("1", "2", "9"))),
            birth_date=draw(st.sampled_from(("19900307", "1990", ""))),
            institution=draw(st.sampled_from(("H1", "H2"))),
        )
        for n in range(size)
    ]
    return chosen, draw(st.permutations(chosen)), draw(st.integers(1, size))


@st.composite
def consistent(draw):
    """Draw documents of two people that never contradict, each with the identity number or, later, what it was told with."""
    found = []
    for person, identity in enumerate(IDENTITIES[:2]):
        for n in range(draw(st.integers(1, 4))):
            more = draw(st.sampled_from(({}, {"card": f"JKK{person}"}, {"numbers": [f"archive^{person}"]})))
            found.append(
                said(f"P{person}-{n}", identity, resident_name=f"测试患者{person}", birth_date="", gender=str(person + 1), **more)
            )
    return draw(st.permutations(found)), draw(st.integers(1, len(found)))


def register(registry, chosen, at_once):
    with registry.write() as connection:
        for table in (record, resident_conflict, resident_key, resident):
            connection.execute(delete(table))
    for start in range(0, len(chosen), at_once):
        take(registry, *chosen[start : start + at_once])


def by_shared_keys(chosen):
    """Give the groups of records that hang together by the keys they share."""
    found = []
    for one in chosen:
        mine, messages = set(keys_of(one)), {one.message}
        for other, theirs in [group for group in found if group[0] & mine]:
            found.remove((other, theirs))
            mine, messages = mine | other, messages | theirs
        found.append((mine, messages))
    return {frozenset(messages) for _, messages in found}


@settings(max_examples=120, deadline=None)
@given(papers())
def test_any_order_gives_the_same_people_but_for_the_questions(registry, drawn):
    chosen, shuffled, at_once = drawn
    wanted = by_shared_keys(chosen)
    for order in (chosen, shuffled):
        register(registry, order, at_once)
        assert groups(registry, with_questions=True) == wanted
        _check_invariants(registry, order)


def _check_invariants(registry, chosen):
    found, asked = owners(registry), questions(registry)
    identities = [whose for kind, whose in keys(registry) if kind == "identity"]
    assert len(identities) == len(set(identities)), "a resident has one identity number at most"
    strongest = {}
    for one in chosen:
        strongest.setdefault(keys_of(one)[0], set()).add(found[one.message])
    assert all(len(whose) == 1 for whose in strongest.values()), "one strongest key is one resident"
    pairs = {frozenset((row["resident"], row["other"])) for row in asked}
    assert len(pairs) == len(asked), "nothing is asked twice"
    for whose, claimed in links(registry).values():
        assert not claimed or frozenset((whose, claimed)) in pairs


@settings(max_examples=60, deadline=None)
@given(consistent())
def test_documents_that_do_not_contradict_leave_no_question_and_one_resident_each(registry, drawn):
    chosen, at_once = drawn
    register(registry, chosen, at_once)
    assert questions(registry) == []
    assert len(groups(registry, with_questions=False)) == 2
    assert all(len({message[:2] for message in group}) == 1 for group in groups(registry, with_questions=False))
