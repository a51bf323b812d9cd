"""What `relaywarden dnsbl` prints."""

import io

import msgspec
import pytest
from rich.console import Console

from collectors import ask, dnsbl
from collectors.lists import askable
from embedded.zones import Zones
from schemas.settings import Settings

IP = "192.0.2.11"


def _settings(port: int) -> Settings:
    own = {
        "mine": {"zone": "bl.example.net", "weight": 0.5, "removal": "https://bl.example.net/"},
        "gone": {"zone": "gone.example.net"},
    }
    return Settings.model_validate({"dnsbl": {"port": port, "own": own, "timeout_seconds": 1}})


def test_each_ip_has_a_row_for_each_list() -> None:
    with Zones(["bl.example.net"]) as zones:
        zones.list_ip(IP, "spamtrap [bold]hit[/]")
        found = ask.rows([IP, "192.0.2.12", IP], (), _settings(zones.port))
        only = ask.rows([IP], ["mine"], _settings(zones.port))
    assert [(row.ip, row.list, row.answer, row.healthy) for row in found] == [
        (IP, "mine", "listed", True),
        (IP, "gone", "unknown", False),
        ("192.0.2.12", "mine", "not_listed", True),
        ("192.0.2.12", "gone", "unknown", False),
    ]
    assert only == [found[0]]
    assert found[0].removal == "https://bl.example.net/"
    assert (found[1].fault, found[1].fault_kind) == ("IPv4: 127.0.0.2: no answer: REFUSED", "refused")


def test_a_list_sick_over_one_ip_version_is_sound_over_the_other() -> None:
    with Zones(["bl.example.net"]) as zones:
        zones.delist_ip("::ffff:7f00:2")
        own = {"mine": {"zone": "bl.example.net", "ipv6": True}}
        settings = Settings.model_validate({"dnsbl": {"port": zones.port, "own": own}})
        found = ask.rows([IP, "2001:db8::11"], (), settings)
    assert [(row.answer, row.healthy, row.fault_kind) for row in found] == [
        ("not_listed", True, ""),
        ("unknown", False, "test_points"),
    ]


def test_the_table_shows_answers_health_and_a_strangers_text_as_it_is() -> None:
    with Zones(["bl.example.net"]) as zones:
        zones.list_ip(IP, "spamtrap [bold]hit[/]")
        console = Console(width=200, file=io.StringIO(), record=True)
        console.print(ask.table(ask.rows([IP], (), _settings(zones.port))))
    text = console.export_text().splitlines()
    assert text[1].split()[:5] == [IP, "mine", "listed", "0.5", "sound"]
    assert "listed: spamtrap [bold]hit[/] (removal: https://bl.example.net/)" in text[1]
    assert text[2].split()[:7] == [IP, "gone", "unknown", "1", "no", "vote", "(refused)"]


def test_a_row_as_json() -> None:
    with Zones(["bl.example.net"]) as zones:
        rows = ask.rows([IP], ["mine"], _settings(zones.port))
    assert [msgspec.to_builtins(row) for row in rows] == [
        {
            "ip": IP,
            "list": "mine",
            "zone": "bl.example.net",
            "answer": "not_listed",
            "codes": (),
            "reason": "",
            "scope": "ip",
            "weight": 0.5,
            "healthy": True,
            "fault": "",
            "removal": "",
            "fault_kind": "",
        }
    ]


def test_without_configured_lists_of_ips_the_catalogue_is_asked() -> None:
    with Zones(["bl.spamcop.net"]) as zones:
        table = {"port": zones.port, "timeout_seconds": 1, "lists": ["surbl"]}  # a list of domains
        config = Settings.model_validate({"dnsbl": table})
        found = {row.list: row for row in ask.rows([IP], (), config)}
    assert tuple(found) == tuple(name for name in askable("ip") if dnsbl.load(name).ipv4)
    assert (found["spamcop"].answer, found["psbl"].answer) == ("not_listed", "unknown")


@pytest.mark.parametrize(
    ("ips", "only", "sentence"),
    [
        (["mail.example.net"], [], "'mail.example.net' is no IP address"),
        ([IP], ["spamhaus"], "no DNSBL 'spamhaus'; there are abuse_ro, "),
        ([IP], ["sorbs"], "'sorbs' must not be asked: SORBS was shut down on 5 June 2024"),
    ],
)
def test_what_cannot_be_asked_is_named(ips: list[str], only: list[str], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        ask.rows(ips, only, Settings())
