"""Events out of records and the message they concern."""

import re
from functools import lru_cache

from collectors.addresses import is_loopback
from collectors.mta._message import Message
from collectors.mta._network import NetworkNames
from collectors.mta.records import UNTOLD, Attempted, Expired, LoginTried, Queued, Refused, Scored
from schemas.events import (
    DeliveryAttempted,
    MailboxAuthenticated,
    MessageExpired,
    MessageRejected,
    MessageScored,
    MessageSubmitted,
)
from schemas.facts import SenderKind
from schemas.names import canonical_mailbox, domain_of, provider_of
from schemas.places import Place
from schemas.reasons import classify

_QUEUED_AS = re.compile(  # Postfix and many others; Exim; sendmail and OpenSMTPD
    r"\bqueued as ([0-9A-Za-z]{5,24})$|\bOK id=([0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4})$"
    r"|\b([0-9A-Za-z]{8,20}) Message accepted for delivery$"
)


@lru_cache(maxsize=65536)
def _provider(relay_host: str, domain: str) -> str:
    return provider_of(relay_host, f"@{domain}")


def submission(message: Message, record: Queued, place: Place, identity: str) -> MessageSubmitted:
    """Return that a message entered the queue; `place` is where its client was."""
    return MessageSubmitted(
        id=identity,
        at=record.at,
        host=record.host,
        queue_id=record.queue_id,
        sender=message.sender,
        sender_kind=message.kind,
        envelope_from=record.envelope_from,
        client_ip=message.client_ip,
        client_name=message.client_name,
        sasl_method=message.method,
        message_id=message.message_id,
        size=record.size,
        recipients=record.recipients,
        helo=message.helo,
        mailer=message.mailer,
        **place,
    )


def attempt(
    record: Attempted, message: Message | None, networks: NetworkNames, outbound_ip: str, identity: str
) -> DeliveryAttempted:
    """Return a delivery attempt; the outbound IP is left out where it is of the other family than the remote server."""
    if outbound_ip and record.relay_ip and (":" in outbound_ip) != (":" in record.relay_ip):
        outbound_ip = ""
    queued = _QUEUED_AS.search(record.reply, max(0, len(record.reply) - 60)) if record.outcome == "sent" else None
    delay = record.delay_ms
    if delay == UNTOLD:
        delay = max(0, record.at - message.first) // 1000 if message is not None else 0
    sender, kind = _sender_told(record, message, networks)
    return DeliveryAttempted(
        id=identity,
        at=record.at,
        host=record.host,
        queue_id=record.queue_id,
        sender=sender,
        sender_kind=kind,
        envelope_from=(message.envelope_from if message is not None else "") or record.envelope_from,
        recipient=record.recipient,
        original_recipient=record.original_recipient,
        provider=_provider(record.relay_host, domain_of(record.recipient)),
        outcome=record.outcome,
        enhanced_status=record.enhanced_status,
        reply=record.reply,
        transport=record.transport,
        outbound_ip=outbound_ip,
        relay_host=record.relay_host,
        relay_ip=record.relay_ip,
        relay_port=record.relay_port,
        delay_ms=delay,
        queued_as=queued[queued.lastindex or 0] if queued else "",
        local=record.local or (not outbound_ip and is_loopback(record.relay_ip)),
        reason=classify(record.reply, record.enhanced_status).name if record.outcome != "sent" else "",
    )


def _sender_told(record: Attempted, message: Message | None, networks: NetworkNames) -> tuple[str, SenderKind]:
    """Return the sender of a delivery: as its own line names him, else as the message knows him."""
    if record.mailbox:
        return canonical_mailbox(record.mailbox), "sasl"
    if message is not None and message.kind:
        return message.sender, message.kind
    return _without_login(record, networks)


def expiry(record: Expired, message: Message | None, identity: str) -> MessageExpired:
    """Return that the MTA gave up."""
    sender, kind = _unnamed(record.envelope_from) if record.has_envelope else ("", "")
    if message is not None and message.kind:
        sender, kind = message.sender, message.kind
    return MessageExpired(
        id=identity,
        at=record.at,
        host=record.host,
        queue_id=record.queue_id,
        sender=sender,
        sender_kind=kind,
        envelope_from=record.envelope_from or (message.envelope_from if message is not None else ""),
    )


def _unnamed(envelope_from: str) -> tuple[str, SenderKind]:
    return envelope_from.lower() or "<>", "envelope"


def login(record: LoginTried, place: Place, identity: str) -> MailboxAuthenticated:
    """Return a login; `place` is where its client was."""
    return MailboxAuthenticated(
        id=identity,
        at=record.at,
        host=record.host,
        mailbox=canonical_mailbox(record.mailbox),
        service=record.service,
        outcome=record.outcome,
        client_ip=record.client_ip,
        method=record.method,
        reason=record.reason,
        tls=record.tls,
        attempts=record.attempts,
        tls_version=record.tls_version,
        cleartext=record.cleartext,
        **place,
    )


def refusal(record: Refused, message: Message | None, networks: NetworkNames, identity: str) -> MessageRejected:
    """Return a refused command; what its line does not tell of the client comes from the message."""
    sender, kind = _sender_of(record, message, networks)
    return MessageRejected(
        id=identity,
        at=record.at,
        host=record.host,
        sender=sender,
        sender_kind=kind,
        envelope_from=record.envelope_from or (message.envelope_from if message is not None else ""),
        recipient=record.recipient,
        client_ip=record.client_ip or (message.client_ip if message is not None else ""),
        client_name=record.client_name or (message.client_name if message is not None else ""),
        helo=record.helo,
        stage=record.stage,
        code=record.code,
        enhanced_status=record.enhanced_status,
        reply=record.reply,
        queue_id=record.queue_id,
        reason=classify(record.reply, record.enhanced_status, record.code, record.stage).name,
    )


def _sender_of(record: Refused, message: Message | None, networks: NetworkNames) -> tuple[str, SenderKind]:
    if message is not None and message.kind:
        return message.sender, message.kind
    if record.mailbox:
        return canonical_mailbox(record.mailbox), "sasl"
    return _without_login(record, networks)


def _without_login(record: Attempted | Refused, networks: NetworkNames) -> tuple[str, SenderKind]:
    """Return the sender of a line that names no login, both empty where it tells nothing of him."""
    network = networks.name_of(record.client_ip)
    if network:
        return network, "network"
    if record.has_envelope:
        return record.envelope_from.lower() or "<>", "envelope"
    return "", ""


def score(record: Scored, message: Message | None, networks: NetworkNames, identity: str) -> MessageScored:
    """Return what a filter made of a message; whose it is, as far as the line or the message tells, else nobody's."""
    client_ip = (message.client_ip if message is not None else "") or record.client_ip
    sender, kind = _scored_sender(record, message, networks.name_of(client_ip))
    return MessageScored(
        id=identity,
        at=record.at,
        host=record.host,
        sender=sender,
        sender_kind=kind,
        envelope_from=record.envelope_from or (message.envelope_from if message is not None else ""),
        client_ip=client_ip,
        queue_id=record.queue_id or (message.queue_id if message is not None else ""),
        message_id=record.message_id,
        engine=record.engine,
        score=record.score,
        threshold=record.threshold,
        action=record.action,
    )


def _scored_sender(record: Scored, message: Message | None, network: str) -> tuple[str, SenderKind]:
    """Return whose a judged message is. A milter judges before the queue has it: then only its client is known yet."""
    if record.mailbox:
        return canonical_mailbox(record.mailbox), "sasl"
    if message is not None and message.kind:
        return message.sender, message.kind
    if network:
        return network, "network"
    if message is not None and record.has_envelope and not message.filtered:
        return record.envelope_from.lower() or "<>", "envelope"
    return "", ""
