"""What is told of each client of a mailbox, put together as the mailbox's use."""

from collections.abc import Sequence

import msgspec

from schemas.sunset_events import ClientUse, Use
from schemas.sunset_settings import SunsetKind

_MOST_CLIENTS = 20
_TELLING: dict[SunsetKind, frozenset[str]] = {
    "smtp_after_pop": frozenset(("version", "tls", "cleartext", "nothing")),
    "cleartext_login": frozenset(("version", "tls", "cleartext")),
    "old_tls": frozenset(("version",)),
}
"""What a login must tell to tell something of a sunset: its TLS version, that it had TLS, or that it had none."""


class Told(msgspec.Struct, array_like=True, frozen=True):
    """One client of a mailbox: `surely` is the sum of its messages' confidences, `hosts` whose logs told of it."""

    mailbox: str
    ip: str
    helo: str
    message_host: str
    program: str
    messages: int
    first: int
    last: int
    surely: float
    hosts: list[str]
    switched: int


def says_nothing(kind: SunsetKind, tells: frozenset[str]) -> bool:
    """Tell whether a host's log has logins, by what they tell, and none that tells what a sunset is about."""
    return bool(tells - {""}) and not tells & _TELLING[kind]


def use_of(told: Sequence[Told]) -> Use:
    """Return the use of a mailbox whose clients are told, that of the newest use first; twenty of them are named."""
    messages = sum(each.messages for each in told)
    return Use(
        mailbox=told[0].mailbox,
        messages=messages,
        first=min(each.first for each in told),
        last=max(each.last for each in told),
        confidence=round(sum(each.surely for each in told) / messages, 4),
        switched=told[0].switched,
        clients=tuple(_client(each) for each in told[:_MOST_CLIENTS]),
        hosts=tuple(sorted({host for each in told for host in each.hosts})),
    )


def _client(told: Told) -> ClientUse:
    return ClientUse(
        ip=told.ip,
        helo=told.helo,
        message_host=told.message_host,
        program=told.program,
        messages=told.messages,
        first=told.first,
        last=told.last,
    )
