"""An operator's order: what makes it an event, and the way into the log (command line, pages)."""

import getpass
import os
import re
import time

import msgspec
from kafka import KafkaProducer
from kafka.errors import KafkaError

from schemas import codec
from schemas.events import Event
from schemas.kafka_clients import opened
from schemas.names import canonical_ip, canonical_mailbox, derived_id, provider_named
from schemas.observations import MailboxAction, OperatorActed, PoolAction
from schemas.settings import Settings
from schemas.topics import place_of

_ACK_SECONDS = 10
_DURATION = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST = 320  # RFC 5321: 64 before the @, 255 behind it


def order(  # noqa: PLR0913 an order has that many parts
    settings: Settings,
    action: PoolAction,
    ip: str,
    reason: str,
    *,
    lasts: str = "",
    operator: str = "",
    provider: str = "",
    within_guard: bool = False,
) -> OperatorActed:
    """Publish an operator's order and return it. ValueError as of `prepared`; OSError where Kafka confirms nothing."""
    event = prepared(
        settings, action, ip, reason, lasts=lasts, operator=operator, provider=provider, within_guard=within_guard
    )
    publish(settings, event)
    return event


def prepared(  # noqa: PLR0913 an order has that many parts
    settings: Settings,
    action: PoolAction,
    ip: str,
    reason: str,
    *,
    lasts: str = "",
    operator: str = "",
    provider: str = "",
    within_guard: bool = False,
) -> OperatorActed:
    """Return an order that is given now; after `lasts` ("2h") it counts no more, "" is until revoked.

    With a `provider` it concerns only what the IP sends there; one `within_guard` takes no pool below `min_active`.
    ValueError where no pool has the IP, there is no such provider, no reason is given or `lasts` is no duration.
    """
    subject = address(ip)
    owner = next((name for name, pool in settings.pool.items() if subject in pool.ips), None)
    if owner is None:
        raise ValueError(f"{subject} is in no pool; there are {', '.join(settings.outbound_ips.values()) or 'none'}")
    given = ordered(action, subject, reason, lasts=lasts, operator=operator)
    to = provider_named(provider) if provider else ""
    return msgspec.structs.replace(given, pool=owner, provider=to, within_guard=within_guard)


def order_mailbox(  # noqa: PLR0913 an order has that many parts
    settings: Settings, action: MailboxAction, mailbox: str, reason: str, *, lasts: str = "", operator: str = ""
) -> OperatorActed:
    """Publish an operator's order and return it. ValueError as of `prepared_mailbox`; OSError as of `order`."""
    event = prepared_mailbox(action, mailbox, reason, lasts=lasts, operator=operator)
    publish(settings, event)
    return event


def prepared_mailbox(
    action: MailboxAction, mailbox: str, reason: str, *, lasts: str = "", operator: str = ""
) -> OperatorActed:
    """Return an order that is given now; after `lasts` ("2h") it counts no more, "" is until taken back.

    ValueError where the mailbox cannot be one, no reason is given or `lasts` is no duration.
    """
    name = named(mailbox) if action == "release" else _plain(mailbox)  # whom the rules barred can be released
    return ordered(action, name, reason, lasts=lasts, operator=operator)


def ordered(
    action: PoolAction | MailboxAction, subject: str, reason: str, *, lasts: str, operator: str
) -> OperatorActed:
    """Return an order that is given now. ValueError where no reason is given or `lasts` is no duration."""
    if not reason.strip():
        raise ValueError(f"--reason {reason!r}: say why; it is kept with the decision")
    at, who = now(), operator or login()
    return OperatorActed(
        id=derived_id("order", who, action, subject, at),
        at=at,
        operator=who,
        action=action,
        subject=subject,
        reason=reason,
        expires_at=at + seconds(lasts) * 1_000_000 if lasts else 0,
    )


def address(text: str) -> str:
    """Return the one spelling of an IP address. ValueError names what is none."""
    try:
        return canonical_ip(text)
    except ValueError:
        raise ValueError(f"{text!r} is no IP address") from None


def seconds(text: str) -> int:
    """Return a duration such as 90s, 30m, 2h or 7d in seconds. ValueError where it is none."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"--for {text!r}: say a number and s, m, h or d, as in 30m or 2h")
    return int(found[1]) * _UNITS[found[2]]


def named(text: str) -> str:
    """Return the one spelling of a mailbox. ValueError where nothing is named; what a log names may hold any sign."""
    mailbox = canonical_mailbox(text)
    if not mailbox:
        raise _no_mailbox(text)
    return mailbox


def _plain(text: str) -> str:
    """Return the one spelling of a mailbox to be held. ValueError where it is none that a customer can have."""
    mailbox = named(text)
    if len(mailbox) > _LONGEST or not mailbox.isprintable() or " " in mailbox:
        raise _no_mailbox(text)
    return mailbox


def _no_mailbox(text: str) -> ValueError:
    return ValueError(f"{text!r} is no mailbox: say its login or address")


def now() -> int:
    """Return the present time in microseconds."""
    return time.time_ns() // 1000  # noqa: TID251 the fact is that it is ordered now


def login() -> str:
    """Return who gives the order: the person behind sudo, else the login, else the number of a user without a name."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except KeyError:
        return f"uid {os.getuid()}"


def publish(settings: Settings, event: Event) -> None:
    """Send an event to whom it concerns. OSError where Kafka does not confirm it."""
    topic, partition = place_of(event, settings.kafka.partitions)
    where = ", ".join(settings.kafka.bootstrap)
    patience = _ACK_SECONDS * 1000
    try:
        producer = opened(
            KafkaProducer, settings.kafka.bootstrap, acks="all", max_block_ms=patience, delivery_timeout_ms=patience
        )
        try:
            producer.send(topic.name, codec.encode(event), partition=partition).get(_ACK_SECONDS)
        finally:
            producer.close(_ACK_SECONDS)
    except (KafkaError, OSError) as error:
        raise OSError(f"kafka.bootstrap: Kafka at {where} did not confirm the order: {error}") from error
