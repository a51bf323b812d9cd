"""Patterns of one's own: one that many parts of could share a text is refused, and a suggested one is none of these."""

import tomllib

import pytest

from schemas.pattern_cost import steps
from schemas.reply_settings import bounded, suggested
from schemas.settings import parse


@pytest.mark.parametrize(
    ("pattern", "most"),
    [
        ("abc", 3),
        (r"Odd \d{1,20}\.\d{1,20}\.\d{1,20}Q", 100),
        (r"[^\s.]{1,20}\.[^\s.]{1,20}\.[^\s.]{1,20}b", 100),
        ("(?:blocked|denied|refused) by", 30),
        ("(?:[^\"']|(?<=[a-z])'(?=[a-z])){0,200}b", 200_000),
        (".{0,300}a.{0,300}b", 200_000),
        ("(?>a{0,20})(?>a{0,20})(?>a{0,20})b", 100),
    ],
)
def test_what_leaves_no_choice_costs_little(pattern: str, most: int) -> None:
    assert 0 < steps(pattern) <= most
    assert bounded(pattern) == pattern


@pytest.mark.parametrize(
    "pattern",
    [
        "a{0,20}a{0,20}a{0,20}a{0,20}a{0,20}a{0,20}a{0,20}b",
        "a{0,20}A{0,20}a{0,20}A{0,20}a{0,20}b",
        "(?:a|aa){0,20}(?:a|aa){0,20}b",
        "(?:a?){0,30}b",
        "(?:x|[^a]){0,30}y",
        r"\d{0,20}\w{0,20}.{0,20}\S{0,20}[0-9]{0,20}[^a]{0,20}b",
        r"Odd \S{1,20}\.\S{1,20}\.\S{1,20}\.\S{1,20}\.\S{1,20}Q",
        "(?=.{0,99}a.{0,99}b.{0,99}c)x",
        "(?:.{0,99}a.{0,99}b.{0,99}c|x)y",
        "a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?b",
    ],
)
def test_what_could_share_a_text_in_too_many_ways_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"may take \d+ steps, not 500000 at most: let fewer parts share a text"):
        bounded(pattern)


def test_a_part_that_is_compared_otherwise_is_refused() -> None:
    with pytest.raises(ValueError, match="changes how a part is compared"):
        bounded("(?-i:[^a]{0,20})A")


@pytest.mark.parametrize(
    "text", ["550 5.7.1 Odd 0.0.0.0.0.0.0.0.0.0.0.0.0.0.0Q", "Wait 0000 s, 0-0-0 0 0", "0" * 300, "a.*b"]
)
def test_a_suggested_row_is_accepted_and_without_choice(text: str) -> None:
    row = suggested(text)
    (own,) = parse(row, "relaywarden.toml").replies.own
    assert own.pattern == tomllib.loads(row)["replies"]["own"][0]["pattern"]
    assert steps(own.pattern) < 1000
    assert r"\S" not in own.pattern
