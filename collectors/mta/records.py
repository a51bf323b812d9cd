"""What one log line says, before lines are joined: all names as the MTA wrote them, IPs canonical, texts cut.

`at` and `host` are the line's. A field is empty where the line does not tell it.
"""

import msgspec

from schemas.facts import LoginOutcome, Outcome


class Received(msgspec.Struct, frozen=True, gc=False):
    """A client (none: a local program of the user `uid`) began a message; `origin_…`: before a content filter."""

    at: int
    host: str
    queue_id: str
    client_name: str = ""
    client_ip: str = ""
    method: str = ""
    mailbox: str = ""
    origin_id: str = ""
    origin_client: str = ""
    uid: str = ""


class Proxied(msgspec.Struct, frozen=True, gc=False):
    """A client began a message that a before-queue filter gets; `process` speaks with it, `client` is as logged."""

    at: int
    host: str
    process: str
    client: str
    client_name: str = ""
    client_ip: str = ""
    method: str = ""
    mailbox: str = ""


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """The before-queue filter took what `process` gave it, and handed it on as `queue_id` ("" if it does not tell)."""

    at: int
    host: str
    process: str
    queue_id: str


class Identified(msgspec.Struct, frozen=True, gc=False):
    """The message's Message-ID, without brackets; a stranger's text."""

    at: int
    host: str
    queue_id: str
    message_id: str


class Queued(msgspec.Struct, frozen=True, gc=False):
    """The queue manager took the message up, first or again."""

    at: int
    host: str
    queue_id: str
    envelope_from: str
    size: int
    recipients: int


class Attempted(msgspec.Struct, frozen=True, gc=False):
    """A delivery attempt; `local` tells that the transport is one for mail that stays here."""

    at: int
    host: str
    queue_id: str
    recipient: str
    original_recipient: str
    outcome: Outcome
    enhanced_status: str
    reply: str
    transport: str
    relay_host: str
    relay_ip: str
    relay_port: int
    delay_ms: int
    local: bool


class Expired(msgspec.Struct, frozen=True, gc=False):
    """The MTA gave up."""

    at: int
    host: str
    queue_id: str
    envelope_from: str


class Removed(msgspec.Struct, frozen=True, gc=False):
    """The message left the queue."""

    at: int
    host: str
    queue_id: str


class Refused(msgspec.Struct, frozen=True, gc=False):
    """The MTA refused a command; `queue_id` is empty before a message began."""

    at: int
    host: str
    queue_id: str
    stage: str
    client_name: str = ""
    client_ip: str = ""
    code: int = 0
    enhanced_status: str = ""
    reply: str = ""
    envelope_from: str = ""
    has_envelope: bool = False
    recipient: str = ""
    helo: str = ""
    mailbox: str = ""


class LoginTried(msgspec.Struct, frozen=True, gc=False):
    """A login, good or bad; `attempts` where one line tells of several, else 0."""

    at: int
    host: str
    mailbox: str
    service: str
    outcome: LoginOutcome
    client_ip: str = ""
    method: str = ""
    reason: str = ""
    tls: bool = False
    attempts: int = 0


class Scored(msgspec.Struct, frozen=True, gc=False):
    """A spam filter of ours judged a message: spam from `threshold` on; `mailbox` is the login that it was told."""

    at: int
    host: str
    engine: str
    score: float
    threshold: float
    action: str = ""
    queue_id: str = ""
    message_id: str = ""
    client_ip: str = ""
    mailbox: str = ""
    envelope_from: str = ""
    has_envelope: bool = False


Record = (
    Received | Proxied | Accepted | Identified | Queued | Attempted | Expired | Removed | Refused | LoginTried | Scored
)
