"""Lists of stolen identities and cases at the command line, against a running worker and sink, and after kill -9."""

import gzip
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest
from kafka import KafkaProducer
from msgspec import structs

from schemas.events import Event, MailboxAuthenticated
from schemas.names import event_id, source_id
from schemas.topics import MAIL_EVENTS, place_of
from streams import leak_key, mailboxes
from tests.command.desk import SECONDS, Desk
from tests.command.shell import refusal, run
from tests.parts import packed
from tests.whole.lab import Lab, until
from tests.worker.workbench import deliveries

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
LIST = "Email,Password,Breach,Breach Date\n" + "".join(
    f"{name},hunter2,{breach},2024-05-01\n"
    for name, breach in (
        ("box0@example.net", "Shop"),
        ("BOX1@example.net", "Shop"),
        ("box1@example.net", "Forum"),
        ("later@example.net", "Shop"),
        ("boss@customer.example", "Shop"),
        ("alice@example.org", "Shop"),
        ("bob@example.com", "Shop"),
    )
)

GUESSED = "admin@example.com"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Run worker and sink; four mailboxes of example.net have sent, and somebody guessed at a name of example.com."""
    customers = {"club": {"mailboxes": ["customer.example"]}}
    with Lab(tmp_path_factory.mktemp("desk"), {"customers": customers}) as lab:
        lab.run("sink")
        lab.run("stream")
        sent = deliveries(400, 4)
        guess = MailboxAuthenticated(
            id=event_id(source_id("imap"), 1),
            at=sent[0].at,
            host="mx1",
            mailbox=GUESSED,
            service="imap",
            outcome="failed",
        )
        send(lab, [*sent, guess])
        until(lambda: lab.value("SELECT count() FROM mailbox_state FINAL") == 5, SECONDS, "the states are stored")
        yield Desk(lab)
        for name in ("stream", "sink"):
            assert lab.end(name, 30) == 0, lab.log(name)


def send(lab: Lab, events: list[Event]) -> None:
    """Send events as a collector does."""
    producer = KafkaProducer(bootstrap_servers=lab.broker.bootstrap)
    chunks: dict[int, list[Event]] = {}
    for event in events:
        chunks.setdefault(place_of(event, lab.settings.kafka.partitions)[1], []).append(event)
    for partition, chunk in chunks.items():
        producer.send(MAIL_EVENTS.name, packed(chunk), partition=partition)
    producer.flush(30)
    producer.close()


def applied(lab: Lab) -> dict[str, set[str]]:
    """Return the sources of the leaks that each mailbox's state knows."""
    leaks = lab.rows("SELECT id, source FROM mailbox_leaks FINAL")
    known: dict[str, set[str]] = {}
    for mailbox, text in lab.rows("SELECT mailbox, state FROM mailbox_state FINAL"):
        recent = mailboxes.decode(json.dumps(json.loads(text)["folded"]).encode()).recent
        digests = {recent[start : start + 4] for start in range(0, len(recent), 4)}
        known[mailbox] = {source for name, source in leaks if crc32(name.encode()).to_bytes(4, "little") in digests}
    return known


def test_a_list_is_imported_twice_and_counts_once(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "stealer.csv.gz"
    path.write_bytes(gzip.compress(LIST.encode()))
    (counts,) = desk.rows("leaks", "import", str(path))
    assert counts == {"leaks": 5, "identities": 4, "foreign": 2, "unreadable": 0}
    wanted = {"box0@example.net": {"Shop"}, "box1@example.net": {"Shop", "Forum"}}
    nothing = {"box2@example.net": set[str](), "box3@example.net": set[str](), GUESSED: set[str]()}
    until(lambda: applied(desk.lab) == wanted | nothing, SECONDS, "the leaks are applied")
    said = desk.say("leaks", "import", str(path))
    assert said.endswith("5 leaks of 4 identities of ours; 2 of others, 0 lines without an address\n")
    send(desk.lab, [structs.replace(event, sender="later@example.net") for event in deliveries(4, 1, "mx2")])
    wanted["later@example.net"] = {"Shop"}
    until(lambda: applied(desk.lab) == wanted | nothing, SECONDS, "a mailbox that comes later has its leak")
    until(lambda: len(desk.rows("leaks", "list")) == 2, SECONDS, "both lists are stored")
    assert [
        (row["source"], row["leaked"], row["identities"], row["passwords"], row["note"])
        for row in sorted(desk.rows("leaks", "list"), key=lambda row: str(row["source"]))
    ] == [("Forum", "2024-05-01", 1, 1, ""), ("Shop", "2024-05-01", 4, 4, "")]
    assert desk.lab.value("SELECT count() FROM mailbox_leaks FINAL") == 5


def ordered(desk: Desk, action: str, mailbox: str) -> None:
    """Give an order about a mailbox; that no hook bars one here is said on standard error."""
    assert desk.run("mailbox", action, mailbox, "--reason", "a drill", "--operator", "ada").returncode == 0


def test_nothing_stored_tells_an_address_or_a_password(desk: Desk) -> None:
    rows = desk.lab.rows("SELECT toString(tuple(*)) FROM mailbox_leaks")
    assert rows
    assert not any("@" in text or "hunter2" in text for (text,) in rows)
    key = leak_key.place(desk.lab.settings.data)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_text().strip()) >= 32


def test_after_kill_9_and_without_its_key_the_worker_says_so_once(desk: Desk) -> None:
    lab = desk.lab
    key = leak_key.place(lab.settings.data)
    hidden = key.with_suffix(".hidden")
    key.rename(hidden)
    try:
        assert "5 leaked" not in desk.run("check", "--online").stdout
        assert f"4 leaked identities are not applied by a worker here: their key is neither in {key}" in (
            desk.run("check", "--online").stdout
        )
        lab.kill("stream")
        begun = len(lab.log("stream"))
        lab.run("stream")
        send(lab, deliveries(8, 4, "mx3"))
        told = f"their key is neither in {leak_key.VARIABLE} nor in {key}"
        until(lambda: told in lab.log("stream")[begun:], SECONDS, "the worker says that it has no key")
        assert lab.log("stream")[begun:].count(told) == 1
    finally:
        hidden.rename(key)


def test_a_customer_under_attack_is_one_case_through_kill_9(desk: Desk) -> None:
    lab, boxes = desk.lab, [f"attacked{number}@example.net" for number in range(4)]
    assert desk.say("case", "list") == "no case is open\n"
    for mailbox in boxes[:2]:
        ordered(desk, "suspend", mailbox)
    until(
        lambda: lab.value("SELECT uniqExact(mailbox) FROM case_observations WHERE step = 'suspend'") == 2,
        SECONDS,
        "two steps",
    )
    lab.kill("stream")
    lab.run("stream")
    ordered(desk, "suspend", boxes[2])
    until(lambda: len(desk.rows("case", "list")) == 1, SECONDS, "the case is open")
    (case,) = desk.rows("case", "list")
    assert (case["customer"], case["state"], case["mailboxes"]) == ("example.net", "open", ", ".join(boxes[:3]))
    lab.kill("stream")
    ordered(desk, "suspend", boxes[3])
    lab.run("stream")
    until(lambda: desk.rows("case", "list")[0]["count"] == 4, SECONDS, "the case grows")
    for mailbox in boxes:
        ordered(desk, "release", mailbox)
    until(lambda: desk.rows("case", "list") == [], SECONDS, "the case is closed")
    kinds = lab.rows("SELECT type, count(), uniqExact(id) FROM case_events FINAL GROUP BY type ORDER BY type")
    assert kinds == [("case_closed", 1, 1), ("case_grown", 1, 1), ("case_opened", 1, 1)]
    (closed,) = desk.rows("case", "list", "--all")
    assert (closed["case"], closed["state"]) == (case["case"], "closed")
    (found,) = desk.rows("case", "show", "example.net")
    assert [event["event"] for event in found["events"]] == ["opened", "grew", "closed"]
    said = desk.say("case", "show", str(case["case"]))
    assert said.startswith(f"case {case['case']} of example.net: closed\n")
    assert "3 mailboxes of example.net were flagged within 0 min (3 within 24 h are a case)" in said
    assert "Traceback" not in lab.log("stream")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "list.csv: there is no address in it"),
        (b"name;phone\nanna;1\n", "list.csv: there is no address in it"),
        (b"\x00\xff\xfe" * 100, "list.csv: there is no address in it"),
        (b"\x1f\x8b broken", "list.csv: a damaged archive: "),
        (b"{", "list.csv: no JSON: "),
    ],
)
def test_what_is_no_list_is_one_clear_line(desk: Desk, tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    assert words in refusal(desk.run("leaks", "import", str(path)))


def test_what_is_asked_wrongly_is_one_clear_line(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("anna@example.net\n")
    assert refusal(desk.run("leaks", "import", str(path), "--leaked-at", "yesterday")).startswith("'yesterday' is no")
    assert "No such file" in refusal(desk.run("leaks", "import", str(tmp_path / "none.csv")))
    assert refusal(desk.run("case", "show", "nobody.example")) == (
        "'nobody.example': no such case, and no case of such a customer"
    )


def test_without_servers_a_list_is_refused_in_one_line(tmp_path: Path) -> None:
    config, path = tmp_path / "relaywarden.toml", tmp_path / "list.csv"
    config.write_text(f"data = '{tmp_path}'\n[clickhouse]\nport = 9\n[kafka]\nbootstrap = ['127.0.0.1:9']\n")
    path.write_text("anna@example.net\n")
    said = refusal(run("leaks", "import", path, "--config", config))
    assert said.startswith("clickhouse: no answer from ClickHouse at 127.0.0.1:9")
