"""Six hours of three customers of a directory, one of a network, and one whom nobody knows but by his domain."""

from collections.abc import Iterator

from schemas import bounce_events as b
from schemas import events as e
from schemas import mailbox_events as m
from schemas import sunset_events as s
from schemas.domain_events import CustomerDomainChecked
from schemas.events import Event
from schemas.facts import Evidence
from schemas.names import derived_id
from tests.pages.scene import RUDE_REPLY

MINUTE = 60_000_000
ANNA, BEN, INFO, GUEST = "anna@bakery.example", "ben@shared.example", "info@bakery.example", "guest@bakery.example"
STRANGER = "eve@stranger.example"
DIRECTORY = f"""address,customer,mailbox,name,contact,language,tariff,flags
{ANNA},4711,,Bäckerei <b>Muster</b>,boss@bakery.example,de,pro,report:7
{INFO},4711,{ANNA},,,,,
@bakery.example,4711,,,,,,
{BEN},4712,,Ben,,en,,
quiet@nobody.example,4713,,Quiet Ltd,quiet@nobody.example,en,,
guest@bakery.example,4713,,,,,,
"""
CONFIG = """
[networks]
"198.51.100.0/24" = "plant"
[customers.factory]
mailboxes = ["plant"]
action = "off"
cases = false
[report.customers]
audience = "customer"
every = "weekly"
flag = "report"
[report.customers.mail]
host = "127.0.0.1"
sender = "reports@isp.example"
company = "ISP"
"""
_MAILS = (
    (ANNA, 40, 2),
    ("new@bakery.example", 20, 0),
    (BEN, 100, 30),
    (GUEST, 10, 0),
    ("plant", 200, 0),
    (STRANGER, 5, 5),
)


def mails(now: int) -> Iterator[Event]:
    """Yield the deliveries, half an hour ago: of each sender so many, the first of them bounced."""
    for sender, number, bounced in _MAILS:
        for turn in range(number):
            yield e.DeliveryAttempted(
                id=derived_id("mail", sender, turn),
                at=now - 30 * MINUTE + turn,
                host="mx1",
                queue_id=f"Q{turn}",
                sender=sender,
                sender_kind="network" if sender == "plant" else "sasl",
                recipient="x@google.example",
                provider="google" if turn % 2 else "telekom",
                outcome="bounced" if turn < bounced else "sent",
                reply="250 ok",
            )


def complaints(now: int) -> Iterator[Event]:
    """Yield three complaints about a bakery's mailbox, one of which blames nobody."""
    for number, kind in enumerate(("abuse", "abuse", "not-spam")):
        yield e.ComplaintReceived(
            id=f"complaint {number}",
            at=now - (10 + number) * MINUTE,
            feedback_type=kind,
            sender=INFO,
            attribution="message_id",
            confidence=0.9,
            reporter="fbl@yahoo.example",
            recipient=RUDE_REPLY,
        )


def boxes(now: int) -> Iterator[Event]:
    """Yield what was decided about mailboxes: one is suspended, one was released, one only watched."""
    why = (Evidence(rule="networks", text=RUDE_REPLY, points=90),)
    yield m.MailboxSuspended(id="m1", at=now - 20 * MINUTE, mailbox=ANNA, score=155.0, mode="propose", evidence=why)
    yield m.MailboxFlagged(id="m2", at=now - 50 * MINUTE, mailbox=BEN, score=120.0, step="flag", evidence=why)
    yield m.MailboxReleased(id="m3", at=now - 15 * MINUTE, mailbox=BEN, score=10.0, operator="kim")
    yield m.MailboxFlagged(id="m4", at=now - 50 * MINUTE, mailbox=GUEST, score=52.0, step="watch", evidence=why)


def cases(now: int) -> Iterator[Event]:
    """Yield an open case, named by a domain as cases are, and one that was closed."""
    yield m.CaseOpened(
        id="k1", at=now - 18 * MINUTE, case="aaaaaaaaaaaa", customer="bakery.example", mailboxes=(ANNA, INFO)
    )
    yield m.CaseOpened(id="k2", at=now - 90 * MINUTE, case="bbbbbbbbbbbb", customer="shared.example", mailboxes=(BEN,))
    yield m.CaseClosed(id="k3", at=now - 80 * MINUTE, case="bbbbbbbbbbbb", customer="shared.example", mailboxes=(BEN,))


def letters(now: int) -> Iterator[Event]:
    """Yield what a sunset found, and the letter about it."""
    use = s.Use(mailbox=ANNA, messages=3, first=now - 99 * MINUTE, last=now - 98 * MINUTE, confidence=1.0)
    for number, mailbox in enumerate((ANNA, INFO)):
        yield s.UserFound(
            id=f"f{number}", at=now - 90 * MINUTE, sunset="pop", mailbox=mailbox, customer="4711", use=use
        )
    yield s.UserDone(id="d", at=now - 40 * MINUTE, sunset="pop", mailbox=INFO, customer="4711", quiet_days=7)
    yield s.LetterDue(
        id="l",
        at=now - 70 * MINUTE,
        sunset="pop",
        customer="4711",
        recipient="boss@bakery.example",
        kind="letter",
        number=2,
        of=6,
        uses=(use,),
        message_id="<2@isp.example>",
    )
    for status, ago in (("intended", 60), ("sent", 59)):
        yield m.NoticeSent(
            id=f"n {status}",
            at=now - ago * MINUTE,
            customer="4711",
            recipient="boss@bakery.example",
            template="letter",
            language="de",
            message_id="<2@isp.example>",
            status=status,  # type: ignore[arg-type]
            sunset="pop",
        )


def domains(now: int) -> Iterator[Event]:
    """Yield a look at a domain of the bakery's."""
    yield CustomerDomainChecked(
        id="look",
        at=now - 30 * MINUTE,
        domain="bakery.example",
        customer="4711",
        outcome="fail",
        spf="fail",
        dkim="pass",
    )


def bounces(now: int) -> Iterator[Event]:
    """Yield a bounce that came back later."""
    yield b.BounceReceived(
        id="bounce",
        at=now - 9 * MINUTE,
        format="dsn",
        action="failed",
        recipient="gone@google.example",
        enhanced_status="5.1.1",
        reason="user_unknown",
        permanent=True,
        sender=ANNA,
        attribution="verp",
        confidence=1.0,
        reply=RUDE_REPLY,
    )
