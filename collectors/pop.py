"""POP-before-SMTP: who relays without a login, but from an address that had just logged in by POP3 or IMAP.

A fold over events in about the order of their time. The envelope's sender of such a message can be anybody's name; the
mailbox that logged in from its client's address last, within the window, is who sent it.
"""

from collections import OrderedDict

import msgspec

from schemas.events import DeliveryAttempted, Event, MailboxAuthenticated, MessageExpired, MessageSubmitted

_MINUTE = 60_000_000
_MOST_ADDRESSES = 200_000
_MOST_MESSAGES = 100_000
_READING = frozenset(("imap", "pop3"))


class PopLogins:
    """The last good login by POP3 or IMAP of each client address, the newest of them."""

    def __init__(self, window_minutes: float) -> None:
        self._window = int(window_minutes * _MINUTE)
        self._last: OrderedDict[str, tuple[int, str]] = OrderedDict()

    def note(self, event: MailboxAuthenticated) -> None:
        """Remember a login; a bad one, or one by another protocol, is skipped."""
        if event.outcome != "succeeded" or event.service not in _READING or not event.client_ip:
            return
        at, _ = self._last.get(event.client_ip, (0, ""))
        if event.at >= at:
            self._last[event.client_ip] = (event.at, event.mailbox)
            self._last.move_to_end(event.client_ip)
            if len(self._last) > _MOST_ADDRESSES:
                self._last.popitem(last=False)

    def mailbox(self, client_ip: str, at: int) -> str:
        """Return the mailbox that logged in from this address within the window before `at`, "" if none did."""
        logged_in, mailbox = self._last.get(client_ip, (0, ""))
        return mailbox if logged_in and logged_in - _MINUTE <= at <= logged_in + self._window else ""


class PopSenders:
    """Gives the messages of POP-before-SMTP clients, and their deliveries, the mailbox as sender."""

    def __init__(self, logins: PopLogins) -> None:
        self._logins = logins
        self._messages: OrderedDict[tuple[str, str], str] = OrderedDict()

    def step(self, event: Event) -> Event:
        """Return the event, with its sender where that is known by a login only."""
        if isinstance(event, MailboxAuthenticated):
            self._logins.note(event)
        elif isinstance(event, MessageSubmitted):
            return self._submitted(event)
        elif isinstance(event, DeliveryAttempted | MessageExpired) and event.sender_kind == "envelope":
            mailbox = self._messages.get((event.host, event.queue_id))
            if mailbox is not None:
                return msgspec.structs.replace(event, sender=mailbox, sender_kind="pop")
        return event

    def _submitted(self, event: MessageSubmitted) -> Event:
        key = (event.host, event.queue_id)
        self._messages.pop(key, None)  # a queue id may be used again
        if event.sender_kind != "envelope" or not event.client_ip:
            return event
        mailbox = self._logins.mailbox(event.client_ip, event.at)
        if not mailbox:
            return event
        self._messages[key] = mailbox
        if len(self._messages) > _MOST_MESSAGES:
            self._messages.popitem(last=False)
        return msgspec.structs.replace(event, sender=mailbox, sender_kind="pop")
