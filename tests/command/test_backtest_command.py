"""`relaywarden backtest`: history in, decisions out; and what is wrong is named with its place."""

import gzip
import json
from pathlib import Path

import pytest

from collectors.history import Past, events
from schemas.settings import parse as settings_of
from tests.command.shell import refusal, run

CONFIG = """
[mta.mx1]
format = "postfix"
log = "/var/log/mail.log"
[pool.main.transports]
out1 = "192.0.2.1"
out2 = "192.0.2.2"
"""
BOB = "bob@example.net"


def _mail(number: int, seconds: int, client: str, recipient: str, status: str = "sent") -> str:
    head = (
        f"2026-03-{1 + seconds // 86400:02}T{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}+00:00"
    )
    queue_id = f"{0xA0000 + number:X}"
    said = "(250 2.0.0 OK)" if status == "sent" else "(host mx.example.org[192.0.2.99] said: 550 5.1.1 no such user)"
    dsn = "2.0.0" if status == "sent" else "5.1.1"
    return (
        f"{head} mx1 postfix/submission/smtpd[7]: {queue_id}: client=unknown[{client}], sasl_method=PLAIN, "
        f"sasl_username={BOB}\n"
        f"{head} mx1 postfix/qmgr[8]: {queue_id}: from=<{BOB}>, size=900, nrcpt=1 (queue active)\n"
        f"{head} mx1 postfix/out1/smtp[9]: {queue_id}: to=<{recipient}>, relay=mx.example.org[192.0.2.99]:25, "
        f"delay=0.2, delays=0/0/0.1/0.1, dsn={dsn}, status={status} {said}\n"
        f"{head} mx1 postfix/qmgr[8]: {queue_id}: removed\n"
    )


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """Give a folder with a configuration, a log (three quiet days, then a thief), labels and listings."""
    (tmp_path / "relaywarden.toml").write_text(CONFIG)
    quiet = [_mail(n, n * 3600, "198.51.100.7", f"friend{n % 7}@example.org") for n in range(72)]
    theft = [
        _mail(
            100 + n,
            3 * 86400 + n * 2,
            f"203.0.{n % 50}.9",
            f"victim{n}@example{n % 30}.org",
            "bounced" if n % 5 == 0 else "sent",
        )
        for n in range(200)
    ]
    (tmp_path / "mail.log").write_text("".join([*quiet, *theft]))
    label = {"mailbox": BOB, "kind": "burst", "start": "2026-03-04T00:00:00Z", "end": "2026-03-04T00:07:00Z"}
    (tmp_path / "labels.jsonl").write_text(json.dumps(label) + "\n")
    named = {"ip": "192.0.2.1", "list": "spamcop"}
    rows = [{"at": f"2026-03-04T00:{minute:02}:00Z", **named, "answer": "listed"} for minute in (3, 4)]
    (tmp_path / "listings.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def _backtest(folder: Path, *words: object) -> list[object]:
    return ["backtest", folder / "relaywarden.toml", "--log", f"postfix={folder / 'mail.log'}", *words]


def test_history_becomes_decisions_and_a_verdict(history: Path) -> None:
    out = history / "decisions.jsonl"
    told = ("--labels", history / "labels.jsonl", "--listings", history / "listings.jsonl")
    done = run(*_backtest(history, *told, "--out", out, "--json"))
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    kinds = [row["type"] for row in rows]
    assert kinds.count("mailbox_flagged") == 1
    assert kinds.count("ip_withdrawn") == 1
    flagged = next(row for row in rows if row["type"] == "mailbox_flagged")
    assert flagged["mailbox"] == BOB
    assert "2026-03-04T00:00:00" < flagged["at"] < "2026-03-04T00:02:00"
    assert {"rule", "text", "value", "usual"} <= flagged["evidence"][0].keys()
    withdrawn = next(row for row in rows if row["type"] == "ip_withdrawn")
    assert (withdrawn["ip"], withdrawn["culprits"][0]["sender"]) == ("192.0.2.1", BOB)
    counted, burst, whole = map(json.loads, done.stdout.splitlines())
    assert counted["decisions"]["ip_withdrawn"] == 1
    assert (burst["kind"], burst["recall"]) == ("burst", 1.0)
    assert whole["precision"] == 1.0
    assert burst["leaked"] < 60
    assert "0 dead letters" in done.stderr


def test_two_configurations_are_compared(history: Path) -> None:
    lax = history / "lax.toml"
    lax.write_text(CONFIG + "[mailboxes]\nflag_score = 900\nsuspend_score = 950\n")
    done = run(*_backtest(history, "--against", lax, "--json"))
    *rows, one, other = map(json.loads, done.stdout.splitlines())
    flagged = next(row for row in rows if row["decision"] == "mailbox_flagged")
    assert (flagged["subject"], flagged["second"], flagged["second_why"]) == (BOB, "", "")
    assert flagged["first"].startswith("2026-03-04T00:0")
    assert "8 networks in 10 minutes" in flagged["first_why"]
    assert (one["decisions"]["mailbox_flagged"], other["configuration"]) == (1, str(lax))
    assert "mailbox_flagged" not in other["decisions"]
    same = run(*_backtest(history, "--against", history / "relaywarden.toml"))
    assert "decide the same at the same times" in same.stdout


def test_a_list_of_leaks_is_taken_in(history: Path) -> None:
    stolen = history / "stolen.csv"
    stolen.write_text(f"email,password,breach\n{BOB},hunter2,Shop\nalice@example.org,x,Shop\n")
    plain, leaky = run(*_backtest(history, "--json")), run(*_backtest(history, "--leaks", stolen, "--json"))
    assert (plain.returncode, leaky.returncode) == (0, 0), leaky.stderr
    assert json.loads(leaky.stdout.splitlines()[0])["decisions"]["mailbox_flagged"] >= 1
    assert "hunter2" not in leaky.stdout + leaky.stderr


def test_no_input_is_overwritten_and_a_run_that_fails_spares_the_decisions_of_the_last(history: Path) -> None:
    log, out, late = history / "mail.log", history / "decisions.jsonl", history / "labels.late"
    before = log.read_bytes()
    late.write_text((history / "labels.jsonl").read_text().replace("2026", "2027"))
    (history / "mail.log.part").hardlink_to(log)
    for clash in (log, history / "mail.log.part"):
        assert f"--out {clash}: {log} is read here" in refusal(run(*_backtest(history, "--out", clash)))
    half = ("backtest", history / "relaywarden.toml", "--log", f"postfix={history / 'mail.log.part'}")
    (history / "other.log.part").hardlink_to(log)
    assert "is read here" in refusal(run(*half, "--out", history / "other.log"))
    assert log.read_bytes() == before
    out.write_text("of the run before\n")
    (history / "listings.jsonl").write_text("moon\n")
    refusal(run(*_backtest(history, "--out", out, "--listings", history / "listings.jsonl")))
    assert out.read_text() == "of the run before\n"
    done = run(*_backtest(history, "--out", out, "--labels", late, "--json"))
    assert f"{BOB} (burst): the logs tell nothing of that time; left out" in done.stderr
    counted, whole = map(json.loads, done.stdout.splitlines())
    assert (whole["takeovers"], whole["recall"]) == (0, "")
    kinds = [json.loads(line)["type"] for line in out.read_text().splitlines()]
    assert {kind: kinds.count(kind) for kind in kinds} == counted["decisions"]


def test_a_log_has_the_same_ids_whatever_its_name_and_is_taken_in_once(history: Path) -> None:
    log, packed = history / "mail.log", history / "mail.log.1.gz"
    packed.write_bytes(gzip.compress(log.read_bytes()))
    settings = settings_of((history / "relaywarden.toml").read_text(), "test")
    told = [list(events(Past(logs=(("postfix", file),)), settings, lambda _: None)) for file in (log, packed)]
    assert told[0] == told[1]
    assert len({event.id for event in told[0]}) == len(told[0]) > 800
    both = _backtest(history, "--log", f"postfix={packed}")
    assert refusal(run(*both)) == f"{packed}: begins as {log} does: the same log would count twice"


def test_what_is_wrong_is_named(history: Path) -> None:
    config, log = history / "relaywarden.toml", history / "mail.log"
    (history / "bad.jsonl").write_text('{"at":"2026-03-04T00:00:00","ip":"192.0.2.1","list":"x","answer":"listed"}\n')
    (history / "labels.bad").write_text("moon\n")
    (history / "leaks.bad").write_text("moon\n")
    cases: list[tuple[list[object], str]] = [
        (["backtest", config], "--log: name at least one"),
        (["backtest", config, "--log", "mail.log"], "--log 'mail.log': say FORMAT=FILE"),
        (["backtest", config, "--log", f"sendmial={log}"], "no log format 'sendmial'; there are courier, "),
        (["backtest", config, "--log", f"postfix={history / 'none.log'}"], f"{history / 'none.log'}: No such file"),
        (["backtest", history / "none.toml", "--log", f"postfix={log}"], f"{history / 'none.toml'}: No such file"),
        (_backtest(history, "--listings", history / "bad.jsonl"), "bad.jsonl:1: no answer of a list: '2026-03-04T00"),
        (_backtest(history, "--labels", history / "labels.bad"), "labels.bad:1: no label"),
        (_backtest(history, "--leaks", history / "leaks.bad"), "leaks.bad: there is no address in it"),
        (_backtest(history, "--complaints", log), "is no folder of complaints"),
        (_backtest(history, "--against", history / "none.toml"), "none.toml: No such file"),
        (_backtest(history, "--out", history / "no" / "where.jsonl"), "No such file or directory"),
    ]
    for words, reason in cases:
        assert reason in refusal(run(*words)), words
