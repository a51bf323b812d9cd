"""What ClickHouse knows of letters: whether one was taken, as the mail log says, and what became of each."""

import json
import threading
import time
from collections.abc import Iterator

import msgspec
import pytest
from clickhouse_connect.driver.client import Client
from kafka import KafkaProducer

from collectors.admin import ensure_topics
from embedded.broker import Broker
from embedded.clickhouse import PASSWORD_ENV, ClickHouseServer
from schemas.events import MessageSubmitted
from schemas.moments import rfc3339
from schemas.names import event_id, source_id
from schemas.settings import Settings
from schemas.topics import MAIL_EVENTS
from streams.letterlist import letters
from streams.letterproof import Proofs, proof
from streams.warehouse import store_until
from tests.carried_letters import letter
from tests.migrated import migrate
from tests.parts import packed
from tests.sink.rig import until

SECOND = 1_000_000
DAY = 86_400 * SECOND
NOW = time.time_ns() // 1000


@pytest.fixture
def tables(clickhouse: ClickHouseServer) -> Iterator[Client]:
    """Return a client of a database with all tables, empty."""
    migrate(clickhouse.connect(), "t_letters")
    yield clickhouse.connect("t_letters")
    clickhouse.connect().command("DROP DATABASE t_letters")


def insert(client: Client, table: str, *rows: dict[str, object]) -> None:
    text = "\n".join(json.dumps({"id": f"{table}{number}", **row}) for number, row in enumerate(rows))
    client.raw_insert(table, insert_block=text, fmt="JSONEachRow")


def submitted(message_id: str, at: int, host: str = "mx1", queue_id: str = "4F1") -> dict[str, object]:
    kind = {"type": "message_submitted", "message_id": message_id, "queue_id": queue_id}
    return {"id": f"{message_id}{host}", "at": at, "host": host} | kind


def test_a_letter_is_proven_by_the_log_of_the_hosts_that_took_earlier_ones(tables: Client) -> None:
    tried = NOW - 3600 * SECOND
    asked = letter("anna")
    asked = type(asked)(route="test", notice=asked.notice, content=b"", due=1, began=tried, tried=tried)
    assert proof(tables, asked, NOW) == "unknowable"
    insert(tables, "mail_events", submitted("other@elsewhere.example", NOW, "mx9"))
    assert proof(tables, asked, NOW) == "unknowable", "a log that never told of a letter of ours says nothing"
    earlier = {"type": "notice_sent", "sunset": "x", "message_id": "<earlier@isp.example>", "at": tried - 9 * DAY}
    insert(tables, "sunset_events", earlier)
    insert(tables, "mail_events", submitted("earlier@isp.example", tried - 9 * DAY))
    assert proof(tables, asked, NOW) == "not_yet"
    insert(tables, "mail_events", submitted("b@x.example", tried + 119 * SECOND))
    login = {"id": "l", "type": "mailbox_authenticated", "host": "mx1", "at": tried + 200 * SECOND}
    insert(tables, "mail_events", login)
    assert proof(tables, asked, NOW) == "not_yet", "Dovecot's log on the same host is not the mail log"
    insert(tables, "mail_events", submitted("c@x.example", tried + 121 * SECOND))
    assert proof(tables, asked, NOW) == "not_taken"
    insert(tables, "mail_events", submitted("earlier@isp.example", tried - 8 * DAY, "mx2"))
    assert proof(tables, asked, NOW) == "not_yet", "the other host's log must be read so far, too"
    insert(tables, "mail_events", submitted("anna@isp.example", tried + SECOND, "mx2"))
    assert proof(tables, asked, NOW) == "taken"


def test_a_host_that_was_silent_long_before_holds_no_letter_up(tables: Client) -> None:
    tried = NOW - 30 * 3600 * SECOND
    asked = msgspec.structs.replace(letter("anna"), began=tried, tried=tried)
    earlier = {"type": "notice_sent", "sunset": "x", "message_id": "<earlier@isp.example>", "at": tried - 9 * DAY}
    insert(tables, "sunset_events", earlier)
    insert(tables, "mail_events", submitted("earlier@isp.example", tried - 9 * DAY, "replaced"))
    assert proof(tables, asked, tried + DAY - 1) == "not_yet"
    assert proof(tables, asked, NOW) == "unknowable", "no host is left that could tell"
    insert(tables, "mail_events", submitted("earlier@isp.example", tried - 8 * DAY, "mx2"))
    insert(tables, "mail_events", submitted("b@x.example", tried + 121 * SECOND, "mx2"))
    assert proof(tables, asked, tried + DAY - 1) == "not_yet"
    assert proof(tables, asked, NOW) == "not_taken"
    insert(tables, "mail_events", submitted("earlier@isp.example", tried - 3600 * SECOND, "mx3"))
    assert proof(tables, asked, NOW) == "unknowable", "mx3 fell silent an hour before: it may have taken it"


def test_a_letter_counts_as_not_taken_once_all_is_stored_that_the_log_held(
    tables: Client, clickhouse: ClickHouseServer, fresh_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sink may be behind in the very partition that has the letter's line, and far ahead in others."""
    monkeypatch.setenv(PASSWORD_ENV, clickhouse.password)
    settings = Settings.model_validate(
        {
            "kafka": {"bootstrap": [fresh_broker.bootstrap], "partitions": 1},
            "clickhouse": {"host": clickhouse.host, "port": clickhouse.port, "database": "t_letters"},
        }
    )
    ensure_topics(settings)
    tried = NOW - 3600 * SECOND
    asked = letter("anna")
    asked = type(asked)(route="test", notice=asked.notice, content=b"", due=1, began=tried, tried=tried)
    earlier = {"type": "notice_sent", "sunset": "x", "message_id": "<earlier@isp.example>", "at": tried - 9 * DAY}
    insert(tables, "sunset_events", earlier)
    insert(tables, "mail_events", submitted("earlier@isp.example", NOW))
    producer = KafkaProducer(bootstrap_servers=fresh_broker.bootstrap)
    identity = event_id(source_id("mx1"), 0)
    line = MessageSubmitted(
        id=identity, at=tried, host="mx1", queue_id="4F2", message_id="anna@isp.example", sender="us"
    )
    producer.send(MAIL_EVENTS.name, packed([line]), partition=0).get(60)
    producer.close()
    proofs = Proofs(settings)
    assert [proofs.proof(asked, NOW) for _ in range(3)] == ["not_yet"] * 3, "nobody has stored it"
    assert proof(tables, asked, NOW) == "not_taken", "though the log was read so far"
    stop = threading.Event()
    sink = threading.Thread(target=store_until, args=(stop, settings), daemon=True)
    sink.start()
    until(lambda: proofs.proof(asked, NOW) != "not_yet", 30, "an answer")
    assert proofs.proof(asked, NOW) == "taken"
    other = letter("bob")
    other = type(asked)(route="test", notice=other.notice, content=b"", due=1, began=tried, tried=tried)
    until(lambda: proofs.proof(other, NOW) != "not_yet", 30, "an answer about the other")
    assert proofs.proof(other, NOW) == "not_taken", "told at once where the sink is not behind"
    stop.set()
    sink.join(60)
    fresh_broker.kill()
    assert proofs.proof(other, NOW) == "not_yet"


def test_each_letter_is_listed_with_what_became_of_it(tables: Client) -> None:
    def due(name: str, **more: object) -> dict[str, object]:
        common = {"type": "letter_due", "sunset": "pop", "customer": name, "recipient": f"{name}@example.net"}
        return (
            common
            | {"id": f"d-{name}", "at": NOW - DAY, "kind": "letter", "number": 2}
            | {
                "message_id": f"<{name}@isp.example>",
                **more,
            }
        )

    def notice(name: str, status: str, reply: str = "") -> dict[str, object]:
        common = {"type": "notice_sent", "sunset": "pop", "message_id": f"<{name}@isp.example>", "at": NOW}
        return common | {"id": f"n-{name}-{status}", "status": status, "reply": reply}

    insert(
        tables,
        "sunset_events",
        due("waits"),
        due("went"),
        due("tried"),
        due("refused"),
        due("stale"),
        due("came-back"),
        due("bounced"),
        due("delayed"),
        due("nobody", recipient="", message_id="", problem="K7 has no contact"),
        due("old", at=NOW - 100 * DAY),
        *(notice(name, "intended") for name in ("tried", "went", "refused", "came-back", "bounced", "delayed")),
        *(notice(name, "sent", "250 ok") for name in ("went", "came-back", "bounced", "delayed")),
        notice("refused", "refused", "RCPT: 550 5.1.1 no"),
        notice("stale", "refused", "withdrawn: it was due more than 4 days ago"),
    )
    for at, name in enumerate(("went", "bounced", "delayed")):
        insert(tables, "mail_events", submitted(f"{name}@isp.example", NOW, queue_id=f"Q{at}"))

    def attempt(queue_id: str, outcome: str, at: int, reply: str) -> dict[str, object]:
        common = {"type": "delivery_attempted", "host": "mx1", "queue_id": queue_id, "outcome": outcome}
        return common | {"id": f"{queue_id}{at}", "at": NOW + at, "reply": reply}

    insert(tables, "mail_events", attempt("Q0", "deferred", 1, "451 wait"), attempt("Q0", "sent", 2, "250 in"))
    insert(tables, "mail_events", attempt("Q1", "bounced", 1, "550 5.1.1 unknown"), attempt("Q9", "bounced", 1, "x"))
    insert(tables, "mail_events", attempt("Q2", "deferred", 1, "451 4.7.1 greylisted"))
    bounce = {"type": "bounce_received", "action": "failed", "reply": "552 mailbox full", "at": NOW}
    insert(tables, "bounces", bounce | {"message_id": "came-back@isp.example", "format": "rfc3464"})
    rows = {str(row["customer"]): row for row in letters(tables, "pop", NOW - 30 * DAY)}
    assert {name: (row["state"], row["words"]) for name, row in rows.items()} == {
        "waits": ("waiting", ""),
        "tried": (
            "on its way",
            f"last tried at {rfc3339(NOW)}; how that ended is not known, or it is tried again",
        ),
        "went": ("delivered", "250 in"),
        "refused": ("refused", "RCPT: 550 5.1.1 no"),
        "stale": ("withdrawn", "withdrawn: it was due more than 4 days ago"),
        "came-back": ("bounced", "552 mailbox full"),
        "bounced": ("bounced", "550 5.1.1 unknown"),
        "delayed": ("sent", "451 4.7.1 greylisted"),
        "nobody": ("nobody to write to", "K7 has no contact"),
    }
    assert [row["customer"] for row in letters(tables, "pop", NOW - 30 * DAY, failed=True)] == [
        "bounced",
        "came-back",
        "nobody",
        "refused",
    ]
    assert list(letters(tables, "other", NOW - 30 * DAY)) == []


def test_another_mail_with_the_same_queue_id_is_not_the_letter(tables: Client) -> None:
    """Postfix's short queue ids come again: what became of the later mail, or of one of before, is not the letter's."""
    at, identity = NOW - 40 * DAY, "<l1@isp.example>"
    due = {"type": "letter_due", "sunset": "pop", "customer": "acme", "recipient": "it@acme.example", "kind": "letter"}
    told = {"type": "notice_sent", "sunset": "pop", "status": "sent", "reply": "250 ok", "at": at + SECOND}
    letter = {**due, "number": 1, "at": at, "due": at, "message_id": identity}
    insert(tables, "sunset_events", letter, {**told, "message_id": identity})

    def attempt(late: int, outcome: str) -> dict[str, object]:
        common = {"type": "delivery_attempted", "host": "mx1", "queue_id": "4F1", "outcome": outcome}
        return common | {"id": f"d{late}", "at": at + late, "reply": outcome}

    mails = [submitted("l1@isp.example", at + SECOND), submitted("other@x.example", at + 3 * DAY)]
    insert(tables, "mail_events", *mails, attempt(0, "bounced"), attempt(3 * DAY + SECOND, "bounced"))
    assert [row["state"] for row in letters(tables, "pop", at - DAY)] == ["sent"]
    insert(tables, "mail_events", attempt(2 * SECOND, "sent"), attempt(30 * DAY, "bounced"))
    assert [row["state"] for row in letters(tables, "pop", at - DAY)] == ["delivered"]
