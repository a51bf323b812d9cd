"""A hoster whose alerts are played: events by the minute, the desk's decisions as it would write them."""

from collections.abc import Iterable

from schemas.alert_events import AlertAcknowledged, AlertEvent, AlertUnacknowledged
from schemas.alert_settings import Alerting
from schemas.events import Event
from schemas.facts import Evidence
from schemas.pool_events import IpRestored, IpWithdrawn
from streams.alerts import rules
from streams.alerts.book import Book
from streams.alerts.causes import Causes
from streams.alerts.deciding import Decided, decide, terms
from streams.alerts.facts import Look, PoolWatched, Watched
from streams.alerts.posting import Post, due

MINUTE = 60_000_000
HOUR = 60 * MINUTE
START = 1_900_000_000_000_000
IPS = ("192.0.2.1", "192.0.2.2", "192.0.2.3")
WATCHED = Watched(
    pools={"main": PoolWatched(frozenset(IPS), 2)}, sunsets=frozenset({"pop"}), channels=frozenset({"noc", "boss"})
)
Fact = Event | Look


def minute(number: float) -> int:
    """Return the time of a minute."""
    return START + round(number * MINUTE)


def withdrawn(at: float, ip: str = IPS[0], operator: str = "") -> IpWithdrawn:
    evidence = (Evidence(rule="dnsbl/zen", text="zen lists the IP", value=1.0, points=1.0),)
    return IpWithdrawn(
        id=f"w{at}{ip}", at=minute(at), pool="main", ip=ip, until=0, evidence=evidence, operator=operator
    )


def restored(at: float, ip: str = IPS[0]) -> IpRestored:
    return IpRestored(id=f"r{at}{ip}", at=minute(at), pool="main", ip=ip)


class Played:
    """Causes and book of a desk; what it decides and sends stands in the book at once."""

    def __init__(self, watched: Watched = WATCHED, **settings: object) -> None:
        self.alerting = Alerting.model_validate(settings)
        self.terms = terms(self.alerting, watched)
        self.causes = Causes(watched, rules.names())
        self.book = Book()
        self.events: list[AlertEvent] = []
        self.sent: list[Post] = []

    def take(self, *facts: Fact) -> None:
        for fact in facts:
            self.causes.take(fact)

    def turn(self, at: float) -> list[Decided]:
        """Decide at a minute, and write it."""
        decided = list(decide(self.causes.known, self.book, self.terms, minute(at), self.causes.heard))
        self.write(decided)
        return decided

    def write(self, events: Iterable[AlertEvent]) -> None:
        for event in events:
            self.book.take(event)
            self.causes.take(event)
            self.events.append(event)

    def post(self, at: float, *, taken: bool = True, answer: str = "") -> list[Post]:
        """Send what is due at a minute, as a desk whose servers take it or not; return it."""
        posts = list(due(self.book, self.alerting, "desk", minute(at)))
        for post in posts:
            begun = post.event("desk", minute(at))
            ended = post.event("desk", minute(at)).__class__(
                id=f"{begun.id}e", at=minute(at), message=post.message, channel=post.channel, telling=post.telling,
                alerts=post.alerts, status="sent" if taken else "failed", answer=answer, attempt=post.attempt,
                desk="desk",
            )  # fmt: skip
            self.write((begun, ended))
        self.sent.extend(posts)
        return posts

    def acknowledge(self, at: float) -> None:
        self.write(
            AlertAcknowledged(
                id=f"a{alert.raised.alert}", at=minute(at), alert=alert.raised.alert, operator="eve", reason="mine"
            )
            for alert in list(self.book.opened())
        )

    def unacknowledge(self, at: float) -> None:
        self.write(
            AlertUnacknowledged(
                id=f"u{at}{alert.raised.alert}", at=minute(at), alert=alert.raised.alert, operator="bob", reason="no"
            )
            for alert in list(self.book.opened())
        )


def kinds(events: Iterable[Decided]) -> list[tuple[str, str, str]]:
    """Return what was raised and resolved, in short."""
    return [(type(each).__name__.removeprefix("Alert").lower(), each.rule, each.subject) for each in events]
