"""What people and thieves do: mails, logins and takeovers, as facts with a time (UTC epoch microseconds)."""

from dataclasses import dataclass
from typing import Literal

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

Fate = Literal["sent", "unknown_user", "greylisted", "mailbox_full", "refused"]


@dataclass(frozen=True, order=True)
class Recipient:
    """One envelope recipient, and what its server will say."""

    address: str
    fate: Fate = "sent"
    trap: bool = False


@dataclass(frozen=True, order=True)
class Mail:
    """One message handed in by SMTP submission; `kind` is "honest" or the takeover's."""

    at: int
    mailbox: str
    client_ip: str
    recipients: tuple[Recipient, ...]
    kind: str = "honest"
    size: int = 4000


@dataclass(frozen=True, order=True)
class Login:
    """One login by IMAP or POP3, good or bad."""

    at: int
    mailbox: str
    client_ip: str
    service: Literal["imap", "pop3"]
    succeeded: bool = True
    kind: str = "honest"


@dataclass(frozen=True, order=True)
class Takeover:
    """A label: from `start` to `end` a thief sends from this mailbox."""

    mailbox: str
    kind: str
    start: int
    end: int


Activity = Mail | Login
