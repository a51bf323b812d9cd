"""An operator at the command line, and a mailbox that was stolen: what he sees, each order, and the new password."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from msgspec import structs

from collectors.publish import Publisher
from schemas.events import Event
from tests.command.desk import SECONDS, Desk
from tests.command.shell import refusal
from tests.decided import BOTNET, QUIET
from tests.patterns import MAILBOX, events_of
from tests.whole.lab import Lab, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
CUSTOMER = "customer-4711"
CONFIG = {"customers": {CUSTOMER: {"mailboxes": ["example.net"]}}, "mailboxes": {"protected": ["news@example.net"]}}
UNSEEN = "unseen@example.net"
NO_HOOK = "relaywarden: no hook is configured (mailboxes.hooks): the order is recorded, but nothing holds {} to it"
NEVER = "relaywarden: {} was never seen before: is it spelled as it logs in? The order counts all the same"


def theft() -> list[Event]:
    """Return a takeover that ended a minute ago."""
    events = events_of(f"{QUIET}; {BOTNET}")
    moved = time.time_ns() // 1000 - 60_000_000 - events[-1].at
    return [structs.replace(event, at=event.at + moved) for event in events]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Run worker and sink, and let a thief send from a mailbox."""
    with Lab(tmp_path_factory.mktemp("desk"), CONFIG) as lab:
        lab.run("sink")
        lab.run("stream")
        with closing(Publisher(lab.settings.kafka, threading.Event())) as publisher:
            publisher.publish(theft())
            publisher.barrier()
        until(lambda: lab.value("SELECT count() FROM mailbox_events") >= 3, SECONDS, "the takeover is found")
        yield Desk(lab)
        for name in ("stream", "sink"):
            assert lab.end(name, 30) == 0, lab.log(name)


def shown(desk: Desk, mailbox: str = MAILBOX) -> dict[str, Any]:
    (row,) = desk.rows("mailbox", "show", mailbox)
    return row


def became(desk: Desk, words: str, mailbox: str = MAILBOX) -> None:
    until(lambda: shown(desk, mailbox)["state"].startswith(words), SECONDS, f"{mailbox} is {words}")


def test_who_is_flagged_and_why(desk: Desk) -> None:
    until(lambda: shown(desk)["step"] == "suspend", SECONDS, "the state is stored")
    (row,) = desk.rows("mailbox", "list")
    assert (row["mailbox"], row["customer"], row["step"]) == (MAILBOX, CUSTOMER, "suspend")
    assert row["state"] == "a suspension is proposed"
    assert "failed logins from" in row["reasons"]
    assert desk.rows("mailbox", "list", "--step", "suspend", "--customer", CUSTOMER) == [row]
    assert desk.rows("mailbox", "list", "--step", "flag") == []
    assert desk.say("mailbox", "list", "--customer", "example.org") == "no mailbox is watched or worse\n"


def test_one_mailbox_in_words(desk: Desk) -> None:
    row = shown(desk)
    assert (row["mode"], row["protected"], row["held"], row["customer"]) == ("propose", False, "", CUSTOMER)
    assert row["score"] >= 130
    assert any(line.startswith("networks in 10 minutes: ") and ", usually at most 3" in line for line in row["lately"])
    assert [each["what"] for each in row["decisions"]] == ["suspension proposed", "flagged", "watched"]
    said = desk.say("mailbox", "show", MAILBOX.upper())
    assert "state        a suspension is proposed\n" in said
    assert "UTC: suspension proposed: logged in from a new network after " in said


def test_orders_and_a_new_password(desk: Desk) -> None:
    done = desk.run("mailbox", "suspend", MAILBOX, "--reason", "he [red]called[/]", "--operator", "ada", "--for", "2h")
    assert done.returncode == 0
    assert done.stdout.startswith(f"ordered: suspend {MAILBOX} until ")
    assert done.stdout.endswith(
        f" by ada: he [red]called[/] (what became of it: relaywarden mailbox history {MAILBOX})\n"
    )
    assert done.stderr == NO_HOOK.format(MAILBOX) + "\n"
    became(desk, "suspended: by ada since ")
    assert shown(desk)["held_until"].endswith(" UTC")

    told = desk.say("mailbox", "password-changed", MAILBOX, "--reason", "control panel", "--operator", "panel")
    assert told.startswith(f"noted: {MAILBOX} has a new password, by panel: control panel (")
    until(lambda: desk.rows("mailbox", "history", MAILBOX)[0]["what"] == "new password", SECONDS, "it is noted")
    until(lambda: shown(desk)["score"] == 0.0, SECONDS, "what was is forgotten")
    assert shown(desk)["held_by"] == "ada", "what an operator ordered stays"

    event = desk.order("release", MAILBOX, of="mailbox")
    assert (event["type"], event["action"], event["subject"]) == ("operator_acted", "release", MAILBOX)
    became(desk, "in order")
    assert desk.say("mailbox", "list") == "no mailbox is watched or worse\n"
    rows = [(row["what"], row["operator"]) for row in desk.rows("mailbox", "history", MAILBOX)]
    assert rows[:3] == [("released", "ada"), ("order: release", "ada"), ("new password", "panel")]
    assert ("suspended", "ada") in rows
    assert ("suspension proposed", "") in rows
    assert "he [red]called[/] (until " in desk.say("mailbox", "history")


def test_a_mailbox_that_was_never_seen(desk: Desk) -> None:
    assert refusal(desk.run("mailbox", "show", UNSEEN)) == f"{UNSEEN}: no mail, login or order of this mailbox is known"
    assert desk.say("mailbox", "history", UNSEEN) == "nothing was decided yet\n"
    done = desk.run("mailbox", "throttle", UNSEEN, "--reason", "drill", "--operator", "ada")
    assert done.returncode == 0
    assert done.stderr.splitlines() == [NO_HOOK.format(UNSEEN), NEVER.format(UNSEEN)]
    until(lambda: any(row["mailbox"] == UNSEEN for row in desk.rows("mailbox", "list")), SECONDS, "it is listed")
    became(desk, "throttled: by ada since ", UNSEEN)
    desk.order("release", UNSEEN, "--for", "7d", of="mailbox")
    became(desk, "no rule may bar it: by ada since ", UNSEEN)
    desk.order("watch", UNSEEN, of="mailbox")
    became(desk, "watched: by ada since ", UNSEEN)


def test_orders_that_cannot_be_are_refused_and_nothing_is_recorded(desk: Desk) -> None:
    reason = ("--reason", "x")
    cases = {
        ("suspend", "two words", *reason): "'two words' is no mailbox: say its login or address",
        ("release", "", *reason): "'' is no mailbox: say its login or address",
        ("throttle", "a" * 321, *reason): f"'{'a' * 321}' is no mailbox: say its login or address",
        ("watch", "a\x1b@example.net", *reason): "'a\\x1b@example.net' is no mailbox: say its login or address",
        ("suspend", MAILBOX, "--reason", " "): "--reason ' ': say why; it is kept with the decision",
        ("suspend", MAILBOX, *reason, "--for", "soon"): (
            "--for 'soon': say a number and s, m, h or d, as in 30m or 2h"
        ),
        ("password-changed", " "): "' ' is no mailbox: say its login or address",
        ("list", "--step", "moon"): "--step 'moon': say watch, flag, throttle or suspend",
    }
    recorded = "SELECT uniqExact(id) FROM mailbox_signals"
    before = desk.lab.value(recorded)
    for words, sentence in cases.items():
        assert refusal(desk.run("mailbox", *words)) == sentence
    assert desk.lab.value(recorded) == before
