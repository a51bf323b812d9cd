"""What of a directory is stored: only what changed, so that it holds from then on, and the past stays as it was."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from streams.owners import Held, Row, Values, changes

NAMES = st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.sampled_from(["4711", "4712"])), max_size=6)


def _stored(rows: Mapping[tuple[str, int], Row], new: list[Row]) -> dict[tuple[str, int], Row]:
    """Return what a ReplacingMergeTree of the version `ended` holds after it was given these rows."""
    held = dict(rows)
    for row in new:
        place = (row.key, row.begun)
        if place not in held or row.ended >= held[place].ended:
            held[place] = row
    return held


def _still(rows: Mapping[tuple[str, int], Row]) -> list[Held]:
    return [Held(row.key, row.begun, row.values) for row in rows.values() if not row.ended]


def _as_of(rows: Mapping[tuple[str, int], Row], at: int) -> dict[str, Values]:
    return {row.key: row.values for row in rows.values() if row.begun <= at and (not row.ended or row.ended > at)}


@given(st.lists(NAMES, max_size=6))
def test_at_each_moment_it_is_as_the_directory_was_then(readings: list[dict[str, Values]]) -> None:
    rows: dict[tuple[str, int], Row] = {}
    for number, wanted in enumerate(readings):
        rows = _stored(rows, list(changes(_still(rows), wanted.items(), 10 * (number + 1))))
        assert list(changes(_still(rows), wanted.items(), 10 * (number + 1) + 5)) == []
    for number, wanted in enumerate(readings):
        assert _as_of(rows, 10 * (number + 1) + 9) == wanted


def test_a_change_within_one_microsecond_begins_anew_at_the_next() -> None:
    rows = list(changes([Held("a", 7, ("4711",))], [("a", ("4712",)), ("a", ("4713",))], 7))
    assert rows == [Row("a", 7, 8, ("4711",)), Row("a", 8, 0, ("4712",))]


def test_what_is_gone_ends_after_it_began_though_the_clock_was_put_back() -> None:
    assert list(changes([Held("a", 7, ("4711",))], [], 3)) == [Row("a", 7, 8, ("4711",))]
