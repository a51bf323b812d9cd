"""What the API takes and gives, as types: they check what comes, and are the OpenAPI document."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, model_validator

from schemas.names import canonical_ip, canonical_mailbox, provider_named

Decision = Annotated[dict[str, Any], WithJsonSchema({"$ref": "#/components/schemas/Decision"})]
"""An event as it stands in Kafka; its schema is that of the events' own types."""


def _ip(text: str) -> str:
    try:
        return canonical_ip(text.replace("%", " "))  # no zones of this host: they may be any text
    except ValueError:
        raise ValueError(f"{text[:80]!r} is no IP address") from None


def _plain(text: str) -> str:
    if not text.isprintable() or not text.strip():
        raise ValueError("it has to be printable, and to say something")
    return text.strip()


def _provider(text: str) -> str:
    return provider_named(text) if text else ""


def _mailbox(text: str) -> str:
    if not canonical_mailbox(text):
        raise ValueError("say a login or address")
    return canonical_mailbox(text)


Ip = Annotated[str, Field(max_length=64), AfterValidator(_ip)]
Mailbox = Annotated[str, Field(max_length=1000), AfterValidator(_mailbox)]
Reason = Annotated[str, Field(max_length=1000), AfterValidator(_plain)]
Lasts = Annotated[str, Field(pattern=r"^([1-9][0-9]{0,5}[smhd])?$", description="How long it counts: 30m, 2h, 7d.")]
Human = Annotated[
    str,
    Field(max_length=80, pattern=r"^[^/\x00-\x1f\x7f]*$", description="Who orders it, by name."),
    AfterValidator(lambda text: _plain(text) if text else text),
]


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PoolOrder(_Given):
    """An order about an outbound IP, as `relaywarden pool` gives it."""

    action: Literal["withdraw", "restore", "pin", "unpin"]
    ip: Ip
    reason: Reason
    lasts: Lasts = Field("", alias="for")
    provider: Annotated[str, Field(max_length=255), AfterValidator(_provider)] = ""
    operator: Human = ""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.provider and self.action in {"pin", "unpin"}:
            raise ValueError(f"{self.action} is not about a provider")
        if self.lasts and self.action == "unpin":
            raise ValueError("unpin has no duration")
        return self


class MailboxOrder(_Given):
    """An order about a mailbox, or that it has a new password, as `relaywarden mailbox` gives it."""

    action: Literal["watch", "throttle", "suspend", "release", "password-changed"]
    mailbox: Mailbox
    reason: Annotated[str, Field(max_length=1000)] = ""
    lasts: Lasts = Field("", alias="for")
    operator: Human = ""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.action != "password-changed" or self.reason:
            try:
                _plain(self.reason)
            except ValueError as error:
                raise ValueError(f"reason: {error}") from None
        if self.lasts and self.action == "password-changed":
            raise ValueError("password-changed has no duration")
        return self


class Ordered(BaseModel):
    """An order that Kafka has: its event, and what whoever gave it should know."""

    id: str
    repeated: bool
    event: dict[str, Any]
    notes: list[str] = []


class Handed(BaseModel):
    """A complaint that is on disk; `new` is false where it was handed in before."""

    taken: int
    new: bool


class PoolIp(BaseModel):
    """An outbound IP, as `relaywarden pool list` shows it."""

    pool: str
    mode: str
    ip: str
    state: str
    share: float
    since: str
    until: str
    withdrawals: int
    not_to: str
    listed_by: str
    order: str
    known_at: str


class PoolDecision(BaseModel):
    """What was decided about a pool, as `relaywarden pool history` shows it."""

    time: str
    pool: str
    ip: str
    provider: str
    mode: str
    decision: str
    operator: str
    evidence: str
    culprits: str


class FlaggedMailbox(BaseModel):
    """A mailbox that is watched or worse, as `relaywarden mailbox list` shows it."""

    mailbox: str
    customer: str
    step: str
    state: str
    score: float
    decided: str
    reasons: str
    known_at: str


class MailboxDecided(BaseModel):
    """What was ordered, decided or done about a mailbox."""

    time: str
    mailbox: str
    what: str
    operator: str
    score: float
    evidence: str


class ShownMailbox(BaseModel):
    """All about one mailbox, as `relaywarden mailbox show` tells it."""

    mailbox: str
    customer: str
    mode: str
    protected: bool
    step: str
    state: str
    held: str
    held_by: str
    held_since: str
    held_until: str
    score: float
    known_at: str
    reasons_now: list[str]
    lately: list[str]
    decisions: list[MailboxDecided]


class Case(BaseModel):
    """A customer of whom several mailboxes are under attack, as `relaywarden case list` shows it."""

    case: str
    customer: str
    state: str
    opened: str
    changed: str
    count: int
    mailboxes: str


class Delisting(BaseModel):
    """A listing as a case, as `relaywarden delisting list` shows it."""

    case: str
    list: str
    subject: str
    pool: str
    state: str
    since: str
    relapse: int
    requests: int
    requested: str
    took: str
    removal: str


class Decisions(BaseModel):
    """A page of decisions, oldest first; `next` is where the next page begins."""

    decisions: list[Decision]
    next: str


class Works(BaseModel):
    """The process works."""

    works: bool


class Ready(BaseModel):
    """Whether the servers behind the API answer, and what is waited for."""

    ready: bool
    waits_for: dict[str, str]
