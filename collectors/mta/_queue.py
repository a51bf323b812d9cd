"""The messages that are in the queues, found by host and queue id or by Message-ID: bounded in number and in time."""

from collections import OrderedDict, deque
from collections.abc import Iterable

from collectors.addresses import is_loopback
from collectors.mta._message import Message, label_of

_SECOND = 1_000_000
_GRACE = 10 * _SECOND
_LIFETIME = 7 * 24 * 60 * 60 * _SECOND
_MOST_HOSTS = 1000

Closing = tuple[int, str, str]


class Queue:
    """At most `limit` messages: then those not heard of for longest go first."""

    def __init__(self, limit: int, messages: Iterable[Message] = (), closing: Iterable[Closing] = ()) -> None:
        self._limit = limit
        # OrderedDict: finding a plain dict's oldest entry takes longer the more were removed before it
        self._messages: OrderedDict[tuple[str, str], Message] = OrderedDict()
        self._by_message_id: dict[str, Message] = {}
        self._hosts: dict[str, str] = {}
        self._closing: deque[Closing] = deque(closing)
        for message in messages:
            self._add(message)
            if message.message_id:
                first = self._by_message_id.setdefault(message.message_id, message)
                if message.first < first.first:
                    self._by_message_id[message.message_id] = message

    def __len__(self) -> int:
        return len(self._messages)

    def snapshot(self) -> tuple[list[Message], list[Closing]]:
        """Return all messages, and those that left the queue and are to be forgotten soon."""
        return list(self._messages.values()), list(self._closing)

    def find(self, host: str, queue_id: str) -> Message | None:
        """Return the message of a queue id, or None where there is none."""
        return self._messages.get((host, queue_id))

    def first_of(self, message_id: str) -> Message | None:
        """Return the first message of a Message-ID, or None where there is none."""
        return self._by_message_id.get(message_id)

    def host_of(self, name: str) -> str:
        """Return the host whose log we read under the name that DNS has for it, "" where there is none."""
        return self._hosts.get(label_of(name), "")

    def begin(self, at: int, host: str, queue_id: str) -> Message:
        """Begin a message, in place of one whose queue id it got."""
        self._forget(host, queue_id)
        message = Message(host, queue_id, at, at)
        self._add(message)
        self.tidy(at)
        return message

    def identify(self, message: Message, message_id: str) -> None:
        """Note a message's Message-ID, which anybody may have copied from another mail."""
        message.message_id = message_id
        if not message_id:
            return
        first = self._by_message_id.setdefault(message_id, message)
        foreign = bool(message.client_ip) and not is_loopback(message.client_ip)
        if foreign and first.host == message.host and (first.kind, first.sender) != (message.kind, message.sender):
            first.contested = True

    def heard_of(self, message: Message) -> None:
        """Put a message among the last to be evicted."""
        self._messages.move_to_end((message.host, message.queue_id))

    def remove(self, message: Message, at: int) -> None:
        """Note that a message left the queue: late lines still find it for a little while."""
        if not message.removed:
            message.removed = at
            self._closing.append((at, message.host, message.queue_id))

    def tidy(self, at: int) -> None:
        """Let go of what is over: at most two of each sort, so that one false time does not empty the join."""
        for _ in range(2):
            if self._closing and (self._closing[0][0] + _GRACE < at or len(self._closing) > self._limit):
                when, host, queue_id = self._closing.popleft()
                message = self._messages.get((host, queue_id))
                if message is not None and message.removed == when:
                    self._forget(host, queue_id)
            key = next(iter(self._messages), None)
            if key is not None and (self._messages[key].last + _LIFETIME < at or len(self._messages) > self._limit):
                self._forget(*key)

    def _add(self, message: Message) -> None:
        self._messages[message.host, message.queue_id] = message
        if len(self._hosts) < _MOST_HOSTS:
            self._hosts[label_of(message.host)] = message.host

    def _forget(self, host: str, queue_id: str) -> None:
        message = self._messages.pop((host, queue_id), None)
        if message is not None and self._by_message_id.get(message.message_id) is message:
            del self._by_message_id[message.message_id]
