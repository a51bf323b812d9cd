"""`relaywarden queue` and `notice`: what they show, and what they refuse in one line."""

import json
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from embedded.broker import free_port
from tests.command.shell import refusal, run

MAIL = """
[mailboxes.hooks.customer_mail]
sender = "abuse@isp.example"
company = "Example ISP"
support = "+41 44 000 00 00"
"""
CUSTOMER = """
[customers.customer-1]
mailboxes = ["example.net"]
contact = "admin@example.net"
language = "fr"
"""


def _config(folder: Path, text: str) -> Path:
    path = folder / "relaywarden.toml"
    path.write_text(
        f"data = '{folder}/state'\n[embedded]\ndata = '{folder}/var'\n[kafka]\nbootstrap = ['127.0.0.1:1']\n{text}"
    )
    return path


def test_a_preview_in_the_customers_language(tmp_path: Path) -> None:
    config = _config(tmp_path, MAIL + CUSTOMER)
    done = run("notice", "preview", "alice@example.net", "--config", config)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "To: admin@example.net"
    assert lines[1] == "Subject: Votre boîte alice@example.net ne peut plus envoyer de courriels pour l'instant"
    assert "- des accès depuis 41 connexions internet différentes en 10 minutes, d'ordinaire 2 au plus" in lines
    told = json.loads(
        run("notice", "preview", "alice@example.net", "--language", "en", "--config", config, "--json").stdout
    )
    assert (told["customer"], told["to"], told["language"]) == ("customer-1", "admin@example.net", "en")
    html = run("notice", "preview", "alice@example.net", "--template", "released", "--html", "--config", config).stdout
    assert html.startswith('<!DOCTYPE html>\n<html lang="fr">')


def test_whom_nobody_can_tell_is_said(tmp_path: Path) -> None:
    config = _config(tmp_path, MAIL)
    done = run("notice", "preview", "postmaster@example.org", "--config", config)
    assert done.stdout.startswith("To: nobody (nobody can be told but this mailbox itself)\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("preview", " "), "' ' is no mailbox: say its login or address"),
        (("preview", "a@example.net", "--template", "x"), "--template 'x': there are suspended, throttled, released"),
        (("preview", "a@example.net", "--language", "rm"), "--language 'rm': there are de, fr, it, en"),
        (("test", "nobody"), "'nobody' is no mail address"),
        (("test", "a@example.net\nBcc: b@example.net"), "'a@example.net\\nBcc: b@example.net' is no mail address"),
    ],
)
def test_what_a_notice_is_not(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    assert refusal(run("notice", *words, "--config", _config(tmp_path, MAIL))) == said


def test_without_the_hook_there_is_no_notice(tmp_path: Path) -> None:
    said = "mailboxes.hooks.customer_mail: no mails to customers are configured"
    assert refusal(run("notice", "preview", "a@example.net", "--config", _config(tmp_path, ""))) == said


def test_a_test_mail(tmp_path: Path) -> None:
    port = free_port()
    config = _config(tmp_path, f"{MAIL}port = {port}\n")
    refused = refusal(run("notice", "test", "you@isp.example", "--config", config))
    assert refused == f"mailboxes.hooks.customer_mail: 127.0.0.1 port {port}: [Errno 111] Connection refused"
    server = Controller(Sink(), hostname="127.0.0.1", port=port)
    server.start()
    try:
        done = run("notice", "test", "you@isp.example", "--config", config)
    finally:
        server.stop()
    assert (done.returncode, done.stdout) == (0, "sent to you@isp.example: 250 OK\n")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("de/suspended.txt", "Subject: {{ nobody }}\n\nx\n", "de/suspended.txt line 1: 'nobody' is undefined"),
        ("de/suspended.txt", "Guten Tag\n", "de/suspended.txt: its first line is no 'Subject: …'"),
        ("en/released.txt", "Subject: x\n\n{% if %}\n", "en/released.txt line 3: Expected an expression"),
        ("layout.html", "{{ blocks[99].lines }}", "layout.html line 1: "),
    ],
)
def test_a_companys_own_template_is_checked(tmp_path: Path, name: str, text: str, said: str) -> None:
    own = tmp_path / "own"
    (own / name).parent.mkdir(parents=True)
    (own / name).write_text(text)
    config = _config(tmp_path, f"{MAIL}templates = '{own}'\n")
    rows = [json.loads(line) for line in run("check", "--config", config, "--json").stdout.splitlines()]
    found = [row["problem"] for row in rows if row["place"] == "mailboxes.hooks.customer_mail.templates"]
    assert found
    assert found[0].startswith(said)


def test_a_companys_own_template_replaces_ours(tmp_path: Path) -> None:
    own = tmp_path / "own"
    (own / "en").mkdir(parents=True)
    (own / "en" / "suspended.txt").write_text(
        "Subject: {{ company }}: {{ mailbox }}\n\n{{ support }} & co\n\n- a\n- b\n"
    )
    config = _config(tmp_path, f"{MAIL}templates = '{own}'\n")
    told = json.loads(run("notice", "preview", "a@example.net", "--config", config, "--json").stdout)
    assert told["subject"] == "Example ISP: a@example.net"
    assert told["text"] == "+41 44 000 00 00 & co\n\n- a\n- b\n"
    assert "<p>+41 44 000 00 00 &amp; co</p>" in told["html"]
    assert "<ul>\n<li>a</li>\n<li>b</li>\n</ul>" in told["html"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("sender = 'nobody'", "sender: 'nobody' is no mail address in ASCII"),
        ("fallback = '{mailbox}'", "fallback: '{mailbox}' is no address like 'postmaster@{domain}'"),
        ("timezone = 'Mars/Phobos'", "timezone: 'Mars/Phobos' is no time zone of the tz database"),
        ("per_hour = 0", "per_hour: input should be greater than or equal to 1 (is 0)"),
    ],
)
def test_settings_that_are_wrong(tmp_path: Path, line: str, said: str) -> None:
    key = line.partition(" ")[0]
    text = "\n".join(each for each in MAIL.splitlines() if not each.startswith(f"{key} ")) + f"\n{line}\n"
    assert f"mailboxes.hooks.customer_mail.{said}" in refusal(run("check", "--config", _config(tmp_path, text)))


def test_hooks_that_only_follow_bar_nobody(tmp_path: Path) -> None:
    text = f"[mailboxes]\naction = 'enforce'\n{MAIL}[mailboxes.hooks.postfix_queue]\n"
    said = refusal(run("check", "--config", _config(tmp_path, text)))
    assert "mailboxes.hooks: none bars a mailbox from sending, but mailboxes.action is 'enforce'" in said


def test_a_queue_that_cannot_be_asked(tmp_path: Path) -> None:
    hook = f"[mailboxes.hooks.postfix_queue]\nconfig = '{tmp_path}/none'\n"
    config = _config(tmp_path, hook)
    assert refusal(run("queue", "list", "--config", config)).startswith(f"postqueue -c {tmp_path}/none -j: ended with ")
    rows = [json.loads(line) for line in run("check", "--config", config, "--json").stdout.splitlines()]
    assert {
        "level": "error",
        "place": "mailboxes.hooks.postfix_queue.config",
        "problem": f"{tmp_path}/none has no main.cf",
    } in rows


@pytest.mark.parametrize("order", ["hold", "release"])
def test_an_order_about_the_queue_needs_kafka_and_a_reason(tmp_path: Path, order: str) -> None:
    config = _config(tmp_path, "")
    said = refusal(run("queue", order, "alice@example.net", "--reason", "spam", "--config", config))
    assert said == "no broker at 127.0.0.1:1: Connection refused"
    assert run("queue", order, "alice@example.net", "--config", config).returncode == 2
