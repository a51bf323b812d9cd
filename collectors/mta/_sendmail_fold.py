"""Sendmail: the logins of its processes, what local programs hand in, and the recipients that a message has left."""

import msgspec

from collectors.addresses import is_loopback
from collectors.mta._remembered import Key, Remembered
from collectors.mta._sendmail_refusals import LoginFailed
from collectors.mta.records import Attempted, Expired, Identified, LoginTried, Queued, Received, Record, Removed, Said
from schemas.facts import Outcome

_MOST_PROCESSES = 20_000
_MOST_MESSAGES = 100_000
_MOST_HANDED = 20_000
_HOUR = 60 * 60 * 1_000_000


class LoggedIn(Said, frozen=True, gc=False):
    """A client logged in; `process` serves it, and no other."""

    process: str
    mailbox: str
    method: str
    client_name: str
    client_ip: str


class Encrypted(Said, frozen=True, gc=False):
    """A process began TLS with its client."""

    process: str
    client_ip: str
    tls_version: str


class Mailed(Said, frozen=True, gc=False):
    """A message is in the queue; `uid`: a local program of this user handed it in."""

    process: str
    queue_id: str
    envelope_from: str
    size: int
    recipients: int
    message_id: str
    client_name: str
    client_ip: str
    uid: str


class Tried(Said, frozen=True, gc=False):
    """A delivery to some recipients of a message was tried."""

    queue_id: str
    recipients: tuple[str, ...]
    outcome: Outcome
    enhanced_status: str
    reply: str
    mailer: str
    relay_host: str
    relay_ip: str
    delay_ms: int
    local: bool


class Returned(Said, frozen=True, gc=False):
    """The sender is notified by a message of its own; `expired`: because the message is given up."""

    queue_id: str
    notification: str
    expired: bool


class Cloned(Said, frozen=True, gc=False):
    """A message goes to the members of a list in the name of its owner."""

    queue_id: str
    envelope_from: str


class Left(Said, frozen=True, gc=False):
    """A message left the queue."""

    queue_id: str


class _Process(msgspec.Struct, array_like=True, gc=False):
    at: int
    mailbox: str = ""
    method: str = ""
    client_ip: str = ""
    failed: bool = False
    tls_version: str = ""


class _Message(msgspec.Struct, array_like=True):
    left: int
    held: Mailed | None = None


class _State(msgspec.Struct, array_like=True):
    processes: list[tuple[Key, _Process]] = []
    messages: list[tuple[Key, _Message]] = []
    handed: list[tuple[Key, str]] = []


class Fold:
    """The processes by host and number, the messages by host and queue id, the programs' users by Message-ID."""

    def __init__(self, state: bytes) -> None:
        before = msgspec.msgpack.decode(state, type=_State) if state else _State()
        self._processes: Remembered[_Process] = Remembered(_MOST_PROCESSES, before.processes)
        self._messages: Remembered[_Message] = Remembered(_MOST_MESSAGES, before.messages)
        self._handed: Remembered[str] = Remembered(_MOST_HANDED, before.handed)

    def snapshot(self) -> bytes:
        """Return the state, to be given to the next fold of the same log."""
        return msgspec.msgpack.encode(
            _State(self._processes.snapshot(), self._messages.snapshot(), self._handed.snapshot())
        )

    def step(self, said: Record | Said) -> tuple[Record, ...]:
        """Take in what a line says; return what is known now."""
        records: tuple[Record, ...] = ()
        match said:
            case Tried():
                records = self._tried(said)
            case Mailed():
                records = self._mailed(said)
            case LoggedIn():
                records = self._logged_in(said)
            case Encrypted(at, host, process, client_ip, version):
                self._processes.put((host, process), _Process(at, client_ip=client_ip, tls_version=version))
            case LoginFailed():
                records = self._login_failed(said)
            case Returned():
                records = self._returned(said)
            case Cloned(at, host, queue_id, envelope_from):
                records = (Queued(at, host, queue_id, envelope_from, 0, 0),)
            case Left(at, host, queue_id):
                self._messages.drop((host, queue_id))
                records = (Removed(at, host, queue_id),)
            case _ if not isinstance(said, Said):
                records = (said,)
        return records

    def _logged_in(self, said: LoggedIn) -> tuple[Record, ...]:
        at, host, process, mailbox, method, _, client_ip = msgspec.structs.astuple(said)
        before = self._processes.find((host, process))
        same = before is not None and before.client_ip == client_ip and at - before.at <= _HOUR
        version = before.tls_version if before is not None and same else ""
        self._processes.put((host, process), _Process(at, mailbox, method, client_ip, tls_version=version))
        tried = LoginTried(at, host, mailbox, "smtp", "succeeded", client_ip, method)
        return (msgspec.structs.replace(tried, tls=bool(version), tls_version=version),)

    def _mailed(self, said: Mailed) -> tuple[Record, ...]:
        key = (said.host, said.queue_id)
        identity = (said.host, said.message_id)
        if said.uid:
            self._messages.put(key, _Message(said.recipients, said))
            if said.message_id:
                self._handed.put(identity, said.uid)
            return ()
        self._messages.put(key, _Message(said.recipients))
        uid = self._handed.drop(identity) if said.message_id and is_loopback(said.client_ip) else None
        if uid is not None:
            said = msgspec.structs.replace(said, uid=uid)
        return _entered(said, self._login_of(said))

    def _login_of(self, said: Mailed) -> _Process:
        """Return the login of the process that took a message, for the client that logged in."""
        process = self._processes.find((said.host, said.process))
        if process is None or process.client_ip != said.client_ip or said.at - process.at > _HOUR:
            return _Process(said.at)
        process.at = said.at
        return process

    def _login_failed(self, said: LoginFailed) -> tuple[Record, ...]:
        key = (said.host, said.process)
        process = self._processes.find(key)
        if said.counted:
            if process is not None and process.failed and said.at - process.at <= _HOUR:
                return ()
        else:
            self._processes.put(key, _Process(said.at, client_ip=said.client_ip, failed=True))
        tried = LoginTried(
            said.at, said.host, said.mailbox, "smtp", said.outcome, said.client_ip, said.method, said.reason
        )
        return (tried,)

    def _tried(self, said: Tried) -> tuple[Record, ...]:
        message = self._messages.find((said.host, said.queue_id))
        entered: tuple[Record, ...] = ()
        if message is not None and message.held is not None:
            if is_loopback(said.relay_ip):
                return ()  # handed over to the daemon, which names the message anew
            entered, message.held = _entered(message.held, _Process(said.at)), None
        tried = tuple(_attempt(said, recipient) for recipient in said.recipients)
        if message is None or said.outcome == "deferred":
            return entered + tried
        message.left -= len(tried)
        if message.left > 0:
            return entered + tried
        self._messages.drop((said.host, said.queue_id))
        return (*entered, *tried, Removed(said.at, said.host, said.queue_id))

    def _returned(self, said: Returned) -> tuple[Record, ...]:
        self._messages.put((said.host, said.notification), _Message(1))
        told = Queued(said.at, said.host, said.notification, "", 0, 1)
        if not said.expired:
            return (told,)
        self._messages.drop((said.host, said.queue_id))
        given_up = Expired(said.at, said.host, said.queue_id, "")
        return (given_up, told, Removed(said.at, said.host, said.queue_id))


def _entered(said: Mailed, login: _Process) -> tuple[Record, ...]:
    """Return that a message entered the queue: of a login, of a local program's user, or of a client."""
    client = ("", "") if said.uid else (said.client_name, said.client_ip)
    told: tuple[Record, ...] = (
        Received(
            said.at,
            said.host,
            said.queue_id,
            *client,
            login.method,
            login.mailbox,
            uid=said.uid,
            login_told=True,
        ),
    )
    if said.message_id:
        told += (Identified(said.at, said.host, said.queue_id, said.message_id),)
    return (*told, Queued(said.at, said.host, said.queue_id, said.envelope_from, said.size, said.recipients))


def _attempt(said: Tried, recipient: str) -> Attempted:
    return Attempted(
        said.at,
        said.host,
        said.queue_id,
        recipient,
        "",
        said.outcome,
        said.enhanced_status,
        said.reply,
        said.mailer,
        said.relay_host,
        said.relay_ip,
        0,
        said.delay_ms,
        said.local,
    )
