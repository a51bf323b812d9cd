"""OpenSMTPD: sessions, the messages that came in them, and which of their envelopes are not delivered yet."""

import msgspec

from collectors.mta._remembered import Key, Remembered
from collectors.mta.records import Attempted, Expired, LoginTried, Queued, Received, Record, Refused, Removed, Said
from schemas.facts import LoginOutcome, Outcome

_MOST_SESSIONS = 20_000
_MOST_MESSAGES = 100_000
_MOST_ENVELOPES = 10_000


class Connected(Said, frozen=True, gc=False):
    """A session began; `local`: by a program of this host."""

    session: str
    client_ip: str
    client_name: str
    local: bool


class Disconnected(Said, frozen=True, gc=False):
    """A session ended."""

    session: str


class LoggedIn(Said, frozen=True, gc=False):
    """A login was tried in a session."""

    session: str
    mailbox: str
    outcome: LoginOutcome


class Listed(Said, frozen=True, gc=False):
    """A message is in the queue; its envelopes follow."""

    session: str
    message: str
    size: int
    recipients: int


class Named(Said, frozen=True, gc=False):
    """An envelope of a message, or, in the older form, the message as well."""

    session: str
    message: str
    envelope_from: str
    envelope: str
    size: int = 0
    recipients: int = 0


class Spurned(Said, frozen=True, gc=False):
    """A command was refused in a session."""

    session: str
    stage: str
    code: int = 0
    enhanced_status: str = ""
    reply: str = ""
    address: str = ""


class Delivered(Said, frozen=True, gc=False):
    """A delivery was tried, well or not."""

    session: str
    envelope: str
    envelope_from: str
    recipient: str
    original: str
    outcome: Outcome
    enhanced_status: str
    reply: str
    outbound_ip: str
    relay_host: str
    relay_ip: str
    delay_ms: int
    local: bool


class Gone(Said, frozen=True, gc=False):
    """An envelope was given up."""

    envelope: str
    envelope_from: str


class _Session(msgspec.Struct, array_like=True, gc=False):
    client_ip: str = ""
    client_name: str = ""
    mailbox: str = ""


class _Message(msgspec.Struct, array_like=True):
    size: int = 0
    recipients: int = 0
    named: bool = False
    open: set[str] = set()


class _State(msgspec.Struct, array_like=True):
    sessions: list[tuple[Key, _Session]] = []
    messages: list[tuple[Key, _Message]] = []


class Fold:
    """The sessions by host and session, the messages by host and message."""

    def __init__(self, state: bytes) -> None:
        before = msgspec.msgpack.decode(state, type=_State) if state else _State()
        self._sessions: Remembered[_Session] = Remembered(_MOST_SESSIONS, before.sessions)
        self._messages: Remembered[_Message] = Remembered(_MOST_MESSAGES, before.messages)

    def snapshot(self) -> bytes:
        """Return the state, to be given to the next fold of the same log."""
        return msgspec.msgpack.encode(_State(self._sessions.snapshot(), self._messages.snapshot()))

    def step(self, said: Record | Said) -> tuple[Record, ...]:  # noqa: PLR0911 one answer a kind of line
        """Take in what a line says; return what is known now."""
        match said:
            case Connected(_, host, session, client_ip, client_name, local):
                self._sessions.put((host, session), _Session("" if local else client_ip, "" if local else client_name))
                return ()
            case Disconnected(_, host, session):
                self._sessions.drop((host, session))
                return ()
            case LoggedIn():
                return self._logged_in(said)
            case Listed(_, host, _, message, size, recipients):
                self._messages.put((host, message), _Message(size, recipients))
                return ()
            case Named():
                return self._named(said)
            case Delivered():
                return self._delivered(said)
            case Gone(at, host, envelope, envelope_from):
                return (Expired(at, host, envelope[:8], envelope_from), *self._over(said, envelope))
            case Spurned():
                return self._spurned(said)
            case _:
                return ()

    def _logged_in(self, said: LoggedIn) -> tuple[Record, ...]:
        session = self._sessions.find((said.host, said.session)) or _Session()
        if said.outcome == "succeeded":
            session.mailbox = said.mailbox
            self._sessions.put((said.host, said.session), session)
        return (LoginTried(said.at, said.host, said.mailbox, "smtp", said.outcome, session.client_ip),)

    def _named(self, said: Named) -> tuple[Record, ...]:
        message = self._messages.find((said.host, said.message))
        if message is None:
            message = self._messages.put((said.host, said.message), _Message(said.size, said.recipients))
        if said.envelope and len(message.open) < _MOST_ENVELOPES:
            message.open.add(said.envelope)
        if message.named:
            return ()
        message.named = True
        client = self._sessions.find((said.host, said.session)) or _Session()
        return (
            Received(
                said.at,
                said.host,
                said.message,
                client.client_name,
                client.client_ip,
                mailbox=client.mailbox,
                login_told=True,
            ),
            Queued(said.at, said.host, said.message, said.envelope_from, message.size, message.recipients),
        )

    def _delivered(self, said: Delivered) -> tuple[Record, ...]:
        tried = Attempted(
            said.at,
            said.host,
            said.envelope[:8],
            said.recipient,
            said.original,
            said.outcome,
            said.enhanced_status,
            said.reply,
            "mda" if said.local else "mta",
            said.relay_host,
            said.relay_ip,
            0,
            said.delay_ms,
            said.local,
            said.outbound_ip,
            envelope_from=said.envelope_from,
            has_envelope=True,
        )
        return (tried, *self._over(said, said.envelope)) if said.outcome != "deferred" else (tried,)

    def _over(self, said: Said, envelope: str) -> tuple[Record, ...]:
        """Note that an envelope is over; with the last of a message the message is."""
        key = (said.host, envelope[:8])
        message = self._messages.find(key)
        if message is None or envelope not in message.open:
            return ()
        message.open.discard(envelope)
        if message.open:
            return ()
        self._messages.drop(key)
        return (Removed(said.at, said.host, envelope[:8]),)

    def _spurned(self, said: Spurned) -> tuple[Record, ...]:
        client = self._sessions.find((said.host, said.session)) or _Session()
        mail = said.stage == "MAIL"
        return (
            Refused(
                said.at,
                said.host,
                "",
                said.stage,
                client.client_name,
                client.client_ip,
                said.code,
                said.enhanced_status,
                said.reply,
                said.address if mail else "",
                has_envelope=mail and bool(said.code),
                recipient="" if mail else said.address,
                mailbox=client.mailbox,
            ),
        )
