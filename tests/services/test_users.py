"""Users of the monitor sign in with a role, and guessing is slowed down."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from engine.services.audit import Audit
from engine.services.institutions import Institutions, NotDone
from engine.services.users import Users, first_administrator, monitor_session, monitor_user
from tests.support.seals import SEAL

SECRET = "correct-horse-1"


@pytest.fixture
def users(database):
    made = Users(database)
    made.add("li", "operator", SECRET)
    return made


def set_back(database, table, **values):
    with database.write() as connection:
        connection.execute(update(table).values(**values))


def test_a_right_password_opens_a_session_with_the_role(users):
    session = users.session(users.sign_in("li", SECRET))
    assert (session.user, session.role) == ("li", "operator")
    assert len(session.csrf) > 40
    assert session.expires > datetime.now(UTC) + timedelta(minutes=29)


def test_wrong_name_or_password_opens_nothing_and_takes_the_same_time(users):
    users.sign_in("nobody", SECRET)
    times = {}
    for name, password in (("li", "wrong-horse-12"), ("nobody", SECRET), ("不是名字", SECRET)):
        began = time.perf_counter()
        assert users.sign_in(name, password) is None
        times[name] = time.perf_counter() - began
    assert min(times.values()) > 0.01
    assert max(times.values()) < 5 * min(times.values()), times


def test_five_failures_lock_the_account_even_for_the_right_password(users, database):
    for number in range(5):
        assert users.sign_in("li", f"wrong-horse-{number}") is None
    assert users.sign_in("li", SECRET) is None
    set_back(database, monitor_user, locked_until=datetime.now(UTC))
    assert users.sign_in("li", SECRET) is not None


def test_tries_during_a_lock_do_not_lengthen_it(users, database):
    later = datetime.now(UTC) + timedelta(minutes=5)
    set_back(database, monitor_user, locked_until=later, failures=5)
    assert users.sign_in("li", "wrong-horse-12") is None
    with database.read() as connection:
        assert connection.execute(monitor_user.select()).one().locked_until == later


def test_a_session_ends_idle_by_age_by_sign_out_and_by_disabling(users, database):
    token = users.sign_in("li", SECRET)
    set_back(database, monitor_session, last_seen=datetime.now(UTC) - timedelta(minutes=31))
    assert users.session(token) is None
    token = users.sign_in("li", SECRET)
    set_back(database, monitor_session, expires=datetime.now(UTC))
    assert users.session(token) is None
    assert users.forget_ended() == 2
    token = users.sign_in("li", SECRET)
    users.sign_out(token)
    assert users.session(token) is None
    token = users.sign_in("li", SECRET)
    users.disable("li")
    assert users.session(token) is None
    assert users.sign_in("li", SECRET) is None


def test_using_a_session_keeps_it_alive(users, database):
    token = users.sign_in("li", SECRET)
    set_back(database, monitor_session, last_seen=datetime.now(UTC) - timedelta(minutes=20))
    users.session(token)
    assert users.session(token).expires > datetime.now(UTC) + timedelta(minutes=29)


def test_a_token_is_kept_only_as_its_hash(users, database):
    token = users.sign_in("li", SECRET)
    with database.read() as connection:
        assert token not in str(connection.execute(monitor_session.select()).all())
    assert users.session("no-such-token") is None


def test_a_new_password_ends_sessions_and_the_old_password(users):
    token = users.sign_in("li", SECRET)
    made = users.change_password("li")
    assert users.session(token) is None
    assert users.sign_in("li", SECRET) is None
    assert users.sign_in("li", made) is not None


def test_names_roles_and_doubles_are_checked(users):
    for name, role, words in (("li", "viewer", "exists"), ("a b", "viewer", "1 to 32"), ("wang", "boss", "viewer, operator")):
        with pytest.raises(NotDone, match=words):
            users.add(name, role, SECRET)
    assert [user.name for user in users.list()] == ["li"]


def test_every_sign_in_is_audited(users, database):
    users.sign_in("li", SECRET, peer="192.0.2.9")
    users.sign_in("li", "wrong-horse-12", peer="192.0.2.9")
    with database.read() as connection:
        found = {(row.verdict, row.reason, row.actor) for row in Audit().rows(connection)}
    assert {("admitted", "sign-in", "li"), ("refused", "sign-in", "li"), ("changed", "user add", "command-line")} <= found


def test_the_first_administrator_is_made_once_also_by_processes_that_start_together(database):
    with ThreadPoolExecutor(4) as pool:
        made = [one for one in pool.map(lambda _: first_administrator(database), range(4)) if one]
    assert len(made) == 1
    assert Users(database).session(Users(database).sign_in("admin", made[0])).role == "administrator"
    assert first_administrator(database) is None


def test_an_account_of_an_institution_is_bound_to_a_registered_one(users, database):
    with pytest.raises(NotDone, match="no institution H9"):
        users.add("h9", "institution", SECRET, bound_to="H9")
    for role, code in (("institution", ""), ("viewer", "H1")):
        with pytest.raises(NotDone, match="is bound to"):
            users.add("h1", role, SECRET, bound_to=code)
    Institutions(database, SEAL).add("H1", "测试医院")
    users.add("h1", "institution", SECRET, bound_to="H1")
    session = users.session(users.sign_in("h1", SECRET))
    assert (session.role, session.institution) == ("institution", "H1")


def test_one_changes_the_own_password_by_the_one_before_and_keeps_one_fresh_session(users):
    token, other = users.sign_in("li", SECRET), users.sign_in("li", SECRET)
    assert users.change_own_password(token, "wrong-horse-12", "another-horse-2") is None
    with pytest.raises(NotDone, match="present one"):
        users.change_own_password(token, SECRET, SECRET)
    with pytest.raises(NotDone, match="at least"):
        users.change_own_password(token, SECRET, "short")
    fresh = users.change_own_password(token, SECRET, "another-horse-2")
    assert users.session(fresh).user == "li"
    assert users.session(token) is None
    assert users.session(other) is None
    assert users.sign_in("li", SECRET) is None


def test_sessions_are_listed_and_ended_by_their_owner_only(users):
    users.add("wang", "viewer", SECRET)
    tokens = [users.sign_in("li", SECRET, peer=f"192.0.2.{number}") for number in range(2)]
    handle = users.session(tokens[0]).handle
    assert {one.peer for one in users.sessions("li")} == {"192.0.2.0", "192.0.2.1"}
    assert not users.end_session("wang", handle, actor="wang")
    assert users.end_session("li", handle, actor="li")
    assert users.session(tokens[0]) is None
    assert [one.peer for one in users.sessions("li")] == ["192.0.2.1"]


def test_the_last_administrator_is_not_shut_out_and_whoever_was_is_let_in_again(users):
    users.add("zhao", "administrator", SECRET)
    with pytest.raises(NotDone, match="last administrator"):
        users.disable("zhao")
    users.disable("li")
    users.enable("li")
    assert users.sign_in("li", SECRET) is not None
