"""Small words of the command line: name servers, durations, time zones, and what strangers write into tables."""

import fcntl
import json
from pathlib import Path

import pytest

from collectors.outbound import known_zone
from collectors.resolvers import asking
from embedded.running import live
from embedded.terminal import printable
from embedded.zones import Zones
from schemas.dnsbl_settings import Dnsbl
from schemas.settings import Embedded, Settings
from streams.operating import seconds
from tests.command.shell import run


@pytest.mark.parametrize(
    ("given", "resolvers", "port"),
    [
        ([], ("127.0.0.1",), 53),
        (["192.0.2.53"], ("192.0.2.53",), 53),
        (["192.0.2.53:5353", "192.0.2.54:5353"], ("192.0.2.53", "192.0.2.54"), 5353),
        (["2001:DB8::53"], ("2001:db8::53",), 53),
        (["[2001:db8::53]:54"], ("2001:db8::53",), 54),
        (["[2001:db8::53]"], ("2001:db8::53",), 53),
    ],
)
def test_name_servers(given: list[str], resolvers: tuple[str, ...], port: int) -> None:
    found = asking(Dnsbl(), given)
    assert (found.resolvers, found.port) == (resolvers, port)


@pytest.mark.parametrize(
    "given", ["", "x", "192.0.2.53:", "192.0.2.53:0", "192.0.2.53:65536", "[::1", "192.0.2.53:\u0665"]
)
def test_name_servers_that_are_none(given: str) -> None:
    with pytest.raises(ValueError, match="--resolver "):
        asking(Dnsbl(), [given])


def test_name_servers_share_a_port() -> None:
    with pytest.raises(ValueError, match="the same port"):
        asking(Dnsbl(), ["192.0.2.53:53", "192.0.2.54:54"])


@pytest.mark.parametrize(("text", "expected"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("7d", 604_800)])
def test_durations(text: str, expected: int) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "2", "h", "0h", "-1h", "1.5h", "2 h", "2h ", "1w", "9999999d", "\u0662h"])
def test_durations_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="--for "):
        seconds(text)


@pytest.mark.parametrize("name", ["Europe", "", "../etc/passwd", "Europe/Nowhere", "\0"])
def test_zones_that_are_none(name: str) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        known_zone(name)
    assert known_zone("Europe/Zurich") == "Europe/Zurich"


def test_strangers_cannot_steer_the_terminal() -> None:
    assert printable("\x1b[31mred\x07\r\nline\u202e \t end") == "[31mred line end"


def test_version_and_the_demos_history(tmp_path: Path) -> None:
    assert run("--version").stdout == "relaywarden 0.1.0\n"
    folder = tmp_path / "town"
    done = run("demo", "--write", folder, "--days", "0.05", "--mailboxes", "20", "--takeovers", "0", "--json")
    told = json.loads(done.stdout)
    assert told["folder"] == str(folder)
    assert told["written"].endswith("0 takeovers (labels.jsonl)")
    assert (folder / "mail.log").stat().st_size > 0


def test_commands_find_the_servers_of_a_running_up(tmp_path: Path) -> None:
    settings = Settings(embedded=Embedded(data=tmp_path))
    assert live(settings) is settings, "up never ran here"
    (tmp_path / "effective.toml").write_text("[clickhouse]\nport = 18123\n")
    with (tmp_path / "up.lock").open("w") as lock:
        assert live(settings) is settings, "up ended"
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert live(settings).clickhouse.port == 18123


def test_asking_all_lists_is_said(tmp_path: Path) -> None:
    config = tmp_path / "relaywarden.toml"
    config.write_text("[dnsbl]\ntimeout_seconds = 0.2\n")
    done = run("dnsbl", "192.0.2.1", "--config", config, "--resolver", "127.0.0.1:9", "--json")
    answers = [json.loads(line)["answer"] for line in done.stdout.splitlines()]
    assert set(answers) == {"unknown"}
    assert done.stderr.splitlines() == [
        "relaywarden: no list is configured: asking all that are known; --list chooses",
        f"relaywarden: {len(answers)} of {len(answers)} answers are unknown: neither listed nor clean",
    ]
    assert done.returncode == 0


def test_a_domain_with_other_letters_is_asked_about_as_the_dns_has_it(tmp_path: Path) -> None:
    config = tmp_path / "relaywarden.toml"
    config.write_text("[dnsbl]\ntimeout_seconds = 0.2\n")
    words = ("ä.example", "--list", "surbl", "--config", config, "--resolver", "127.0.0.1:9", "--json")
    done = run("dnsbl", *words)
    (row,) = map(json.loads, done.stdout.splitlines())
    assert (done.returncode, row["domain"], row["answer"]) == (0, "xn--4ca.example", "unknown")
    assert done.stderr == "relaywarden: 1 of 1 answers are unknown: neither listed nor clean\n"


def test_unknown_answers_are_counted_apart(tmp_path: Path) -> None:
    config = tmp_path / "relaywarden.toml"
    own = "[dnsbl.own.{0}]\nzone = '{0}.example.net'\n"
    with Zones(["sound.example.net"]) as zones:
        head = f"[dnsbl]\nport = {zones.port}\ntimeout_seconds = 1.0\n"
        config.write_text(head + own.format("sound") + own.format("refusing"))
        done = run("dnsbl", "192.0.2.1", "192.0.2.2", "2001:db8::1", "--config", config)
        sound = run("dnsbl", "192.0.2.1", "--list", "sound", "--config", config, "--json")
    assert done.stderr.splitlines() == [
        "relaywarden: 2 of 4 answers are unknown: neither listed nor clean",
        "relaywarden: 2001:db8::1: about IPv6 there is no answer from sound, refusing",
    ]
    assert "not listed" in done.stdout
    assert (done.returncode, sound.returncode, sound.stderr) == (0, 0, "")
    assert json.loads(sound.stdout)["answer"] == "not_listed"
