"""The input `journald`: entries as lines; what a local user writes there becomes no field and no line."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.inputs._entries import cursor_of, entry
from schemas.events import DeliveryAttempted, MailboxAuthenticated
from schemas.inputs.journald import JournaldInput
from schemas.settings import SettingsError, parse
from tests.inputs_lab import events_of, outlet_in, running

AT = "1795269724723742"
BASE = {
    "__CURSOR": "s=1;i=2",
    "__REALTIME_TIMESTAMP": "1795269724800000",
    "_SOURCE_REALTIME_TIMESTAMP": AT,
    "_HOSTNAME": "mx1",
    "SYSLOG_IDENTIFIER": "postfix/out2/smtp",
    "_COMM": "smtp",
    "_PID": "915",
    "SYSLOG_PID": "17",
}
HEAD = "2026-11-21T14:02:04.723742+00:00 mx1 postfix/out2/smtp[915]: "


def line(**fields: object) -> bytes | None:
    given_fields = {key: value for key, value in (BASE | fields).items() if value != "absent"}
    return entry(json.dumps(given_fields).encode()).line


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"MESSAGE": "text"}, HEAD + "text"),
        ({"MESSAGE": "two\nlines\tand\x7f"}, HEAD + "two#012lines#011and#177"),
        ({"MESSAGE": ["first", "second"]}, HEAD + "first"),
        ({"MESSAGE": [[116, 10, 120], "second"]}, HEAD + "t#012x"),
        ({"MESSAGE": "t", "_SOURCE_REALTIME_TIMESTAMP": "absent"}, HEAD.replace("723742", "800000") + "t"),
        ({"MESSAGE": "t", "_SOURCE_REALTIME_TIMESTAMP": "1e15"}, HEAD.replace("723742", "800000") + "t"),
        ({"MESSAGE": "t", "_PID": "absent"}, HEAD.replace("915", "17") + "t"),
        ({"MESSAGE": "t", "_PID": "1: x", "SYSLOG_PID": "absent"}, HEAD.replace("[915]", "") + "t"),
        ({"MESSAGE": "t", "SYSLOG_IDENTIFIER": "absent"}, HEAD.replace("postfix/out2/smtp", "smtp") + "t"),
        ({"MESSAGE": "t", "SYSLOG_IDENTIFIER": "", "_COMM": ""}, HEAD.replace("postfix/out2/smtp", "unknown") + "t"),
        ({"MESSAGE": "t", "_HOSTNAME": "absent"}, HEAD.replace("mx1", "-") + "t"),
        # Attacks: an identifier or a host that would begin another field, or another line.
        (
            {"MESSAGE": "t", "SYSLOG_IDENTIFIER": "x: y[1]\n2026-11-21T14:02:04+00:00 mx1 postfix/smtp"},
            HEAD.replace("postfix/out2/smtp", "x__y_1__2026-11-21T14_02_04+00_00_mx1_postfix/smtp") + "t",
        ),
        (
            {"MESSAGE": "t", "SYSLOG_IDENTIFIER": ["a b", "postfix/smtp"]},
            HEAD.replace("postfix/out2/smtp", "a_b") + "t",
        ),
        ({"MESSAGE": "t", "_HOSTNAME": "mx 1:"}, HEAD.replace("mx1", "mx_1_") + "t"),
    ],
)
def test_an_entry_is_one_line(fields: dict[str, object], expected: str) -> None:
    assert line(**fields) == expected.encode()


def test_bytes_that_are_no_text_stay_as_they_are() -> None:
    assert line(MESSAGE=[99, 97, 102, 233, 0, 10]) == HEAD.encode() + b"caf\xe9#000#012"


@pytest.mark.parametrize("message", ["", "absent", []])
def test_an_entry_without_a_message_is_no_line(message: object) -> None:
    assert line(MESSAGE=message) is None
    assert cursor_of(json.dumps(BASE).encode()) == "s=1;i=2"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (json.dumps(BASE | {"MESSAGE": None}), "too large for journalctl"),
        (json.dumps(BASE | {"MESSAGE": [300]}), "range"),
        (json.dumps(BASE | {"MESSAGE": {"a": 1}}), "no entry of the journal"),
        ('{"MESSAGE":"no cursor"}', "no entry of the journal"),
        ("-- No entries --", "no entry of the journal"),
        ('{"__CURSOR":"c","__REALTIME_TIMESTAMP":"x","MESSAGE":"t"}', "without a time: b'x'"),
        ('{"__CURSOR":' + "[" * 100_000, "no entry of the journal"),
    ],
)
def test_what_is_no_entry_is_an_error(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        entry(text.encode())


@given(st.binary(max_size=200), st.text(max_size=80))
def test_whatever_is_logged_stays_in_its_message(message: bytes, identifier: str) -> None:
    found = line(MESSAGE=list(message) or [32], SYSLOG_IDENTIFIER=identifier)
    assert found is not None
    header, _, text = found.partition(b": ")
    stamp, host, program = header.split(b" ")
    assert (stamp, host) == (b"2026-11-21T14:02:04.723742+00:00", b"mx1")
    assert program.endswith(b"[915]")
    assert program.count(b"[") == 1
    assert not {*range(32), 127} & {*text}


def test_entries_become_events_of_several_formats() -> None:
    sent = line(
        MESSAGE="E2AE29B5D11: to=<buyer@example.net>, relay=mx.example.net[192.0.2.209]:25, delay=0.22, "
        "delays=0.03/0.01/0.09/0.11, dsn=2.0.0, status=sent (250 OK)"
    )
    login = line(
        SYSLOG_IDENTIFIER="dovecot",
        MESSAGE="imap-login: Login: user=<shop2@example.net>, method=PLAIN, rip=192.0.2.3, lip=192.0.2.1, mpid=7, TLS",
    )
    assert sent is not None
    assert login is not None
    (delivered,) = events_of([sent, login], "postfix")
    assert isinstance(delivered, DeliveryAttempted)
    assert (delivered.at, delivered.host, delivered.transport) == (int(AT), "mx1", "out2")
    (authenticated,) = events_of([sent, login], "dovecot")
    assert isinstance(authenticated, MailboxAuthenticated)
    assert authenticated.mailbox == "shop2@example.net"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ('matches = ["--file=/etc/passwd"]', "input.j.journald.matches.0: '--file=/etc/passwd' is no match"),
        ('matches = ["postfix"]', "'postfix' is no match of the journal"),
        ('directory = "/var/log/journal"\nnamespace = "mail"', "goes with no namespace"),
        ('namespace = "../x"', "'../x' is no namespace of journald"),
        ('start = "now"', "start"),
    ],
)
def test_wrong_settings_are_named(key: str, said: str) -> None:
    with pytest.raises(SettingsError) as raised:
        parse(f'[input.j]\nkind = "journald"\n{key}\n', "relaywarden.toml")
    assert said in str(raised.value)


def test_a_directory_that_is_none_is_named(tmp_path: Path) -> None:
    settings = JournaldInput(kind="journald", directory=str(tmp_path / "none"))
    with (
        pytest.raises(ValueError, match=r"input\.in1\.(directory: '.*/none' is no directory|kind: 'journald', but)"),
        running(settings, outlet_in(tmp_path, "journald")) as thread,
    ):
        thread.join(60)
