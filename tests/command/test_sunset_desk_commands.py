"""The desk's process, and `sunset status`, `plan-letters`, `exempt`: what it decides, who is left out, what is told."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from kafka import KafkaProducer

from embedded.broker import free_port
from embedded.health import ailments
from schemas.moments import moment_of
from schemas.topics import MAIL_EVENTS
from tests.command.desk import Desk
from tests.command.shell import refusal, run
from tests.mail_server import Server
from tests.parts import packed
from tests.sunset.logs import seen
from tests.whole.lab import ROOT, Lab, until

A, B, S = "a@acme.example", "b@acme.example", "s@solo.example"
NOW = time.time_ns() // 1000
TODAY = moment_of(NOW).date()


def _config(hour: int) -> dict[str, object]:
    """Return a configuration whose letters of this week begin to go at an hour of today."""
    mail = {
        "sender": "care@hoster.example",
        "company": "Hoster",
        "support": "+49 89 1234",
        "smtp_server": "smtp.hoster.example",
    }
    pop = {
        "kind": "smtp_after_pop",
        "begins": TODAY - timedelta(days=1),
        "ends": TODAY + timedelta(days=30),
        "weekday": f"{TODAY:%A}".lower(),
        "hour": hour,
        "spread_hours": 10.0,
        "mail": mail,
    }
    return {
        "customers": {
            "acme": {"mailboxes": ["acme.example"], "contact": "it@acme.example", "language": "fr"},
            "solo": {"mailboxes": ["solo.example"]},
        },
        "sunset": {"pop": pop, "old": {**pop, "begins": date(2020, 1, 6), "ends": date(2020, 3, 1)}},
    }


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Lab(tmp_path, _config(moment_of(NOW).hour)) as lab:
        lab.run("sink")
        producer = KafkaProducer(bootstrap_servers=list(lab.settings.kafka.bootstrap))
        days = [TODAY - timedelta(days=back) for back in range(8, -1, -1)]
        value = packed(event for day in days for event in seen(day, (A, B, S), before=NOW))
        producer.send(MAIL_EVENTS.name, value, partition=0).get(60)
        producer.close()
        # its views are filled after the table
        until(lambda: lab.value("SELECT uniqExact(mailbox) FROM old_ways") == 3, 30, "the logs are stored")
        yield lab


@pytest.mark.slow
def test_the_desk_decides_is_killed_and_goes_on_and_an_operator_leaves_out_whom_he_wants(lab: Lab) -> None:
    desk = Desk(lab)
    (row,) = desk.rows("sunset", "status", "--sunset", "pop")
    assert (row["counted"], row["open"], row["nothing_left"]) == ("never", "unknown", "cannot be told")
    planned = desk.rows("sunset", "plan-letters", "--sunset", "pop")
    assert [(each["customer"], each["to"], each["mailboxes"], each["number"]) for each in planned] == [
        ("acme", "it@acme.example", f"{A}, {B}", "1 of 5"),
        ("solo", "nobody", S, "1 of 5"),
    ]
    assert planned[1]["problem"] == "the customer solo has no mail address"
    until_day = (TODAY + timedelta(days=9)).isoformat()
    (done,) = desk.rows(
        "sunset", "exempt", B, "--sunset", "pop", "--until", until_day, "--reason", "a fax machine", "--operator", "ada"
    )
    assert (done["subject"], done["until"], done["operator"], done["reason"]) == (B, until_day, "ada", "a fax machine")
    assert done["covers"] == 0
    assert desk.rows("sunset", "exemptions", "--sunset", "pop") == [
        {"subject": B, "until": until_day, "covers": "nobody found so far"}
    ]
    lab.run("desk")
    decided = (
        "SELECT customer, arrayMap(u -> u.mailbox, uses) FROM sunset_events WHERE type = 'letter_due' ORDER BY customer"
    )
    until(lambda: lab.rows(decided) == [("acme", [A]), ("solo", [S])], 60, "the letters are decided")
    assert ailments(lab.settings, "desk") == []
    assert "sunset.old.ends: 2020-03-01 is past: the sunset is left out" in lab.log("desk")
    second = subprocess.run(
        [sys.executable, "-m", "relaywarden", "desk", "--config", str(lab.config)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert second.returncode == 2
    assert "another relaywarden desk works there" in second.stderr
    beside = subprocess.Popen(
        [sys.executable, "-m", "relaywarden", "desk", "--dry-run", "--config", str(lab.config)],
        cwd=ROOT,
        env={**os.environ, **desk.env},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert beside.stderr is not None
    assert any("read all that was decided" in line for line in beside.stderr)
    assert beside.poll() is None
    beside.terminate()
    assert beside.wait(15) == 0
    beside.stderr.close()
    planned = desk.rows("sunset", "plan-letters", "--sunset", "pop")
    assert [(each["customer"], each["mailboxes"], each["number"]) for each in planned] == [
        ("acme", A, "2 of 5"),
        ("solo", S, "2 of 5"),
    ], "this week's went: those of the next"
    silent = desk.rows("sunset", "status", "--unwritten", "--sunset", "pop")
    assert [(each["customer"], each["why"], each["mailboxes"]) for each in silent] == [
        ("acme", "exempt", B),
        ("solo", "the customer solo has no mail address", S),
    ]
    lab.kill("desk")
    lab.run("desk")
    until(lambda: lab.log("desk").count("read all that was decided") == 2, 30, "it is back")
    until(lambda: lab.value("SELECT count() FROM sunset_events WHERE type = 'sunset_counted'") >= 2, 30, "it counted")
    (row,) = desk.rows("sunset", "status", "--sunset", "pop")
    assert (row["found"], row["open"], row["exempt"], row["customers"]) == (3, 2, 1, 2)
    assert row["state"] == f"week 1 of {(TODAY + timedelta(days=30) - (TODAY - timedelta(days=1))).days // 7 + 1}"
    assert [
        (each["language"], each["found"]) for each in desk.rows("sunset", "status", "--weeks", "--sunset", "pop")
    ] == [
        ("en", 1),
        ("fr", 2),
    ]
    (answer,) = desk.rows("sunset", "status", "--responses", "--sunset", "pop")
    assert (answer["number"], answer["letters"], answer["sent"], answer["mailboxes"], answer["share"]) == (
        1,
        1,
        0,
        1,
        "0.0 %",
    )
    (ended,) = desk.rows("sunset", "unexempt", B, "--sunset", "pop", "--reason", "it is gone", "--operator", "ada")
    assert ended["ended"]
    assert desk.rows("sunset", "exemptions", "--sunset", "pop") == []
    assert f"{B!r} is not exempt from pop" in refusal(
        desk.run("sunset", "unexempt", B, "--sunset", "pop", "--reason", "again")
    )
    assert lab.end("desk") == 0
    assert len(lab.rows(decided)) == 2


@pytest.mark.slow
def test_send_does_once_what_a_desk_does_and_what_is_left_goes_the_next_time(lab: Lab) -> None:
    server = Server(free_port())
    text = lab.config.read_text()
    lab.config.write_text(re.sub(r"(\[sunset\.pop\.mail\]\n)", rf"\1port = {server.port}\n", text))
    desk = Desk(lab)
    server.start()
    try:
        planned = desk.rows("sunset", "send", "--dry-run", "--sunset", "pop")
        assert [each["customer"] for each in planned] == ["acme", "solo"]
        assert (server.tried, lab.value("SELECT count() FROM sunset_events")) == (0, 0)
        assert "--sunset goes with --dry-run" in refusal(desk.run("sunset", "send", "--sunset", "pop"))
        (first,) = desk.rows("sunset", "send")
        assert (first["refused"], first["sent"] + first["left"]) == (0, 1)
        (again,) = desk.rows("sunset", "send")
        assert (again["refused"], again["sent"] + again["left"]) == (0, first["left"])
    finally:
        server.stop()
    assert len(server.taken) == first["sent"] + again["sent"]


def _written(folder: Path, text: str) -> Path:
    path = folder / "relaywarden.toml"
    path.write_text(text)
    return path


POP = """[sunset.pop]
kind = "smtp_after_pop"
begins = 2027-02-01
ends = {}
"""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("exempt", "a@b.example", "--reason", " "), "--reason ' ': say why; it is kept with the exemption"),
        (("exempt", "nobody", "--reason", "x"), "'nobody' is no mailbox, no @domain, and no customer of the directory"),
        (("exempt", "@b.example", "--reason", "x", "--until", "soon"), "--until 'soon' is no day, such as 2027-02-22"),
        (
            ("exempt", "@b.example", "--reason", "x", "--until", "2020-01-01"),
            "--until 2020-01-01: this day is past (today is",
        ),
        (("status", "--sunset", "imap"), "--sunset 'imap': there is pop"),
        (("plan-letters", "--sunset", "tls"), "--sunset 'tls': there is pop"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    config = _written(tmp_path, POP.format("2099-03-01"))
    assert refusal(run("sunset", *words, "--config", config)).startswith(said)


def test_what_customers_are_to_enter_must_be_said(tmp_path: Path) -> None:
    mail = '[sunset.pop.mail]\nsender = "care@hoster.example"\ncompany = "Hoster"\nsupport = "+49"\n'
    told = refusal(run("check", "--config", _written(tmp_path, POP.format("2099-03-01") + mail)))
    assert "sunset.pop.mail.smtp_server" in told


def test_check_tells_of_sunsets_that_do_not_work_and_goes_on(tmp_path: Path) -> None:
    over = POP.format("2020-03-01").replace("2027", "2020") + "\n[sunset.pop.mail]\n"
    mail = 'sender = "care@hoster.example"\ncompany = "Hoster"\nsupport = "+49"\nsmtp_server = "smtp.hoster.example"\n'
    text = (
        f'data = "{tmp_path}"\n\n{over}{mail}\n'
        + POP.replace("pop]", "tls]").format("2027-02-15")
        + "\n[sunset.tls.mail]\n"
        + mail
    )
    config = _written(tmp_path, text)
    told = run("check", "--config", config)
    assert (told.returncode, told.stderr) == (0, "")
    assert f"2020-03-01 is past: the sunset is left out ({config} line 6)" in told.stdout
    assert "6, but there are 2 tuesdays before it ends on 2027-02-15" in told.stdout
    assert "no log of logins is configured: nobody is found on this host" in told.stdout
    assert "neither [directory] nor [customers] is configured: nobody has" in told.stdout
    friday = text.replace("ends = 2027-02-15", 'ends = 2027-02-05\nweekday = "friday"')
    told = run("check", "--config", _written(tmp_path, friday))
    assert told.returncode == 2
    assert "there is no friday from 2027-02-01 on before it ends on 2027-02-05: no letter would ever go" in told.stdout
    assert "0 fridays" not in told.stdout
    known = _written(tmp_path, text + '\n[customers.acme]\nmailboxes = ["acme.example"]\n')
    assert "neither [directory]" not in run("check", "--config", known).stdout
    never = _written(tmp_path, "pop_before_smtp_minutes = 0\n" + text)
    told = run("check", "--config", never)
    assert told.returncode == 2
    assert "0: nobody is found whom sunset.tls concerns" in told.stdout
