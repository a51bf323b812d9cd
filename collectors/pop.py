"""POP-before-SMTP: who relays without a login, but from an address that had just logged in by POP3 or IMAP.

A fold over events in about the order of their time. The envelope's sender of such a message can be anybody's name; the
mailbox that logged in from its client's address last, within the window, is who sent it. Behind an office's address
there are several: all of them are told as candidates, with how sure it is. A spam filter's score of a mail whose sender
is not known otherwise belongs to the same mailbox.
"""

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable

import msgspec

from collectors.addresses import is_loopback
from collectors.popcandidates import Candidates, last_of_each, weighed
from schemas.events import (
    DeliveryAttempted,
    Event,
    MailboxAuthenticated,
    MessageExpired,
    MessageScored,
    MessageSubmitted,
)

_MINUTE = 60_000_000
_LIFETIME = 7 * 24 * 60 * _MINUTE
_MOST_ADDRESSES = 200_000
_MOST_OF_AN_ADDRESS = 500
_MOST_MESSAGES = 100_000
_READING = frozenset(("imap", "pop3"))

Unnamed = MessageSubmitted | MessageScored
_Kept = list[tuple[str, list[tuple[int, str]]]]


def counts(event: MailboxAuthenticated) -> bool:
    """Tell whether a login lets its address relay: a good one by POP3 or IMAP, but no webmail's over loopback."""
    return (
        event.outcome == "succeeded"
        and event.service in _READING
        and bool(event.client_ip)
        and not is_loopback(event.client_ip)
    )


class PopLogins:
    """The good logins by POP3 or IMAP of each client address.

    `lead_minutes`: so much later than a message its logins may be noted already. `state` is another's `snapshot`.
    """

    def __init__(self, window_minutes: float, lead_minutes: float = 0.0, state: bytes = b"") -> None:
        self._window = int(window_minutes * _MINUTE)
        self._keep = self._window + int(lead_minutes * _MINUTE)
        self._settled = 0
        self._of: OrderedDict[str, list[tuple[int, str]]] = OrderedDict()  # in the order of time, of each address
        if state:
            self.merge(state)

    def settle(self, at: int) -> None:
        """Note that nobody will ask for messages before `at`: of the logins before, each mailbox' last is enough."""
        self._settled = max(self._settled, at)

    def snapshot(self) -> bytes:
        """Return all that may still be asked for, to be given to the next."""
        oldest = (self._settled - self._window, "")
        kept = ((client_ip, self._newest(logins)) for client_ip, logins in self._of.items())
        asked = ((client_ip, logins[bisect_left(logins, oldest) :]) for client_ip, logins in kept)
        return msgspec.msgpack.encode([each for each in asked if each[1]])

    def _newest(self, logins: list[tuple[int, str]]) -> list[tuple[int, str]]:
        """Return the logins of an address, of those settled each mailbox' last only."""
        settled = bisect_right(logins, self._settled, key=lambda login: login[0])
        return last_of_each(logins[:settled]) + logins[settled:]

    def merge(self, state: bytes) -> None:
        """Add what another knew."""
        for client_ip, logins in msgspec.msgpack.decode(state, type=_Kept):
            for at, mailbox in logins:
                self._add(client_ip, at, mailbox)

    def note(self, event: MailboxAuthenticated) -> None:
        """Remember a login that counts; noted twice it is one."""
        if counts(event):
            self._add(event.client_ip, event.at, event.mailbox)

    def _add(self, client_ip: str, at: int, mailbox: str) -> None:
        logins = self._of.setdefault(client_ip, [])
        place = bisect_left(logins, (at, mailbox))
        if logins[place : place + 1] != [(at, mailbox)]:
            logins.insert(place, (at, mailbox))
        self._of.move_to_end(client_ip)
        if len(logins) > 1:
            logins[:] = self._newest(logins)
            del logins[: bisect_right(logins, (at - self._keep, ""))]
        if len(logins) > _MOST_OF_AN_ADDRESS:
            half = _MOST_OF_AN_ADDRESS // 2
            logins[:] = (last_of_each(logins[:-half]) + logins[-half:])[-_MOST_OF_AN_ADDRESS:]
        for _ in range(2):  # at most two, so that one false time does not empty it
            first = next(iter(self._of))
            if len(self._of) > _MOST_ADDRESSES or not self._of[first] or self._of[first][-1][0] < at - self._keep:
                del self._of[first]

    def candidates(self, client_ip: str, at: int, envelope_from: str = "") -> Candidates:
        """Return who logged in from this address within the window before `at`, who did so last first; () if none did.

        `envelope_from` speaks for one of them, where it is his name.
        """
        logins = self._of.get(client_ip, [])
        before = bisect_right(logins, at, key=lambda login: login[0])
        within = logins[bisect_left(logins, (at - self._window, "")) : before]
        return weighed(within, at, self._window, envelope_from)

    def sender_of(self, event: Unnamed) -> Candidates:
        """Return the mailboxes that a message without a login may be of, the one it is given first; () if none."""
        return self.candidates(event.client_ip, event.at, event.envelope_from)


class PopSenders:
    """Gives the messages of POP-before-SMTP clients, their deliveries and their scores, the mailbox as sender.

    `sender_of` tells it (`PopLogins.sender_of`). `state` is the `snapshot` of the one that read up to here.
    """

    def __init__(self, sender_of: Callable[[Unnamed], Candidates], state: bytes = b"") -> None:
        self._sender_of = sender_of
        kept = msgspec.msgpack.decode(state, type=list[tuple[str, str, str, int]]) if state else []
        self._messages = OrderedDict(((host, queue_id), (mailbox, at)) for host, queue_id, mailbox, at in kept)

    def snapshot(self) -> bytes:
        """Return the messages that it gave a sender, to be given to the next."""
        return msgspec.msgpack.encode([(*key, *value) for key, value in self._messages.items()])

    def step(self, event: Event) -> Event:
        """Return the event, with its sender where that is known by a login only."""
        if isinstance(event, MessageSubmitted):
            return self._submitted(event)
        if isinstance(event, DeliveryAttempted | MessageExpired) and event.sender_kind == "envelope":
            mailbox, _ = self._messages.get((event.host, event.queue_id), ("", 0))
            return msgspec.structs.replace(event, sender=mailbox, sender_kind="pop") if mailbox else event
        if isinstance(event, MessageScored) and event.sender_kind in {"", "envelope"} and event.client_ip:
            found = self._sender_of(event)
            return msgspec.structs.replace(event, sender=found[0].mailbox, sender_kind="pop") if found else event
        return event

    def _submitted(self, event: MessageSubmitted) -> Event:
        key = (event.host, event.queue_id)
        self._messages.pop(key, None)  # a queue id may be used again
        if event.sender_kind != "envelope" or not event.client_ip:
            return event
        found = self._sender_of(event)
        if not found:
            return event
        self._messages[key] = (found[0].mailbox, event.at)
        for _ in range(2):
            first = next(iter(self._messages))
            if len(self._messages) > _MOST_MESSAGES or self._messages[first][1] + _LIFETIME < event.at:
                del self._messages[first]
        return msgspec.structs.replace(event, sender=found[0].mailbox, sender_kind="pop", candidates=found)


class PopHistory:
    """Both over one merged stream, as a backtest has it."""

    def __init__(self, window_minutes: float) -> None:
        self._logins = PopLogins(window_minutes)
        self._senders = PopSenders(self._logins.sender_of)

    def step(self, event: Event) -> Event:
        """Return the event, with its sender where that is known by a login only."""
        if isinstance(event, MailboxAuthenticated):
            self._logins.note(event)
            return event
        return self._senders.step(event)
