"""A table that is opened in a spreadsheet calculates nothing."""

import csv
import io

import pytest

from engine.csvfile import csv_bytes, guarded


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\n=1"])
def test_no_cell_begins_like_a_formula(value):
    assert guarded(value) == f"'{value}"


@pytest.mark.parametrize("value", ["", "0", "D-1", "C0002", "220**************29", "2026-03-02T12:00:00+08:00", "患者 = 无"])
def test_other_cells_stay_as_they_are(value):
    assert guarded(value) == value


def test_every_cell_of_a_file_is_guarded_the_headings_too():
    written = csv_bytes(["=A", "B"], [["@x", "患者,甲"], ['"q"', "1"]])
    assert written.startswith(b"\xef\xbb\xbf")
    assert b"\r\n" in written
    rows = list(csv.reader(io.StringIO(written.decode("utf-8-sig"), newline="")))
    assert rows == [["'=A", "B"], ["'@x", "患者,甲"], ['"q"', "1"]]
