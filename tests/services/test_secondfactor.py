"""A second factor is set up with a code, asked for at each sign-in, and no code is taken twice."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from sqlalchemy import update

from engine.services.audit import Audit
from engine.services.institutions import NotDone
from engine.services.secondfactor import RECOVERY_CODES, SecondFactors
from engine.services.userbook import monitor_recovery, monitor_user
from engine.services.users import Users
from tests.support.seals import SEAL

SECRET = "correct-horse-1"


class Clock:
    def __init__(self):
        self.now = float(int(time.time()))

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def users(database):
    made = Users(database, second_factor=("administrator",))
    made.add("li", "administrator", SECRET)
    made.add("wang", "viewer", SECRET)
    return made


@pytest.fixture
def factors(database, clock):
    return SecondFactors(database, SEAL, clock=clock)


@pytest.fixture
def enrolled(users, factors, clock):
    """Set up the second factor of li; gives its generator and what was told."""
    token = users.sign_in("li", SECRET)
    totp = pyotp.TOTP(factors.begin(token).secret)
    done = factors.confirm(token, totp.at(clock.now))
    clock.now += 30
    return totp, done


def test_a_role_that_needs_a_second_factor_can_do_nothing_before_it_has_one(users):
    assert users.session(users.sign_in("li", SECRET)).stage == "enrol"
    assert users.session(users.sign_in("wang", SECRET)).stage == "in"


def test_setting_up_shows_the_same_secret_until_a_code_confirms_it(users, factors, clock):
    token, other = users.sign_in("li", SECRET), users.sign_in("li", SECRET)
    enrolment = factors.begin(token)
    assert factors.begin(token).secret == enrolment.secret
    assert enrolment.address.startswith("otpauth://totp/Changbai:li?secret=")
    assert factors.confirm(token, "000000") is None
    done = factors.confirm(token, pyotp.TOTP(enrolment.secret).at(clock.now))
    assert users.session(done.token).stage == "in"
    assert users.session(token) is None
    assert users.session(other) is None
    assert len(set(done.recovery)) == RECOVERY_CODES
    assert factors.begin(done.token) is None


def test_the_secret_is_kept_sealed_and_recovery_codes_as_keyed_hashes(enrolled, database):
    totp, done = enrolled
    with database.read() as connection:
        kept = str(connection.execute(monitor_user.select()).all()) + str(connection.execute(monitor_recovery.select()).all())
    assert totp.secret not in kept
    assert not [code for code in done.recovery if code in kept]


def test_each_sign_in_asks_for_a_code_and_a_right_one_changes_the_session(enrolled, users, factors, clock):
    token = users.sign_in("li", SECRET)
    assert users.session(token).stage == "code"
    proven = factors.prove(token, enrolled[0].at(clock.now))
    assert users.session(proven).stage == "in"
    assert users.session(token) is None


def test_a_code_is_never_taken_twice_nor_an_earlier_one_after_it(enrolled, users, factors, clock):
    code, earlier = enrolled[0].at(clock.now), enrolled[0].at(clock.now - 30)
    assert factors.prove(users.sign_in("li", SECRET), code) is not None
    for used in (code, earlier):
        assert factors.prove(users.sign_in("li", SECRET), used) is None


def test_of_two_who_show_the_same_code_at_once_one_is_let_in(enrolled, users, factors, clock):
    tokens, code = [users.sign_in("li", SECRET) for _ in range(4)], enrolled[0].at(clock.now)
    with ThreadPoolExecutor(4) as pool:
        assert len([one for one in pool.map(lambda token: factors.prove(token, code), tokens) if one]) == 1


def test_the_code_that_set_it_up_opens_nothing_more(users, factors, clock):
    token = users.sign_in("li", SECRET)
    code = pyotp.TOTP(factors.begin(token).secret).at(clock.now)
    factors.confirm(token, code)
    assert factors.prove(users.sign_in("li", SECRET), code) is None


def test_clocks_may_differ_by_half_a_minute_and_no_more(enrolled, users, factors, clock):
    clock.now += 300
    for apart in (-60, 60):
        assert factors.prove(users.sign_in("li", SECRET), enrolled[0].at(clock.now + apart)) is None
    for apart in (-30, 30):
        assert factors.prove(users.sign_in("li", SECRET), enrolled[0].at(clock.now + apart)) is not None


def test_wrong_codes_lock_even_for_the_right_one_and_a_right_password_unlocks_nothing(enrolled, users, factors, clock, database):
    token = users.sign_in("li", SECRET)
    for number in range(5):
        assert factors.prove(token, f"00000{number}") is None
        assert users.sign_in("li", SECRET) is not None
    assert factors.prove(token, enrolled[0].at(clock.now)) is None
    assert factors.prove(token, enrolled[1].recovery[0]) is None
    with database.write() as connection:
        connection.execute(update(monitor_user).values(code_locked_until=datetime.now(UTC) - timedelta(seconds=1)))
    assert factors.prove(token, enrolled[0].at(clock.now)) is not None


def test_a_recovery_code_opens_once_however_it_is_written(enrolled, users, factors):
    code = enrolled[1].recovery[3]
    assert factors.prove(users.sign_in("li", SECRET), f" {code.lower().replace('-', ' ')} ") is not None
    assert factors.prove(users.sign_in("li", SECRET), code) is None
    assert factors.codes_left("li") == RECOVERY_CODES - 1


def test_new_recovery_codes_end_the_ones_before(enrolled, users, factors, clock):
    assert factors.renew_codes(enrolled[1].token, "000000") is None
    fresh = factors.renew_codes(enrolled[1].token, enrolled[0].at(clock.now))
    assert factors.prove(users.sign_in("li", SECRET), enrolled[1].recovery[0]) is None
    assert factors.prove(users.sign_in("li", SECRET), fresh[0]) is not None


@pytest.mark.parametrize("code", ["", " ", "-", "１２３４５６", "\ud800", "x" * 2000])
def test_what_is_no_code_opens_nothing(enrolled, users, factors, code):
    assert factors.prove(users.sign_in("li", SECRET), code) is None


def test_an_administrator_takes_a_lost_second_factor_away(enrolled, users, factors):
    factors.reset("li", actor="zhao")
    assert users.session(enrolled[1].token) is None
    assert users.session(users.sign_in("li", SECRET)).stage == "enrol"
    with pytest.raises(NotDone, match="no user"):
        factors.reset("nobody")


def test_every_code_is_audited(enrolled, users, factors, clock, database):
    factors.prove(users.sign_in("li", SECRET), "000000", peer="192.0.2.9")
    factors.prove(users.sign_in("li", SECRET), enrolled[0].at(clock.now), peer="192.0.2.9")
    with database.read() as connection:
        found = {(row.verdict, row.reason, row.actor) for row in Audit().rows(connection)}
    wanted = {("refused", "second-factor", "li"), ("admitted", "second-factor", "li"), ("changed", "user second-factor", "li")}
    assert wanted <= found
