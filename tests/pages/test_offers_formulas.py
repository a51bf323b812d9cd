"""A file of strangers' text: whichever delimiter a spreadsheet splits it at, no cell begins as a formula does."""

import csv
import io

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards import offers

DELIMITERS = (",", ";", "\t")
NASTY = st.text(st.sampled_from("=+-@;,\t\r\n\v\f\u2028\x00\x1f \"'a1|"), max_size=12)


def read(text: str, delimiter: str) -> list[str]:
    return [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) for cell in row]


def formulas(text: str) -> list[str]:
    """Return the cells that begin as a formula does, blanks and quotes aside, and are no number."""
    bare = [cell.strip(' "\t\r\n\v\f\u2028\x00\x1f') for each in DELIMITERS for cell in read(text, each)]
    return [cell for cell in bare if cell.startswith(("=", "+", "-", "@")) and cell != "-5"]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("550 x;=1+2", "550 x;'=1+2"),
        ("ok\n=1+1", "ok\n'=1+1"),
        ("ok\r\n@SUM(A1)", "ok\r\n'@SUM(A1)"),
        ("a,-1+cmd", "a,'-1+cmd"),
        ('a; "=1+2"', 'a; "\'=1+2"'),
        ('"=1"', '"\'=1"'),
        ("a\t+1", "a\t'+1"),
        (" =1", " '=1"),
        ("\t=1", "'\t'=1"),
        ("550 5.7.1 a-b a=b x@y.example", "550 5.7.1 a-b a=b x@y.example"),
        (["anna", "=1"], "anna; '=1"),
    ],
)
def test_what_begins_a_cell_anywhere_is_defused(said: object, kept: str) -> None:
    text = offers.as_csv(pd.DataFrame({"n": [5], "said": [said]}))
    assert read(text, ",") == ["n", "said", "5", kept]
    assert not formulas(text)
    assert not formulas(offers.as_csv(pd.DataFrame({"who": ["anna"], "n": [-5], "said": [said]})))


@pytest.mark.parametrize("first", [-5, -5.25, float("-inf"), pd.Timedelta(hours=-1)])
def test_a_row_that_a_negative_number_would_begin_is_no_formula_where_it_is_not_split_at_commas(first: object) -> None:
    """Where commas are decimal, -5,5+cmd|' /C calc'!A0 is a formula that runs a program."""
    text = offers.as_csv(pd.DataFrame({"n": [first, first], "said": ["x", "5+cmd|' /C calc'!A0"]}, dtype=object))
    told = str(first)
    assert read(text, ",") == ["row", "n", "said", "1", told, "x", "2", told, "5+cmd|' /C calc'!A0"]
    rows = [row[0] for each in (";", "\t") for row in csv.reader(io.StringIO(text, newline=""), delimiter=each)]
    assert [row[0] for row in rows] == ["r", "1", "2"] * 2


def test_a_file_without_a_negative_number_in_front_has_its_own_columns_alone() -> None:
    for frame in (pd.DataFrame({"n": [5, 0], "m": [-1, 2]}), pd.DataFrame({"n": []}), pd.DataFrame()):
        assert read(offers.as_csv(frame), ",")[: len(frame.columns)] == list(frame.columns)


@settings(deadline=None)
@given(st.lists(st.tuples(NASTY, NASTY), min_size=1, max_size=4), NASTY)
def test_no_text_begins_a_cell_as_a_formula(rows: list[tuple[str, str]], name: str) -> None:
    frame = pd.DataFrame(rows, columns=["who", name]).assign(n=-5)
    text = offers.as_csv(frame[["who", "n", name]] if name not in {"who", "n"} else frame)
    assert not formulas(text)
    assert read(text, ",").count("-5") >= len(rows), "a number stays one"
    assert not formulas(offers.as_csv(frame[["n", "who"]]))
