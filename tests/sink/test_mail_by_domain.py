"""What is asked about one mailbox or one customer, compared with the events: stored twice, late, merged or not."""

import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.client import Client
from msgspec.structs import replace

from dashboards import queries_customer, queries_logins, queries_mailbox
from dashboards.span import Span
from embedded.clickhouse import ClickHouseServer
from schemas.events import DeliveryAttempted, Event, MailboxAuthenticated, MessageSubmitted
from schemas.names import source_id
from tests.migrated import migrate
from tests.pages.conftest import store
from tests.sink.rig import delivery

MINUTE = 60_000_000
DAY = 1440 * MINUTE
SOURCE = source_id("mx1", "/var/log/mail.log")
ANN, BEN, NEW, ODD, NET = (
    "ann@bakery.example",
    "ben@shared.example",
    "new@bakery.example",
    "odd@bakery.example",
    "plant",
)
SENDERS = (ANN, BEN, NEW, ODD, NET, "eve@shared.example", "ann@other.example", "guest@stranger.example")
BAKER = {ANN, NEW, BEN, NET}
"""Whose mails are customer K1's: his domain's but ODD, who is another's, one of a shared domain, one without any."""
ADDRESSES = [
    ("@bakery.example", 1, 0, "K1", "domain", ""),
    (BEN, 1, 0, "K1", "mailbox", ""),
    (NET, 1, 0, "K1", "network", ""),
    (ODD, 1, 0, "K2", "mailbox", ""),
    ("eve@shared.example", 1, 2, "K1", "mailbox", ""),  # no longer
]


def _events(now: int) -> Iterator[Event]:
    dice = random.Random(3)
    for number in range(4000):
        at, who = now - dice.randrange(3 * 1440) * MINUTE - number, dice.choice(SENDERS)
        client = f"198.51.{dice.randrange(3)}.{dice.randrange(250)}"
        kind = number % 4
        if kind < 2:
            yield replace(
                delivery(SOURCE, number),
                at=at,
                sender=who,
                provider=dice.choice(("google", "example.org")),
                outcome=dice.choice(("sent", "sent", "deferred", "bounced")),
                enhanced_status=dice.choice(("5.1.1", "2.0.0")),
                local=dice.random() < 0.1,
            )
        elif kind == 2:
            yield MessageSubmitted(
                id=f"s{number}",
                at=at,
                host="mx1",
                queue_id=f"Q{number}",
                sender=who,
                client_ip=client,
                recipients=dice.randrange(5),
                client_country="DE",
                helo=dice.choice(("pc", "phone")),
                mailer=dice.choice(("Thunderbird", "")),
            )
        else:
            yield MailboxAuthenticated(
                id=f"l{number}",
                at=at,
                host="mx1",
                mailbox=who,
                service="imap",
                outcome=dice.choice(("succeeded", "failed", "unavailable")),
                client_ip=client,
                attempts=dice.randrange(4),
                client_country=dice.choice(("DE", "BR")),
                method="PLAIN",
            )


def _network(event: MessageSubmitted | MailboxAuthenticated) -> str:
    return event.client_ip.rpartition(".")[0] + ".0/24"


def of_mailbox(client: Client, span: Span, mailbox: str, seen: list[Event]) -> None:
    """Compare what the pages say of a mailbox with its events."""
    logins = [one for one in seen if isinstance(one, MailboxAuthenticated) and one.mailbox == mailbox]
    mails = [one for one in seen if isinstance(one, MessageSubmitted) and one.sender == mailbox]
    sent = [one for one in seen if isinstance(one, DeliveryAttempted) and one.sender == mailbox]
    assert min(len(logins), len(mails), len(sent)) > 10
    times, networks, places = Counter[str](), defaultdict[str, Counter[str]](Counter), Counter[tuple[str, str]]()
    for one in logins:
        number = max(one.attempts, 1)
        times[one.outcome] += number
        networks[_network(one)][one.outcome] += number
        if one.outcome != "unavailable":
            places[one.client_country, "good" if one.outcome == "succeeded" else "failed"] += number
    places["DE", "sent"] = len(mails)
    outcomes = ["succeeded", "failed", "unavailable"]
    by = queries_logins.by(client, span, mailbox, "network").set_index("value")[outcomes].to_dict("index")
    assert by == {name: {each: count[each] for each in outcomes} for name, count in networks.items()}
    course = queries_logins.over_time(client, span, mailbox)
    assert {each: course[each].sum() for each in outcomes} == {each: times[each] for each in outcomes}
    spread = queries_mailbox.logins(client, span, mailbox)
    assert (spread["logins"].sum(), spread["failed"].sum()) == (times.total(), times["failed"])
    map_ = queries_logins.places(client, span, mailbox)
    assert dict(zip(zip(map_["country"], map_["kind"], strict=True), map_["number"], strict=True)) == places
    programs = queries_logins.programs(client, span, mailbox)
    told = dict(zip(zip(programs["program"], programs["helo"], strict=True), programs["messages"], strict=True))
    assert told == Counter((one.mailer, one.helo) for one in mails)
    assert programs["recipients"].sum() == sum(one.recipients for one in mails)
    activity = queries_mailbox.activity(client, span, mailbox)
    assert (activity["messages"].sum(), activity["recipients"].sum()) == (len(mails), programs["recipients"].sum())
    unknown = [one for one in sent if one.outcome == "bounced" and one.enhanced_status == "5.1.1"]
    assert activity["unknown_users"].sum() == len(unknown)
    newest = queries_mailbox.recent_deliveries(client, span, mailbox, 7)
    assert list(newest["queue_id"]) == [one.queue_id for one in sorted(sent, key=lambda one: -one.at)[:7]]
    tried = queries_mailbox.recent_logins(client, span, mailbox, 7)
    assert list(tried["client_ip"]) == [one.client_ip for one in sorted(logins, key=lambda one: -one.at)[:7]]


def of_customer(client: Client, span: Span, customer: str, senders: set[str], seen: list[Event]) -> None:
    """Compare what the pages say of a customer's mail with the events."""
    sent = [one for one in seen if isinstance(one, DeliveryAttempted) and one.sender in senders and not one.local]
    boxes = queries_customer.boxes(client, span, customer)
    mails = {row["box"]: (row["mails"], row["bounces"]) for _, row in boxes.iterrows() if row["mails"]}
    counts, bounced = (
        Counter(one.sender for one in sent),
        Counter(one.sender for one in sent if one.outcome == "bounced"),
    )
    assert mails == {name: (number, bounced[name]) for name, number in counts.items()}
    assert set(counts) == senders
    traffic = queries_customer.traffic(client, span, customer)
    outcomes = ["sent", "deferred", "bounced"]
    told = traffic[traffic["whole"]].set_index("provider")[outcomes].to_dict("index")
    slots = traffic[~traffic["whole"]].set_index("bucket")["sent"].to_dict()
    width = span.bucket_seconds
    delivered = Counter(one.at // 1_000_000 // width * width for one in sent if one.outcome == "sent")
    assert {bucket: number for bucket, number in slots.items() if number} == delivered
    pairs = Counter((one.provider, one.outcome) for one in sent)
    assert told == {name: {each: pairs[name, each] for each in ("sent", "deferred", "bounced")} for name, _ in pairs}


def agree(client: Client, now: int, known: list[Event]) -> None:
    """Compare all with the events, of now and of a past moment."""
    for span in (Span.last(72, now), Span.last(24, now - DAY // 2 - 77_777_777, past=True)):
        seen = [one for one in known if span.since < one.at <= span.until]
        for mailbox in (ANN, NET):
            of_mailbox(client, span, mailbox, seen)
        of_customer(client, span, "K1", BAKER, seen)
        of_customer(client, span, "K2", {ODD}, seen)
        of_customer(client, span, "stranger.example", {"guest@stranger.example"}, seen)


def test_what_lies_by_domain_is_what_happened(clickhouse: ClickHouseServer, database: str) -> None:
    migrate(clickhouse.connect(), database)
    client = clickhouse.connect(database)
    client.set_client_setting("deduplicate_insert", "disable")
    client.command("SYSTEM STOP MERGES mail_events")
    names = ["address", "begun", "ended", "customer", "kind", "mailbox"]
    client.insert("customer_addresses", ADDRESSES, column_names=names)
    now = time.time_ns() // 1000
    known = list(_events(now))
    store(client, "mail_events", known[:3000])
    store(client, "mail_events", known[:2000])  # again, in parts of their own
    agree(client, now, known[:3000])
    store(client, "mail_events", known[3000:])  # late: of all three days
    agree(client, now, known)
    client.command("SYSTEM START MERGES mail_events")
    client.command("OPTIMIZE TABLE mail_events FINAL")
    agree(client, now, known)


def test_a_customer_who_writes_to_everybody_at_all_times_is_told_in_few_rows(
    clickhouse: ClickHouseServer, database: str
) -> None:
    migrate(clickhouse.connect(), database)
    client = clickhouse.connect(database)
    now = time.time_ns() // 1000
    client.command(_EVERYBODY, parameters={"now": now})
    traffic = queries_customer.traffic(client, Span.last(168, now), "d.example")
    by_time, by_provider = traffic[~traffic["whole"]], traffic[traffic["whole"]]
    assert len(traffic) == 500
    assert (by_time["sent"].sum(), by_time["bounced"].sum()) == (90_000, 10_000)
    largest = by_provider[["sent", "bounced"]].sum(axis=1)
    assert (by_provider["provider"].iloc[0], set(largest)) == ("mx0.example", {139}), "640 of 720 are as large"


_EVERYBODY = """
INSERT INTO mail_events (type, id, at, sender, outcome, provider)
SELECT 'delivery_attempted', toString(number), {now:Int64} - number * 6000000, 'user@d.example',
       if(number % 10 = 0, 'bounced', 'sent'), concat('mx', toString(number % 720), '.example')
FROM numbers(100000)
"""


@pytest.mark.parametrize("customer", [False, True])
def test_one_mailbox_is_read_from_where_it_lies(clickhouse: ClickHouseServer, database: str, customer: bool) -> None:  # noqa: FBT001 a case
    migrate(clickhouse.connect(), database)
    client = clickhouse.connect(database)
    now = time.time_ns() // 1000
    client.command(_MANY, parameters={"now": now})
    client.set_client_setting("force_optimize_projection_name", "by_domain")
    client.set_client_setting("force_optimize_projection", "1")
    span, mailbox = Span.last(24, now), "user7@d7.example"
    if customer:
        assert queries_customer.traffic(client, span, "d7.example").query("whole")["sent"].sum() == 33
        assert dict(queries_customer.boxes(client, span, "d7.example")[["box", "mails"]].to_numpy()) == {mailbox: 33}
        return
    assert queries_mailbox.activity(client, span, mailbox)["messages"].sum() == 34
    assert len(queries_mailbox.recent_deliveries(client, span, mailbox)) == 33
    assert queries_mailbox.logins(client, span, mailbox)["logins"].sum() == 33
    assert len(queries_mailbox.recent_logins(client, span, mailbox)) == 33
    assert queries_logins.over_time(client, span, mailbox)["succeeded"].sum() == 33
    assert queries_logins.programs(client, span, mailbox)["messages"].sum() == 34
    assert queries_logins.places(client, span, mailbox)["number"].sum() == 67
    assert queries_logins.by(client, span, mailbox, "AS")["succeeded"].sum() == 33


_MANY = """
INSERT INTO mail_events (type, id, at, sender, mailbox, outcome, provider, client_ip)
SELECT ['delivery_attempted', 'message_submitted', 'mailbox_authenticated'][number % 3 + 1] AS kind, toString(number),
       {now:Int64} - number * 100000, if(kind = 'mailbox_authenticated', '', name),
       if(kind = 'mailbox_authenticated', name, ''),
       multiIf(kind = 'delivery_attempted', 'sent', kind = 'mailbox_authenticated', 'succeeded', ''), 'google',
       '192.0.2.1'
FROM (SELECT number, concat('user', toString(number % 2000), '@d', toString(number % 2000), '.example') AS name
      FROM numbers(200000))
"""
