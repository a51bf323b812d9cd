"""What people, machines and thieves do: mails, logins and takeovers, as facts with a time (UTC epoch microseconds)."""

from dataclasses import dataclass
from typing import Literal

import msgspec

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

Fate = Literal["sent", "unknown_user", "no_domain", "refused", "throttled"]
Service = Literal["imap", "pop3", "smtp"]
Reason = Literal["relay_denied", "unknown_user", "blocked", "bad_syntax", "scan"]
Way = Literal["submission", "smtps", "relay", "incoming", "pickup"]
Session = Literal["alone", "first", "more", "last"]


class Recipient(msgspec.Struct, frozen=True, order=True):
    """One envelope recipient, and what its server will say."""

    address: str
    fate: Fate = "sent"
    trap: bool = False


class Mail(msgspec.Struct, frozen=True):
    """One message handed in; `kind` is "honest" or the takeover's.

    `way`: by login (`submission` on port 587, `smtps` on 465), without one (`relay`: a client known by its address),
    from elsewhere for an alias (`incoming`), or by a program of ours (`pickup`). `envelope_from` is the mailbox where
    it is "", and the null sender where it is "<>". `session`: several mails of one connection. `complaints`: the share
    of those reached who complain.
    """

    at: int
    mailbox: str
    client_ip: str
    recipients: tuple[Recipient, ...]
    kind: str = "honest"
    size: int = 4000
    way: Way = "submission"
    envelope_from: str = ""
    original_to: str = ""
    session: Session = "alone"
    complaints: float = 0.0


class Login(msgspec.Struct, frozen=True):
    """One login, good or bad; a good one by SMTP stands with its mail."""

    at: int
    mailbox: str
    client_ip: str
    service: Service
    succeeded: bool = True
    kind: str = "honest"


class Refusal(msgspec.Struct, frozen=True):
    """A stranger turned away on port 25: one that may not relay, that writes to nobody here, or that only looks."""

    at: int
    client_ip: str
    sender: str
    recipient: str
    reason: Reason


@dataclass(frozen=True, order=True)
class Takeover:
    """A label: from `start` to `end` a thief sends from this mailbox; since `taken` it has been open to him."""

    mailbox: str
    kind: str
    start: int
    end: int
    taken: int


Activity = Mail | Login
Happening = Mail | Login | Refusal
