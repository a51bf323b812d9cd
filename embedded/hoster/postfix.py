"""True-to-form log lines for the hoster's activity: Postfix 3.7 as it takes mails in and delivers them, Dovecot 2.3."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from embedded.hoster.activity import DAY, MINUTE, SECOND, Happening, Login, Mail, Recipient
from embedded.hoster.door import Door
from embedded.hoster.lines import Clerk, Line
from embedded.hoster.replies import FINAL, Provider, Said, provider
from embedded.hoster.weather import Weather

_LIFETIME = 5 * DAY
_AT_ONCE = 50
_RESIDENTS = "customer"


@dataclass
class Sent:
    """A mail as it went out: which transport carried it, and whom it reached."""

    mail: Mail
    queue_id: str
    message_id: str
    envelope_from: str
    transport: str
    reached: list[Recipient] = field(default_factory=list)


def is_ours(domain: str) -> bool:
    """Tell whether mail for a domain stays here."""
    return domain.startswith(_RESIDENTS) and domain[8:9].isdigit()


def _seconds(value: float) -> str:
    """Return a delay as Postfix writes it: two digits, hundredths at least."""
    if value >= 9.95:
        return str(round(value))
    if value >= 0.995:
        return f"{value:.2g}"
    return f"{value:.2f}".rstrip("0").rstrip(".") if value >= 0.005 else "0"


class Scribe:
    """Writes the lines of one relay host; `choose(sender)` is asked for the transport of each mail."""

    def __init__(
        self, seed: int, choose: Callable[[str], str], ips: dict[str, str], weather: Weather, host: str = "mx1"
    ) -> None:
        self._rng = Random(f"scribe {seed}")
        self._choose = choose
        self._ips = ips
        self._weather = weather
        self._clerk = Clerk(host)
        self._door = Door(self._clerk, self._rng)
        self._qmgr = f"postfix/qmgr[{self._rng.randint(300, 30_000)}]: "
        self._connections: dict[tuple[str, str], tuple[int, int, int]] = {}
        self._lines: list[Line] = []

    def _line(self, at: int, text: str) -> None:
        self._lines.append(self._clerk.line(at, "mail", text))

    def _pid(self) -> int:
        return 300 + int(self._rng.random() * 32_000)

    def write(self, happening: Happening) -> tuple[Sent | None, list[Line]]:
        """Return the lines of what happened, and how a mail went out. Lines of retries lie minutes or days ahead."""
        if isinstance(happening, Mail):
            return self.mail(happening)
        if isinstance(happening, Login):
            return None, self._door.login(happening)
        return None, self._door.refusal(happening)

    def mail(self, mail: Mail) -> tuple[Sent, list[Line]]:
        """Return how a mail goes out, and its lines."""
        self._lines = []
        sent = self._door.take_in(mail, self._lines)
        envelope = "" if mail.envelope_from == "<>" else mail.envelope_from or mail.mailbox
        going = Sent(mail, sent[0], sent[1], envelope, self._choose(mail.mailbox))
        at = sent[2]
        waiting: list[tuple[Recipient, Said]] = [(to, to.fate) for to in mail.recipients]
        queued, backoff = mail.at, 5 * MINUTE
        while True:
            self._line(
                at,
                f"{self._qmgr}{going.queue_id}: from=<{envelope}>, size={mail.size}, "
                f"nrcpt={len(waiting)} (queue active)",
            )
            waiting, at, bounced = self._round(going, waiting, at)
            if bounced:
                at = self._notify(going, at)
            if not waiting:
                break
            at += backoff + int(self._rng.random() * 5 * MINUTE)
            backoff = min(backoff * 2, 66 * MINUTE)
            if at - queued > _LIFETIME:
                self._line(at, f"{self._qmgr}{going.queue_id}: from=<{envelope}>, status=expired, returned to sender")
                at = self._notify(going, at + 3000)
                break
        self._line(at + 900, f"{self._qmgr}{going.queue_id}: removed")
        return going, self._lines

    def _round(
        self, sent: Sent, waiting: list[tuple[Recipient, Said]], at: int
    ) -> tuple[list[tuple[Recipient, Said]], int, bool]:
        """Try all who wait, those of one domain together; return who still waits, the time, and whether one bounced."""
        random, bounced, tried = self._rng.random, False, 0
        left: list[tuple[Recipient, Said]] = []
        if len(waiting) > 1:
            waiting = sorted(waiting, key=lambda each: each[0].address.partition("@")[2])
        previous = ""
        at += 4000
        for recipient, fate in waiting:
            domain = recipient.address.partition("@")[2]
            if domain != previous:
                previous, tried = domain, 0
                at += 30_000 + int(random() * 500_000) // min(len(waiting), _AT_ONCE)
            said = self._attempt(sent, recipient, fate, at, tried)
            tried += 1
            at += 1500
            if said == "sent":
                sent.reached.append(recipient)
            elif said in FINAL:
                bounced = True
            else:
                left.append((recipient, "sent" if fate == "throttled" else fate))
        return left, at, bounced

    def _attempt(self, sent: Sent, recipient: Recipient, fate: Said, at: int, tried: int) -> Said:
        """Write one attempt; return what the server said."""
        random, domain = self._rng.random, recipient.address.partition("@")[2]
        if is_ours(domain):
            self._local(sent.queue_id, recipient.address, at, sent.mail.at)
            return "sent"
        said = fate
        if fate == "sent":
            said = self._weather.meets(recipient.address, domain, sent.envelope_from, sent.transport, at)
        where = provider(domain)
        reply = where.replies[said]
        delay = (at - sent.mail.at) / SECOND
        spent = random() * min(delay, 0.6)
        text = reply.text.format(
            mx=where.mx, ip=where.ip, to=recipient.address, domain=domain, out=self._ips[sent.transport],
            token=f"{int(random() * (1 << 44)):011x}",
        )  # fmt: skip
        relay, pid = self._relay(sent.transport, where, said, at, tried)
        original = f" orig_to=<{sent.mail.original_to}>," if sent.mail.original_to else ""
        self._line(
            at,
            f"postfix/{sent.transport}/smtp[{pid}]: {sent.queue_id}: to=<{recipient.address}>,{original} "
            f"relay={relay}, delay={_seconds(delay)}, delays={_seconds(delay - spent)}/0.01/{_seconds(spent * 0.4)}/"
            f"{_seconds(spent * 0.6)}, "
            f"dsn={reply.dsn}, status={reply.status} {text}",
        )
        return said

    def _relay(self, transport: str, where: Provider, said: Said, at: int, tried: int) -> tuple[str, int]:
        """Return the server as Postfix names it, and the process: a connection just used is used again."""
        if said in {"timeout", "no_domain"}:
            return "none", self._pid()
        last, used, pid = self._connections.get((transport, where.mx), (0, 0, 0))
        if tried:
            return f"{where.mx}[{where.ip}]:25{f', conn_use={used}' if used > 1 else ''}", pid
        if 0 <= at - last < 2 * SECOND and used < 80:
            used += 1
        else:
            used, pid = 1, self._pid()
        if len(self._connections) > 5000:
            self._connections.clear()
        self._connections[transport, where.mx] = (at, used, pid)
        return f"{where.mx}[{where.ip}]:25{f', conn_use={used}' if used > 1 else ''}", pid

    def _local(self, queue_id: str, address: str, at: int, queued: int) -> None:
        delay = max(0.05, (at - queued) / SECOND)
        self._line(
            at,
            f"postfix/lmtp[{self._pid()}]: {queue_id}: to=<{address}>, relay=mx1.hoster.example[private/dovecot-lmtp], "
            f"delay={_seconds(delay)}, delays={_seconds(delay * 0.5)}/0.01/0.01/{_seconds(delay * 0.4)}, "
            f"dsn=2.0.0, status=sent "
            f"(250 2.0.0 <{address}> {int(self._rng.random() * (1 << 60)):015X} Saved)",
        )

    def _notify(self, sent: Sent, at: int) -> int:
        """Write the notification that goes back to the envelope's sender, if there is one; return the time after."""
        if not sent.envelope_from:
            return at
        queue_id, domain = self._door.queue_id(at), sent.envelope_from.partition("@")[2]
        self._line(
            at + 1000, f"postfix/cleanup[{self._pid()}]: {queue_id}: message-id=<{self._door.own_id(at, queue_id)}>"
        )
        self._line(
            at + 1900, f"postfix/bounce[{self._pid()}]: {sent.queue_id}: sender non-delivery notification: {queue_id}"
        )
        self._line(at + 2600, f"{self._qmgr}{queue_id}: from=<>, size={sent.mail.size + 2500}, nrcpt=1 (queue active)")
        to = sent.envelope_from
        if is_ours(domain):
            self._local(queue_id, to, at + 40_000, at)
        else:
            back = Sent(sent.mail, queue_id, "", "", sent.transport)
            real = sent.mail.kind == "honest" or domain.startswith(_RESIDENTS)
            fate: Said = "sent" if real else "unknown_user"
            self._attempt(back, Recipient(to), fate, at + 300_000, 0)
        self._line(at + 302_000, f"{self._qmgr}{queue_id}: removed")
        return at + 2700
