"""Settings come from the file, then the environment, then flags, and every fault is told."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import get_args

import pytest

from engine.errors import ConfigError
from engine.services.userbook import ROLES
from engine.settings import FLAGS, SecondFactorRole, Settings, environment_name, load_settings


@pytest.fixture
def project(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config/engine.yaml").write_text("port: 9001\nlimits:\n  body: 40MiB\n", encoding="utf-8")
    return tmp_path


def test_the_file_beats_the_defaults(project):
    settings = load_settings({"project": project}, {})
    assert (settings.port, settings.limits.body, settings.monitor_port) == (9001, 40 << 20, 8081)


def test_the_environment_beats_the_file(project):
    assert load_settings({"project": project}, {"ENGINE_PORT": "9002"}).port == 9002


def test_a_flag_beats_the_environment(project):
    assert load_settings({"project": project, "port": "9003"}, {"ENGINE_PORT": "9002"}).port == 9003


def test_flags_that_do_not_fit_are_told_all_at_once(project):
    with pytest.raises(ConfigError) as told:
        load_settings({"project": project, "port": "x", "fronts": "0"}, {})
    assert [f.message.split(":")[0] for f in told.value.faults] == ["ENGINE_PORT / --port", "ENGINE_FRONTS / --fronts"]


def test_a_misspelt_key_is_told_with_the_nearest_word(project):
    (project / "config/engine.yaml").write_text("limits:\n  boddy: 1MiB\n", encoding="utf-8")
    with pytest.raises(ConfigError) as told:
        load_settings({"project": project}, {})
    assert 'did you mean "body"' in str(told.value)
    assert told.value.faults[0].line == 2


def test_sqlite_is_served_by_one_front_and_one_worker():
    with pytest.raises(ConfigError):
        load_settings({"fronts": "2"}, {})
    assert load_settings({"fronts": "2", "database": "postgresql://h/d"}, {}).fronts == 2


def test_every_flag_is_a_setting_with_its_environment_variable():
    assert set(FLAGS) <= set(Settings.model_fields)
    assert environment_name("monitor_port") == "ENGINE_MONITOR_PORT"


def test_secrets_lie_in_the_data_directory():
    assert load_settings({"data": Path("x")}, {}).secrets == Path("x/secrets")


def test_each_value_knows_where_it_comes_from(project):
    flags = {"project": project, "port": 9100}
    settings = load_settings(flags, {"ENGINE_HOST": "127.0.0.2"})
    assert (settings.origin("port"), settings.origin("host")) == ("flag", "environment")
    assert settings.origin("workers") == "default"
    (project / "config" / "engine.yaml").write_text("log-level: debug\nlimits:\n  body: 1MiB\n", encoding="utf-8")
    settings = pickle.loads(pickle.dumps(load_settings(flags, {})))  # noqa: S301 - a copy of our own, as processes are handed it
    assert (settings.origin("log-level"), settings.origin("limits.body"), settings.origin("limits.depth")) == (
        "file",
        "file",
        "default",
    )
    assert (settings.origin("port"), settings.origin("host")) == ("flag", "default")


@pytest.mark.parametrize(
    ("given", "roles"), [("none", []), ("auditor", ["auditor"]), ("engineer, auditor", ["engineer", "auditor"])]
)
def test_roles_that_need_a_second_factor_are_one_word_of_the_environment(project, given, roles):
    assert load_settings({"project": project}, {"ENGINE_SECOND_FACTOR": given}).second_factor == roles
    with pytest.raises(ConfigError):
        load_settings({"project": project}, {"ENGINE_SECOND_FACTOR": "king"})


def test_a_second_factor_may_be_required_of_every_role_there_is():
    assert set(get_args(SecondFactorRole)) == set(ROLES)


def test_nobody_needs_a_second_factor_unless_told_so():
    assert Settings().second_factor == []
