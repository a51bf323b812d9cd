"""A week of a small hoster, three customers and a stranger: what the warehouse is told of it."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from clickhouse_connect.driver.client import Client

from schemas import codec
from schemas.delisting_events import DelistingClosed
from schemas.domain_events import CustomerDomainChecked, DomainCheck
from schemas.events import DeliveryAttempted, Event, MailboxAuthenticated, MessageSubmitted
from schemas.facts import Evidence
from schemas.mailbox_events import CaseOpened, MailboxFlagged, MailboxSuspended
from schemas.moments import epoch_microseconds
from schemas.observations import ListingObserved
from schemas.pool_events import IpRestored, IpWithdrawn
from schemas.report_settings import Report
from schemas.settings import Settings
from schemas.sunset_events import StagesPlanned, StageStepped, SunsetCounted, Use, UserDone, UserExempted, UserFound

ZONE = "Europe/Zurich"
HOUR = 3_600_000_000
DAY = 24 * HOUR
CUSTOMERS = ("alpine", "bakery", "chalet")
MAIL: dict[str, object] = {"sender": "reports@isp.example", "company": "Example ISP", "support": "+41 44 000 00 00"}
TABLES = {
    "mail_events": (DeliveryAttempted, MessageSubmitted, MailboxAuthenticated),
    "mailbox_events": (MailboxFlagged, MailboxSuspended),
    "case_events": (CaseOpened,),
    "delisting_events": (DelistingClosed,),
    "pool_observations": (ListingObserved,),
    "pool_events": (IpWithdrawn, IpRestored),
    "sunset_events": (UserFound, UserDone, UserExempted, SunsetCounted, StagesPlanned, StageStepped),
    "domain_checks": (CustomerDomainChecked,),
}


def local(text: str) -> int:
    """Return a local time such as `2026-11-16 09:00` in microseconds."""
    return epoch_microseconds(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)))


SINCE, UNTIL = local("2026-11-16 00:00"), local("2026-11-23 00:00")
"""The week that is reported: the 47th of 2026."""
NOW = local("2026-11-23 07:00")


def settings(*, ends: object = "2027-02-22", **report: object) -> Settings:
    """Return a configuration with one report, weekly in Zurich's time, called `week`, and a sunset."""
    given = {"audience": "noc", "every": "weekly", "timezone": ZONE, "mail": MAIL, **report}
    if given["audience"] != "customer":
        given = {"recipients": ["noc@isp.example"], **given}
    contacts = {"alpine": "de", "bakery": "fr", "chalet": ""}
    return Settings.model_validate(
        {
            "report": {"week": given},
            "customers": {
                name: {"mailboxes": [f"{name}.example"], "contact": f"it@{name}.example", "language": language}
                for name, language in contacts.items()
            },
            "pool": {"main": {"transports": {"out1": "192.0.2.1", "out2": "192.0.2.2"}, "min_active": 1}},
            "sunset": {"pop": {"kind": "smtp_after_pop", "begins": "2026-11-01", "ends": ends}},
        }
    )


def report(**given: object) -> Report:
    return settings(**given).report["week"]


def keep(client: Client, events: Iterable[Event]) -> None:
    """Store events as the sink would, each in its table."""
    told = list(events)
    for table, kinds in TABLES.items():
        lines = b"".join(codec.encode(event) + b"\n" for event in told if isinstance(event, kinds))
        if lines:
            client.raw_insert(table, insert_block=lines, fmt="JSONEachRow")


def attempt(number: int, at: int, sender: str, outcome: str = "sent", **more: object) -> DeliveryAttempted:
    """Return an attempt to deliver a mail of a sender to somebody at Google, if nothing else is said."""
    given = {
        "id": f"a{number}-{at}-{sender}",
        "at": at,
        "host": "mx1",
        "queue_id": f"Q{number}",
        "sender": sender,
        "sender_kind": "sasl",
        "recipient": "friend@gmail.com",
        "provider": "google",
        "outcome": outcome,
        "outbound_ip": "192.0.2.1",
        **more,
    }
    return DeliveryAttempted(**given)  # type: ignore[arg-type]


def mails(
    customer: str, *, sent: int, bounced: int, at: int = SINCE + 9 * HOUR, provider: str = "google"
) -> list[Event]:
    """Return what became of a customer's mails at a time."""
    sender = f"box@{customer}.example"
    found: list[Event] = [attempt(number, at + number, sender, provider=provider) for number in range(sent)]
    return found + [
        attempt(sent + number, at + sent + number, sender, "bounced", provider=provider, reason="user_unknown")
        for number in range(bounced)
    ]


def heard(days: Iterable[int]) -> Iterator[Event]:
    """Yield something that was logged at six on days after the Monday of the week before the one reported."""
    for day in days:
        at = SINCE - 7 * DAY + day * DAY + 6 * HOUR
        yield MessageSubmitted(id=f"n{day}", at=at, host="mx1", queue_id=f"N{day}", sender="cron")


def week() -> list[Event]:
    """Return the week: alpine sends most, bakery a little, chalet nothing; a stranger of no customer sends, too."""
    reason = (Evidence(rule="geo", text="from afar"),)
    moved = Use(mailbox="old@alpine.example", last=SINCE + DAY, confidence=1.0, messages=5)
    return [
        *heard(range(15)),
        *mails("alpine", sent=90, bounced=10),
        *mails("alpine", sent=40, bounced=0, at=SINCE + 2 * DAY, provider="microsoft"),
        *mails("alpine", sent=97, bounced=3, at=SINCE - 3 * DAY),
        *mails("bakery", sent=7, bounced=1, at=SINCE + 4 * DAY),
        *mails("strange", sent=5, bounced=5, at=SINCE + 5 * DAY, provider="evil.example"),
        attempt(1, SINCE + DAY, "box@alpine.example", "deferred", reason="rate"),
        attempt(2, SINCE + DAY, "box@alpine.example", "sent", local=True),
        MailboxFlagged(id="f1", at=SINCE + DAY, mailbox="box@bakery.example", score=90, step="flag"),
        MailboxFlagged(id="f2", at=SINCE + DAY, mailbox="box@alpine.example", score=50, step="watch"),
        MailboxSuspended(id="s1", at=SINCE + DAY + HOUR, mailbox="box@bakery.example", score=140, mode="enforce"),
        MailboxSuspended(id="s0", at=SINCE - DAY, mailbox="box@bakery.example", score=140, mode="enforce"),
        CaseOpened(
            id="c1", at=SINCE + DAY, case="c1", customer="bakery", mailboxes=("b1@bakery.example", "b2@bakery.example"),
        ),
        ListingObserved(id="l1", at=SINCE + HOUR, ip="192.0.2.2", list="zen", answer="listed", scope="ip"),
        ListingObserved(id="l2", at=SINCE + DAY, ip="192.0.2.2", list="zen", answer="not_listed", scope="ip"),
        ListingObserved(id="l3", at=SINCE + DAY, ip="192.0.2.1", list="silent", answer="unknown", scope="ip"),
        IpWithdrawn(id="w1", at=SINCE - DAY, pool="main", ip="192.0.2.2", until=0, evidence=reason),
        IpRestored(id="r1", at=SINCE + 30 * HOUR, pool="main", ip="192.0.2.2"),
        UserFound(id="u1", at=SINCE, sunset="pop", mailbox="old@alpine.example", customer="alpine", use=moved),
        UserFound(id="u2", at=SINCE, sunset="pop", mailbox="box@bakery.example", customer="bakery", use=moved),
        UserDone(id="u3", at=SINCE + DAY, sunset="pop", mailbox="box@bakery.example", customer="bakery", last=SINCE),
        SunsetCounted(id="n1", at=SINCE + DAY, sunset="pop", day="2026-11-17", found=2, open=1, done=1),
        CustomerDomainChecked(
            id="d1", at=NOW - DAY, domain="alpine.example", customer="alpine", outcome="absent", mx="pass",
            spf="absent", dkim="pass", dmarc="pass",
            checks=(DomainCheck(name="spf", outcome="absent", code="spf_absent", text="", publish="v=spf1 -all"),),
        ),
        CustomerDomainChecked(
            id="d2", at=NOW - DAY, domain="bakery.example", customer="bakery", outcome="pass", mx="pass", spf="pass",
            dkim="pass", dmarc="pass",
        ),
    ]  # fmt: skip
