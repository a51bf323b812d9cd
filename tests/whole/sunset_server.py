"""The hoster's own relay: a real SMTP server that refuses, defers, and loses connections, and logs as Postfix does."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from random import Random
from typing import Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.whole.sunset_lines import taken

Mood = Literal["takes", "refuses", "defers", "cut before the dot", "cut after the dot"]
_MOODS: tuple[Mood, ...] = ("takes", "defers", "cut before the dot", "cut after the dot")
_WEIGHTS = (66, 12, 11, 11)
_REPLIES = {"refuses": "550 5.1.1 No such user", "defers": "451 4.7.1 Greylisted, come again"}


@dataclass(frozen=True)
class Taken:
    """A mail that the server took, when, and for whom."""

    at: int
    recipient: str
    mail: EmailMessage


class _Smtp(SMTP):
    """Loses the connection after DATA, where it is told to."""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 aiosmtpd's name
        relay = self.event_handler
        assert isinstance(relay, Relay)
        if relay.mood == "cut before the dot":
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            _lost(self)
            return
        await super().smtp_DATA(arg)


def _lost(server: SMTP) -> None:
    """Lose a connection."""
    assert server.transport is not None
    server.transport.close()


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Smtp(self.handler, hostname="out1.hoster.example")


class Relay:
    """The server; `clock` tells the time of its log, which is kept in `lines`. One mood for each try, from a seed.

    To some addresses it always says the same; what it took for `bounces` comes back from there.
    """

    def __init__(self, port: int, seed: int, clock: Callable[[], int], always: dict[str, Mood], bounces: str) -> None:
        self.port, self._seed, self._clock, self._always, self._bounces = port, seed, clock, always, bounces
        self.taken: list[Taken] = []
        self.lines = ""
        self.mood: Mood = "takes"
        self.moods: Counter[Mood] = Counter()
        self._tries: Counter[str] = Counter()
        self._controller: Controller | None = None

    @property
    def away(self) -> bool:
        """Tell whether nobody listens."""
        return self._controller is None

    async def handle_RCPT(  # noqa: N802 aiosmtpd's name and shape
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        self._tries[address] += 1
        drawn = Random(f"{self._seed} {address} {self._tries[address]}").choices(_MOODS, _WEIGHTS)[0]
        self.mood = self._always.get(address, drawn)
        self.moods[self.mood] += 1
        if self.mood in _REPLIES:
            return _REPLIES[self.mood]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        recipient, now = envelope.rcpt_tos[0], self._clock()
        self.taken.append(Taken(now, recipient, mail))
        queue_id = f"4G{len(self.taken):08X}z"
        bounced = recipient == self._bounces
        self.lines += taken(now, queue_id, mail["Message-ID"], (str(envelope.mail_from), recipient), bounced=bounced)
        if self.mood == "cut after the dot":
            _lost(server)
        return f"250 2.0.0 Ok: queued as {queue_id}"

    def start(self) -> None:
        """Listen."""
        self._controller = _Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        """Go away; what was taken stays taken."""
        if self._controller is not None:
            self._controller.stop()
        self._controller = None
