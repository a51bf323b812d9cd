"""The policy server that Postfix's smtpd asks at each recipient (SMTPD_POLICY_README).

It answers from memory alone, and always: what it does not understand it answers with DUNNO, "no opinion". Its bars are
replaced as a whole; until the first replacement it has those that it was made with.
"""

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from schemas.names import canonical_ip, canonical_mailbox
from streams.bars import Bar, Policy
from streams.serving import Conversation, Server

MAX_REQUEST_BYTES = 65_536
DUNNO = "DUNNO"
_END = b"\n\n"
_MINUTES = 60
_ADDRESSES = 65_536


class Requests:
    """The requests in a stream of bytes that comes in pieces; one that is too long comes out empty."""

    def __init__(self) -> None:
        self._rest = b""
        self._too_long = False

    @property
    def waiting(self) -> bool:
        """Tell whether a request has begun but not ended."""
        return bool(self._rest) or self._too_long

    def feed(self, data: bytes) -> Iterator[dict[str, str]]:
        """Yield the attributes of each request that is complete now."""
        buffer, start = self._rest + data, 0
        while start < len(buffer):
            if buffer[start : start + 1] == b"\n" and not self._too_long:  # an empty request
                yield {}
                start += 1
                continue
            end = buffer.find(_END, start)
            if end < 0:
                break
            long, self._too_long = self._too_long or end - start > MAX_REQUEST_BYTES, False
            yield {} if long else attributes(buffer[start:end])
            start = end + len(_END)
        self._rest = buffer[start:]
        if len(self._rest) > MAX_REQUEST_BYTES:
            self._rest, self._too_long = self._rest[-1:], True


def attributes(request: bytes) -> dict[str, str]:
    """Return a request's attributes; the first of a name counts, and a line that is none is left out."""
    found: dict[str, str] = {}
    for line in request.decode(errors="replace").split("\n"):
        name, equals, value = line.partition("=")
        if equals:
            found.setdefault(name, value)
    return found


class Senders:
    """Whom a request is about, as the collectors name senders (docs/words.md)."""

    def __init__(self, networks: Mapping[str, str], programs: Sequence[str]) -> None:
        known: list[tuple[IPv4Network | IPv6Network, str]] = [
            (ip_network(network), name or network) for network, name in networks.items()
        ]
        self._networks = sorted(known, key=lambda item: -item[0].prefixlen)
        self._programs = [ip_network(network) for network in programs]
        self._at = lru_cache(maxsize=_ADDRESSES)(self._place)

    def of(self, request: Mapping[str, str]) -> str:
        """Return the login, else the customer network of the client, else a local program's envelope sender, or ""."""
        login = request.get("sasl_username", "")
        if login:
            return canonical_mailbox(login)
        network, is_program = self._at(request.get("client_address", ""))
        if network:
            return network
        return canonical_mailbox(request.get("sender", "")) if is_program else ""

    def _place(self, text: str) -> tuple[str, bool]:
        """Return the name of an address's network, or "", and whether local programs use the address."""
        try:
            address = ip_address(canonical_ip(text))
        except ValueError:
            return "", False
        name = next((name for network, name in self._networks if address in network), "")
        return name, any(address in network for network in self._programs)


class Allowance:
    """How many recipients a throttled mailbox may still have: never more in any hour, counted by the minute."""

    def __init__(self, per_hour: int) -> None:
        self.per_hour = per_hour
        self._minutes: deque[tuple[int, int]] = deque()
        self._last = ("", "")

    def takes(self, question: tuple[str, str], minute: int) -> bool:
        """Tell whether another recipient is within the hour's, and count it if so.

        `question` (the mail's instance and the recipient) is counted once, though Postfix may ask twice.
        """
        if question[0] and question == self._last:
            return True
        while self._minutes and self._minutes[0][0] < minute - _MINUTES:
            self._minutes.popleft()
        if sum(count for _, count in self._minutes) >= self.per_hour:
            return False
        self._last = question
        if self._minutes and self._minutes[-1][0] == minute:
            self._minutes[-1] = (minute, self._minutes[-1][1] + 1)
        else:
            self._minutes.append((minute, 1))
        return True


class Answers:
    """What is answered by these bars; the counts of those who stay throttled are taken over from `before`."""

    def __init__(self, policy: Policy, before: "Answers | None" = None) -> None:
        counted: Mapping[str, Allowance] = before.throttled if before else {}
        self._policy = policy
        self.suspended = frozenset(name for name, bar in policy.barred.items() if bar.step == "suspend")
        self.throttled: dict[str, Allowance] = {
            name: _allowed(bar, counted.get(name)) for name, bar in policy.barred.items() if bar.step == "throttle"
        }

    def to(self, sender: str, request: Mapping[str, str], minute: int) -> str:
        """Return the answer to a request about this sender."""
        if sender in self.suspended:
            return self._policy.suspended
        allowance = self.throttled.get(sender)
        if allowance is None or request.get("protocol_state") != "RCPT":
            return DUNNO
        question = (request.get("instance", ""), request.get("recipient", ""))
        return DUNNO if allowance.takes(question, minute) else self._policy.throttled


def _allowed(bar: Bar, before: Allowance | None) -> Allowance:
    if before is None:
        return Allowance(bar.recipients_per_hour)
    before.per_hour = bar.recipients_per_hour
    return before


class _Asking(Conversation):
    """One smtpd."""

    def __init__(self, server: "PolicyServer") -> None:
        super().__init__(server)
        self._asked = server
        self._requests = Requests()

    def answers(self, data: bytes) -> Iterator[bytes]:
        for request in self._requests.feed(data):
            yield f"action={self._asked.answer_to(request)}\n\n".encode()

    @property
    def waiting(self) -> bool:
        return self._requests.waiting


class PolicyServer(Server):
    """A policy server; its answers are replaced as a whole, never changed in place."""

    def __init__(self, senders: Senders, policy: Policy) -> None:
        super().__init__("policy")
        self._senders = senders
        self._answers = Answers(policy)

    def answer(self, policy: Policy) -> None:
        """Answer by these bars from now on."""
        self._answers = Answers(policy, self._answers)

    def answer_to(self, request: Mapping[str, str]) -> str:
        """Return the answer to a request of now."""
        if request.get("request") != "smtpd_access_policy":
            return DUNNO
        return self._answers.to(self._senders.of(request), request, int(time.monotonic() // 60))

    def conversation(self) -> Conversation:
        """Return what speaks with one smtpd."""
        return _Asking(self)
