"""A message in the queue, as the join knows it."""

import msgspec

from collectors.mta.records import Queued
from schemas.facts import SenderKind


class Message(msgspec.Struct, array_like=True, gc=False):
    """What the lines told of a message so far; `removed` is when it left the queue, 0 while it is there.

    `filtered`: a filter of this host handed it on, and it is not known yet for whom. `held` is when it entered the
    queue, 0 where that is told already. `contested`: another client brought a mail of the same Message-ID. `uid`: a
    local program of this user handed it in. `expired`: it is told that the MTA gave up.
    """

    host: str
    queue_id: str
    first: int
    last: int
    sender: str = ""
    kind: SenderKind = ""
    envelope_from: str = ""
    client_ip: str = ""
    client_name: str = ""
    method: str = ""
    message_id: str = ""
    origin_id: str = ""
    size: int = 0
    removed: int = 0
    received: bool = False
    queued: bool = False
    filtered: bool = False
    held: int = 0
    recipients: int = 0
    contested: bool = False
    uid: str = ""
    expired: bool = False
    helo: str = ""
    mailer: str = ""


def is_same_mail(message: Message, record: Queued) -> bool:
    """Tell whether the queue manager speaks of this message, and not of one that got its queue id later."""
    return message.envelope_from == record.envelope_from and message.size == record.size


def label_of(name: str) -> str:
    """Return the first label of a host's name: logs write `mx1` where DNS says `mx1.example.net`."""
    return name.partition(".")[0].lower()


def unnamed(message: Message, envelope_from: str) -> tuple[str, SenderKind]:
    """Return the sender of what came without a login and from no customer's network.

    A local program may write any envelope sender: the system tells its user. What answers a mail (the null sender) is
    nobody's, whoever ran the program.
    """
    if message.uid and envelope_from:
        return f"local:{message.host}:{message.uid}".lower(), "local"
    return envelope_from.lower() or "<>", "envelope"
