"""All scenes of the pages in one warehouse, what each question is asked with, and what happens after its moment.

The moment lies in the midst of an hour and of five minutes that ended hours ago: what ClickHouse counts by the hour and
by five minutes (schemas/clickhouse/032_sunset_uses.sql, 051_mail_slots.sql) is counted then.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from clickhouse_connect.driver.client import Client

from dashboards.queries_logins import BY
from schemas.alert_events import AlertResolved
from schemas.bounce_events import BounceReceived
from schemas.delisting_events import DelistingTakenBack
from schemas.domain_events import CustomerDomainRemoved
from schemas.events import DeadLetter, Event, MailboxAuthenticated, MessageSubmitted, PopCandidate
from schemas.facts import Evidence
from schemas.mailbox_events import CaseClosed, MailboxFlagged, MailboxReleased, MailboxSuspended, NoticeSent
from schemas.names import derived_id
from schemas.observations import ListingObserved, RepliesCounted
from schemas.pool_events import IpRestored, IpWithdrawn, ListDistrusted, ProviderRestored, ProviderWithdrawn
from schemas.retry_events import LetterTried
from schemas.settings import load as settings_of
from schemas.sunset_events import (
    LetterDue,
    StagesSwitched,
    StageStepped,
    TicketOpened,
    UserDone,
    UserExempted,
)
from schemas.topics import topic_of
from streams.directory.kept import load
from streams.owners_task import store as store_owners
from tests.pages import alert_scene as alerts
from tests.pages import customers_scene as customers
from tests.pages import lists_scene as lists
from tests.pages import sunset_scene as sunsets
from tests.pages import test_delisting_page as delistings
from tests.pages import test_domains_page as domains
from tests.pages import test_pipeline_page as pipelines
from tests.pages import test_providers_page as providers
from tests.pages import test_reports_page as reports
from tests.pages.conftest import Hall, fill, store
from tests.pages.life_scene import life
from tests.pages.scene import CASE, IPS, KEPT, MINUTE, RUDE, THIEF, WITHDRAWN

Place = tuple[str, str]
Ways = tuple[dict[str, object], ...]
HOUR = 60 * MINUTE
DAY = 24 * HOUR
SOON = MINUTE
"""What happens soon after the moment does so within this, in the same hour and the same five minutes."""
SAID = "ada: a test"
HELD = "<held@isp.example>"
ENDED = "<1.4@isp.example>"
CHANGED = customers.DIRECTORY.replace("\n@bakery.example,4711", "\n@bakery.example,4713").replace("Muster", "Other")
USER = "anna@acme.example"
CALM = "calm@customer.example"
_INTO_THE_HOUR = 22 * MINUTE + 17_000_000
_WAY: dict[str, object] = {"name": "pop", "versions": ("TLSv1",), "today": "2026-01-01"}

VALUES: dict[str, object] = {
    "mailbox": THIEF,
    "search": "",
    "case": CASE,
    "name": "pop",
    "back": 40 * DAY,
    "outcomes": (),
    "ours": IPS,
    "domain": "rude.example",
    "pool": "main",
    "ip": KEPT,
    "provider": "google",
    "list_": "",
    "said": SAID,
    "identity": "ordered",
    "action": "withdraw",
    "alert": alerts.GONE,
    "customer": "4711",
    "kind": "",
    "letter": pipelines.LINE,
    "order": "order1",
    "likely": 0.5,
}
_PSBL: Ways = ({"name": "psbl"},)
_ANY: Ways = ({"name": ""}, {"name": "mx2", "search": "x1"})
WAYS: dict[Place, Ways] = {
    ("queries", "decisions"): ({}, {"subject": THIEF}),
    ("queries", "volume"): ({}, {"provider": "google"}),
    ("queries_alerts", "alerts"): ({}, {"every": True}, {"search": THIEF}),
    ("queries_complaint_trends", "by"): ({"what": "ip"}, {"what": "reporter"}),
    ("queries_customers", "needy"): ({}, {"search": "bakery"}),
    ("queries_customers", "whose"): ({"mailbox": "new@bakery.example"},),
    ("queries_decisions", "of_pool"): ({}, {"subject": KEPT}),
    ("queries_decisions", "observed"): ({}, {"ip": "", "list_": "psbl"}),
    ("queries_decisions", "one"): ({"identity": derived_id("o")},),
    ("queries_delisting", "happened"): ({"case": "aaaaaaaaaaaa"},),
    ("queries_letters", "letters"): _ANY,
    ("queries_letters", "open_ones"): _ANY,
    ("queries_letters", "orders"): ({"order": "", "letter": ""}, {"order": "", "letter": pipelines.DONE}),
    ("queries_life", "listings"): ({"ip": WITHDRAWN},),
    ("queries_life", "runs"): ({}, {"ip": WITHDRAWN}),
    ("queries_life", "senders"): ({"ip": WITHDRAWN},),
    ("queries_list_orders", "answer"): ({"name": "psbl"}, {"name": "psbl", "pool": ""}),
    ("queries_list_orders", "in_force"): _PSBL,
    ("queries_list_orders", "rests"): _PSBL,
    ("queries_list_orders", "taken"): _PSBL,
    ("queries_lists", "codes"): _PSBL,
    ("queries_lists", "history"): _PSBL,
    ("queries_lists", "listings"): _PSBL,
    ("queries_lists", "turns"): _PSBL,
    ("queries_logins", "by"): tuple({"what": what} for what in BY),
    ("queries_mailbox", "scores"): ({}, {"search": "anna", "step": "suspend"}),
    ("queries_orders", "of_mailbox"): ({"action": "suspend"},),
    ("queries_pipeline", "series"): tuple({"topic": name} for name in ("mail.events", "pool.events", "alert.events")),
    ("queries_replies", "texts"): ({}, {"new": True}),
    ("queries_sunset", "uses"): ({"mailbox": RUDE},),
    ("queries_sunset", "letters"): ({"mailbox": "bert@acme.example"},),
    ("queries_sunset_orders", "concerned"): tuple(
        {**_WAY, "way": way, "subject": whom}
        for way, whom in (("smtp_after_pop", ""), ("cleartext_login", ""), ("old_tls", "acme"))
    ),
    ("queries_sunset_orders", "ended"): ({"message_id": ENDED, "ordered": 0},),
    ("queries_sunset_orders", "stored"): ({"identity": "e"},),
}
"""The questions that are asked otherwise, or in more than one way."""

BY_LATER_ID: dict[Place, Ways] = {
    ("queries_decisions", "one"): ({"identity": "let go"}, {"identity": "there again"}),
    ("queries_letters", "one"): ({"letter": "unread"},),
    ("queries_sunset_orders", "answer"): ({"identity": "ordered later"},),
    ("queries_sunset_orders", "stored"): ({"identity": "no more"},),
}
"""The questions about what has an id, asked for what happens only later."""


def moment(now: int) -> int:
    """Return the moment of the scene, up to three and a half hours before `now`."""
    return now // HOUR * HOUR - 3 * HOUR + _INTO_THE_HOUR


def put(client: Client, events: Iterable[Event]) -> None:
    """Store events in the tables of their topics."""
    found: dict[str, list[Event]] = {}
    for event in events:
        found.setdefault(topic_of(event).table, []).append(event)
    for table, those in found.items():
        store(client, table, those)


def furnished(hall: Hall) -> None:
    """Store all scenes up to the hall's moment."""
    client, now = hall.client, hall.now
    fill(client, now)
    for scene in (
        providers.scene,
        delistings.scene,
        reports.scene,
        domains.scene,
        life,
        alerts.alerts,
        alerts.looked,
        _ordered,
    ):
        put(client, scene(now))
    sunsets.fill(client, now)
    pipelines.fill(hall)
    for each in (customers.mails, customers.complaints, customers.boxes, customers.cases, customers.letters):
        put(client, each(now))
    for more in (customers.domains, customers.bounces, lists.observed, lists.decided, _old_ways):
        put(client, more(now))
    store(client, "mailbox_signals", [_notice("signal", now - HOUR, "sent", customer="4711")])
    _keep(client, now)
    with hall.config.open("a") as config:
        config.write(f'{customers.CONFIG}[directory]\nkind = "csv"\npath = "{_directory(hall)}"\n')
    know(hall, customers.DIRECTORY, now - 200 * MINUTE)


def _directory(hall: Hall) -> Path:
    return hall.config.with_name("customers.csv")


def know(hall: Hall, directory: str, at: int) -> None:
    """Have the desk store at a moment whose mailboxes are by the directory."""
    _directory(hall).write_text(directory)
    settings = settings_of(hall.config)
    assert store_owners(hall.client, settings, load(settings, print), at, lambda: None)


def _keep(client: Client, now: int) -> None:
    """Store the state of a pool that holds to an order about an IP, about a provider there, and about a list."""
    order = {"order": {"id": "ordered"}}
    folded = {
        "ips": {KEPT: {**order, "providers": {"google": order}}},
        "ordered": {"psbl": {"id": "ordered", "action": "distrust"}},
    }
    row = {"pool": "main", "at": now, "state": json.dumps({"folded": folded})}
    client.raw_insert("pool_state", insert_block=json.dumps(row).encode(), fmt="JSONEachRow")
    calm = {"mailbox": CALM, "at": now, "score": 3.5, "step": "", "state": "{}"}
    client.raw_insert("mailbox_state", insert_block=json.dumps(calm).encode(), fmt="JSONEachRow")


def _notice(identity: str, at: int, status: str, customer: str = "acme", message_id: str = HELD) -> NoticeSent:
    return NoticeSent(
        id=identity, at=at, customer=customer, recipient="x@acme.example", template="letter", language="de",
        message_id=message_id, status=status, sunset="pop",  # type: ignore[arg-type]
    )  # fmt: skip


def _ordered(now: int) -> Iterator[Event]:
    """Yield what answers orders, and what else no page's own scene has."""
    at, why = now - 2 * MINUTE, (Evidence(rule="operator", text=SAID),)
    yield ProviderWithdrawn(id=derived_id("p"), at=at, pool="main", ip=KEPT, provider="google", until=at, evidence=why)
    yield IpWithdrawn(id=derived_id("o"), at=at, pool="main", ip=KEPT, until=at, evidence=why)
    yield ListDistrusted(id="do", at=at, pool="main", list="psbl", fault="silent", evidence=why)
    yield MailboxSuspended(
        id=derived_id("h"), at=at, mailbox=THIEF, score=170.0, mode="enforce", evidence=why, operator="ada"
    )
    yield BounceReceived(
        id=derived_id("b"), at=at, format="rfc3464", action="failed", reason="user_unknown", recipient="x@example.org"
    )
    yield StagesSwitched(id="w", at=at, sunset="pop", host="mx1", hook="postfix", off=(1,))
    yield TicketOpened(id="t", at=at, sunset="pop", ticket="T1")
    yield UserExempted(id="u", at=at, sunset="pop", subject="acme.example", operator="ada", reason="old printer")
    yield StageStepped(id="s", at=at, sunset="pop", stage=3, step="paused", operator="ada", answers="ordered")
    yield LetterDue(
        id="held", at=at - HOUR, sunset="pop", customer="acme", recipient="x@acme.example", language="de",
        kind="letter", number=4, of=6, message_id=HELD,
    )  # fmt: skip
    yield _notice("tried", at, "intended")
    yield _named("named before", at, IPS[5])


def _named(identity: str, at: int, ip: str) -> Event:
    return ListingObserved(id=identity, at=at, ip=ip, list="psbl", answer="listed", scope="ip", weight=1.0)


def _old_ways(now: int) -> Iterator[Event]:
    """Yield a use of each old way by one mailbox in the hour of the moment, and one three hours before."""
    for number, ago in enumerate((2, 180)):
        at = now - ago * MINUTE
        yield MessageSubmitted(
            id=f"old pop {number}", at=at, host="mx1", queue_id=f"O{number}", sender=USER, sender_kind="pop",
            candidates=(PopCandidate(mailbox=USER, confidence=1.0),),
        )  # fmt: skip
        yield MailboxAuthenticated(
            id=f"old login {number}", at=at, host="mx1", mailbox=USER, service="imap", outcome="succeeded", tls=True,
            cleartext=True, tls_version="TLSv1",
        )  # fmt: skip


def after(at: int) -> Iterator[Event]:
    """Yield what turns into its contrary what was so before."""
    yield AlertResolved(
        id="over", at=at, alert=alerts.GONE, rule="ip_withdrawn", subject=WITHDRAWN, text="it is back", count=1
    )
    for number, (case, what) in enumerate((("aaaaaaaaaaaa", "requested"), ("bbbbbbbbbbbb", "closed"))):
        named = {"case": case, "pool": "main", "list": "spamcop", "subject": "192.0.2.11"}
        told = next(each.id for each in delistings.scene(at) if each.id.startswith(f"{case} {what}"))
        yield DelistingTakenBack(
            id=f"taken back {number}", at=at, takes_back=told, what=what, operator="ada", **named  # type: ignore[arg-type]
        )  # fmt: skip
    yield CustomerDomainRemoved(id="removed", at=at, domain="rude.example")
    yield LetterTried(
        id="read", at=at, order="order1", letter=pipelines.LINE, name="mx2", format="postfix", host="mx2",
        operator="ada", outcome="recovered", count=1,
    )  # fmt: skip
    yield MailboxReleased(id="let go", at=at, mailbox=THIEF, score=1.0, operator="ada")
    yield CaseClosed(id="shut", at=at, case=CASE, customer="customer.example", mailboxes=(THIEF,))
    yield ProviderRestored(id="there again", at=at, pool="main", ip=KEPT, provider="google")
    yield UserDone(id="done", at=at, sunset="pop", mailbox=USER, customer="acme")
    yield UserExempted(id="no more", at=at, sunset="pop", subject="acme.example", ended=True)
    yield _notice("gone", at, "sent")
    yield _notice("back", at, "refused", message_id=ENDED)
    yield _named("named", at, IPS[4])
    yield RepliesCounted(
        id="told", at=at, partition=0, ip=IPS[5], provider="google", kind="listed", named="psbl", text="5.7.1", count=3
    )
    yield MailboxFlagged(id="new here", at=at, mailbox="fresh@bakery.example", score=60.0, step="watch")
    yield DeadLetter(id="unread", at=at, name="mx1", format="postfix", reason="no time", text="x")
    yield StageStepped(id="followed", at=at, sunset="pop", stage=3, step="closed", answers="ordered later")
    yield IpRestored(id="back again", at=at, pool="main", ip=IPS[0])
