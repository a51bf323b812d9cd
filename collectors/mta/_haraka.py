"""What Haraka's lines say, and what they say together: recipients, sender and client have lines of their own."""

from collections import OrderedDict

import msgspec

from collectors.mta._replies import code_of, enhanced_of
from collectors.mta.records import (
    UNTOLD,
    Attempted,
    Expired,
    Identified,
    LoginTried,
    Queued,
    Received,
    Record,
    Refused,
    Removed,
    Said,
)
from schemas.facts import LoginOutcome, Outcome
from schemas.names import domain_of

_MOST_MAILS = 50_000
_MOST_BEGUN = 20_000
_MOST_CLIENTS = 20_000
_MOST_RECIPIENTS = 1000
_DENIED = {"DENY": 550, "DENYDISCONNECT": 550, "DENYSOFT": 450, "DENYSOFTDISCONNECT": 450}


class Connected(Said, frozen=True, gc=False):
    """A client came (`ip`), or left (no `ip`)."""

    uuid: str
    ip: str


class LoggedIn(Said, frozen=True, gc=False):
    """A client tried to log in; a plugin need not say as whom."""

    uuid: str
    mailbox: str
    outcome: LoginOutcome


class Asked(Said, frozen=True, gc=False):
    """A client named a sender (`stage` MAIL), a recipient (RCPT) or gave the mail (END-OF-MESSAGE).

    `address` is whom it named, of the mail its Message-ID; `code` is Haraka's answer.
    """

    uuid: str
    stage: str
    address: str
    code: str
    reply: str
    size: int = 0


class InQueue(Said, frozen=True, gc=False):
    """The mail was taken into the queue."""

    uuid: str


class Bound(Said, frozen=True, gc=False):
    """A plugin chose the address that a delivery leaves through."""

    uuid: str
    ip: str


class Delivered(Said, frozen=True, gc=False):
    """A server took the mail for `taken` of the recipients at its domain."""

    uuid: str
    domain: str
    relay_host: str
    relay_ip: str
    relay_port: int
    reply: str
    delay_ms: int
    local: bool
    taken: int


class Failed(Said, frozen=True, gc=False):
    """A recipient (`address` empty: all that are left at the domain) was refused; `over`: it was the last try."""

    uuid: str
    address: str
    outcome: Outcome
    reply: str
    over: bool = False


class _Mail(msgspec.Struct, array_like=True):
    """A mail: once it is in the queue, its open recipients by delivery, those deferred last at the end.

    `bound` has the addresses that deliveries leave through.
    """

    client_ip: str = ""
    mailbox: str = ""
    sender: str = ""
    recipients: list[str] = []
    message_id: str = ""
    size: int = 0
    open: dict[int, list[str]] = {}
    bound: dict[int, str] = {}


class _State(msgspec.Struct, array_like=True):
    mails: dict[str, _Mail] = {}
    begun: dict[str, _Mail] = {}
    clients: dict[str, tuple[str, str]] = {}


class Fold:
    """The clients that are connected, the mails that they began, and those in the queue: each bounded in number."""

    def __init__(self, state: bytes) -> None:
        before = msgspec.msgpack.decode(state, type=_State) if state else _State()
        self._mails = OrderedDict(before.mails)
        self._begun = OrderedDict(before.begun)
        self._clients = OrderedDict(before.clients)

    def snapshot(self) -> bytes:
        """Return the state, for the next fold of the same log."""
        return msgspec.msgpack.encode(_State(dict(self._mails), dict(self._begun), dict(self._clients)))

    def step(self, said: Record | Said) -> tuple[Record, ...]:
        """Return what a line tells together with those before it."""
        match said:
            case Connected():
                self._connected(said)
            case LoggedIn():
                return self._logged_in(said)
            case Asked():
                return self._asked(said)
            case InQueue():
                return self._in_queue(said)
            case Bound():
                mail, number = self._of(said.uuid)
                mail.bound[number] = said.ip
            case Delivered():
                return self._delivered(said)
            case Failed():
                return self._failed(said)
        return ()

    def _connected(self, said: Connected) -> None:
        self._clients.pop(said.uuid, None)
        if said.ip:
            self._clients[said.uuid] = (said.ip, "")
            if len(self._clients) > _MOST_CLIENTS:
                self._clients.popitem(last=False)

    def _logged_in(self, said: LoggedIn) -> tuple[Record, ...]:
        ip, _ = self._clients.get(said.uuid, ("", ""))
        if said.outcome == "succeeded":
            self._clients[said.uuid] = (ip, said.mailbox)
        return (LoginTried(said.at, said.host, said.mailbox, "smtp", said.outcome, ip),)

    def _asked(self, said: Asked) -> tuple[Record, ...]:
        ip, mailbox = self._clients.get(said.uuid.partition(".")[0], ("", ""))
        mail = self._begun.get(said.uuid)
        if mail is None or said.stage == "MAIL":
            mail = self._begun[said.uuid] = _Mail(ip, mailbox)
            if len(self._begun) > _MOST_BEGUN:
                self._begun.popitem(last=False)
        if said.code in _DENIED:
            sender = said.address if said.stage == "MAIL" else mail.sender
            code, recipient = code_of(said.reply) or _DENIED[said.code], said.address if said.stage == "RCPT" else ""
            told = (code, enhanced_of(said.reply), said.reply, sender, True, recipient, "", mailbox)
            return (Refused(said.at, said.host, "", said.stage, "", ip, *told),)
        if said.stage == "MAIL":
            mail.sender = said.address
        elif said.stage == "RCPT" and len(mail.recipients) < _MOST_RECIPIENTS:
            mail.recipients.append(said.address)
        elif said.stage == "END-OF-MESSAGE":
            mail.message_id, mail.size = said.address, said.size
        return ()

    def _in_queue(self, said: InQueue) -> tuple[Record, ...]:
        mail = self._begun.pop(said.uuid, None)
        if mail is None:
            return ()
        self._mails[said.uuid] = mail
        if len(self._mails) > _MOST_MAILS:
            self._mails.popitem(last=False)
        for recipient in mail.recipients:  # Haraka numbers the deliveries by domain, in this order
            domain = domain_of(recipient)
            number = next((at for at, those in mail.open.items() if domain_of(those[0]) == domain), len(mail.open) + 1)
            mail.open.setdefault(number, []).append(recipient)
        return (
            Received(said.at, said.host, said.uuid, "", mail.client_ip, mailbox=mail.mailbox, login_told=True),
            Identified(said.at, said.host, said.uuid, mail.message_id),
            Queued(said.at, said.host, said.uuid, mail.sender, mail.size, len(mail.recipients)),
        )

    def _of(self, uuid: str) -> tuple[_Mail, int]:
        """Return the mail of a delivery and the delivery's number; one that is not known is new, and kept nowhere."""
        name, _, number = uuid.rpartition(".")
        is_number = number.isascii() and number.isdecimal() and len(number) <= len("9999")
        return self._mails.get(name) or _Mail(), int(number) if is_number else 0

    def _delivered(self, said: Delivered) -> tuple[Record, ...]:
        mail, number = self._of(said.uuid)
        there = mail.open.get(number, [])
        if there and domain_of(there[0]) == said.domain.lower():
            taken, mail.open[number] = there[: said.taken], there[said.taken :]
        else:  # told before this log begins, or split otherwise: of the recipients only the domain is known
            taken = [f"@{said.domain}"] * min(said.taken, _MOST_RECIPIENTS)
        records: list[Record] = [_attempt(said, mail, number, each) for each in taken]
        return (*records, *self._over(said, mail, number))

    def _failed(self, said: Failed) -> tuple[Record, ...]:
        mail, number = self._of(said.uuid)
        there = mail.open.get(number, [])
        failed = [said.address] if said.address else list(there)
        if said.over and failed:
            mail.open.pop(number, None)
            expired = Expired(said.at, said.host, said.uuid.rpartition(".")[0], mail.sender)
            return (expired, *self._over(said, mail, number))
        records: list[Record] = [_attempt(said, mail, number, each) for each in failed]
        if number in mail.open:  # the deferred ones come last: a server that takes some of them took the others
            left = [each for each in there if each not in failed]
            mail.open[number] = (
                left if said.outcome == "bounced" else [*left, *(each for each in there if each in failed)]
            )
        return (*records, *(self._over(said, mail, number) if said.outcome == "bounced" else ()))

    def _over(self, said: Delivered | Failed, mail: _Mail, number: int) -> tuple[Record, ...]:
        """Forget a mail of which no recipient is left; return that it left the queue."""
        if not mail.open.get(number, []):
            mail.open.pop(number, None)
        name = said.uuid.rpartition(".")[0]
        if mail.open or self._mails.pop(name, None) is None:
            return ()
        return (Removed(said.at, said.host, name),)


def _attempt(said: Delivered | Failed, mail: _Mail, number: int, recipient: str) -> Attempted:
    """Return what became of a recipient."""
    to = said if isinstance(said, Delivered) else None
    return Attempted(
        said.at,
        said.host,
        said.uuid.rpartition(".")[0],
        recipient,
        "",
        said.outcome if isinstance(said, Failed) else "sent",
        enhanced_of(said.reply),
        said.reply,
        "",
        to.relay_host if to else "",
        to.relay_ip if to else "",
        to.relay_port if to else 0,
        to.delay_ms if to else UNTOLD,
        local=to.local if to else False,
        outbound_ip=mail.bound.get(number, ""),
        mailbox=mail.mailbox,
        client_ip=mail.client_ip,
        envelope_from=mail.sender,
        has_envelope=bool(mail.recipients),
    )
