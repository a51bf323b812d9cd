"""Which table takes which input: wrong ones are told with their place, and what is brought waits in the data folder."""

from pathlib import Path

import pytest

from schemas.inputs.taken import not_taken
from schemas.settings import SettingsError, parse

WIDE = "10.0.0.0/33"
INPUTS = """
data = "/var/lib/rw"
[input.relays]
kind = "syslog"
tcp = "127.0.0.1:5514"
[input.fbl]
kind = "mbox"
path = "/var/mail/fbl"
[input.post]
kind = "http"
token_env = "T"
"""


def test_what_an_input_brings_waits_in_the_data_folder() -> None:
    given = parse(
        INPUTS
        + '[mta.mx1]\nformat = "postfix"\ninput = "relays"\n[logins.imap1]\nformat = "dovecot"\ninput = "relays"\n'
        + '[mta.mx2]\nformat = "postfix"\ninput = "post"\n[complaints.own]\ninput = "fbl"\nmaildir = "/srv/fbl"\n'
        + '[complaints.posted]\ninput = "post"\n',
        "x.toml",
    )
    spool = Path("/var/lib/rw/spool")
    assert [given.mta["mx1"].log, given.logins["imap1"].log] == [spool / "relays" / "lines"] * 2
    assert given.mta["mx2"].log == spool / "post" / "lines"
    assert [given.complaints[name].maildir for name in ("own", "posted")] == [
        Path("/srv/fbl"),
        Path("/var/lib/rw/mails/post"),
    ]
    assert list(not_taken(given.input, given.inputs_by_table)) == []
    assert list(not_taken(given.input, {"mta.mx1": "relays", "complaints.x": ""})) == [
        "input.fbl: nobody takes it; name it in a log's or a complaints table's `input`",
        "input.post: nobody takes it; name it in a log's or a complaints table's `input`",
    ]


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (
            '[input.x]\nkind = "sislog"\n',
            "input.x.kind: no kind 'sislog'; there are files, http, imap, journald, kafka, mbox, smtp, stdin, syslog",
        ),
        ('[input.x]\ntcp = "127.0.0.1:5514"\n', "input.x.kind: field required"),
        ('[directory]\nkind = "xls"\n', "directory.kind: no kind 'xls'; there are csv, sql, ldap, http"),
        (
            '[input.x]\nkind = "syslog"\ntcp = "127.0.0.1:5514"\nallow = ["' + WIDE + '"]\n',
            f"input.x.syslog.allow.0: {WIDE!r} is no network: {WIDE!r} does not appear to be an IPv4 or IPv6 network",
        ),
        (
            '[input.x]\nkind = "syslog"\ntcp = "127.0.0.1:5514"\nallow = []\n',
            "input.x.syslog.allow: tuple should have at least 1 item after validation, not 0",
        ),
    ],
)
def test_a_kind_that_is_none_and_an_entry_that_is_wrong_are_told_once(table: str, told: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse(table, "x.toml")
    assert str(refused.value) == f"x.toml: {told}"


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        (
            '[mta.a]\nformat = "postfix"\nlog = "/l"\ninput = "relays"',
            "mta.a: log and input exclude each other (are '/l' and 'relays')",
        ),
        ('[mta.a]\nformat = "postfix"\ninput = "reals"', "mta.a.input: there is no input.reals"),
        ('[logins.a]\nformat = "dovecot"\ninput = "fbl"', "logins.a.input: input.fbl brings no lines"),
        ('[complaints.a]\ninput = "relays"', "complaints.a.input: input.relays brings no mails"),
        (
            '[complaints.a]\ninput = "fbl"\n[complaints.b]\ninput = "fbl"',
            "complaints.b.input: complaints.a takes the mails of input.fbl already",
        ),
        (
            '[input.i]\nkind = "stdin"\n[input.j]\nkind = "stdin"',
            "input: only one can read the standard input, not i and j",
        ),
    ],
)
def test_what_is_taken_wrongly_is_told_with_its_place(tables: str, told: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse(INPUTS + tables, "x.toml")
    assert str(refused.value) == f"x.toml: {told}"
