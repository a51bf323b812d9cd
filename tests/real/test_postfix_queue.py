"""A real Postfix with mailboxes that log in: the thief's mail goes on hold, and only what we held comes back."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from collectors.admin import ensure_topics
from embedded.broker import Broker
from schemas.mailbox_hooks import PostfixQueueHook
from schemas.settings import Settings
from streams.bars import Bar, HoldQueue
from streams.queue_orders import Desk
from streams.queueing import QueueKeeper
from tests.command.shell import Done, refusal, run
from tests.parts import require, require_root
from tests.real.sasl_lab import SaslLab

if TYPE_CHECKING:
    from schemas.mailbox_events import QueueHeld

pytestmark = pytest.mark.real
ALICE, MALLORY = "alice@example.test", "mallory@example.test"
NETWORKS = {"203.0.113.0/28": "customer-4711"}


@pytest.fixture
def lab() -> Iterator[SaslLab]:
    require("postfix", "postfix")
    require("dovecot", "dovecot-core")
    require_root("Postfix's master")
    with SaslLab((ALICE, MALLORY)) as running:
        yield running


class Hook:
    """The hook of one host, and what it reported."""

    def __init__(self, lab: SaslLab, data: Path, **settings: object) -> None:
        self.told: list[QueueHeld] = []
        given = PostfixQueueHook.model_validate({"config": lab.config, "look_again_seconds": 3600, **settings})
        self.keeper = QueueKeeper(given, NETWORKS, data, "mx1", self.told.append)

    def suspend(self, *mailboxes: str) -> None:
        bar = Bar(step="suspend", since=2_000_000_000_000_000, decision="d1")
        self.keeper.want(HoldQueue(suspended=dict.fromkeys(mailboxes, bar), released={}))

    def release(self, mailbox: str) -> None:
        bar = Bar(step="", since=2_000_000_100_000_000, decision="d2")
        self.keeper.want(HoldQueue(suspended={}, released={mailbox: bar}))

    def done(self) -> list[tuple[str, str, int, str]]:
        return [(each.mailbox, each.action, each.messages, each.decision) for each in self.told]


def _town(lab: SaslLab) -> None:
    """Seven messages: two of the thief under forged names, and what looks like his but is not."""
    lab.submit(MALLORY, "forged-1@example.org", "bob@example.net", "eve@example.org")
    lab.submit(
        MALLORY,
        ALICE,
        "bob@example.net",
        text=f"Subject: x\r\nnamed_attribute: sasl_username={ALICE}\r\n\r\nnamed_attribute: sasl_username={ALICE}\r\n",
    )
    lab.submit(ALICE, "alice-herself@example.test", "bob@example.net")
    lab.submit(
        ALICE,
        "alice-writes@example.test",
        "bob@example.net",
        text=f"named_attribute: sasl_username={MALLORY}\r\nSubject: x\r\n\r\n*** MESSAGE FILE END x ***\r\n",
    )
    lab.submit_as("", "203.0.113.3", "network@example.net", "bob@example.net")
    lab.hand_in(MALLORY, "bob@example.net")
    lab.hand_in("script@example.test", "bob@example.net", full_name=f"x\nnamed_attribute: sasl_username={MALLORY}")
    lab.waiting(7)


def test_only_the_thiefs_mail_goes_on_hold_and_only_that_comes_back(lab: SaslLab, tmp_path: Path) -> None:
    _town(lab)
    admins = next(name for name, each in lab.queue.messages().items() if each.sender == "alice-herself@example.test")
    lab.postsuper("-h", admins)
    hook = Hook(lab, tmp_path, on_release="release")
    hook.suspend(MALLORY)
    thiefs = {"forged-1@example.org", ALICE, MALLORY}
    assert lab.on_hold() == thiefs | {"alice-herself@example.test"}
    assert hook.done() == [(MALLORY, "hold", 3, "d1")], "two logged in, one handed in by a program of this host"

    hook.suspend(MALLORY)
    assert hook.done() == [(MALLORY, "hold", 3, "d1")], "a repeat does nothing"
    lab.submit(MALLORY, "forged-later@example.org", "bob@example.net")
    lab.waiting(8)
    hook.suspend(MALLORY)
    assert hook.done()[1:] == [(MALLORY, "hold", 1, "d1")], "what was let in meanwhile"

    hook.release(MALLORY)
    assert lab.on_hold() == {"alice-herself@example.test"}, "what the admin held stays his"
    assert hook.done()[2:] == [(MALLORY, "release", 4, "d2")]
    hook.release(MALLORY)
    assert len(hook.done()) == 3


def test_after_a_release_held_mail_stays_until_somebody_says_so(lab: SaslLab, tmp_path: Path) -> None:
    _town(lab)
    hook = Hook(lab, tmp_path)
    hook.suspend(MALLORY, "customer-4711")
    assert sorted(hook.done()) == [("customer-4711", "hold", 1, "d1"), (MALLORY, "hold", 3, "d1")]
    hook.release(MALLORY)
    assert lab.on_hold() == set(), "what came long before the suspension (which this test dates in 2033) goes out"
    assert [each.action for each in hook.told] == ["hold", "hold", "release", "release"]


def test_recent_mail_is_kept_after_a_release(lab: SaslLab, tmp_path: Path) -> None:
    _town(lab)
    hook = Hook(lab, tmp_path)
    now = next(iter(lab.queue.messages().values())).arrival_time * 1_000_000
    bar = Bar(step="suspend", since=now, decision="d1")
    hook.keeper.want(HoldQueue(suspended={MALLORY: bar}, released={}))
    before = lab.on_hold()
    hook.release(MALLORY)
    assert lab.on_hold() == before == {"forged-1@example.org", ALICE, MALLORY}
    hook.keeper.want(HoldQueue(suspended={MALLORY: bar}, released={}))
    hook.release(MALLORY)
    assert lab.on_hold() == before
    assert hook.done() == [(MALLORY, "hold", 3, "d1")]


def test_what_an_administrator_lets_go_is_not_held_again(lab: SaslLab, tmp_path: Path) -> None:
    lab.submit(MALLORY, "forged@example.org", "bob@example.net")
    (queue_id,) = lab.waiting(1)
    hook = Hook(lab, tmp_path)
    hook.suspend(MALLORY)
    assert lab.on_hold() == {"forged@example.org"}
    lab.postsuper("-H", queue_id)
    hook.suspend(MALLORY)
    assert lab.on_hold() == set()


def test_killed_between_the_order_and_its_outcome_the_next_look_finishes_it(lab: SaslLab, tmp_path: Path) -> None:
    for number in range(3):
        lab.submit(MALLORY, f"forged-{number}@example.org", "bob@example.net")
    lab.waiting(3)
    died = subprocess.run(
        [sys.executable, "-c", _DYING, str(lab.config), str(tmp_path)], timeout=60, check=False, capture_output=True
    )
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert len(lab.on_hold()) == 3, "Postfix was told, and nobody has noted it"
    hook = Hook(lab, tmp_path, on_release="release")
    hook.suspend(MALLORY)
    assert hook.done() == [(MALLORY, "hold", 3, "d1")]
    hook.release(MALLORY)
    assert lab.on_hold() == set()


_DYING = f"""
import os, signal, sys
from pathlib import Path
from schemas.mailbox_hooks import PostfixQueueHook
from streams.bars import Bar, HoldQueue
from streams.postfix_queue import PostfixQueue
from streams.queue_orders import Desk
from streams.queueing import QueueKeeper

class Dying(PostfixQueue):
    def hold(self, ids):
        super().hold(ids)
        os.kill(os.getpid(), signal.SIGKILL)

keeper = QueueKeeper(PostfixQueueHook(config=Path(sys.argv[1])), {{}}, Path(sys.argv[2]), "mx1", print)
keeper._postfix = Dying(sys.argv[1])
bar = Bar(step="suspend", since=2_000_000_000_000_000, decision="d1")
keeper.want(HoldQueue(suspended={{"{MALLORY}": bar}}, released={{}}))
"""


def test_an_operator_lets_go_and_drops_only_what_we_hold(lab: SaslLab, tmp_path: Path) -> None:
    _town(lab)
    admins = next(name for name, each in lab.queue.messages().items() if each.sender == "forged-1@example.org")
    lab.postsuper("-h", admins)
    desk = Desk(_settings(lab, tmp_path))
    (row,) = desk.rows(MALLORY)
    assert (row["held"], row["waiting"], row["held_by_others"]) == (0, 2, 1)
    assert row["domains"] == "example.net (3), example.org (1)"
    assert {str(each["mailbox"]) for each in desk.rows()} == {MALLORY, ALICE, "customer-4711", "script@example.test"}

    held = desk.obey("hold", MALLORY, "a takeover", "carla")
    assert held is not None
    assert (held.event.action, held.event.messages, held.event.operator) == ("hold", 2, "carla")
    assert {each.sender for each in held.messages} == {ALICE, MALLORY}
    assert desk.obey("hold", MALLORY, "again") is None
    assert lab.on_hold() == {"forged-1@example.org", ALICE, MALLORY}
    let_go = desk.obey("release", MALLORY, "a false alarm", "carla")
    assert let_go is not None
    assert (let_go.event.messages, lab.on_hold()) == (2, {"forged-1@example.org"})

    again = desk.obey("hold", MALLORY, "no false alarm", "carla")
    assert again is not None
    assert again.event.id != held.event.id
    concerned = desk.concerned("drop", MALLORY)
    assert list(concerned.values()) == [("example.net",), ("example.net",)]
    refused = _command(lab, tmp_path, "drop", MALLORY, "--reason", "spam")
    assert refusal(refused) == f"2 messages of {MALLORY} would be dropped for good: say --yes"
    unheard = _command(lab, tmp_path, "drop", MALLORY, "--reason", "spam", "--yes")
    assert refusal(unheard) == "no broker at 127.0.0.1:1: Connection refused"
    assert set(desk.concerned("drop", MALLORY)) == set(concerned), "what nobody can take down is not done"
    (shown,) = map(json.loads, _command(lab, tmp_path, "list", MALLORY, "--json").stdout.splitlines())
    assert (shown["held"], shown["waiting"], shown["held_by_others"]) == (2, 0, 1)
    assert desk.obey("drop", MALLORY, "spam", "carla", frozenset(list(concerned)[:1])) is not None
    assert len(lab.queue.messages()) == 6
    assert desk.obey("drop", MALLORY, "spam", "carla") is not None
    assert {each.sender for each in lab.queue.messages().values()} >= {"forged-1@example.org"}
    assert len(lab.queue.messages()) == 5, "what an administrator holds is his"


def _settings(lab: SaslLab, data: Path) -> Settings:
    return Settings.model_validate(
        {
            "data": data,
            "networks": NETWORKS,
            "mailboxes": {"hooks": {"postfix_queue": {"config": lab.config}}},
        }
    )


def test_a_drop_is_an_event_with_the_operators_name(lab: SaslLab, tmp_path: Path, fresh_broker: Broker) -> None:
    lab.submit(MALLORY, "forged@example.org", "bob@example.net")
    lab.submit(ALICE, ALICE, "bob@example.net")
    lab.waiting(2)
    Hook(lab, tmp_path / "bars").suspend(MALLORY)
    ensure_topics(Settings.model_validate({"kafka": {"bootstrap": [fresh_broker.bootstrap]}}))
    words = ("drop", MALLORY, "--reason", "spam", "--operator", "carla", "--yes", "--json")
    done = _command(lab, tmp_path, *words, bootstrap=fresh_broker.bootstrap)
    assert (done.returncode, done.stderr) == (0, "")
    message, event = map(json.loads, done.stdout.splitlines())
    assert (message["to"], message["done"]) == ("example.net", "dropped")
    assert (event["type"], event["action"], event["messages"]) == ("queue_held", "drop", 1)
    assert (event["operator"], event["reason"]) == ("carla", "spam")
    assert [each.sender for each in lab.queue.messages().values()] == [ALICE]
    again = _command(lab, tmp_path, *words[:-1], bootstrap=fresh_broker.bootstrap)
    assert (again.returncode, again.stdout) == (0, f"nothing of {MALLORY} to drop here\n")


def _command(lab: SaslLab, data: Path, *words: str, bootstrap: str = "127.0.0.1:1") -> Done:
    config = data / "relaywarden.toml"
    config.write_text(
        f"data = '{data}'\n[embedded]\ndata = '{data}/var'\n[kafka]\nbootstrap = ['{bootstrap}']\n"
        f"[mailboxes.hooks.postfix_queue]\nconfig = '{lab.config}'\n"
    )
    return run("queue", *words, "--config", config)
