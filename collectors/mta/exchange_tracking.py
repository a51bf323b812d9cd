"""Exchange Server 2007 to 2019 and SE: the message tracking log (MSGTRK*.LOG), a table with a `#Fields:` line.

Manual: https://learn.microsoft.com/exchange/mail-flow/transport-logs/message-tracking

Events: RECEIVE (a message entered the transport), SEND and DELIVER (sent, to the world or into a mailbox), DEFER and
FAIL. One line may name several recipients: each is a delivery attempt of its own. What stayed too long in the queue
(4.4.7) has expired, and the error that kept it there is its last attempt. A message's queue id is its
internal-message-id, its transport the connector; the outbound IP is the client-ip of SEND. A hop within the
organization is local. The log tells no login: the sender is the customer network of the client, else the return path.
Ignored by decision: all other events (routing, agents, shadow copies, resolving, moderation), which say nothing more of
a delivery; mails of Exchange's own probes (HealthMailbox).
"""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from msgspec import structs

from collectors import exchange
from collectors.addresses import ip_or_empty
from collectors.csvlog import split_recipients, time_of
from collectors.exchange import parse
from collectors.mta._replies import enhanced_of, one_line
from collectors.mta.records import UNTOLD, Attempted, Expired, Identified, Queued, Received, Record

if TYPE_CHECKING:
    from schemas.facts import Outcome

__all__ = ["Fold", "parse"]

_2010 = (
    "date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,connector-id,source,event-id,"
    "internal-message-id,message-id,recipient-address,recipient-status,total-bytes,recipient-count,"
    "related-recipient-address,reference,message-subject,sender-address,return-path,message-info,directionality,"
    "tenant-id,original-client-ip,original-server-ip,custom-data"
)
_2013 = _2010.replace("message-id,recipient-address", "message-id,network-message-id,recipient-address")
_2019 = _2013 + ",transport-traffic-type,log-id,schema-version"
_LAYOUTS = (_2010, _2013, _2019)
_NEEDED = ("date-time", "event-id", "recipient-address")
_OUTCOMES: dict[str, "Outcome"] = {"SEND": "sent", "DELIVER": "sent", "DEFER": "deferred", "FAIL": "bounced"}
_WANTED = frozenset({*_OUTCOMES, "RECEIVE"})
_WITHIN = "Intra-Organization SMTP Send Connector"
_PROBES = "healthmailbox"
_EXPIRED = "4.4.7"
_ERROR = "{LED="
_MESSAGE = "};{MSG="
_NEXT = re.compile(r";(?=\[\{(?:LRT|LED)=)")
_MOST_RECIPIENTS = 1000


def Fold(state: bytes) -> exchange.Fold:  # noqa: N802 a format's fold has this name
    """Return the fold of a log's columns and records."""
    return exchange.Fold(_LAYOUTS, _NEEDED, _told, state)


def _told(row: Mapping[str, str], host: str) -> tuple[Record, ...] | None:
    at = time_of(row.get("date-time", ""))
    event = row.get("event-id", "")
    if event not in _WANTED or row.get("sender-address", "").lower().startswith(_PROBES):
        return None
    return _received(row, at, host) if event == "RECEIVE" else tuple(_ended(row, at, host))


def _received(row: Mapping[str, str], at: int, host: str) -> tuple[Record, ...]:
    queue_id = row.get("internal-message-id", "")
    client_ip = ip_or_empty(row.get("original-client-ip", "")) or ip_or_empty(row.get("client-ip", ""))
    message_id = row.get("message-id", "").removeprefix("<").removesuffix(">")
    return (
        Received(at, host, queue_id, "", client_ip),
        Identified(at, host, queue_id, message_id),
        Queued(at, host, queue_id, _sender(row), _number(row, "total-bytes"), _number(row, "recipient-count")),
    )


def _ended(row: Mapping[str, str], at: int, host: str) -> Iterator[Record]:
    """Give what became of each recipient."""
    queue_id, event = row.get("internal-message-id", ""), row["event-id"]
    addresses = list(split_recipients(row.get("recipient-address", "")))
    if len(addresses) > _MOST_RECIPIENTS:
        raise ValueError(f"{len(addresses)} recipients of one message, more than {_MOST_RECIPIENTS}")
    for address, status in zip(addresses, _statuses(row, len(addresses)), strict=True):
        reply = _error(status) or one_line(status)
        if event == "FAIL" and enhanced_of(reply) == _EXPIRED:
            yield Expired(at, host, queue_id, _sender(row))
        elif event == "FAIL" and enhanced_of(_behind_error(status)) == _EXPIRED:
            yield structs.replace(_attempt(row, at, host, address, reply), outcome="deferred")
            yield Expired(at, host, queue_id, _sender(row))
        else:
            yield _attempt(row, at, host, address, reply)


def _attempt(row: Mapping[str, str], at: int, host: str, address: str, reply: str) -> Attempted:
    event, sent = row["event-id"], row["event-id"] == "SEND"
    local = event == "DELIVER" or row.get("connector-id") == _WITHIN
    return Attempted(
        at,
        host,
        row.get("internal-message-id", ""),
        address,
        "",
        _OUTCOMES[event],
        enhanced_of(reply),
        reply,
        row.get("connector-id", ""),
        row.get("server-hostname", "") if sent else "",
        ip_or_empty(row.get("server-ip", "")) if sent else "",
        0,
        UNTOLD,
        local=local,
        outbound_ip=ip_or_empty(row.get("client-ip", "")) if sent and not local else "",
        envelope_from=_sender(row),
        has_envelope=True,
    )


def _sender(row: Mapping[str, str]) -> str:
    """Return the envelope's sender (`return-path`), which is `<>` for the null sender."""
    path = row.get("return-path", "") or row.get("sender-address", "")
    return path.removeprefix("<").removesuffix(">")


def _statuses(row: Mapping[str, str], recipients: int) -> list[str]:
    """Return a status for each recipient: they are parted by semicolons, which a remote server's words may hold, too.

    So they are parted only where there are as many as recipients; else each recipient gets all that was said.
    """
    text = row.get("recipient-status", "") or row.get("source-context", "")
    if recipients == 1:
        return [text]
    parts = _NEXT.split(text) if _ERROR in text else text.split(";")
    return parts if len(parts) == recipients else [text] * recipients


def _error(status: str) -> str:
    """Return the last error of `[{LRT=…};{LED=550 5.7.1 …};{FQDN=…};{IP=…}]`, "" where a status has another form.

    Newer builds write `[{LED=…};{MSG=…};{FQDN=…};{IP=…};{LRT=…}]`: what MSG adds stands in brackets.
    """
    _, found, rest = status.partition(_ERROR)
    said = rest.rpartition("};{FQDN=")[0] or rest.partition("}")[0]
    error, parted, message = said.rpartition(_MESSAGE)
    if parted:
        said = f"{error} ({message})" if message else error
    return one_line(said) if found else ""


def _behind_error(status: str) -> str:
    """Return what Exchange says itself behind the error, as `[…];550 4.4.7 QUEUE.Expired; message expired`."""
    own = status.rpartition("};{FQDN=")[2]
    return one_line(own.partition("}];")[2])


def _number(row: Mapping[str, str], column: str) -> int:
    text = row.get(column, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= len("999999999999") else 0
