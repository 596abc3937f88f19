"""A quiet hospital is served beside the crowd of a loud one: the measurement in short."""

from bench import crowd


def test_a_short_run_serves_both(capfd):
    assert crowd.main(connections=12, seconds=1.5) == 0
    told = capfd.readouterr().out
    assert told.count("quiet hospital") == 2
    assert "loud hospital" in told
    assert " 0 accepted" not in told
