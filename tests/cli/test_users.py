"""The commands about users of the monitor add, list, shut out and let in, give passwords, and take lost second factors away."""

from contextlib import closing

import pyotp
import pytest
from click.testing import CliRunner

from engine.app.cellar import open_database, open_seal
from engine.cli.entry import all_commands, settings_of
from engine.services.secondfactor import SecondFactors
from engine.services.users import Users


@pytest.fixture
def run(tmp_path):
    def run(*words, given=None):
        return CliRunner().invoke(all_commands(), [*words, "--data", str(tmp_path)], input=given)

    return run


def test_a_user_is_added_listed_shut_out_let_in_and_renewed(run):
    assert run("user", "add", "zhao", "--role", "administrator").exit_code == 0
    assert "password " in run("user", "add", "li", "--role", "auditor").output
    listed = run("user", "list").output.splitlines()
    assert [line.split() for line in listed] == [["li", "auditor"], ["zhao", "administrator"]]
    assert run("user", "disable", "li").output == "user li disabled\n"
    assert "disabled" in run("user", "list").output
    assert run("user", "enable", "li").output == "user li enabled\n"
    given = run("user", "password", "li", "--password-stdin", given="chosen-by-hand-1\n")
    assert given.output == "user li has a new password\n"
    refused = run("user", "disable", "zhao")
    assert (refused.exit_code, "last administrator" in refused.output) == (1, True)


def test_a_user_has_a_role_or_an_institution(run):
    run("institution", "add", "H1", "--name", "测试医院")
    assert run("user", "add", "h1", "--institution", "H1").exit_code == 0
    assert run("user", "list").output.split() == ["h1", "institution", "H1"]
    for words in ((), ("--role", "viewer", "--institution", "H1"), ("--institution", "H9")):
        assert run("user", "add", "h2", *words).exit_code != 0


def test_a_lost_second_factor_is_taken_away(run, tmp_path):
    run("user", "add", "li", "--role", "administrator", "--password-stdin", given="chosen-by-hand-1\n")
    settings = settings_of(data=tmp_path)
    with closing(open_database(settings)) as database:
        users, factors = Users(database), SecondFactors(database, open_seal(database, settings))
        token = users.sign_in("li", "chosen-by-hand-1")
        assert factors.confirm(token, pyotp.TOTP(factors.begin(token).secret).now())
    assert "second-factor" in run("user", "list").output
    assert run("user", "reset-second-factor", "li").exit_code == 0
    assert "second-factor" not in run("user", "list").output
    assert run("user", "reset-second-factor", "nobody").exit_code == 1
