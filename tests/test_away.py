"""What is tried again while it fails: growing pauses, one warning, and a word when it is well."""

import logging

import pytest

from collectors.away import Away


def test_pauses_grow_and_what_was_well_has_to_fail_twice(caplog: pytest.LogCaptureFixture) -> None:
    away = Away("x", longest=10.0)
    with caplog.at_level(logging.INFO):
        assert [away.failed("gone") for _ in range(6)] == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
        away.well()
        assert [away.failed("gone") for _ in range(3)] == [1.0, 2.0, 4.0]
    assert [record.message for record in caplog.records] == [
        "x: gone; tried again until it is well",
        "x: well again",
        "x: gone; tried again until it is well",
    ]


def test_a_strangers_words_are_cut_and_made_plain(caplog: pytest.LogCaptureFixture) -> None:
    Away("x").failed("\x1b[2J\n" + "y" * 10_000)
    assert caplog.records[0].message == "x: ?[2J?" + "y" * 295 + "; tried again until it is well"
