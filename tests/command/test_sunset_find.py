"""`relaywarden sunset find`: out of log files without any server, and by ClickHouse."""

import json
from pathlib import Path

import pytest

from embedded.clickhouse import ClickHouseServer
from schemas import codec
from schemas.events import MailboxAuthenticated
from streams.operating import now
from tests.command.shell import refusal, run
from tests.migrated import migrate

LOGIN = (
    "2026-11-23T{} mail dovecot: pop3-login: Login: user=<{}>, method=PLAIN, rip={}, lip=192.0.2.7, mpid=1, session=<a>"
)
MAIL = """2026-11-23T{0} mx1 postfix/smtpd[7]: {1}: client=unknown[{2}]
2026-11-23T{0} mx1 postfix/cleanup[8]: {1}: info: header Message-ID: <1@PC-ANN> from unknown[{2}]; from=<{3}> to=<x@example.com> proto=ESMTP helo=<{4}>
2026-11-23T{0} mx1 postfix/cleanup[8]: {1}: message-id=<1@PC-ANN>
2026-11-23T{0} mx1 postfix/cleanup[8]: {1}: info: header X-Mailer: {5} from unknown[{2}]; from=<{3}> to=<x@example.com> proto=ESMTP helo=<{4}>
2026-11-23T{0} mx1 postfix/qmgr[9]: {1}: from=<{3}>, size=900, nrcpt=1 (queue active)
"""  # noqa: E501 lines of Postfix
ANN, BOB = "ann@example.net", "bob@example.net"


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the words that name two logs: an office of two, and a stranger whom nobody let in."""
    monkeypatch.chdir(tmp_path)
    logins = [("10:00:00Z", ANN, "198.51.100.7"), ("10:10:00Z", BOB, "198.51.100.7")]
    (tmp_path / "dovecot.log").write_text("".join(LOGIN.format(*each) + "\n" for each in logins))
    mails = [
        ("10:10:00Z", "A0001", "198.51.100.7", ANN, "\x1b[31mpc", "Outlook Express 6"),
        ("10:20:00Z", "A0002", "203.0.113.9", ANN, "evil", "Bot"),
        ("10:39:59Z", "A0003", "198.51.100.7", "info@example.net", "pc", "Eudora"),
    ]
    (tmp_path / "mail.log").write_text("".join(MAIL.format(*each) for each in mails))
    return ["--log", "postfix=mail.log", "--log", "dovecot=dovecot.log"]


def test_log_files_tell_all_candidates_without_server_and_configuration(logs: list[str]) -> None:
    done = run("sunset", "find", *logs, "--json")
    assert done.returncode == 0, done
    ann, bob = map(json.loads, done.stdout.splitlines())
    assert (ann["mailbox"], ann["confidence"], ann["messages"]) == (ANN, 0.82, 1)
    assert (bob["mailbox"], bob["confidence"], bob["messages"]) == (BOB, 0.59, 2)
    assert (bob["first"], bob["last"]) == ("2026-11-23T10:10:00+00:00", "2026-11-23T10:39:59+00:00")
    assert bob["switched"] is None
    assert bob["hosts"] == ["mx1"]
    assert bob["clients"][0] == {
        "ip": "198.51.100.7",
        "ehlo": "pc",
        "message_id_host": "pc-ann",
        "program": "Eudora",
        "messages": 1,
        "first": "2026-11-23T10:39:59+00:00",
        "last": "2026-11-23T10:39:59+00:00",
    }
    assert "mail.log: 15 lines" in done.stderr


def test_the_table_names_the_newest_client_and_steers_no_terminal(logs: list[str]) -> None:
    done = run("sunset", "find", *logs, "--kind", "smtp_after_pop")
    assert "\x1b" not in done.stdout
    lines = [line.split("  ") for line in done.stdout.splitlines() if "@example.net" in line]
    cells = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    assert cells[0][:7] == [ANN, "0.82", "198.51.100.7", "[31mpc", "pc-ann", "Outlook Express 6", "1"]
    assert cells[1][:3] == [BOB, "0.59", "198.51.100.7 and 1 more"]


def test_a_configuration_tells_the_customer_and_the_sunset_what_to_look_for(logs: list[str], tmp_path: Path) -> None:
    config = tmp_path / "relaywarden.toml"
    config.write_text(
        f"[customers.office]\nmailboxes = ['{ANN}']\n"
        "[sunset.plain]\nkind = 'cleartext_login'\nbegins = 2027-01-11\nends = 2027-02-22\n"
    )
    done = run("sunset", "find", *logs, "--json", "--sunset", "plain")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["mailbox"], row["customer"], row["messages"]) for row in rows] == [(ANN, "office", 1), (BOB, "", 1)]
    assert rows[0]["clients"][0]["program"] == "pop3"
    old = run("sunset", "find", *logs, "--kind", "old_tls")
    assert old.stdout == "nobody uses it, as far as the logs tell\n"
    assert old.stderr.splitlines()[-1] == (
        "relaywarden: mail: its log has logins, but tells of none what is looked for: who uses it there is not known"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--log", "postfix"), "--log 'postfix': say FORMAT=FILE, as in postfix=/var/log/mail.log"),
        (
            ("--log", "postfix=mail.log", "--kind", "pop"),
            "--kind 'pop': there are smtp_after_pop, cleartext_login, old_tls",
        ),
        (("--kind", "old_tls"), "--kind belongs to --log; the kind of a sunset is in the configuration"),
        (("--log", "postfix=mail.log", "--sunset", "x"), "relaywarden.toml: No such file or directory"),
        (("--log", "postfix=gone.log"), "gone.log: No such file or directory"),
    ],
)
def test_what_cannot_be_looked_for_is_told_once(logs: list[str], words: tuple[str, ...], said: str) -> None:
    assert logs
    assert said in refusal(run("sunset", "find", *words))


def test_clickhouse_tells_the_days_that_are_asked_for(
    clickhouse: ClickHouseServer, database: str, tmp_path: Path
) -> None:
    migrate(clickhouse.connect(), database)
    config = tmp_path / "relaywarden.toml"
    config.write_text(
        f"[embedded]\ndata = '{tmp_path}/var'\n"
        f"[clickhouse]\nhost = '{clickhouse.host}'\nport = {clickhouse.port}\ndatabase = '{database}'\n"
        "[sunset.plain]\nkind = 'cleartext_login'\nbegins = 2027-01-11\nends = 2027-02-22\n"
    )
    for days in (1, 5, 20):
        event = MailboxAuthenticated(
            id=f"l{days}", at=now() - days * 86_400_000_000, host="pop1", mailbox=f"m{days}@example.net",
            service="pop3", outcome="succeeded", client_ip="198.51.100.7", cleartext=True,
        )  # fmt: skip
        clickhouse.connect(database).raw_insert("mail_events", insert_block=codec.encode(event), fmt="JSONEachRow")
    env = {"RELAYWARDEN_CLICKHOUSE_PASSWORD": clickhouse.password}

    def found(*words: str) -> list[str]:
        done = run("sunset", "find", "--config", config, "--json", *words, env=env)
        assert done.returncode == 0, done
        return [json.loads(line)["mailbox"] for line in done.stdout.splitlines()]

    assert found() == ["m1@example.net", "m5@example.net"]
    assert found("--days", "2") == ["m1@example.net"]
    assert found("--days", "30", "--sunset", "plain") == ["m1@example.net", "m20@example.net", "m5@example.net"]
