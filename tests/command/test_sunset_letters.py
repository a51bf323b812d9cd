"""`relaywarden sunset preview` and `test`, and what `check` says of a company's own letters."""

import json
import re
import time
from email import message_from_string, policy
from pathlib import Path

import msgspec
import pytest

from embedded.broker import free_port
from embedded.clickhouse import ClickHouseServer
from schemas import codec
from schemas.sunset_events import ClientUse, LetterDue, Use
from tests.command.shell import refusal, run
from tests.mail_server import Server
from tests.migrated import migrate

SUNSET = """
[sunset.pop]
kind = "smtp_after_pop"
begins = 2027-01-11
ends = 2027-02-22
timezone = "Europe/Zurich"
"""
MAIL = """
[sunset.pop.mail]
sender = "support@isp.example"
company = "Example ISP"
support = "+41 44 000 00 00"
smtp_server = "smtp.isp.example"
unsubscribe = "https://isp.example/stop/{letter}"
"""


def _config(folder: Path, text: str) -> Path:
    path = folder / "relaywarden.toml"
    path.write_text(
        f"data = '{folder}/state'\n[embedded]\ndata = '{folder}/var'\n[kafka]\nbootstrap = ['127.0.0.1:1']\n{text}"
    )
    return path


def test_a_preview_is_an_example_in_any_form(tmp_path: Path) -> None:
    config = _config(tmp_path, SUNSET + MAIL)
    done = run("sunset", "preview", "--language", "de", "--number", "6", "--config", config)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:2] == [
        "To: customer@example.net",
        "Subject: Letzte Erinnerung: Bitte 3 Postfächer vor dem 22. Februar 2027 umstellen",
    ]
    assert "Dies ist unser letztes Schreiben dazu. Danach bleiben Ihnen noch 6 Tage." in lines
    html = run("sunset", "preview", "--language", "it", "--html", "--config", config).stdout
    assert html.startswith('<!DOCTYPE html>\n<html lang="it">')
    eml = run("sunset", "preview", "--kind", "thanks", "--eml", "--config", config).stdout
    read = message_from_string(eml, policy=policy.default)
    assert read["Subject"] == "Thank you: your mailbox is up to date"
    assert read["Auto-Submitted"] == "auto-generated"
    told = json.loads(run("sunset", "preview", "--config", config, "--json").stdout)
    assert (told["to"], told["problem"], told["faults"]) == ("customer@example.net", "", [])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("preview", "--language", "rm"), "--language 'rm': there are de, fr, it, en"),
        (("preview", "--kind", "x"), "--kind 'x': there are letter, thanks"),
        (("preview", "--number", "7"), "--number 7: there are 6 letters (sunset.pop.letters)"),
        (("preview", "--html", "--eml"), "--html and --eml: say one of them"),
        (("preview", "--sunset", "x"), "--sunset 'x': there is pop"),
        (("test", "nobody"), "'nobody' is no mail address in ASCII"),
        (
            ("test", "a@example.net\nBcc: b@example.net"),
            "'a@example.net\\nBcc: b@example.net' is no mail address in ASCII",
        ),
    ],
)
def test_what_a_letter_is_not(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    assert refusal(run("sunset", *words, "--config", _config(tmp_path, SUNSET + MAIL))) == said


def test_without_mail_there_is_no_letter(tmp_path: Path) -> None:
    said = "sunset.pop.mail: no letters are configured"
    assert refusal(run("sunset", "preview", "--config", _config(tmp_path, SUNSET))) == said


@pytest.mark.parametrize(
    "given",
    ["nowhere", "ftp://isp.example/", "https://isp.example/> <mailto:x", "https://isp.example/{customer}", "https://"],
)
def test_where_to_unsubscribe_must_be_an_address_or_a_url(tmp_path: Path, given: str) -> None:
    mail = MAIL.replace("https://isp.example/stop/{letter}", given)
    said = refusal(run("sunset", "preview", "--config", _config(tmp_path, SUNSET + mail)))
    wanted = "is neither a mail address nor a URL like 'https://isp.example/stop/{letter}'"
    assert said.endswith(f"sunset.pop.mail.unsubscribe: {given!r} {wanted}")


def test_a_wrong_template_is_told_with_its_line_and_ours_is_shown(tmp_path: Path) -> None:
    own = tmp_path / "own"
    (own / "en").mkdir(parents=True)
    (own / "en" / "smtp_after_pop.txt").write_text("Subject: {{ company }}\n\nHi {{ nmae }}\n")
    (own / "en" / "closing.txt").write_text("Ring {{ support }}\n")
    config = _config(tmp_path, f"{SUNSET}{MAIL}templates = '{own}'\n")
    done = run("sunset", "preview", "--config", config)
    place = "sunset.pop.mail.templates"
    problem = f"{own}/en/smtp_after_pop.txt:3: 'nmae' is undefined"
    assert done.stderr == f"relaywarden: {place}: {problem}\n"
    assert done.stdout.splitlines()[1] == "Subject: Please update 3 mailboxes before 22 February 2027"
    assert done.stdout.endswith("\nRing +41 44 000 00 00\n")
    rows = [json.loads(line) for line in run("check", "--config", config, "--json").stdout.splitlines()]
    assert {"level": "error", "place": place, "problem": problem} in rows


def test_a_setting_with_which_no_letter_could_go_is_refused(tmp_path: Path) -> None:
    mail = MAIL.replace('"Example ISP"', '"Example\\r\\nBcc: victim@example.org"')
    config = _config(tmp_path, SUNSET + mail)
    said = "sunset.pop.mail: invalid arguments; address parts cannot contain CR or LF"
    assert refusal(run("sunset", "preview", "--config", config)) == said
    assert refusal(run("sunset", "test", "you@isp.example", "--config", config)) == said
    rows = [json.loads(line) for line in run("check", "--config", config, "--json").stdout.splitlines()]
    assert ("sunset.pop.mail", said.partition(": ")[2]) in [(row["place"], row["problem"]) for row in rows]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({}, " is no folder\n"),
        ({"layout.html": b"\xff"}, "/layout.html: a template is no UTF-8: "),
        ({"layout.html": b"x" * 200_001}, "/layout.html is too long for a mail\n"),
    ],
)
def test_what_cannot_be_read_is_told_and_the_rest_goes_on(tmp_path: Path, written: dict[str, bytes], said: str) -> None:
    own = tmp_path / "own"
    for name, content in {**written, "en/closing.txt": b"Our own words\n"}.items() if written else ():
        (own / name).parent.mkdir(parents=True, exist_ok=True)
        (own / name).write_bytes(content)
    config = _config(tmp_path, f"{SUNSET}{MAIL}templates = '{own}'\n")
    done = run("sunset", "preview", "--config", config)
    assert done.returncode == 0
    assert done.stderr.startswith(f"relaywarden: sunset.pop.mail.templates: {own}{said}")
    assert done.stdout.endswith("\nOur own words\n") is bool(written)


def test_a_test_mail_is_marked_as_one(tmp_path: Path) -> None:
    server = Server(free_port())
    config = _config(tmp_path, f"{SUNSET}{MAIL}port = {server.port}\n")
    away = refusal(run("sunset", "test", "you@isp.example", "--config", config))
    assert away == f"sunset.pop.mail: 127.0.0.1 port {server.port}: [Errno 111] Connection refused"
    server.start()
    try:
        done = run("sunset", "test", "you@müller.example", "--language", "fr", "--config", config)
        assert done.stdout == "sent to you@xn--mller-kva.example: 250 2.0.0 queued as 4F1qXz3\n"
        server.recipient_answer = "550 5.1.1 no such user"
        refused = refusal(run("sunset", "test", "you@isp.example", "--config", config))
        assert refused == "sunset.pop.mail: RCPT: 550 5.1.1 no such user"
    finally:
        server.stop()
    ((to, mail),) = server.taken
    assert to == "you@xn--mller-kva.example"
    assert mail["Subject"] == "[Test] 3 boîtes à adapter avant le 22 février 2027"
    assert mail["List-Unsubscribe"].startswith("<https://isp.example/stop/")
    body = mail.get_body(("plain",))
    assert body is not None
    assert "    Serveur sortant (SMTP)\N{NO-BREAK SPACE}: smtp.isp.example" in body.get_content().splitlines()


def test_the_newest_letter_of_a_customer_is_shown_as_it_was_decided(
    tmp_path: Path, clickhouse: ClickHouseServer, database: str
) -> None:
    text = f"[clickhouse]\nhost = '{clickhouse.host}'\nport = {clickhouse.port}\ndatabase = '{database}'\n"
    config = _config(tmp_path, text + SUNSET + MAIL)
    client = clickhouse.connect(database)
    migrate(client, database)
    use = Use(
        mailbox="alice@example.net",
        messages=7,
        last=1_800_000_000_000_000,
        confidence=0.5,
        clients=(ClientUse(ip="192.0.2.7", program="Mozilla Thunderbird", last=1_800_000_000_000_000),),
    )
    old = LetterDue(
        id="l1", at=1, sunset="pop", customer="c1", recipient="boss@example.net", language="it", kind="letter",
        number=1, of=6, week=1, ends="2027-02-22", due=1_800_000_000_000_000, message_id="<l1@isp.example>",
    )  # fmt: skip
    new = msgspec.structs.replace(old, id="l2", at=2, number=2, week=2, uses=(use,), message_id="<l2@isp.example>")
    other = msgspec.structs.replace(new, id="l3", at=3, customer="c2", recipient="", problem="nobody")
    rows = b"\n".join(codec.encode(each) for each in (old, new, other))
    client.raw_insert("sunset_events", insert_block=rows, fmt="JSONEachRow")
    known = {"RELAYWARDEN_CLICKHOUSE_PASSWORD": clickhouse.password}

    def shown(*words: str) -> str:
        done = run("sunset", "preview", "--config", config, *words, env=known)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    lines = shown("--customer", "c1").splitlines()
    assert lines[:2] == [
        "To: boss@example.net",
        "Subject: Promemoria: una casella da adeguare prima del 22 febbraio 2027",
    ]
    assert "    Probabilmente con: Mozilla Thunderbird, indirizzo 192.0.2.7" in lines
    assert "Message-ID: <l2@isp.example>" in shown("--customer", "c1", "--eml").splitlines()
    assert "Message-ID: <l1@isp.example>" in shown("--customer", "c1", "--number", "1", "--eml").splitlines()
    assert shown("--customer", "c1", "--language", "de").splitlines()[1].startswith("Subject: Erinnerung: Bitte ein")
    assert shown("--customer", "c2").startswith("To: nobody (nobody)\n")
    said = refusal(run("sunset", "preview", "--customer", "c3", "--config", config, env=known))
    assert said == "--customer 'c3': no such letter of pop was decided; 'example' shows an example"


def test_letters_are_shown_a_thousand_at_a_time_and_as_json_all(
    tmp_path: Path, clickhouse: ClickHouseServer, database: str
) -> None:
    text = f"[clickhouse]\nhost = '{clickhouse.host}'\nport = {clickhouse.port}\ndatabase = '{database}'\n"
    config = _config(tmp_path, text + SUNSET)
    client = clickhouse.connect(database)
    migrate(client, database)
    at = time.time_ns() // 1000 - 3_600_000_000
    rows = b"\n".join(
        codec.encode(
            LetterDue(
                id=f"l{number}", at=at, sunset="pop", customer=f"c{number:04}", recipient=f"it@c{number:04}.example",
                kind="letter", message_id=f"<l{number}@isp.example>",
            )
        )
        for number in range(1001)
    )  # fmt: skip
    client.raw_insert("sunset_events", insert_block=rows, fmt="JSONEachRow")
    known = {"RELAYWARDEN_CLICKHOUSE_PASSWORD": clickhouse.password}

    def listed(*words: str) -> tuple[list[str], str]:
        done = run("sunset", "letters", "--config", config, *words, env=known)
        assert done.returncode == 0
        return re.findall(r"c[0-9]{4}(?= |\")", done.stdout), done.stderr

    said = "relaywarden: there are more than {}: --limit and --json show them\n"
    customers = [f"c{number:04}" for number in range(1001)]
    assert listed() == (customers[:1000], said.format(1000))
    assert listed("--limit", "1001") == (customers, "")
    assert listed("--limit", "2", "--json") == (customers[:2], said.format(2))
    assert listed("--json") == (customers, "")
    assert listed("--failed")[0] == []
