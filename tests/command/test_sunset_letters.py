"""`relaywarden sunset letters`: which sunset it is about, and what it says where there is nothing."""

from pathlib import Path

import pytest

from tests.command.shell import refusal, run

_SUNSET = '[sunset.{}]\nkind = "smtp_after_pop"\nbegins = 2027-01-11\nends = 2027-02-22\n'


@pytest.mark.parametrize(
    ("names", "asked", "told"),
    [
        ((), (), "no sunset is configured: add a table [sunset.NAME] (docs/sunset.md)"),
        (("pop", "tls"), (), "--sunset must say which: pop, tls"),
        (("pop",), ("--sunset", "tls"), "--sunset 'tls': there is pop"),
    ],
)
def test_which_sunset_must_be_clear(tmp_path: Path, names: tuple[str, ...], asked: tuple[str, ...], told: str) -> None:
    config = tmp_path / "relaywarden.toml"
    config.write_text("".join(map(_SUNSET.format, names)))
    assert refusal(run("sunset", "letters", *asked, "--config", config)) == told


def test_without_a_warehouse_it_says_so(tmp_path: Path) -> None:
    config = tmp_path / "relaywarden.toml"
    config.write_text(_SUNSET.format("pop") + "[clickhouse]\nport = 1\n")
    assert "no answer from ClickHouse at 127.0.0.1:1" in refusal(run("sunset", "letters", "--config", config))
