"""What the pages tell of topics, logs and the last hour out of the counts of five minutes is what the events tell."""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import pandas as pd
import pytest
from clickhouse_connect.driver.client import Client

from dashboards import queries, queries_pipeline, queries_week
from dashboards.span import Span
from embedded.clickhouse import ClickHouseServer
from schemas import codec
from schemas.events import DeliveryAttempted, MailEvent, MessageScored, MessageSubmitted, SourceOpened
from schemas.names import event_id, opening_id, source_id
from schemas.observations import HookFailed, PoolObservation
from streams.migrate import migrate
from tests.turning import turn, turn_until

MINUTE = 60_000_000
HOUR = 60 * MINUTE
WEEK = 168 * HOUR
SOURCES = (source_id("mx1", "/var/log/mail.log"), source_id("mx2", "/var/log/mail.log"))
PROVIDERS = [f"provider{number}" for number in range(17)]
Stored = MailEvent | PoolObservation
One = TypeVar("One", bound=Stored)


def ago(number: int) -> int:
    """Return how long before now an event was: a fifth each in the last hour and that of a week ago, else nine days."""
    within = number * 7919 % 60 * MINUTE + number * 1000
    return {0: within, 1: WEEK + within}.get(number % 5, number * 104_729 % (9 * 24 * 60) * MINUTE + number * 1000)


def mails(now: int, numbers: range) -> Iterator[MailEvent]:
    """Yield deliveries, some of them local, mails and scores of two logs."""
    for number in numbers:
        source, at = SOURCES[number % 2], now - ago(number)
        said = {"id": event_id(source, number * 200), "at": at, "queue_id": f"4F{number // 3}"}
        if number % 7 < 5:
            yield DeliveryAttempted(
                **said,  # type: ignore[arg-type]
                host="mx", sender=f"u{number % 3}@example.net", recipient="a@example.org",
                provider=PROVIDERS[number % 17], outcome=("sent", "sent", "deferred", "bounced")[number % 4],
                outbound_ip=f"192.0.2.{number % 3}", local=number % 11 == 0,
            )  # fmt: skip
        elif number % 7 == 5:
            yield MessageSubmitted(**said, host="mx", sender="u@example.net", sender_kind="sasl")  # type: ignore[arg-type]
        else:
            yield MessageScored(**said, host="mx", engine="rspamd", score=1.0, threshold=6.0)  # type: ignore[arg-type]


def hooks(now: int, numbers: range) -> Iterator[HookFailed]:
    """Yield what a hook told."""
    for number in numbers:
        yield HookFailed(
            id=f"h{number}", at=now - ago(number), pool="main", hook="nft", host="mx", reason="x", attempt=1, active={}
        )


def store(client: Client, table: str, what: Iterable[Stored], first: int = 0) -> None:
    """Store events with their places in Kafka."""
    rows = []
    for offset, event in enumerate(what, first):
        place = {"kafka_cluster": "c", "kafka_partition": offset % 3, "kafka_offset": offset}
        rows.append(json.dumps({**json.loads(codec.encode(event)), **place}))
    client.raw_insert(table, insert_block="\n".join(rows).encode(), fmt="JSONEachRow")


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """Give a database of this test's own."""
    with ClickHouseServer(tmp_path / "data") as server:
        migrate(server.connect(), "slots")
        made = server.connect("slots")
        made.set_client_setting("deduplicate_insert", "disable")
        for table in ("mail_events", "pool_observations"):
            made.command(f"SYSTEM STOP MERGES {table}")
        yield made


def inside(events: Iterable[One], span: Span) -> list[One]:
    """Return the events of a span."""
    return [event for event in events if span.since < event.at <= span.until]


def topics_agree(client: Client, span: Span, known: dict[str, list[Stored]]) -> None:
    """Compare the rates, the courses and how often facts are stored with the events."""
    then = Span(span.since - WEEK, span.until - WEEK)
    rates = queries_pipeline.rates(client, span).set_index("topic")
    day = Span(max(span.since, span.until - 24 * HOUR), span.until)
    doubles = queries_pipeline.doubles(client, span).set_index("table")["facts"]
    for topic, events in known.items():
        new, old = inside(events, span), inside(events, then)
        assert (rates.loc[topic, "events"], rates.loc[topic, "before"]) == (len(new), len(old))
        assert micros(rates.loc[topic, "last"]) == max(event.at for event in new)
        course = queries_pipeline.series(client, span, topic).set_index("bucket")
        wide = span.bucket_seconds * 1_000_000
        assert _counts(course["events"]) == Counter(event.at // wide * wide // 1_000_000 for event in new)
        assert _counts(course["before"]) == Counter((event.at + WEEK) // wide * wide // 1_000_000 for event in old)
        assert doubles[topic.replace(".", "_")] == len(inside(events, day))


def _counts(course: pd.Series) -> Counter[int]:
    return +Counter(dict(zip(course.index.tolist(), course.tolist(), strict=True)))


def micros(when: object) -> int:
    """Return a time as epoch microseconds."""
    return pd.Timestamp(str(when)).value // 1000


def logs_agree(client: Client, span: Span, mail: list[Stored], read: dict[int, int]) -> None:
    """Compare how far each log was read, and what of it came, with the events."""
    told = queries_pipeline.sources(client, span).set_index("source")
    then = Span(span.since - WEEK, span.until - WEEK)
    for number, source in enumerate(SOURCES):
        of = [event for event in mail if event.id.startswith(source) and not isinstance(event, SourceOpened)]
        new, old = inside(of, span), inside(of, then)
        row = told.loc[source]
        assert (row["events"], row["before"]) == (len(new), len(old))
        assert micros(row["last"]) == max(event.at for event in new)
        assert row["offset"] == max(int(event.id[17:29], 16) for event in (*new, *old))
        hour = [event for event in inside(of, Span.last(1, span.until)) if not isinstance(event, MessageScored)]
        (now,) = queries.sources(client, span).query(f"name == 'mx{number + 1}'").to_dict("records")
        assert (now["events"], micros(now["last"])) == (len(hour), max(event.at for event in hour))
    held = queries_pipeline.held(client, span).query("topic == 'mail.events'")
    assert dict(zip(held["partition"], held["offset"], strict=True)) == read


def hours_agree(client: Client, span: Span, mail: list[Stored]) -> None:
    """Compare the last hour, and that of a week before, with the events."""
    told = queries_week.hour(client, span)
    new, old = Span.last(1, span.until), Span.last(1, span.until - WEEK)
    counted = [event for event in mail if isinstance(event, DeliveryAttempted) and not event.local]
    for which, hour in (("", new), ("_then", old)):
        of = inside(counted, hour)
        attempts = Counter(event.provider for event in of)
        named = told[(told["provider"] != "") & (told["provider"] != "(all others)")]
        assert dict(zip(named["provider"], named[f"attempts{which}"], strict=True)) == {
            name: attempts[name] for name in named["provider"]
        }
        assert told[f"attempts{which}"].sum() == len(of)
        for outcome in ("sent", "deferred", "bounced"):
            assert told[f"{outcome}{which}"].sum() == sum(event.outcome == outcome for event in of)
        assert set(told[f"heard{which}"]) == {len(inside(mail, hour))}
    assert len(named) == min(12, len({event.provider for event in (*inside(counted, new), *inside(counted, old))}))
    assert len(told) == len(named) + 1, "all others in one row, with what is no delivery"
    messages = queries_week.sent(client, span)
    sent = {(e.outbound_ip, e.sender, e.queue_id) for e in inside(counted, new) if e.outcome == "sent"}
    assert dict(zip(messages["ip"], messages["messages"], strict=True)) == Counter(ip for ip, _, _ in sent)


def agree(client: Client, now: int, known: dict[str, list[Stored]]) -> None:
    """Compare all answers, also as of moments past and of an hour, whose ends cut slots."""
    mail = known["mail.events"]
    offset = {codec.encode(event): number for number, event in reversed(tuple(enumerate(mail)))}  # of the first
    for hours, until in ((168, now), (24, now), (1, now), (24, now - 77 * MINUTE - 7_777_777)):
        span = Span.last(hours, until, past=until < now)
        topics_agree(client, span, known)
        day = inside(mail, Span.last(24, until))
        places = {
            number: max(each for each in (offset[codec.encode(event)] for event in day) if each % 3 == number)
            for number in range(3)
        }
        logs_agree(client, span, mail, places)
    hours_agree(client, Span.last(1, now), mail)
    hours_agree(client, Span.last(1, now - 7 * MINUTE - 7_777_777), mail)


def test_topics_logs_and_hours_are_told_as_the_events_tell_them(client: Client) -> None:
    now = time.time_ns() // 1000
    opened = [
        SourceOpened(id=opening_id(source), at=now - minutes * MINUTE, source=source, name=name, host="mx", inode=1)
        for name, source in zip(("mx1", "mx2"), SOURCES, strict=True)
        for minutes in (30, 10 * 24 * 60)
    ]
    mail: list[Stored] = [*opened, *mails(now, range(2000))]
    pool: list[Stored] = list(hooks(now, range(900)))
    store(client, "mail_events", mail)
    store(client, "pool_observations", pool)
    known = {"mail.events": mail, "pool.observations": pool}
    agree(client, now, known)
    for table in ("mail", "pool"):
        turn_until(client, f"SELECT count() FROM {table}_slot_days WHERE counted = 0")  # noqa: S608 our own tables
    for table in ("mail", "pool"):
        assert client.command(f"SELECT count() FROM {table}_slot_days WHERE counted = 0") == 0  # noqa: S608 our own tables
    agree(client, now, known)
    for _ in range(2):
        store(client, "mail_events", mail)  # the same again, in parts of their own
        store(client, "pool_observations", pool)
    agree(client, now, known)
    turn(client)
    agree(client, now, known)
    doubles = queries_pipeline.doubles(client, Span.last(24, now)).set_index("table")
    assert list(doubles["rows"]) == list(3 * doubles["facts"]), "how often each is stored is told"
    late = list(mails(now, range(2000, 2300)))
    store(client, "mail_events", late, len(mail))
    store(client, "pool_observations", hooks(now, range(900, 1000)), len(pool))
    turn(client)
    known = {"mail.events": [*mail, *late], "pool.observations": [*pool, *hooks(now, range(900, 1000))]}
    agree(client, now, known)
    for table in ("mail_events", "pool_observations"):
        client.command(f"SYSTEM START MERGES {table}")
        client.command(f"OPTIMIZE TABLE {table} FINAL")
    agree(client, now, known)
