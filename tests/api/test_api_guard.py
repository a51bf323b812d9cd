"""A token's withdrawals and `min_active`, what the audit log tells, and complaints under one key."""

import json
import re
import threading
from pathlib import Path

import pytest

from schemas.maildrop import Maildrop
from schemas.observations import OperatorActed
from schemas.pool_settings import Pool as Rules
from streams.api.guarding import shortage
from streams.standing import Pool
from tests.api.counter import Counter
from tests.pool_scene import A, B, C, Scene

WITHDRAW = {"action": "withdraw", "ip": "192.0.2.21", "reason": "a drill", "operator": "ada"}
SHORT = "1 of 2 IPs would go on sending, min_active is 2"


def _audited(counter: Counter, subject: str) -> list[dict[str, str]]:
    lines = re.findall(r"relaywarden\.audit: (\{.*\})$", counter.log("api"), re.MULTILINE)
    return [line for line in map(json.loads, lines) if line["subject"] == subject]


def test_below_min_active_a_token_needs_the_scope_admin(counter: Counter) -> None:
    refused = counter.post("/v1/pools/orders", WITHDRAW, Idempotency_Key="guard")
    assert (refused.status_code, refused.headers["Content-Type"]) == (403, "application/problem+json")
    assert refused.json()["detail"] == f"withdraw 192.0.2.21: {SHORT}: that needs the scope admin"
    done = counter.post("/v1/pools/orders", WITHDRAW, "boss", Idempotency_Key="guard")
    again = counter.post("/v1/pools/orders", WITHDRAW, "boss", Idempotency_Key="guard")
    assert (done.status_code, done.json()["event"].get("within_guard", False)) == (202, False)
    assert again.json()["repeated"] is True
    told = [(one["who"], one["role"], one["outcome"], one.get("why", "")) for one in _audited(counter, "192.0.2.21")]
    assert told == [
        ("token:panel/ada", "order", "refused", f"withdraw 192.0.2.21: {SHORT}: that needs the scope admin"),
        ("token:boss/ada", "order,admin", "ordered", ""),
        ("token:boss/ada", "order,admin", "repeated", ""),
    ]
    assert {one["peer"] for one in _audited(counter, "192.0.2.21")} == {"127.0.0.1"}
    assert [one["id"] for one in _audited(counter, "192.0.2.21")] == ["", done.json()["id"], done.json()["id"]]


def test_what_leaves_min_active_says_that_it_may_not_go_below(counter: Counter) -> None:
    """The pool refuses where two such orders meet."""
    done = counter.post("/v1/pools/orders", WITHDRAW | {"ip": "192.0.2.13"})
    assert (done.status_code, done.json()["event"]["within_guard"]) == (202, True)
    held = counter.post("/v1/pools/orders", WITHDRAW | {"action": "pin", "ip": "192.0.2.21"})
    assert held.status_code == 202, "only a withdrawal is guarded"


def test_an_operators_name_and_an_audit_line_are_plain(counter: Counter) -> None:
    for name in ("ada\u202etoor", "ada\u2028x", "ada\x9b31m", " "):
        answer = counter.post("/v1/pools/orders", WITHDRAW | {"operator": name})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "operator")
    answer = counter.post("/v1/mailboxes/orders", {"action": "release", "mailbox": "a\u202e\nb@x", "reason": "odd"})
    assert answer.status_code == 202, "whom the rules barred can be released"
    lines = [line for line in counter.log("api").splitlines() if r"a\u202e\u000ab@x" in line or r"a\u202e\nb@x" in line]
    assert len(lines) == 2, "the audit's and the order's"
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize(
    ("order", "says"),
    [
        ({"action": "withdraw", "subject": B}, "1 of 3 IPs would go on sending, min_active is 2"),
        ({"action": "withdraw", "subject": A}, ""),
        ({"action": "pin", "subject": B}, ""),
        (
            {"action": "withdraw", "subject": C, "provider": "google"},
            "1 of 3 IPs would go on sending to google, min_active is 2",
        ),
    ],
)
def test_the_shortage_is_of_the_pool_as_it_is(order: dict[str, str], says: str) -> None:
    """A is withdrawn."""
    scene = Scene(min_active=2)
    scene.tick(0)
    scene.order(0, "withdraw", A)
    fact = OperatorActed(id="o", at=1, operator="x", reason="y", pool="main", **order)  # type: ignore[arg-type]
    assert shortage(scene.pool, fact) == says
    assert isinstance(scene.pool, Pool)
    assert isinstance(scene.pool.rules, Rules)


def test_another_complaint_under_the_same_key_is_refused_not_swallowed(counter: Counter) -> None:
    def hand_in(body: bytes) -> tuple[int, object]:
        with counter.client("mailer") as client:
            headers = {"Content-Type": "message/rfc822", "Idempotency-Key": "constant"}
            answer = client.post("/v1/complaints", content=body, headers=headers)
            return answer.status_code, answer.json().get("new", answer.json().get("detail"))

    assert hand_in(b"Subject: one\n\nx\n") == (202, True)
    assert hand_in(b"Subject: two\n\nx\n") == (422, "this Idempotency-Key came with another body before")
    assert hand_in(b"Subject: one\n\nx\n") == (202, False)


def test_the_same_mail_handed_in_at_once_is_whole_whoever_wins(tmp_path: Path) -> None:
    """One that wrote into the other's draft would cut what was taken already."""
    mail, failed = b"Subject: large\n\n" + b"x" * 4_000_000, []
    drop = Maildrop(tmp_path / "box")

    def deliver(start: threading.Barrier, name: str) -> None:
        start.wait()
        try:
            drop.deliver(mail, name)
            if (tmp_path / "box" / "new").stat() and drop.kept(name) != mail:
                failed.append("cut")
        except OSError as error:
            failed.append(str(error))

    for number in range(6):
        start = threading.Barrier(4)
        threads = [threading.Thread(target=deliver, args=(start, f"mail {number}")) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failed == []
    assert list((tmp_path / "box" / "tmp").iterdir()) == []
