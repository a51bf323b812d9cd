"""A file of strangers' text: whichever delimiter a spreadsheet splits it at, no cell begins as a formula does."""

import csv
import io

import pandas as pd
import pytest
from hypothesis import given
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
    text = offers.as_csv(pd.DataFrame({"n": [-5], "said": [said]}))
    assert read(text, ",") == ["n", "said", "-5", kept]
    assert not formulas(offers.as_csv(pd.DataFrame({"who": ["anna"], "n": [-5], "said": [said]})))


@given(st.lists(st.tuples(NASTY, NASTY), min_size=1, max_size=4), NASTY)
def test_no_text_begins_a_cell_as_a_formula(rows: list[tuple[str, str]], name: str) -> None:
    frame = pd.DataFrame(rows, columns=["who", name]).assign(n=-5)
    text = offers.as_csv(frame[["who", "n", name]] if name not in {"who", "n"} else frame)
    assert not formulas(text)
    assert read(text, ",").count("-5") >= len(rows), "a number stays one"
