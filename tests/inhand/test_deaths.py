"""A document that was in hand at three deaths is walked no more, until its deaths are cleared."""

from engine.inhand.deaths import TOO_MANY, Deaths

ONE, OTHER = b"a" * 32, b"b" * 32


def test_the_third_death_holds_a_document_in_every_process(tmp_path):
    supervisor, front = Deaths(tmp_path), Deaths(tmp_path)
    for number in range(1, TOO_MANY):
        assert supervisor.note(ONE, "front-1", "walked too long") == number
        assert not front.holds(ONE)
    assert supervisor.note(ONE, "front-2", "exit -11") == TOO_MANY
    assert front.holds(ONE)
    assert not front.holds(OTHER)


def test_clearing_lets_it_be_walked_again_and_its_deaths_count_anew(tmp_path):
    supervisor, front = Deaths(tmp_path), Deaths(tmp_path)
    for _ in range(TOO_MANY):
        supervisor.note(ONE, "front-1", "silent")
    assert front.holds(ONE)
    Deaths(tmp_path).clear(ONE)
    assert not front.holds(ONE)
    assert supervisor.note(ONE, "front-1", "silent") == 1
    Deaths(tmp_path).clear(OTHER)


def test_each_death_stands_on_its_line_for_a_person_to_read(tmp_path):
    Deaths(tmp_path).note(ONE, "front-1", "walked too long")
    (line,) = (tmp_path / "deaths" / ONE.hex()).read_text(encoding="utf-8").splitlines()
    assert line.endswith("Z front-1 walked too long")
