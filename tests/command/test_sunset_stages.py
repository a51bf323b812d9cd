"""`sunset stages` and `sunset stage`: planned, taken in hand, and what each order is refused for."""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.moments import moment_of
from schemas.sunset_events import StagesSwitched, UserExempted, UserFound
from schemas.sunset_events import Use as Used
from streams.stage_orders import opened
from streams.sunset.stepping import step_of, stepped
from tests.barring_lab import publish
from tests.command.desk import Desk
from tests.whole.lab import Lab

NOW = time.time_ns() // 1000
TODAY = moment_of(NOW).date()
HOUR = 3_600_000_000
REPLY = "5.7.1 Sending without a login has ended: switch on authentication for outgoing mail in your program"
WHY = ("--reason", "drill", "--operator", "ada")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    stages = {"count": 4, "first_day": TODAY + timedelta(days=60), "weekdays_only": False}
    pop = {
        "kind": "smtp_after_pop",
        "begins": TODAY - timedelta(days=30),
        "ends": TODAY + timedelta(days=60),
        "stages": stages,
        "switch": {"exim": {"path": str(tmp_path / "table")}, "postfix_policy": {}},
    }
    with Lab(tmp_path, {"sunset": {"pop": pop}}) as lab:
        mailboxes = [f"{letter}{number}@x.example" for letter in "abcd" for number in range(5)]
        publish(lab.settings, *map(_found, mailboxes))
        exempted = UserExempted(id="e", at=NOW, sunset="pop", subject="a0@x.example", operator="ada", reason="fax")
        publish(lab.settings, exempted)
        yield Desk(lab)


def _found(mailbox: str) -> UserFound:
    used = Used(mailbox=mailbox, confidence=1.0, last=NOW - 1, messages=1)
    return UserFound(id=mailbox, at=NOW, sunset="pop", mailbox=mailbox, customer="x.example", use=used)


def _stages(desk: Desk) -> list[dict[str, Any]]:
    return desk.rows("sunset", "stages")


def _refused(desk: Desk, *words: str) -> str:
    done = desk.run("sunset", "stage", *words)
    assert done.returncode == 2
    assert done.stdout == ""
    return done.stderr


def test_stages_are_planned_and_taken_in_hand(desk: Desk) -> None:
    assert "no stages are planned" in desk.say("sunset", "stages")
    assert "no stages of pop are planned: relaywarden sunset stage plan" in _refused(desk, "close", "1", *WHY)
    shown = desk.run("sunset", "stage", "plan", "--dry-run", "--json")
    assert shown.stderr == "nothing is written: without --dry-run this is the plan\n"
    assert _stages(desk) == [], "nothing was written"
    planned = desk.rows("sunset", "stage", "plan", "--operator", "ada", "--reason", "drill")
    assert planned == _stages(desk)
    first = [json.loads(line) for line in shown.stdout.splitlines()]
    assert [row | {"planned": ""} for row in planned] == [row | {"planned": ""} for row in first]
    assert re.fullmatch(r"planned [-0-9]{10} [:0-9]{8} UTC by ada: drill", planned[0]["planned"])
    assert desk.say("sunset", "stages").splitlines()[-1] == planned[0]["planned"]
    assert [(row["from"], row["before"], row["mailboxes"], row["open"]) for row in planned] == [
        ("", "b", 4, 4),
        ("b", "c", 5, 5),
        ("c", "d", 5, 5),
        ("d", "", 5, 5),
    ]
    assert planned[0]["share"] == "21.1%"
    assert str(planned[0]["next"]).startswith(f"brown-out {TODAY + timedelta(days=46)}")

    told = desk.say("sunset", "stage", "close", "2", *WHY, "--dry-run")
    assert told.startswith(
        "would be done: close stage 2 (b to before c): 5 mailboxes use it or did lately, 0 this week"
    )
    assert _stages(desk)[1]["step"] == "open"
    (event,) = desk.rows("sunset", "stage", "close", "2", *WHY)
    assert (event["type"], event["stage"], event["step"], event["operator"]) == ("stage_stepped", 2, "closed", "ada")
    assert [row["step"] for row in _stages(desk)] == ["open", "closed", "open", "open"]
    assert "stage 2 of pop is closed already" in _refused(desk, "close", "2", *WHY)
    assert "relaywarden sunset stage rollback" in _refused(desk, "open", "2", *WHY)

    desk.say("sunset", "stage", "rollback", "2", *WHY)
    desk.say("sunset", "stage", "pause", "1", *WHY)
    assert [row["step"] for row in _stages(desk)] == ["paused", "rolled_back", "open", "open"]
    assert "stage 1 of pop is paused already, and holds all" in _refused(desk, "pause", "3", *WHY)
    for number, step in (("1", "paused"), ("2", "rolled back")):
        told = f"stage {number} of pop is {step}, and so open until relaywarden sunset stage resume"
        assert told in _refused(desk, "open", number, *WHY)
    assert [row["next"] for row in _stages(desk)] == ["", "", "held by a pause", "held by a pause"]
    desk.say("sunset", "stage", "resume", "1", *WHY)
    assert [row["step"] for row in _stages(desk)] == ["open", "rolled_back", "open", "open"]
    assert "only a held one goes on" in _refused(desk, "resume", "1", *WHY)
    (event,) = desk.rows("sunset", "stage", "resume", "2", *WHY)
    assert (event["stage"], event["step"], event["reason"]) == (2, "closed", "drill"), "it had closed"


def test_a_new_plan_leaves_closed_what_is_closed_and_ends_brown_outs(desk: Desk) -> None:
    desk.say("sunset", "stage", "plan")
    desk.say("sunset", "stage", "close", "2", *WHY)
    publish(desk.lab.settings, stepped("pop", 3, "brownout", NOW, until=NOW + 10**12))
    assert "--reason '': say why there is a new plan" in _refused(desk, "plan")
    shown = desk.run("sunset", "stage", "plan", "--dry-run", *WHY, "--json")
    over = "the brown-out of stage 3 is over with this plan\n"
    assert shown.stderr == f"{over}nothing is written: without --dry-run this is the plan\n"
    assert [row["stage"] for row in _stages(desk)] == [1, 2, 3, 4], "nothing was written"
    planned = desk.run("sunset", "stage", "plan", *WHY, "--json")
    assert (planned.returncode, planned.stderr) == (0, over)
    rows = _stages(desk)
    assert [json.loads(line) for line in planned.stdout.splitlines()] == rows
    assert [(row["stage"], row["from"], row["before"], row["mailboxes"], row["step"]) for row in rows] == [
        (5, "", "b", 4, "open"),
        (2, "b", "c", 5, "closed"),
        (6, "c", "d", 5, "open"),
        (7, "d", "", 5, "open"),
    ]
    assert "stage 3: pop has the stages 2, 5 to 7" in _refused(desk, "close", "3", *WHY)
    desk.say("sunset", "stage", "pause", "6", *WHY)
    assert "stage 6 of pop is paused, and holds all: resume it or roll it back" in _refused(desk, "plan", *WHY)


def test_wrong_orders_are_told_and_hosts_that_have_it_otherwise(desk: Desk) -> None:
    desk.say("sunset", "stage", "plan")
    assert "stage 9: pop has the stages 1 to 4" in _refused(desk, "pause", "9", *WHY)
    assert "--reason ' ': say why" in _refused(desk, "pause", "1", "--reason", " ")
    desk.say("sunset", "stage", "close", "1", *WHY)
    late = StagesSwitched(id="s1", at=NOW, sunset="pop", hook="exim", host="mx2")
    failed = StagesSwitched(id="s2", at=NOW, sunset="pop", hook="exim", host="mx3", off=(1,), problem="no room")
    right = StagesSwitched(id="s3", at=NOW, sunset="pop", hook="exim", host="mx1", off=(1,))
    publish(desk.lab.settings, late, failed, right)
    assert [row["otherwise_at"] for row in _stages(desk)] == ["mx2 exim, mx3 exim: no room", *["mx3 exim: no room"] * 3]


def test_what_the_switches_would_write_is_shown(desk: Desk, tmp_path: Path) -> None:
    desk.say("sunset", "stage", "plan")
    assert desk.say("sunset", "stage", "effects", "--off", "4").splitlines() == [
        "# postfix_policy: the policy server answers by the same stages",
        f"# exim: {tmp_path}/table",
        "# Written by relaywarden hooks at each change; do not edit.",
        r"^a0@x\.example$:",
        f"^(<>)?$: {REPLY}",
        f"^([^!-@[-`a-d]|d): {REPLY}",
        "^([^!-@[-`a-c]|c):",
        "^([^!-@[-`a-b]|b):",
        "^:",
        "",
    ]
    assert not (tmp_path / "table").exists()
    assert "5.7.1" not in desk.say("sunset", "stage", "effects")
    done = desk.run("sunset", "stage", "effects", "--off", "7")
    assert (done.returncode, "stage 7: pop has the stages 1 to 4" in done.stderr) == (2, True)


def test_who_has_it_otherwise_since_no_file_can_hold_his_name_is_told(desk: Desk) -> None:
    desk.say("sunset", "stage", "plan")
    exempted = desk.run("sunset", "exempt", "o'brien@x.example", *WHY)
    assert (exempted.returncode, exempted.stderr) == (0, "")
    odd = desk.run("sunset", "exempt", 'o"brien@x.example', *WHY)
    told = "'o\"brien@x.example' is exempt, but no file of exim can hold it: it is refused as others are\n"
    assert (odd.returncode, odd.stderr) == (0, told)
    shown = desk.run("sunset", "stage", "effects", "--off", "4")
    assert (shown.returncode, shown.stderr) == (0, told)
    assert "\n^o'brien@x\\.example$:\n" in shown.stdout
    assert 'o"brien' not in shown.stdout


def test_the_load_and_that_nobody_knows_it_are_shown(tmp_path: Path) -> None:
    stages = {"count": 2, "first_day": TODAY + timedelta(days=60), "refused_per_hour": 5, "failed_logins_times": 3.0}
    days = {"begins": TODAY - timedelta(days=30), "ends": TODAY + timedelta(days=60)}
    with Lab(tmp_path, {"sunset": {"pop": {"kind": "smtp_after_pop", "stages": stages, **days}}}) as lab:
        desk = Desk(lab)
        publish(lab.settings, *map(_found, ("anna@x.example", "zoe@x.example")))
        desk.say("sunset", "stage", "plan")
        unknown = "the load is not known (no host's log was read within a day): while the desk knows no more, no stage"
        assert desk.say("sunset", "stages").splitlines()[-1] == f"{unknown} goes off"
        assert [row["load"] for row in _stages(desk)] == [f"{unknown} goes off"] * 2
        publish(lab.settings, stepped("pop", 1, "closed", NOW - 60_000_000))
        logins = [
            ["mailbox_authenticated", f"{hour}", NOW - hour * HOUR, "mx1", "", "", "failed"] for hour in range(50)
        ]
        refused = ["message_rejected", "r", NOW - 1, "mx1", "anna@x.example", f"554 {REPLY}", ""]
        columns = ["type", "id", "at", "host", "envelope_from", "reply", "outcome"]
        with lab.clickhouse.connect(lab.settings.clickhouse.database) as client:
            client.insert("mail_events", [*logins, refused], columns)
        told = "the load within an hour: 1 different senders refused, 1 failed logins (usually 1)"
        assert [row["load"] for row in _stages(desk)] == [told] * 2
        lab.clickhouse.stop()
        assert "the load is not known (ClickHouse does not answer: " in desk.say("sunset", "stages")


def test_an_order_stands_in_the_log_before_anybody_asks_whom_it_concerns(desk: Desk) -> None:
    desk.say("sunset", "stage", "plan")
    desk.say("sunset", "stage", "close", "2", *WHY)
    port, found = desk.lab.settings.clickhouse.port, []
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        text = desk.lab.config.read_text()
        desk.lab.config.write_text(text.replace(f"port = {port}", f"port = {hanging.getsockname()[1]}"))

        def asked() -> None:
            with hanging.accept()[0], opened(desk.lab.settings, "pop") as (book, _):
                found.append(step_of(book.ledger, 2))

        looking = threading.Thread(target=asked)
        looking.start()
        done = desk.say("sunset", "stage", "rollback", "2", *WHY)
        looking.join()
    assert found == ["rolled_back"], "while ClickHouse was still asked"
    assert (
        "ordered: rollback stage 2 (b to before c): 5 mailboxes use it or did lately; how many this week is not" in done
    )
