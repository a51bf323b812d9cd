"""The join: what lines say, put together by host and queue id, so that each delivery knows its sender.

A fold over records in the order of the log, bounded in memory, whose state survives as bytes. The sender of a message
is its SASL user, else the customer network of its client, else the user of the local program that handed it in, else
its envelope sender (`<>` for the null sender). A message that comes back from a content filter, or that a relay host
takes over from our submission host, is the same message: it keeps its first sender and is not submitted again. What a
before-queue filter hands on enters the queue for the first time then: its sender is who gave it to the filter, and it
is submitted once that is told.
"""

from collections.abc import Mapping

import msgspec

from collectors.addresses import is_behind_nat, is_loopback
from collectors.mta._before_queue import Front, Fronts
from collectors.mta._events import attempt, expiry, login, refusal, score, submission
from collectors.mta._message import Message, is_same_mail, unnamed
from collectors.mta._network import NetworkNames
from collectors.mta._queue import Closing, Queue
from collectors.mta._remembered import Key
from collectors.mta._tls_sessions import Session, TlsSessions
from collectors.mta.records import (
    Accepted,
    Attempted,
    Described,
    Expired,
    Identified,
    LoginTried,
    Proxied,
    Queued,
    Received,
    Record,
    Refused,
    Removed,
    Scored,
    Secured,
)
from schemas.events import MailEvent
from schemas.facts import SenderKind
from schemas.places import Where, nowhere

_SECOND = 1_000_000
_MERGE = 10 * _SECOND
_MOST_MESSAGES = 100_000


class _State(msgspec.Struct, array_like=True):
    messages: list[Message] = []
    closing: list[Closing] = []
    fronts: list[Front] = []
    sessions: list[tuple[Key, Session]] = []


class Join:
    """The messages that are in the queues, at most `limit` of them: then those not heard of for longest go first."""

    def __init__(
        self,
        *,
        outbound_ips: Mapping[str, str],
        networks: Mapping[str, str],
        where: Where = nowhere,
        state: bytes = b"",
        limit: int = _MOST_MESSAGES,
    ) -> None:
        self._outbound_ips = dict(outbound_ips)
        self._networks = NetworkNames(networks)
        self._where = where
        before = msgspec.msgpack.decode(state, type=_State) if state else _State()
        self._queue = Queue(limit, before.messages, before.closing)
        self._fronts = Fronts(before.fronts)
        self._sessions = TlsSessions(before.sessions)

    def __len__(self) -> int:
        return len(self._queue)

    def snapshot(self) -> bytes:
        """Return the state, to be given to the next `Join` of the same log."""
        state = _State(*self._queue.snapshot(), self._fronts.snapshot(), self._sessions.snapshot())
        return msgspec.msgpack.encode(state)

    def step(self, record: Record, identity: str) -> MailEvent | None:
        """Take in what a line says; return the event that it makes, if any, with the given id."""
        event: MailEvent | None = None
        match record:
            case Attempted():
                event = self._attempted(record, identity)
            case Queued():
                event = self._queued(record, identity)
            case Identified() | Described():
                self._told_of(record)
            case Removed():
                event = self._removed(record, identity)
            case Received():
                event = self._received(record, identity)
            case Proxied():
                event = self._proxied(record, identity)
            case Accepted():
                event = self._accepted(record, identity)
            case Expired():
                event = self._expired(record, identity)
            case Secured():
                self._sessions.note(record)
            case _:
                event = self._alone(record, identity)
        return event

    def _alone(self, record: Refused | LoginTried | Scored, identity: str) -> MailEvent:
        """Return the event of a line that tells the join nothing."""
        if isinstance(record, LoginTried):
            return login(record, self._where(record.client_ip), identity)
        if isinstance(record, Scored):
            return score(record, self._scored(record), self._networks, identity)
        message = self._queue.find(record.host, record.queue_id) if record.queue_id else None
        return refusal(record, message, self._networks, identity)

    def _scored(self, record: Scored) -> Message | None:
        """Return the message that a filter judged, or None where it cannot be told for sure.

        Filters that know no queue id name the Message-ID. It is believed of the host that had it first, and no longer
        once a client from outside brings a mail of the same: it could blame another for its own.
        """
        found = self._queue.find(record.host, record.queue_id) if record.queue_id else None
        if found is None and record.message_id:
            found = self._queue.first_of(record.message_id)
            if found is not None and (found.contested or found.host != record.host):
                return None
        return found

    def _received(self, record: Received, identity: str) -> MailEvent | None:
        known = self._queue.find(record.host, record.queue_id)
        late = known is not None and not known.received and not known.removed and record.at - known.first <= _MERGE
        message = known if known is not None and late else self._queue.begin(record.at, record.host, record.queue_id)
        message.received = True
        message.origin_id, message.uid = record.origin_id, record.uid
        if not message.client_ip:  # else the filter's acceptance came first, and told the client in front of it
            message.client_ip, message.client_name = record.client_ip, record.client_name
            message.method, message.helo = record.method, record.helo
            message.filtered = not record.origin_id and bool(record.origin_client or is_loopback(record.client_ip))
        sender, kind = self._known_by(record)
        if kind == "sasl" or (kind and message.kind != "sasl"):
            message.sender, message.kind = sender, kind
        front = self._fronts.of(record.host, record.origin_client, record.at) if record.origin_client else None
        if front is not None and message.filtered:
            self._take(message, front)
        return self._login(record, identity) if not record.login_told else None

    def _known_by(self, record: Received | Proxied) -> tuple[str, SenderKind]:
        """Return the sender that a client's line tells, and by what; both empty where that is only the envelope."""
        if record.mailbox:
            return record.mailbox.strip().lower(), "sasl"
        network = self._networks.name_of(record.client_ip)
        return (network, "network") if network else ("", "")

    def _login(self, record: Received | Proxied, identity: str) -> MailEvent | None:
        if not record.mailbox:
            return None
        version = self._sessions.version(record)
        tried = LoginTried(
            record.at, record.host, record.mailbox, "smtp", "succeeded", record.client_ip, record.method,
            tls=record.tls or bool(version), tls_version=version, cleartext=record.cleartext,
        )  # fmt: skip
        return login(tried, self._where(tried.client_ip), identity)

    def _proxied(self, record: Proxied, identity: str) -> MailEvent | None:
        sender, kind = self._known_by(record)
        if record.process:
            told = (record.client_name, record.client_ip, record.method)
            self._fronts.begin(Front(record.at, record.host, record.process, record.client, sender, kind, *told))
        return self._login(record, identity)

    def _accepted(self, record: Accepted, identity: str) -> MailEvent | None:
        """Take in for whom the filter handed a message on, which may be told before or after the message itself."""
        front = self._fronts.end(record.host, record.process)
        if front is None or not record.queue_id:
            return None
        message = self._queue.find(record.host, record.queue_id)
        if message is None:
            message = self._queue.begin(record.at, record.host, record.queue_id)
        self._take(message, front)
        return self._released(message, identity)

    def _take(self, message: Message, front: Front) -> None:
        """Give a message the client and the sender that it had in front of the filter."""
        message.client_name, message.client_ip, message.method = front.client_name, front.client_ip, front.method
        message.filtered = False
        if front.kind and message.kind != "sasl":
            message.sender, message.kind = front.sender, front.kind

    def _released(self, message: Message, identity: str) -> MailEvent | None:
        """Return the submission of a message that was held back, now that nothing more will be told of its sender."""
        if not message.held:
            return None
        at, message.held = message.held, 0
        told = Queued(at, message.host, message.queue_id, message.envelope_from, message.size, message.recipients)
        if not message.kind:
            message.sender, message.kind = unnamed(message, told.envelope_from)
        return submission(message, told, self._where(message.client_ip), identity)

    def _told_of(self, record: Identified | Described) -> None:
        """Take in what cleanup tells of a message, which is before the queue has it."""
        message = self._queue.find(record.host, record.queue_id)
        if message is None or message.queued or message.removed:
            message = self._queue.begin(record.at, record.host, record.queue_id)
        if isinstance(record, Identified):
            self._queue.identify(message, record.message_id)
            return
        message.helo, message.mailer = message.helo or record.helo, message.mailer or record.mailer

    def _queued(self, record: Queued, identity: str) -> MailEvent | None:
        message = self._queue.find(record.host, record.queue_id)
        if message is not None and message.queued and is_same_mail(message, record):
            self._queue.heard_of(message)
            message.last = record.at
            return self._released(message, identity)
        if message is None or message.queued or message.removed:
            message = self._queue.begin(record.at, record.host, record.queue_id)
        message.queued, message.last = True, record.at
        message.envelope_from, message.size = record.envelope_from, record.size
        if message.kind != "sasl":
            earlier = self._earlier(message)
            if earlier is not None:
                message.sender, message.kind = earlier.sender, earlier.kind
                return None
        message.held, message.recipients = record.at, record.recipients
        if not message.kind and message.filtered and self._fronts.any(record.host, record.at):
            return None
        return self._released(message, identity)

    def _earlier(self, message: Message) -> Message | None:
        """Return the same mail as we had it before the hop that brought it here, or None.

        A client cannot claim it: a queue id of origin is believed by Postfix only from its own filters (XFORWARD); else
        Message-ID and envelope sender must agree, and the client be this host itself or one whose log we read.
        """
        client_host = self._queue.host_of(message.client_name)
        if message.origin_id:
            for host in (message.host, client_host):
                found = self._queue.find(host, message.origin_id)
                if found is not None:
                    return found
        found = self._queue.first_of(message.message_id)
        if found is None or found is message or found.envelope_from != message.envelope_from:
            return None
        if found.host == message.host:
            return found if is_loopback(message.client_ip) else None
        return found if found.host == client_host else None

    def _attempted(self, record: Attempted, identity: str) -> MailEvent:
        message = self._queue.find(record.host, record.queue_id) if record.queue_id else None
        event = attempt(record, message, self._networks, self._outbound_ip(record), identity)
        if message is not None:
            message.last = record.at
            if event.queued_as and self._taken_over(message, record, event.queued_as):
                return msgspec.structs.replace(event, local=True)
        return event

    def _outbound_ip(self, record: Attempted) -> str:
        """Return the IP that the line tells, or that of the transport: also where the line's is not the one outside."""
        known = self._outbound_ips.get(record.transport, "")
        return known if not record.outbound_ip or (known and is_behind_nat(record.outbound_ip)) else record.outbound_ip

    def _taken_over(self, message: Message, record: Attempted, queue_id: str) -> bool:
        """Tell whether a message of ours continues as `queue_id` here; if its sender was not known, it is now."""
        loopback = is_loopback(record.relay_ip)
        host = message.host if loopback else self._queue.host_of(record.relay_host)
        later = self._queue.find(host, queue_id)
        if later is None or later is message:
            return False
        known = message.message_id and later.message_id  # a filter may add the Message-ID that was missing
        if (known and later.message_id != message.message_id) or later.envelope_from != message.envelope_from:
            return False
        if later.kind != "sasl":
            later.sender, later.kind = message.sender, message.kind
        return True

    def _expired(self, record: Expired, identity: str) -> MailEvent | None:
        message = self._queue.find(record.host, record.queue_id) if record.queue_id else None
        if message is not None:
            if message.expired:
                return None
            message.expired = True
        return expiry(record, message, identity)

    def _removed(self, record: Removed, identity: str) -> MailEvent | None:
        message = self._queue.find(record.host, record.queue_id)
        event = self._released(message, identity) if message is not None else None
        if message is not None:
            self._queue.remove(message, record.at)
        self._queue.tidy(record.at)
        return event
