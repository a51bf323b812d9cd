"""A day's logs of a small hoster as events: two relays and the host of the logins, and who sent without a login."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time

from schemas.events import Event, MailboxAuthenticated, MessageSubmitted, PopCandidate
from schemas.moments import epoch_microseconds
from schemas.names import event_id, source_id

RELAYS, LOGINS = ("mx1", "mx2"), "imap1"
_SECOND = 1_000_000


def seen(day: date, senders: Sequence[str], before: int = 2**62) -> Iterator[Event]:
    """Yield what was logged on a day (UTC), after midnight and at noon, as far as it lies before a moment."""
    dawn = epoch_microseconds(datetime.combine(day, time(0, 1), UTC))
    noon = dawn + 43_200 * _SECOND
    for at in (dawn, noon):
        for host in (*RELAYS, LOGINS):
            if at < before:
                yield noise(host, at)
    for number, mailbox in enumerate(senders):
        at = min(noon, before - 1_000 * _SECOND) + number * _SECOND
        yield sent(mailbox, at)


def noise(host: str, at: int) -> Event:
    """Return something that a host logs."""
    identity = event_id(source_id(host, at), 1)
    if host == LOGINS:
        return MailboxAuthenticated(
            id=identity, at=at, host=host, mailbox="x@other.example", service="imap", outcome="succeeded"
        )
    return MessageSubmitted(id=identity, at=at, host=host, queue_id=f"{at:X}", sender="local")


def sent(mailbox: str, at: int) -> Event:
    """Return a mail without a login, from an address from which this mailbox had logged in."""
    return MessageSubmitted(
        id=event_id(source_id(mailbox, at), 1),
        at=at,
        host="mx1",
        queue_id=f"{at:X}",
        sender=mailbox,
        sender_kind="pop",
        client_ip="192.0.2.7",
        helo="office-pc",
        candidates=(PopCandidate(mailbox=mailbox, confidence=0.9),),
    )
