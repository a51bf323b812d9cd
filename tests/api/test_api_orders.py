"""Orders and complaints: the very events of the commands, once by their key, and each wrong field named."""

import json
import threading
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas import codec
from schemas.observations import OperatorActed
from streams.api.keys import Keys
from streams.api.problems import RefusedError
from tests.api.counter import Counter
from tests.whole.lab import until

ORDER = {"action": "withdraw", "ip": "192.0.2.12", "reason": "a drill"}
WATCH = {"action": "watch", "mailbox": "Ada@Example.net ", "reason": "a drill"}
ARF = b"From: fbl@example.org\r\nContent-Type: multipart/report; boundary=x\r\n\r\n--x--\r\n"


def _stored(counter: Counter, table: str, identity: str) -> list[tuple[Any, ...]]:
    columns = (
        "action, subject, pool, provider, reason, operator, expires_at - at" if table == "pool_observations" else "1"
    )
    query = f"SELECT {columns} FROM {table} WHERE id = '{identity}'"  # noqa: S608 our own id
    until(lambda: bool(counter.rows(query)), 30, "the order is stored")
    return counter.rows(query)


def test_an_order_is_the_event_of_the_command(counter: Counter) -> None:
    given = ORDER | {"for": "2h", "provider": "gmail.com", "operator": "Ada L."}
    answer = counter.post("/v1/pools/orders", given)
    assert answer.status_code == 202
    told = answer.json()
    assert told["event"]["type"] == "operator_acted"
    assert (told["repeated"], told["event"]["id"]) == (False, told["id"])
    assert _stored(counter, "pool_observations", told["id"]) == [
        ("withdraw", "192.0.2.12", "main", "google", "a drill", "token:panel/Ada L.", 7_200_000_000)
    ]
    assert f'order {told["id"]}: {{"type":"operator_acted"' in counter.log("api")


@pytest.mark.parametrize("action", ["watch", "throttle", "suspend", "release", "password-changed"])
def test_each_order_about_a_mailbox_reaches_the_log(counter: Counter, action: str) -> None:
    answer = counter.post("/v1/mailboxes/orders", WATCH | {"action": action})
    assert answer.status_code == 202
    event = answer.json()["event"]
    kind = "password_changed" if action == "password-changed" else "operator_acted"
    assert (event["type"], event.get("mailbox") or event.get("subject")) == (kind, "ada@example.net")
    assert event["operator"] == "token:panel"
    assert len(_stored(counter, "mailbox_signals", event["id"])) == 1
    no_hook = "no hook is configured (mailboxes.hooks): the order is recorded, but nothing holds ada@example.net to it"
    assert (no_hook in answer.json()["notes"]) is (action in {"throttle", "suspend"})


@pytest.mark.parametrize("action", ["restore", "pin", "unpin"])
def test_each_order_about_a_pool_reaches_the_log(counter: Counter, action: str) -> None:
    answer = counter.post("/v1/pools/orders", ORDER | {"action": action})
    assert _stored(counter, "pool_observations", answer.json()["id"])[0][:2] == (action, "192.0.2.12")


@pytest.mark.parametrize(
    ("change", "field", "value", "says"),
    [
        ({"action": "drop"}, "action", "drop", "Input should be 'withdraw'"),
        ({"ip": "192.0.2.300"}, "ip", "192.0.2.300", "'192.0.2.300' is no IP address"),
        ({"ip": "198.51.100.1"}, "ip", "198.51.100.1", "198.51.100.1 is in no pool; there are 192.0.2.11"),
        ({"reason": " "}, "reason", " ", "it has to be printable, and to say something"),
        ({"reason": "x" * 1001}, "reason", "x" * 200 + "…", "at most 1000 characters"),
        ({"reason": "a\x00b"}, "reason", "a\x00b", "it has to be printable"),
        ({"reason": None}, "reason", None, "valid string"),
        ({"for": "2 hours"}, "for", "2 hours", "match pattern"),
        ({"provider": "nobody"}, "provider", "nobody", "no provider 'nobody'; there are apple"),
        ({"operator": "a/b"}, "operator", "a/b", "match pattern"),
        ({"operator": "ada\nroot"}, "operator", "ada\nroot", "match pattern"),
        ({"lasts": "2h"}, "lasts", "2h", "there is no such field"),
        ({"action": "pin", "provider": "google"}, "body", None, "pin is not about a provider"),
    ],
)
def test_a_wrong_field_is_named_with_its_value(
    counter: Counter, change: dict[str, object], field: str, value: str | None, says: str
) -> None:
    answer = counter.post("/v1/pools/orders", ORDER | change)
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/problem+json")
    (wrong,) = answer.json()["errors"]
    assert wrong["field"] == field
    assert says in wrong["problem"]
    if value is not None:
        assert wrong["value"] == value


def test_all_wrong_fields_are_named_at_once(counter: Counter) -> None:
    answer = counter.post("/v1/mailboxes/orders", {"action": "x", "for": "y", "more": 1})
    assert {wrong["field"] for wrong in answer.json()["errors"]} == {"action", "for", "mailbox", "more"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"[]", 422),
        (b'"\\ud800"', 422),
        (b'{"action":"pin","ip":"192.0.2.12","reason":"\\ud800"}', 422),
        (b"\xff\xfe", 422),
        (b"[" * 60_000, 422),
        (b" " * 65_537, 413),
    ],
    ids=["empty", "cut", "array", "surrogate", "surrogate in a field", "no text", "deep", "large"],
)
def test_hostile_bodies_are_refused_with_a_problem(counter: Counter, body: bytes, status: int) -> None:
    with counter.client("panel") as client:
        answer = client.post("/v1/pools/orders", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["status"] == status


def test_a_body_of_unknown_length_is_bounded_too(counter: Counter) -> None:
    json_body = {"Content-Type": "application/json"}

    def endless() -> Any:  # noqa: ANN401 a generator
        for _ in range(200):
            yield b" " * 1024

    with counter.client("panel") as client:
        assert client.post("/v1/pools/orders", content=endless(), headers=json_body).status_code == 413


def test_a_key_makes_a_repeat_the_same_event(counter: Counter) -> None:
    first = counter.post("/v1/pools/orders", ORDER, Idempotency_Key="k1").json()
    counter.kill("api")
    counter.serve()
    again = counter.post("/v1/pools/orders", ORDER, Idempotency_Key="k1").json()
    assert (first["repeated"], again["repeated"], again["event"]) == (False, True, first["event"])
    other = counter.post("/v1/pools/orders", ORDER | {"reason": "another"}, Idempotency_Key="k1")
    assert (other.status_code, other.json()["detail"]) == (422, "this Idempotency-Key came with another body before")
    elsewhere = counter.post("/v1/pools/orders", ORDER, "busy", Idempotency_Key="k1").json()
    assert elsewhere["repeated"] is False, "a key is of one token"
    assert counter.post("/v1/pools/orders", ORDER, Idempotency_Key="with blanks").status_code == 422
    assert len(_stored(counter, "pool_observations", first["id"])) == 1


def test_what_was_not_confirmed_is_published_again_as_it_was(tmp_path: Path) -> None:
    made: list[int] = []
    sent: list[bytes] = []

    def make() -> OperatorActed:
        made.append(1)
        return OperatorActed(id=f"o{len(made)}", at=1, operator="ada", action="pin", subject="192.0.2.1", reason="x")

    def away(_event: object) -> None:
        raise OSError("no broker")

    with pytest.raises(OSError, match="no broker"):
        Keys(tmp_path).once("panel", "k", b"body", make, away)
    after_kill = Keys(tmp_path)
    event, old = after_kill.once("panel", "k", b"body", make, lambda event: sent.append(codec.encode(event)))
    assert (event.id, old, len(made), sent) == ("o1", True, 1, [codec.encode(event)])
    after_kill.once("panel", "k", b"body", make, away)  # confirmed: nothing is published any more
    after_kill.close()


def test_a_key_that_is_under_way_is_a_conflict(tmp_path: Path) -> None:
    keys, begun, go_on = Keys(tmp_path), threading.Event(), threading.Event()

    def slow(_event: object) -> None:
        begun.set()
        go_on.wait(60)

    def make() -> OperatorActed:
        return OperatorActed(id="o", at=1, operator="ada", action="pin", subject="192.0.2.1", reason="x")

    thread = threading.Thread(target=keys.once, args=("panel", "k", b"", make, slow))
    thread.start()
    begun.wait(60)
    with pytest.raises(RefusedError) as refused:
        keys.once("panel", "k", b"", make, slow)
    go_on.set()
    thread.join()
    assert refused.value.status_code == HTTPStatus.CONFLICT
    keys.close()


def _hand_in(counter: Counter, body: bytes, kind: str = "message/rfc822", **headers: str) -> httpx.Response:
    with counter.client("mailer") as client:
        more = {key.replace("_", "-"): value for key, value in headers.items()}
        return client.post("/v1/complaints", content=body, headers={"Content-Type": kind, **more})


def test_a_complaint_is_on_disk_before_it_is_taken_and_once(counter: Counter) -> None:
    new = counter.folder / "fbl" / "new"
    before = set(new.iterdir())
    assert _hand_in(counter, ARF).json() == {"taken": 1, "new": True}
    assert _hand_in(counter, ARF).json() == {"taken": 1, "new": False}
    (mail,) = set(new.iterdir()) - before
    assert mail.read_bytes() == ARF
    assert _hand_in(counter, ARF, Idempotency_Key="c1").json()["new"] is True
    assert _hand_in(counter, ARF, Idempotency_Key="c1").json()["new"] is False


def test_a_bare_xarf_report_becomes_a_mail(counter: Counter) -> None:
    new = counter.folder / "fbl" / "new"
    before = set(new.iterdir())
    report = json.dumps({"xarf_version": "4.0.0", "category": "messaging", "report_id": "a bare one"}).encode()
    assert _hand_in(counter, report, "application/json; charset=utf-8").status_code == 202
    (mail,) = set(new.iterdir()) - before
    assert mail.read_bytes().startswith(b"MIME-Version: 1.0\r\nX-XARF: PLAIN\r\n")


def test_what_is_no_complaint_is_refused(counter: Counter) -> None:
    assert _hand_in(counter, ARF, "image/png").status_code == 415
    assert _hand_in(counter, ARF, Content_Encoding="gzip").status_code == 415
    assert _hand_in(counter, b" \r\n").status_code == 422
    assert _hand_in(counter, b"x" * (10 * 1024 * 1024 + 1)).status_code == 413
