"""`relaywarden check` names all that would not work on this machine, at once, and lets a sound configuration pass."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from collectors import documents, logins, mta
from embedded import checking
from embedded.broker import free_port
from schemas.settings import Settings
from streams.hooks import Answer
from streams.serving import listen
from streams.socketmap import Server
from tests.command.shell import refusal, run

TRANSPORTS = {"out1": "192.0.2.1", "out2": "192.0.2.2"}


@pytest.fixture
def sound(tmp_path: Path) -> dict[str, Any]:
    """Return a configuration that works here, as a table."""
    log, maildir = tmp_path / "mail.log", tmp_path / "fbl"
    log.write_text("")
    maildir.mkdir()
    hook = {"port": free_port(), "state": str(tmp_path / "socketmap.json")}
    return {
        "data": str(tmp_path / "state"),
        "mta": {"mx1": {"format": "postfix", "log": str(log)}},
        "logins": {"imap1": {"format": "dovecot", "log": str(log)}},
        "complaints": {"fbl": {"maildir": str(maildir)}},
        "dnsbl": {"lists": ["spamcop"]},
        "pool": {"main": {"transports": TRANSPORTS, "hooks": {"postfix_socketmap": hook}}},
        "dashboard": {"port": free_port()},
    }


def _found(table: dict[str, Any], master_cf: Path | None = None) -> list[str]:
    return checking.findings(Settings.model_validate(table), master_cf)


def test_a_sound_configuration_passes(sound: dict[str, Any]) -> None:
    assert _found(sound) == []
    assert checking.notes(Settings.model_validate(sound)) == []


def test_everything_wrong_is_named_at_once(sound: dict[str, Any], tmp_path: Path) -> None:
    sound["mta"]["mx1"]["format"] = "postfixx"
    sound["mta"]["mx2"] = {"format": "postfix", "log": str(tmp_path / "none.log")}
    sound["mta"]["mx3"] = {"format": "postfix", "log": str(tmp_path)}
    sound["mta"]["mx4"] = {"format": "postfix", "log": sound["mta"]["mx1"]["log"]}
    sound["logins"]["imap1"]["format"] = "dovecoat"
    sound["complaints"]["fbl"] = {"format": "arff", "maildir": str(tmp_path / "none")}
    sound["dnsbl"]["lists"] = ["spamcup", "sorbs"]
    sound["geoip"] = {"databases": [str(tmp_path / "none.mmdb")]}
    sound["mailboxes"] = {"rules": {"burst": "off", "brust": "off"}}
    pool = sound["pool"]["main"]
    pool["hooks"]["postfix_socketmap"] |= {"state": str(tmp_path), "port": sound["dashboard"]["port"]}
    pool["hooks"]["postfix_randmap"] = {"path": str(tmp_path / "mail.log" / "x"), "reload": ["no-such-program"]}
    log = tmp_path / "mail.log"
    places = {
        "mta.mx1.format": f"no MTA log format 'postfixx'; there are {', '.join(mta.names())}",
        "mta.mx2.log": f"{tmp_path}/none.log is not there",
        "mta.mx3.log": f"{tmp_path} is no file",
        "mta.mx1.log, mta.mx4.log": f"{log} would be read 2 times, and each event counted as often",
        "logins.imap1.format": f"no login log format 'dovecoat'; there are {', '.join(logins.names())}",
        "complaints.fbl.format": f"no format of a mail or report 'arff'; there are {', '.join(documents.names())}",
        "complaints.fbl.maildir": f"{tmp_path}/none is no folder",
        "geoip.databases": f"{tmp_path}/none.mmdb: No such file or directory",
        "pool.main.hooks.postfix_socketmap.state": f"{tmp_path} is a folder",
        "pool.main.hooks.postfix_socketmap.port": f"{sound['dashboard']['port']} is the dashboard's port too",
        "pool.main.hooks.postfix_randmap.path": f"{log} is no folder, so {log}/x cannot be written",
        "pool.main.hooks.postfix_randmap.reload": "no program 'no-such-program'",
    }
    found = {str(row["place"]): str(row["problem"]) for row in map(checking.split, _found(sound))}
    assert found.pop("mailboxes.rules").startswith("no rule brust; there are alike, awakened, burst, ")
    lists = found.pop("dnsbl.lists")
    assert found == places
    assert "no DNSBL 'spamcup'" in lists
    assert "'sorbs' must not be asked" in lists


def test_the_command_says_it_with_status_2_and_as_json(sound: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "relaywarden.toml"
    path.write_text(tomli_w.dumps(sound))
    done = run("check", "--config", path)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{path}: sound\n", "")
    sound["pool"]["main"] |= {"dry_run": True, "min_active": 2}
    sound["dnsbl"] |= {"resolvers": ["8.8.8.8"]}
    path.write_text(tomli_w.dumps(sound))
    done = run("check", "--config", path, "--json")
    assert (done.returncode, done.stderr) == (0, ""), "notes are no errors"
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {(row["level"], row["place"]) for row in rows} == {
        ("note", "pool.main.dry_run"),
        ("note", "pool.main.min_active"),
        ("note", "dnsbl.resolvers"),
    }
    sound["mta"]["mx1"]["log"] = "/no/such.log"
    sound["dnsbl"]["lists"] = []
    path.write_text(tomli_w.dumps(sound))
    done = run("check", "--config", path)
    assert refusal(done) == f"{path}: 2 errors", "the table says which"
    for problem in ("empty, so no listing can ever be seen", "/no/such.log is not there"):
        assert (done.stdout + done.stderr).count(problem) == 1, done.stdout


def test_lists_too_light_to_matter(sound: dict[str, Any]) -> None:
    sound["dnsbl"] = {"own": {"faint": {"zone": "bl.example.net", "weight": 0.8, "scope": "network"}}}
    assert _found(sound) == ["pool.main.threshold: 1 is never reached: all lists together count 0.4"]


def test_the_transports_are_compared_with_postfix(sound: dict[str, Any], tmp_path: Path) -> None:
    master = tmp_path / "master.cf"
    line = "{0} unix - - n - - smtp -o smtp_bind_address={1} -o syslog_name=postfix/{0}\n"
    master.write_text(line.format("out1", "192.0.2.1") + line.format("out2", "192.0.2.2"))
    assert _found(sound, master) == []
    master.write_text(line.format("out1", "192.0.2.9") + line.format("relay2", "192.0.2.2"))
    assert _found(sound, master) == [
        f"pool.main.transports.out1: is 192.0.2.1, but {master} binds it to 192.0.2.9",
        f"pool.main.transports.out2: {master} has no such transport with an address of its own; there are out1, relay2",
    ]
    master.write_text(line.format("out1", "192.0.2.1") + line.format("out2", "$ip2"))
    assert _found(sound, master) == [
        f"{master}: out2: smtp_bind_address = $ip2: master.cf does not tell $ip2",
        f"pool.main.transports.out2: {master} has no such transport with an address of its own; there are out1",
    ]


def test_ports_in_strange_hands_are_named_and_our_own_are_not(sound: dict[str, Any]) -> None:
    hook = sound["pool"]["main"]["hooks"]["postfix_socketmap"]
    with socket.create_server(("127.0.0.1", sound["dashboard"]["port"])):
        assert _found(sound) == [f"dashboard.port: 127.0.0.1:{sound['dashboard']['port']}: Address already in use"]
    server = Server({"main": Answer(shares={"out1:": 1.0})})
    server.start([listen("127.0.0.1", hook["port"])])
    try:
        assert _found(sound) == [], "the hooks that run are no fault"
    finally:
        server.stop()
    hook["host"] = "192.0.2.77"
    assert _found(sound) == [
        "pool.main.hooks.postfix_socketmap.host: 192.0.2.77 is no address of this machine",
    ]
