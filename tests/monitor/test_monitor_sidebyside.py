"""Lay texts side by side with what differs marked, within bounds."""

import time

from engine.monitor.sidebyside import COMPARED, LONGEST, SHOWN, alone, side_by_side


def kinds(sheet):
    return [row.kind for row in sheet.rows]


def shown(pieces):
    return "".join(f"[{piece.text}]" if piece.marked else piece.text for piece in pieces)


def test_only_what_differs_is_shown_with_three_lines_around_it():
    before = [f"line {n}" for n in range(40)]
    after = [*before[:20], "line twenty", *before[21:]]
    sheet = side_by_side("\n".join(before), "\n".join(after))
    assert kinds(sheet) == ["gap", *["same"] * 3, "changed", *["same"] * 3, "gap"]
    row = sheet.rows[4]
    assert (row.left, row.right, shown(row.before), shown(row.after)) == (21, 21, "line [20]", "line [twenty]")
    assert sheet.differences == 1


def test_lines_that_one_side_has_alone_stand_alone():
    sheet = side_by_side("a\nb\nc", "a\nc\nd")
    assert [(row.kind, row.left, row.right) for row in sheet.rows] == [
        ("same", 1, 1),
        ("gone", 2, 0),
        ("same", 3, 2),
        ("new", 0, 3),
    ]
    assert shown(sheet.rows[1].before) == "[b]"
    assert shown(sheet.rows[3].after) == "[d]"


def test_equal_texts_have_no_rows():
    assert side_by_side("a\r\nb", "a\nb").rows == ()


def test_a_document_without_line_breaks_is_broken_at_its_tags_for_the_eye():
    long = "<a>" + "".join(f"<b>{n}</b>" for n in range(400)) + "</a>"
    sheet = side_by_side(long, long.replace("<b>7</b>", "<b>x</b>"))
    assert not sheet.numbered
    assert sheet.differences == 1
    assert [shown(row.before) for row in sheet.rows if row.kind == "changed"] == ["<b>[7]</b>"]
    assert not alone(long, [1]).rows[0].at_fault


def test_long_texts_are_cut_and_not_compared():
    sheet = side_by_side("x\n" * (COMPARED + 1), "y")
    assert (sheet.compared, sheet.cut, len(sheet.rows)) == (False, True, SHOWN)
    assert alone("x\n" * (SHOWN + 5)).cut
    (row,) = alone("x" * (LONGEST + 50)).rows
    assert shown(row.before) == "x" * LONGEST + "…"


def test_the_worst_texts_are_compared_in_time():
    before, after = "\n".join(f"<v>{n % 7}</v>" for n in range(COMPARED)), "\n".join(f"<v>{n % 5}</v>" for n in range(COMPARED))
    began = time.process_time()
    side_by_side(before, after)
    assert time.process_time() - began < 2


def test_marks_that_turn_the_direction_of_writing_are_shown_as_such():
    assert shown(alone("a\u202eb\tc").rows[0].before) == "a�b c"


def test_lines_at_fault_are_marked():
    assert [row.at_fault for row in alone("a\nb\nc", [2, 0]).rows] == [False, True, False]
