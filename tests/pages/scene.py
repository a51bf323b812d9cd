"""Six hours of a small hoster as events: a mailbox taken over, an IP listed and withdrawn, strangers' rude texts."""

from collections.abc import Iterator

from schemas import events as e
from schemas import mailbox_events as m
from schemas import observations as o
from schemas import pool_events as p
from schemas.events import Event
from schemas.facts import Culprit, Evidence, Outcome
from schemas.names import derived_id, event_id, source_id
from schemas.topics import topic_of
from tests.pages.own_scene import own_side

MINUTE = 60_000_000
THIEF = "anna@customer.example"
RUDE = '<img src=x onerror="window.hurt=1"> **bold** [click](https://evil.example) $x$ :red[red]@evil.example'
RUDE_REPLY = '550 <script>window.hurt=1</script> **spam** ![x](https://evil.example/x.png) =HYPERLINK("x")'
IPS = tuple(f"192.0.2.{n}" for n in range(11, 17))
CASE = "aaaaaaaaaaaa"
WITHDRAWN, PROBATION, KEPT = IPS[2], IPS[3], IPS[4]
PROVIDERS = ("google", "microsoft", "yahoo", "united_internet", "telekom", "example.org")
GAP = range(150, 180)
_HOME = ("DE", 3320, 52.52, 13.4)
_AFAR = (("BR", 28573, -23.55, -46.63), ("VN", 45899, 10.82, 106.63), ("NG", 37148, 0.0, 0.0), ("", 0, 0.0, 0.0))
CONFIG = """
[pool.main]
min_active = 3
transports = { out11 = "192.0.2.11", out12 = "192.0.2.12", out13 = "192.0.2.13", out14 = "192.0.2.14", \
out15 = "192.0.2.15", out16 = "192.0.2.16" }
"""


class _Ids:
    def __init__(self) -> None:
        self._offset = 0
        self.mail = source_id("mx1", "/var/log/mail.log")

    def line(self) -> str:
        self._offset += 120
        return event_id(self.mail, self._offset)


def scene(now: int) -> list[Event]:
    """Return all events of the six hours before `now`, UTC epoch microseconds."""
    return [
        *_mail(now),
        *_theft(now),
        *_pool(now),
        *_lists(now),
        *own_side(now, IPS, RUDE_REPLY),
        *_mailboxes(now),
        *_cases(now),
        *_rest(now),
    ]


def _mail(now: int) -> Iterator[Event]:
    ids = _Ids()
    opened = now - 400 * MINUTE
    yield e.SourceOpened(id=ids.line(), at=opened, source=ids.mail, name="mx1", host="mx1", path="/var/log/mail.log")
    idle = source_id("imap1")
    yield e.SourceOpened(id=event_id(idle, 0), at=opened, source=idle, name="imap1", host="imap1")
    for minute in range(358, 0, -2):
        if minute in GAP:
            continue
        for place, ip in enumerate(IPS):
            if (ip == WITHDRAWN and minute < 25) or (ip == PROBATION and 30 < minute < 200):
                continue
            for turn in range(4 if ip != PROBATION else 1):
                number = minute * 7 + place * 3 + turn
                outcome, status = _outcome(number, ip)
                provider = PROVIDERS[number % len(PROVIDERS)]
                at = now - minute * MINUTE + turn * 1_000_000
                sender = f"user{number % 23}@customer.example"
                yield _delivery(ids.line(), at, sender, (provider, ip), outcome, status)


def _outcome(number: int, ip: str) -> tuple[Outcome, str]:
    if number % (9 if ip == WITHDRAWN else 41) == 0:
        return "bounced", "5.7.1"
    return ("deferred", "4.2.0") if number % 17 == 0 else ("sent", "2.0.0")


def _delivery(  # noqa: PLR0913, PLR0917 a delivery has this many sides
    identity: str, at: int, sender: str, way: tuple[str, str], outcome: Outcome, status: str, reply: str = "250 ok"
) -> Event:
    provider, ip = way
    return e.DeliveryAttempted(
        id=identity,
        at=at,
        host="mx1",
        queue_id=identity[-9:],
        sender=sender,
        sender_kind="sasl",
        envelope_from=sender,
        recipient=f"someone@{provider}.example",
        provider=provider,
        outcome=outcome,
        enhanced_status=status,
        reply=reply,
        outbound_ip=ip,
    )


def _theft(now: int) -> Iterator[Event]:
    source = source_id("theft")
    number = 0
    for minute in range(340, 0, -1):
        stolen = 20 < minute < 46
        if not stolen and (minute % 40 or minute in GAP):
            continue
        for turn in range(6 if stolen else 1):
            number += 1
            at = now - minute * MINUTE + turn * 1_000_000
            network = f"203.0.{number % 41}.7" if stolen else "198.51.100.20"
            country, system, latitude, longitude = _AFAR[number % 4] if stolen else _HOME
            yield e.MessageSubmitted(
                id=event_id(source, number, 0),
                at=at,
                host="mx1",
                queue_id=f"T{number}",
                sender=THIEF,
                sender_kind="sasl",
                client_ip=network,
                client_country=country,
                client_asn=system,
                client_latitude=latitude,
                client_longitude=longitude,
                mailer=RUDE if stolen else "Thunderbird",
                recipients=20 if stolen else 1,
            )
            yield e.MailboxAuthenticated(
                id=event_id(source, number, 1),
                at=at,
                host="mx1",
                mailbox=THIEF,
                service="submission",
                outcome="failed" if stolen and number % 9 == 0 else "succeeded",
                client_ip=network,
                client_country=country,
                client_asn=system,
                client_latitude=latitude,
                client_longitude=longitude,
                method="LOGIN",
                tls=True,
            )
            bad = stolen and number % 4 == 0
            yield _delivery(
                event_id(source, number, 2),
                at,
                THIEF,
                (PROVIDERS[number % 6], WITHDRAWN),
                "bounced" if bad else "sent",
                "5.1.1" if bad else "2.0.0",
                RUDE_REPLY if bad else "250 ok",
            )


def _pool(now: int) -> Iterator[Event]:
    listed = Evidence(rule="dnsbl", text=f"spamhaus_zen lists {WITHDRAWN} (127.0.0.3: CSS)", value=1, points=1)
    thief = Culprit(
        sender=THIEF,
        messages=112,
        recipients=110,
        unknown_users=30,
        refusals=4,
        complaints=1,
        networks=41,
        share=0.8,
        minutes=60,
    )
    culprits = (thief, Culprit(sender="user7@customer.example", messages=9))
    at = now - 190 * MINUTE
    yield p.IpWithdrawn(
        id=derived_id(1), at=at, pool="main", ip=PROBATION, until=now - 30 * MINUTE, evidence=(listed,), relapse=0
    )
    yield p.IpProbationStarted(
        id=derived_id(2), at=now - 29 * MINUTE, pool="main", ip=PROBATION, share=0.1, until=now + 31 * MINUTE
    )
    at = now - 25 * MINUTE
    due = at + 240 * MINUTE
    yield p.IpWithdrawn(
        id=derived_id(3),
        at=at,
        pool="main",
        ip=WITHDRAWN,
        until=due,
        relapse=1,
        evidence=(listed,),
        culprits=culprits,
    )
    yield p.WithdrawalVerified(id=derived_id(4), at=now - 24 * MINUTE, pool="main", ip=WITHDRAWN)
    yield p.WithdrawalRefused(
        id=derived_id(5),
        at=now - 12 * MINUTE,
        pool="main",
        ip=KEPT,
        reason="only 3 IPs would stay active, min_active is 3",
        evidence=(Evidence(rule="replies", text="microsoft refused 31 of 80 mails for the reputation", value=31),),
    )
    active = {ip: 1.0 for ip in IPS if ip != WITHDRAWN}
    hook = "postfix_socketmap"
    yield o.HookApplied(
        id=derived_id(6), at=now - 25 * MINUTE, pool="main", hook=hook, host="mx1", active=active, took_ms=3
    )
    yield o.HookFailed(
        id=derived_id(7),
        at=now - 5 * MINUTE,
        pool="main",
        hook="postfix_randmap",
        host="mx2",
        active=active,
        reason="postfix reload: exit status 1",
        attempt=4,
    )


def _lists(now: int) -> Iterator[Event]:
    asked = now - 3 * MINUTE
    for name in ("spamhaus_zen", "spamcop", "uceprotect_1"):
        for ip in IPS[:5]:
            hit = name == "spamhaus_zen" and ip == WITHDRAWN
            yield o.ListingObserved(
                id=derived_id("listing", name, ip),
                at=asked,
                ip=ip,
                list=name,
                answer="listed" if hit else "unknown" if name == "uceprotect_1" else "not_listed",
                codes=("127.0.0.3",) if hit else (),
                reason=f"{RUDE_REPLY} https://evil.example/{ip}" if hit else "",
                scope="ip",
                weight=1.0,
            )
        sound, of_six = name != "uceprotect_1", name == "spamcop"
        yield o.ListHealthObserved(
            id=derived_id("health", name),
            at=asked,
            list=name,
            healthy=sound,
            reason="IPv6: no answer: REFUSED" if of_six else "" if sound else "127.0.0.2 is not listed",
            fault="refused" if of_six else "" if sound else "test_points",
            ip_version=6 if of_six else 0,
        )
    yield o.ClockTicked(id=derived_id("tick"), at=now - 1_000_000)


def _mailboxes(now: int) -> Iterator[Event]:
    why = (
        Evidence(rule="networks", text="41 networks in 10 min, usually 2", value=41, usual=2, points=60),
        Evidence(rule="unknown_users", text="25 % unknown users, usually 1 %", value=25, usual=1, points=45),
        Evidence(rule="recipients", text="2 400 recipients in an hour, usually 3", value=2400, usual=3, points=50),
    )
    at = now - 42 * MINUTE
    yield m.MailboxFlagged(id=derived_id("f", 1), at=at, mailbox=THIEF, score=62.0, step="watch", evidence=why[:1])
    at = now - 38 * MINUTE
    yield m.MailboxFlagged(id=derived_id("f", 2), at=at, mailbox=THIEF, score=110.0, step="flag", evidence=why[:2])
    at = now - 33 * MINUTE
    yield m.MailboxSuspended(id=derived_id("f", 3), at=at, mailbox=THIEF, score=155.0, mode="propose", evidence=why)
    rude = (Evidence(rule="networks", text=f"{RUDE} sent from 9 networks", value=9, usual=1, points=52),)
    at = now - 50 * MINUTE
    yield m.MailboxFlagged(id=derived_id("f", 4), at=at, mailbox=RUDE, score=101.0, step="flag", evidence=rude)
    club = "club@verein.example"
    at = now - 80 * MINUTE
    yield m.MailboxFlagged(id=derived_id("f", 5), at=at, mailbox=club, score=54.0, step="watch", evidence=why[:1])
    yield m.MailboxReleased(id=derived_id("f", 6), at=now - 55 * MINUTE, mailbox=club, score=20.0, operator="kim")
    shop = "shop@boutique.example"
    yield m.MailboxFlagged(id=derived_id("f", 7), at=now - 8 * MINUTE, mailbox=shop, score=57.0, step="watch")


def _cases(now: int) -> Iterator[Event]:
    """Yield a case that is open, one that was closed in these hours, and one closed long before."""
    members = (THIEF, RUDE, "boss@customer.example", "shop@customer.example")
    why = Evidence(rule="mailboxes", text="3 mailboxes of customer.example were flagged within 20 min", value=3)
    rude = Evidence(rule="mailbox", text=f"{RUDE}: flag, flagged 2026-03-01 10:00 UTC")
    at = now - 30 * MINUTE
    yield m.CaseOpened(
        id=derived_id("k", 1),
        at=at,
        case=CASE,
        customer="customer.example",
        mailboxes=members[:3],
        evidence=(why, rude),
    )
    yield m.CaseGrown(
        id=derived_id("k", 2), at=now - 10 * MINUTE, case=CASE, customer="customer.example", mailboxes=members
    )
    for case, ago in (("bbbbbbbbbbbb", 100), ("cccccccccccc", 3000)):
        two = (f"a@{case}.example", f"b@{case}.example")
        yield m.CaseOpened(
            id=derived_id("k", case, 1), at=now - (ago + 60) * MINUTE, case=case, customer=case, mailboxes=two
        )
        yield m.CaseClosed(id=derived_id("k", case, 2), at=now - ago * MINUTE, case=case, customer=case, mailboxes=two)


def _rest(now: int) -> Iterator[Event]:
    yield e.ComplaintReceived(
        id=derived_id("c", 1),
        at=now - 15 * MINUTE,
        feedback_type="abuse",
        sender=THIEF,
        attribution="authenticated_sender",
        outbound_ip=WITHDRAWN,
        reporter="feedback@yahoo.example",
        recipient="victim@yahoo.example",
    )
    for number, ip in enumerate((WITHDRAWN, "198.51.100.77")):
        yield e.ComplaintReceived(
            id=derived_id("c", 2 + number),
            at=now - (17 + number) * MINUTE,
            feedback_type="abuse",
            outbound_ip=ip,
            reporter=f"feedback{number}@gmx.example",
            recipient="reader@gmx.example",
            message_id=f"<{number}.{RUDE}>",
        )
    for number in range(3):
        at = now - (number + 1) * 20 * MINUTE
        text = f"{RUDE} {number}"
        yield e.DeadLetter(id=derived_id("d", number), at=at, name="mx1", format="postfix", reason="no time", text=text)


STATES = ((THIEF, 148.0, "suspend"), (RUDE, 96.0, "flag"), ("shop@boutique.example", 57.5, "watch"))


def tables(now: int) -> dict[str, list[Event]]:
    """Return the events of the scene by the table that keeps them."""
    found: dict[str, list[Event]] = {}
    for event in scene(now):
        found.setdefault(topic_of(event).table, []).append(event)
    return found
