"""Five weeks of a sunset as events: two languages, unread days, letters and what became of them, a paused stage."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import msgspec
from clickhouse_connect.driver.client import Client

from schemas import codec
from schemas.events import DeliveryAttempted, Event, MessageSubmitted
from schemas.facts import Evidence
from schemas.mailbox_events import WITHDRAWN, NoticeSent
from schemas.names import derived_id, event_id, source_id
from schemas.sunset_events import (
    Brownout,
    ClientUse,
    LetterDue,
    Stage,
    StagesPlanned,
    StagesSwitched,
    StageStep,
    StageStepped,
    SunsetCounted,
    TicketOpened,
    Use,
    UserDone,
    UserExempted,
    UserFound,
)
from tests.pages.scene import RUDE, RUDE_REPLY

HOUR = 3_600_000_000
DAY = 24 * HOUR
HELD = "<3.4@isp.example>"
UNREAD = (20, 21)
"""These days ago a log was not read: the counts of the week after each say so."""


def today(now: int) -> date:
    """Return the day of the scene's end, UTC."""
    return datetime.fromtimestamp(now / 1_000_000, UTC).date()


def config(now: int) -> str:
    """Return the sunset's tables: it began four weeks ago, and ends in three."""
    begins, ends = today(now) - timedelta(days=28), today(now) + timedelta(days=21)
    return f"""
[sunset.pop]
kind = "smtp_after_pop"
begins = {begins}
ends = {ends}
[sunset.pop.mail]
sender = "care@isp.example"
company = "Example ISP"
support = "+41 44 000 00 00"
smtp_server = "smtp.isp.example"
language = "de"
[sunset.pop.stages]
count = 3
tickets_per_hour = 2
tickets = {{ port = 10029 }}
"""


def still(ago: int, language: str) -> int:
    """Return how many mailboxes were open so many days ago: a twentieth fewer each day."""
    return round((80 if language == "de" else 20) * 0.95 ** (30 - ago))


def counted(now: int) -> Iterator[SunsetCounted]:
    """Yield a count a day and language, up to this morning's."""
    for ago in range(30, -1, -1):
        day = today(now) - timedelta(days=ago)
        for language in ("de", "fr"):
            left, all_ = still(ago, language), 100 if language == "de" else 25
            yield SunsetCounted(
                id=derived_id("counted", day, language),
                at=now - ago * DAY - HOUR,
                sunset="pop",
                day=day.isoformat(),
                language=language,
                found=all_,
                open=left,
                done=all_ - left - 2,
                exempt=2,
                relapsed=1,
                customers=left // 2,
                messages=7 * left,
                unheard=sum(0 <= gap - ago < 7 for gap in UNREAD),
            )


def _use(mailbox: str, last: int, confidence: float = 1.0) -> Use:
    client = ClientUse(ip="203.0.113.9", helo="OFFICE-PC", program="Outlook 2010", messages=4, first=last, last=last)
    rude = ClientUse(ip="203.0.113.10", helo=RUDE, message_host=RUDE, program=RUDE, messages=1, first=last, last=last)
    return Use(mailbox=mailbox, messages=5, last=last, confidence=confidence, clients=(client, rude))


def people(now: int) -> Iterator[Event]:
    """Yield who was found, is done, came back, and is exempt; one has rude names."""
    rows = (
        ("anna@acme.example", "acme", 1.0),
        ("bert@acme.example", "acme", 1.0),
        ("carl@acme.example", "acme", 1.0),
        ("fax@far.example", "far", 0.62),
        (RUDE, RUDE, 0.33),
    )
    for mailbox, customer, sure in rows:
        yield _found(mailbox, customer, now - 27 * DAY, sure)
    for mailbox in ("bert@acme.example", "carl@acme.example"):
        at = now - 10 * DAY
        yield UserDone(
            id=derived_id("done", mailbox), at=at, sunset="pop", mailbox=mailbox, customer="acme", last=at - 8 * DAY
        )
    yield _found("carl@acme.example", "acme", now - 2 * DAY, back=True)
    until = today(now) + timedelta(days=5)
    exempted = UserExempted(
        id="e", at=now - 9 * DAY, sunset="pop", subject="@far.example", until=str(until), reason="a fax machine"
    )
    yield exempted
    yield msgspec.structs.replace(exempted, id="e1", subject="acme", until="")
    yield msgspec.structs.replace(exempted, id="e2", at=now - 8 * DAY, subject="acme", until="", ended=True)


def _found(mailbox: str, customer: str, at: int, sure: float = 1.0, *, back: bool = False) -> UserFound:
    identity = derived_id("found", mailbox, at)
    use = _use(mailbox, at - HOUR, sure)
    return UserFound(
        id=identity, at=at, sunset="pop", mailbox=mailbox, customer=customer, language="de", relapse=back, use=use
    )


def _due(now: int, number: int, customer: str, mailboxes: Sequence[str], **more: object) -> LetterDue:
    at = now - (28 - 7 * number) * DAY
    due = LetterDue(
        id=derived_id("letter", customer, number),
        at=at,
        sunset="pop",
        customer=customer,
        recipient=f"{len(customer)}@{number}.example",
        language="de",
        kind="letter",
        number=number,
        of=6,
        week=number,
        ends="2027-01-01",
        due=at,
        uses=tuple(_use(mailbox, at - HOUR) for mailbox in mailboxes),
        message_id=f"<{number}.{len(customer)}@isp.example>",
    )
    return msgspec.structs.replace(due, **more)


def _notice(due: LetterDue, status: Literal["sent", "refused"], reply: str) -> Event:
    return NoticeSent(
        id=derived_id("notice", due.message_id),
        at=due.at + HOUR,
        customer=due.customer,
        recipient=due.recipient,
        template="smtp_after_pop",
        language="de",
        message_id=due.message_id,
        status=status,
        reply=reply,
        sunset="pop",
    )


def letters(now: int) -> Iterator[Event]:
    """Yield three weeks of letters: delivered, refused by a rude server, withdrawn, and to nobody; one still waits."""
    acme, other = ("anna@acme.example", "bert@acme.example"), "zoe@other.example"
    first, second = _due(now, 1, "acme", acme), _due(now, 2, "acme", acme)
    refused = _due(now, 2, RUDE, (RUDE,), name=RUDE)
    nobody = _due(now, 1, "nobody", (other,), recipient="", message_id="", problem="nobody has no address")
    waiting = _due(now, 3, "acme", ("anna@acme.example",), thanked=("bert@acme.example",))
    yield from (first, second, refused, nobody, waiting)
    yield _notice(first, "sent", "250 ok")
    yield _notice(second, "sent", "250 ok")
    yield _notice(refused, "refused", RUDE_REPLY)
    gone = _due(now, 3, "leaver", ("gus@leaver.example",))
    yield from (gone, _notice(gone, "refused", f"{WITHDRAWN}all its mailboxes are done"))


def held(now: int) -> list[Event]:
    """Return a letter that was tried, and of which nobody knows more."""
    waiting = next(each for each in letters(now) if getattr(each, "message_id", "") == HELD)
    tried = NoticeSent(
        id="tried",
        at=now - HOUR,
        customer="acme",
        recipient="4@3.example",
        template="smtp_after_pop",
        language="de",
        message_id=HELD,
        status="intended",
        sunset="pop",
    )
    return [waiting, tried]


def delivered(now: int) -> Iterator[Event]:
    """Yield what the mail log tells of the first letter: the customer's server took it."""
    at, source = now - 21 * DAY + 2 * HOUR, source_id("letters")
    yield MessageSubmitted(
        id=event_id(source, 1), at=at, host="mx1", queue_id="L1", message_id="1.4@isp.example", sender="us"
    )
    yield DeliveryAttempted(
        id=event_id(source, 2),
        at=at,
        host="mx1",
        queue_id="L1",
        sender="us",
        recipient="4@1.example",
        outcome="sent",
        reply="250 in",
        provider="x",
    )


def plan(now: int, number: int, first: str, beyond: str, closes: int) -> Stage:
    """Return a stage with a brown-out a week before it closes, so many days from now."""
    begins = now + (closes - 7) * DAY
    return Stage(
        number=number,
        first=first,
        beyond=beyond,
        share=0.34,
        mailboxes=40,
        brownouts=(Brownout(begins=begins, ends=begins + 4 * HOUR),),
        closes=now + closes * DAY,
    )


def staged(now: int) -> Iterator[Event]:
    """Yield a plan of three stages: the first closed, the second paused by tickets, the third to come."""
    stages = (plan(now, 1, "", "c", -2), plan(now, 2, "c", "m", 1), plan(now, 3, "m", "", 10))
    yield StagesPlanned(id="p0", at=now - 12 * DAY, sunset="pop", stages=(plan(now, 1, "", "b", 2),), operator="ada")
    yield _step(now - 11 * DAY, 1, "rolled_back")
    yield StagesPlanned(id="p1", at=now - 10 * DAY, sunset="pop", stages=stages, operator="ada")
    yield _step(now - 2 * DAY, 1, "closed")
    evidence = Evidence(rule="tickets", text="3 tickets within an hour: the limit is 2", value=3, usual=2)
    paused = StageStepped(
        id="s2", at=now - HOUR, sunset="pop", stage=2, step="paused", evidence=(evidence,), reason="the load is high"
    )
    yield paused
    for host, off, trouble in (("mx1", (1,), ""), ("mx2", (), RUDE_REPLY)):
        yield StagesSwitched(
            id=f"w{host}", at=now - DAY, sunset="pop", hook="postfix_access", host=host, off=off, problem=trouble
        )
    for number, ago in enumerate((HOUR // 2, HOUR // 3, 3 * HOUR, 30 * HOUR)):
        yield TicketOpened(id=f"t{number}", at=now - ago, sunset="pop", ticket=f"T-{number}", customer=RUDE)


def _step(at: int, number: int, step: StageStep) -> StageStepped:
    return StageStepped(id=f"s{at}", at=at, sunset="pop", stage=number, step=step, operator="ada", reason="as planned")


def fill(client: Client, now: int) -> None:
    """Store the scene: all decisions twice, as after a crash of the sink."""
    events = [*counted(now), *people(now), *letters(now), *staged(now)]
    for _ in range(2):
        put(client, "sunset_events", events)
    put(client, "mail_events", list(delivered(now)))


def put(client: Client, table: str, events: Sequence[Event]) -> None:
    """Store events, each with its place in the log."""
    lines = [codec.encode(event)[:-1] + b',"kafka_offset":%d}' % at for at, event in enumerate(events)]
    client.raw_insert(table, insert_block=b"\n".join(lines), fmt="JSONEachRow")
