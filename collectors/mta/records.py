"""What one log line says, before lines are joined: all names as the MTA wrote them, IPs canonical, texts cut.

`at` and `host` are the line's. A field is empty where the line does not tell it. Where the lines of a format say too
little each, they are `Said`s of its own, which its fold (`collectors.mta`) turns into these records.
"""

import msgspec

from schemas.facts import LoginOutcome, Outcome

UNTOLD = -1


class Said(msgspec.Struct, frozen=True, gc=False):
    """What a line says in a format that has a fold of its own: each such format has its own kinds."""

    at: int
    host: str


class Received(msgspec.Struct, frozen=True, gc=False):
    """A client (none: a local program of the user `uid`) began a message; `origin_…`: before a content filter.

    `uid` is the user's number, or his name where the MTA logs that. `login_told`: the login has a line of its own.
    `process` speaks with the client, where lines of its session are joined by that.
    """

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
    login_told: bool = False
    helo: str = ""
    tls: bool = False
    tls_version: str = ""
    cleartext: bool = False
    process: str = ""


class Secured(msgspec.Struct, frozen=True, gc=False):
    """A process began TLS with its client; `tls_version` is "" where that client is gone."""

    at: int
    host: str
    process: str
    client_ip: str
    tls_version: str


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
    tls: bool = False
    tls_version: str = ""
    cleartext: bool = False


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


class Described(msgspec.Struct, frozen=True, gc=False):
    """How a message's client named itself, and its program as the mail says ("": the line is of another header)."""

    at: int
    host: str
    queue_id: str
    helo: str
    mailer: str


class Queued(msgspec.Struct, frozen=True, gc=False):
    """The queue manager took the message up, first or again."""

    at: int
    host: str
    queue_id: str
    envelope_from: str
    size: int
    recipients: int


class Attempted(msgspec.Struct, frozen=True, gc=False):
    """A delivery attempt; `local` tells that the transport is one for mail that stays here.

    `delay_ms`: since the message came; `UNTOLD` where the line does not tell it, then the join counts from the first
    line about the message. `outbound_ip`: where the line tells it itself; else the configuration does, by `transport`,
    and also where the line's is a private one. A line that tells the sender, too, has his login (`mailbox`), his
    address and what he gave as envelope sender.
    """

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
    outbound_ip: str = ""
    mailbox: str = ""
    client_ip: str = ""
    envelope_from: str = ""
    has_envelope: bool = False


class Expired(msgspec.Struct, frozen=True, gc=False):
    """The MTA gave up; where it says so of each recipient, only the first makes an event."""

    at: int
    host: str
    queue_id: str
    envelope_from: str
    has_envelope: bool = True


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
    """A login, good or bad; `attempts` where one line tells of several, else 0.

    `cleartext`: the line would have told of TLS, or of another reason to trust the way, and tells none (`mta.tls`).
    """

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
    tls_version: str = ""
    cleartext: bool = False


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
    Received
    | Secured
    | Proxied
    | Accepted
    | Identified
    | Described
    | Queued
    | Attempted
    | Expired
    | Removed
    | Refused
    | LoginTried
    | Scored
)


class Several(Said, frozen=True, gc=False):
    """One line said several things, where Postfix has a line for each; each is joined as if it had its own.

    Of a message that one line tells whole: `Received`, `Identified`, `Queued`, in this order.
    """

    records: tuple[Record, ...]
