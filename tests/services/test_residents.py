"""The population registry knows each person once, merges nobody by guess, and asks a person when documents contradict."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from engine.services.conflicts import settle_conflict
from engine.services.identifying import Key, Person, contradictions, identity_form, joined, keys_of
from engine.services.residents import conflicts, conflicts_of, find_resident, one_person
from tests.services.people import LI, WANG, WRITTEN, groups, keys, links, owners, questions, residents, said, take
from tests.support.seals import SEAL

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def settle(database, row, verdict):
    with database.write() as connection:
        return settle_conflict(connection, SEAL, row["resident"], row["other"], verdict, by="admin", reason="电话核实", at=NOW)


def test_one_identity_number_is_one_resident_across_hospitals(database):
    take(database, said("R1", LI), said("R2", LI, institution="H2"))
    take(
        database,
        said("R3", LI, institution="H3"),
        said("R4", WANG, resident_name="测试患者乙", gender="2", birth_date="19851212"),
    )
    assert groups(database, with_questions=False) == {frozenset({"R1", "R2", "R3"}), frozenset({"R4"})}
    assert questions(database) == []


@pytest.mark.parametrize("number", ["22010419900101001x", "２２０１０４１９９００１０１００１Ｘ", " 220104 19900101 001X "])
def test_an_identity_number_is_one_however_it_is_written(database, number):
    take(database, said("R1", "22010419900101001X"))
    take(database, said("R2", number))
    with database.read() as connection:
        assert find_resident(connection, SEAL, Key("identity", identity_form(number))).resident_id == "22010419900101001X"
    assert len(residents(database)) == 1


def test_permits_and_passports_are_identity_numbers_too(database):
    take(database, *(said(f"R{n}", number) for n, number in enumerate(["810000199001010017", "E12345678", "922840199001010013"])))
    assert len(residents(database)) == 3


def test_a_card_then_a_local_number_stand_in_for_the_identity_number(database):
    take(database, said("R1", LI, card="JKK1", numbers=["archive^B1"]))
    take(
        database,
        said("R2", card="JKK1"),
        said("R3", numbers=["archive^B1"]),
        said("R4", numbers=["archive^B1"], institution="H2"),
    )
    assert groups(database, with_questions=False) == {frozenset({"R1", "R2", "R3"}), frozenset({"R4"})}


def test_who_was_known_by_a_local_number_gets_the_identity_number_when_it_is_told(database):
    take(database, said("R1", numbers=["outpatient^5"]))
    take(database, said("R2", LI, numbers=["outpatient^5"]), said("R3", LI, institution="H2"))
    assert groups(database, with_questions=False) == {frozenset({"R1", "R2", "R3"})}
    with database.read() as connection:
        found = find_resident(connection, SEAL, Key("identity", LI))
    assert (found.resident_id, found.resident_name) == (LI, "测试患者甲")


def test_the_same_number_of_another_kind_is_another_number(database):
    take(database, said("R1", numbers=["outpatient^5"]), said("R2", numbers=["inpatient^5"]))
    assert len(residents(database)) == 2


def test_unknown_patients_are_never_merged_with_one_another(database):
    stop_gap = "220100190001010018"
    unknown = {"resident_name": "无名氏", "birth_date": "", "gender": "0"}
    take(database, *(said(f"R{n}", stop_gap, card="JKK0", **unknown) for n in range(3)))
    take(database, said("R3", numbers=["inpatient^Z1"], **unknown), said("R4", numbers=["inpatient^Z2"], **unknown))
    assert len(residents(database)) == 5
    take(database, said("R5", LI, numbers=["inpatient^Z1"]))
    assert groups(database, with_questions=True) >= {frozenset({"R3", "R5"}), frozenset({"R4"})}
    with database.read() as connection:
        assert find_resident(connection, SEAL, Key("identity", LI)).resident_name == "测试患者甲"


@pytest.mark.parametrize(
    "number", ["无", "不详", "0", "000000000000000000", "111111111111111111", "123456789012345678", "-", "123"]
)
def test_a_stop_gap_is_nobodys_number(database, number):
    assert identity_form(number) == ""
    take(database, said("R1", number), said("R2", number))
    assert len(residents(database)) == 2


def test_newborns_are_not_their_mother_and_not_each_other(database):
    mother = {"resident_name": "测试患者乙", "gender": "2", "birth_date": "19851212"}
    child = {"birth_date": "20260227", "numbers": ["inpatient^Z9"], "card": "JKK9"}
    take(database, said("M1", WANG, card="JKK9", numbers=["inpatient^Z9"], **mother))
    take(database, said("A1", WANG, resident_name="测试患者乙之长女", gender="2", **child))
    take(database, said("B1", WANG, resident_name="测试患者乙之次女", gender="2", **child))
    take(database, said("A2", WANG, resident_name="测试患者乙之长女", gender="2", **child))
    assert groups(database, with_questions=True) == {frozenset({"M1"}), frozenset({"A1", "A2"}), frozenset({"B1"})}


def test_newborns_without_any_number_stay_apart(database):
    child = {"resident_name": "新生儿", "birth_date": "20260227"}
    take(database, said("A1", **child), said("B1", **child))
    assert len(residents(database)) == 2


def test_a_newborn_with_an_identity_number_of_its_own_keeps_it_when_it_gets_a_name(database):
    own = "220102202602275018"
    take(database, said("R1", own, resident_name="测试患者乙之子", birth_date="20260227"))
    take(database, said("R2", own, resident_name="测试患者丙", birth_date="20260227", written=WRITTEN + timedelta(days=300)))
    assert (len(residents(database)), questions(database)) == (1, [])
    with database.read() as connection:
        assert find_resident(connection, SEAL, Key("identity", own)).resident_name == "测试患者丙"


@pytest.mark.parametrize(("change", "reason"), [
    ({"resident_name": "测试患者乙"}, "name"), ({"gender": "2"}, "gender"), ({"birth_date": "19900308"}, "birth"),
])  # fmt: skip
def test_a_contradiction_is_queued_and_the_document_linked_by_its_strongest_key(database, change, reason):
    take(database, said("R1", LI))
    take(database, said("R2", LI, **change))
    take(database, said("R3", LI, **change), said("R4", LI))
    (question,) = questions(database)
    assert (question["reasons"], question["message"], question["state"]) == (reason, "R2", "open")
    assert set(owners(database).values()) == {question["resident"]}
    assert {message: claimed != "" for message, (_, claimed) in links(database).items()} == {
        "R1": False, "R2": True, "R3": True, "R4": False,
    }  # fmt: skip


def test_what_is_not_said_contradicts_nothing_and_is_completed(database):
    take(database, said("R1", LI, resident_name="", gender="9", birth_date="1990"))
    take(database, said("R2", LI))
    take(database, said("R3", LI, gender="0", birth_date=""), said("R4", LI, resident_name="测试患者 甲"))
    assert questions(database) == []
    with database.read() as connection:
        found = find_resident(connection, SEAL, Key("identity", LI))
    assert (found.resident_name, found.gender, found.birth_date) == ("测试患者甲", "1", "19900307")


def test_two_keys_that_point_at_two_residents_are_queued(database):
    take(
        database,
        said("R1", LI, card="JKK1"),
        said("R2", WANG, card="JKK2", resident_name="测试患者乙", gender="2", birth_date=""),
    )
    take(database, said("R3", LI, card="JKK2"))
    (question,) = questions(database)
    assert question["reasons"] == "keys"
    assert owners(database)["R3"] == owners(database)["R1"]
    assert links(database)["R3"][1] == owners(database)["R2"]
    take(database, said("R4", LI, card="JKK2"))
    assert len(questions(database)) == 1


def test_a_new_identity_number_takes_over_no_card_of_another_identity_number(database):
    take(database, said("R1", LI, card="JKK1"))
    take(database, said("R2", WANG, card="JKK1"))
    assert owners(database)["R1"] != owners(database)["R2"]
    assert [q["reasons"] for q in questions(database)] == ["keys"]


def test_a_local_number_that_was_given_to_another_person_does_not_spread(database):
    take(database, said("R1", LI, numbers=["outpatient^5"]))
    take(database, said("R2", WANG, numbers=["outpatient^5"], resident_name="测试患者乙", gender="2", birth_date="19851212"))
    assert owners(database)["R1"] != owners(database)["R2"]
    assert len(questions(database)) == 1


def test_settled_as_different_the_records_go_to_the_other_and_later_ones_too(database):
    take(database, said("R1", LI), said("R2", LI, resident_name="测试患者乙", numbers=["outpatient^7"]))
    (question,) = questions(database)
    assert settle(database, question, "different")
    assert not settle(database, question, "same")
    take(
        database,
        said("R3", LI, resident_name="测试患者乙"),
        said("R4", LI),
        said("R5", resident_name="测试患者乙", numbers=["outpatient^7"]),
    )
    found = owners(database)
    assert found["R1"] == found["R4"] == question["resident"]
    assert found["R2"] == found["R3"] == found["R5"] == question["other"]
    assert {claimed for _, claimed in links(database).values()} == {""}
    assert len(questions(database)) == 1


def test_settled_as_the_same_both_are_one_person_and_nothing_is_asked_again(database):
    take(database, said("R1", LI), said("R2", LI, resident_name="测试患者假", numbers=["outpatient^7"]))
    (question,) = questions(database)
    assert settle(database, question, "same")
    take(database, said("R3", LI, resident_name="测试患者假"), said("R4", numbers=["outpatient^7"], resident_name="测试患者假"))
    assert len(questions(database)) == 1
    with database.read() as connection:
        assert set(one_person(connection, question["other"])) == {question["resident"], question["other"]}
        found = find_resident(connection, SEAL, Key("local", "H1 outpatient^7"))
        (told,) = conflicts_of(connection, [question["other"]])
    assert found.number == question["resident"]
    assert (told.state, told.verdict, told.settled_by, told.settled_reason, told.settled) == (
        "settled",
        "same",
        "admin",
        "电话核实",
        NOW,
    )
    assert {claimed for _, claimed in links(database).values()} == {""}


def test_two_residents_settled_as_different_are_not_asked_about_again(database):
    take(database, said("R1", LI, card="JKK1"), said("R2", WANG, card="JKK1", resident_name="测试患者乙"))
    assert settle(database, questions(database)[0], "different")
    take(database, said("R3", WANG, card="JKK1", resident_name="测试患者乙"))
    assert [q["state"] for q in questions(database)] == ["settled"]
    assert links(database)["R3"] == (owners(database)["R2"], "")


def test_who_settles_says_who_and_why(database):
    take(database, said("R1", LI), said("R2", LI, gender="2"))
    (question,) = questions(database)
    with database.write() as connection, pytest.raises(ValueError, match="name and a reason"):
        settle_conflict(connection, SEAL, question["resident"], question["other"], "same", by="admin", reason=" ", at=NOW)


def test_open_conflicts_are_listed_page_by_page_the_oldest_first(database):
    for n in range(5):
        take(database, said(f"A{n}", f"22010219900307{n:04}"), said(f"B{n}", f"22010219900307{n:04}", gender="2"))
    with database.read() as connection:
        first = conflicts(connection, limit=3)
        rest = conflicts(connection, limit=3, after=(first[-1].raised, first[-1].resident, first[-1].other))
    assert [one.message for one in first + rest] == ["B0", "B1", "B2", "B3", "B4"]


def test_taking_a_message_again_changes_neither_residents_nor_questions(database):
    papers = [said("R1", LI), said("R2", LI, gender="2"), said("R3"), said("R4", numbers=["archive^1"])]
    take(database, *papers)
    before = (links(database), questions(database), keys(database))
    take(database, *papers)
    assert (links(database), questions(database), keys(database)) == before


def test_two_processes_that_take_in_one_new_person_make_one_resident(database, other):
    rounds, start = 12, threading.Barrier(2)
    failed = []

    def send(store, name):
        for n in range(rounds):
            papers = [said(f"{name}{n}-{k}", f"2201021990{n:04}{k:04}", card=f"K{n}-{k}") for k in range(6)]
            start.wait()
            try:
                take(store, *(papers if name == "A" else reversed(papers)))
            except Exception as problem:  # noqa: BLE001 - told below
                failed.append(problem)

    threads = [threading.Thread(target=send, args=(store, name)) for store, name in ((database, "A"), (other, "B"))]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failed == []
    assert len(residents(database)) == rounds * 6
    found = owners(database)
    assert all(found[f"A{n}-{k}"] == found[f"B{n}-{k}"] for n in range(rounds) for k in range(6))
    assert set(residents(database)) == {whose for _, whose in keys(database)}


def test_two_processes_that_give_one_resident_two_identity_numbers_make_two(database, other):
    for n in range(8):
        take(database, said(f"C{n}", card=f"K{n}"))
    start = threading.Barrier(2)

    def send(store, name, number):
        for n in range(8):
            start.wait()
            take(store, said(f"{name}{n}", f"{number}{n:04}", card=f"K{n}"))

    threads = [
        threading.Thread(target=send, args=(store, name, number))
        for store, name, number in ((database, "A", "22010219900307"), (other, "B", "22010219900308"))
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    found = owners(database)
    for n in range(8):
        assert found[f"A{n}"] != found[f"B{n}"]
        assert found[f"C{n}"] in (found[f"A{n}"], found[f"B{n}"])
    assert len(questions(database)) == 8


def test_a_description_is_completed_only_by_what_is_better():
    known = Person("无名氏", "9", "1990")
    assert joined(known, Person("测试患者甲", "1", "19900307")) == Person("测试患者甲", "1", "19900307")
    assert joined(Person("测试患者甲", "1", "19900307"), Person("无名氏", "", "")) == Person("测试患者甲", "1", "19900307")
    assert contradictions(Person("艾合买提·测试", "1", ""), Person("艾合买提•测试", "1", "")) == ()


def test_a_document_that_says_nothing_of_a_person_is_its_own_key():
    assert keys_of(said("R1", resident_name="")) == (Key("document", "R1"),)
