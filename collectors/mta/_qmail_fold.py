"""qmail: a delivery's number joined to its message and its recipient, and what its report says."""

import re

import msgspec

from collectors.addresses import ip_or_empty
from collectors.mta import records
from collectors.mta._remembered import Key, Remembered
from collectors.mta.records import UNTOLD, Attempted, Expired, Queued, Received, Record, Said
from schemas.facts import Outcome

_LONGEST_REPLY = 2000
_MOST_DELIVERIES = 20_000
_SAID = "Remote_host_said:_"
_LONGEST_HEAD = 600
_PEER = re.compile(
    r"(?:^|[/_])\[?([0-9A-Fa-f.:]{2,45})\]?_"
    r"(?:accepted_message|does_not_like_recipient|failed_after_I_sent_the_message|but_|failed_)"
)
_GIVING_UP = re.compile(r"/Giving_up_on_[^/]{1,60}/?$")
_OLD = "I'm_not_going_to_try_again;_this_message_has_been_in_the_queue_too_long."
_TEMPORARY = re.compile(r"4\d\d")
_NEVER_FOR_EVER = (
    "_but_greeting_failed./",
    "_but_my_name_was_rejected./",
)  # qmail-remote defers them whatever the code
_ENHANCED = re.compile(r"[245]\d\d[ -]([245]\.\d{1,3}\.\d{1,3})(?: |$)")
_OWN_STATUS = re.compile(r"\(#([45]\.\d{1,3}\.\d{1,3})\)")


class Taken(Said, frozen=True, gc=False):
    """A message is in the queue, under a number that another may have had before."""

    number: str
    size: int
    envelope_from: str


class Began(Said, frozen=True, gc=False):
    """A delivery began."""

    delivery: str
    number: str
    recipient: str
    local: bool


class Ended(Said, frozen=True, gc=False):
    """A delivery ended; `report` is in qmail's spelling."""

    delivery: str
    outcome: Outcome
    report: str


class Removed(Said, frozen=True, gc=False):
    """A message left the queue."""

    number: str


class _Delivery(msgspec.Struct, array_like=True, gc=False):
    number: str
    recipient: str
    local: bool


class _State(msgspec.Struct, array_like=True):
    deliveries: list[tuple[Key, _Delivery]] = []


class Fold:
    """The deliveries under way, by host and number."""

    def __init__(self, state: bytes) -> None:
        before = msgspec.msgpack.decode(state, type=_State) if state else _State()
        self._deliveries: Remembered[_Delivery] = Remembered(_MOST_DELIVERIES, before.deliveries)

    def snapshot(self) -> bytes:
        """Return the state, to be given to the next fold of the same log."""
        return msgspec.msgpack.encode(_State(self._deliveries.snapshot()))

    def step(self, said: Record | Said) -> tuple[Record, ...]:
        """Take in what a line says; return what is known now."""
        match said:
            case Taken(at, host, number, size, envelope_from):
                return (Received(at, host, number), Queued(at, host, number, envelope_from, size, 0))
            case Began(_, host, delivery, number, recipient, local):
                self._deliveries.put((host, delivery), _Delivery(number, recipient, local))
                return ()
            case Ended():
                return self._ended(said)
            case Removed(at, host, number):
                return (records.Removed(at, host, number),)
            case _:
                return (said,) if not isinstance(said, Said) else ()

    def _ended(self, said: Ended) -> tuple[Record, ...]:
        delivery = self._deliveries.drop((said.host, said.delivery))
        if delivery is None:
            return ()
        report, expired = said.report.rstrip("/"), False
        if said.outcome == "bounced" and report.endswith(_OLD) and not _refused_for_ever(report):
            report, expired = report[: -len(_OLD)], True
        relay_ip, status, reply = _read(report)
        tried = Attempted(
            said.at,
            said.host,
            delivery.number,
            delivery.recipient,
            "",
            "deferred" if expired else said.outcome,
            status,
            reply,
            "local" if delivery.local else "remote",
            "",
            relay_ip,
            0,
            UNTOLD,
            delivery.local,
        )
        return (tried, Expired(said.at, said.host, delivery.number, "")) if expired else (tried,)


def _refused_for_ever(report: str) -> bool:
    """Tell whether the remote server's words are a refusal: then that the message is too old is said by them."""
    head, told, words = report.partition(_SAID)
    return bool(told) and not head.endswith(_NEVER_FOR_EVER) and _TEMPORARY.match(words) is None


def _read(report: str) -> tuple[str, str, str]:
    """Return the remote server's IP, the enhanced status and the reply.

    What stands before the remote server's words is qmail-remote's own; nothing behind them is believed.
    """
    head, told, words = report.partition(_SAID)
    peers = _PEER.findall(head[-_LONGEST_HEAD:])
    reply = _GIVING_UP.sub("", words if told else head, count=1)[:_LONGEST_REPLY].strip("/").replace("_", " ")
    if told:
        status = _ENHANCED.match(reply)
        return ip_or_empty(peers[-1]) if peers else "", status[1] if status else "", reply
    own = _OWN_STATUS.search(reply)
    return ip_or_empty(peers[-1]) if peers else "", own[1] if own else "", reply
