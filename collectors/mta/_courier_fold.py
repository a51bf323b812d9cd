"""Courier: the lines of a delivery joined by the message's id and the recipient, the messages by their id."""

import re

import msgspec

from collectors.mta._remembered import Key, Remembered
from collectors.mta.records import UNTOLD, Attempted, Expired, Queued, Received, Record, Removed, Said
from schemas.facts import Outcome

_LONGEST_REPLY = 2000
_MOST_DELIVERIES = 20_000
_MOST_MESSAGES = 100_000
_ENHANCED = re.compile(r"[245]\d\d[ -]([245]\.\d{1,3}\.\d{1,3})(?: |$)")
_CODE = re.compile(r"[245]\d\d[ -](?:[245]\.\d{1,3}\.\d{1,3} )?")
_OUTCOMES: dict[str, Outcome] = {"success": "sent", "deferred": "deferred", "failure": "bounced"}


class New(Said, frozen=True, gc=False):
    """A message is in the queue, as this login and client gave it."""

    identity: str
    mailbox: str
    client_name: str
    client_ip: str


class Started(Said, frozen=True, gc=False):
    """A delivery began; `place` is the module's word for its aim."""

    identity: str
    envelope_from: str
    recipient: str
    module: str
    place: str


class Replied(Said, frozen=True, gc=False):
    """A line of the reply, or who took the mail."""

    identity: str
    recipient: str
    reply: str
    relay_host: str = ""
    relay_ip: str = ""


class Ended(Said, frozen=True, gc=False):
    """A delivery ended."""

    identity: str
    envelope_from: str
    recipient: str
    module: str
    status: str
    reply: str = ""


class Finished(Said, frozen=True, gc=False):
    """A round of deliveries of a message is over."""

    identity: str


class _Delivery(msgspec.Struct, array_like=True, gc=False):
    reply: str = ""
    relay_host: str = ""
    relay_ip: str = ""


class _Message(msgspec.Struct, array_like=True, gc=False):
    envelope_from: str = ""
    deferred: bool = False
    over: bool = False


class _State(msgspec.Struct, array_like=True):
    deliveries: list[tuple[Key, _Delivery]] = []
    messages: list[tuple[Key, _Message]] = []


class Fold:
    """The deliveries under way, and the messages of which one was deferred in this round."""

    def __init__(self, state: bytes) -> None:
        before = msgspec.msgpack.decode(state, type=_State) if state else _State()
        self._deliveries: Remembered[_Delivery] = Remembered(_MOST_DELIVERIES, before.deliveries)
        self._messages: Remembered[_Message] = Remembered(_MOST_MESSAGES, before.messages)

    def snapshot(self) -> bytes:
        """Return the state, to be given to the next fold of the same log."""
        return msgspec.msgpack.encode(_State(self._deliveries.snapshot(), self._messages.snapshot()))

    def step(self, said: Record | Said) -> tuple[Record, ...]:
        """Take in what a line says; return what is known now."""
        match said:
            case New(at, host, identity, mailbox, name, ip):
                return (Received(at, host, identity, name, ip, mailbox=mailbox),)
            case Started():
                return self._started(said)
            case Replied():
                self._replied(said)
                return ()
            case Ended():
                return self._ended(said)
            case Finished():
                return self._finished(said)
            case _:
                return (said,) if not isinstance(said, Said) else ()

    def _started(self, said: Started) -> tuple[Record, ...]:
        """Begin a delivery. A notification that is no warning, with recipients left, tells that these are given up."""
        key = (said.host, said.identity)
        message = self._messages.find(key)
        if said.module == "dsn":
            if message is None or not message.deferred or said.place == "deferred":
                return ()
            self._messages.drop(key)
            return (Expired(said.at, said.host, said.identity, message.envelope_from),)
        self._deliveries.put((said.host, _delivery(said)), _Delivery())
        if message is None or message.over:
            self._messages.put(key, _Message(said.envelope_from))
        return (Queued(said.at, said.host, said.identity, said.envelope_from, 0, 0),)

    def _replied(self, said: Replied) -> None:
        delivery = self._deliveries.find((said.host, _delivery(said)))
        if delivery is None:
            delivery = self._deliveries.put((said.host, _delivery(said)), _Delivery())
        if said.relay_ip:
            delivery.relay_host, delivery.relay_ip = said.relay_host, said.relay_ip
        if said.reply:
            further = _CODE.sub("", said.reply, count=1) if delivery.reply else said.reply
            delivery.reply = f"{delivery.reply} {further}".strip()[:_LONGEST_REPLY]

    def _ended(self, said: Ended) -> tuple[Record, ...]:
        """Return an attempt, and before it that the message is in the queue where no delivery of it began."""
        delivery = self._deliveries.drop((said.host, _delivery(said))) or _Delivery()
        message = self._messages.find((said.host, said.identity))
        entered: tuple[Record, ...] = ()
        if message is None:
            message = self._messages.put((said.host, said.identity), _Message(said.envelope_from))
            entered = (Queued(said.at, said.host, said.identity, said.envelope_from, 0, 0),)
        message.deferred = message.deferred or said.status == "deferred"
        reply = said.reply or delivery.reply
        status = _ENHANCED.match(reply)
        tried = Attempted(
            said.at,
            said.host,
            said.identity,
            said.recipient,
            "",
            _OUTCOMES[said.status],
            status[1] if status else "",
            reply,
            said.module,
            delivery.relay_host,
            delivery.relay_ip,
            0,
            UNTOLD,
            said.module != "esmtp",
        )
        return (*entered, tried)

    def _finished(self, said: Finished) -> tuple[Record, ...]:
        message = self._messages.find((said.host, said.identity))
        if message is not None and message.deferred:
            message.over = True
            return ()
        self._messages.drop((said.host, said.identity))
        return (Removed(said.at, said.host, said.identity),)


def _delivery(said: Started | Replied | Ended) -> str:
    """Return what tells a delivery from all others of its host."""
    return f"{said.identity} {said.recipient}"
