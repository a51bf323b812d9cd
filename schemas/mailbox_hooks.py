"""The configuration of what carries out a suspension or a throttle (docs/hooks-mailboxes.md)."""

import re
from collections.abc import Iterable
from pathlib import Path
from string import Formatter
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, HttpUrl, model_validator

from schemas.checked import Ip, Network, Port, Seconds, Zone
from schemas.part import Part
from schemas.smtp_settings import Smtp

PLACES = ("mailbox", "step", "reason", "decision", "recipients_per_hour")
"""What the orders of `command` and `sql` may name."""
NAMES = ("mailbox", "user", "domain")
"""What a DN of `ldap` may name."""
ADDRESS = re.compile(
    r"(?=.{3,254}$)[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*\.)*[A-Za-z0-9-]*[A-Za-z0-9]"
)
"""A mail address that stands in a header as it is: ASCII, without quotes, comments and line ends."""
_ANSWER = re.compile(r"(REJECT|DEFER|DEFER_IF_PERMIT|[45][0-9][0-9]) [45]\.[0-9]{1,3}\.[0-9]{1,3} [ -~]{1,200}")
_VALUE = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")  # as sqlalchemy.text reads it, which sees no quotes


def _answer(text: str) -> str:
    if not _ANSWER.fullmatch(text):
        raise ValueError("is no answer like 'REJECT 5.7.1 Some ASCII text'")
    return text


def _only(found: Iterable[str], known: tuple[str, ...], shape: str) -> None:
    unknown = sorted(set(found) - set(known))
    if unknown:
        there = ", ".join(shape.format(name) for name in known)
        raise ValueError(f"has {shape.format(unknown[0])}; there are {there}")


def places(template: str) -> set[str]:
    """Return the names in braces of a template. ValueError where it is none, or formats them in a way of its own."""
    found = set()
    for _, name, spec, conversion in Formatter().parse(template):
        if spec or conversion:
            raise ValueError(f"{template!r} formats {{{name}}}: only the bare name is filled in")
        if name is not None:
            found.add(name)
    return found


def bound(statement: str) -> set[str]:
    """Return the names of a statement's values."""
    return set(_VALUE.findall(statement))


def _command(command: tuple[str, ...]) -> tuple[str, ...]:
    if command and (places(command[0]) or not command[0]):
        raise ValueError("begins with no program: its name must be fixed")
    for argument in command:
        _only(places(argument), PLACES, "{{{}}}")
    return command


def _statement(text: str) -> str:
    _only(bound(text), PLACES, ":{}")
    return text


def _dn(text: str) -> str:
    found = places(text)
    _only(found, NAMES, "{{{}}}")
    if not found & {"mailbox", "user"}:
        raise ValueError(f"{text!r} names neither {{mailbox}} nor {{user}}: it would be one entry for all")
    return text


def _address(text: str) -> str:
    if not ADDRESS.fullmatch(text):
        raise ValueError(f"{text!r} is no mail address in ASCII")
    return text


def _fallback(text: str) -> str:
    if text and (places(text) - {"domain"} or not ADDRESS.fullmatch(text.replace("{domain}", "example.net"))):
        raise ValueError(f"{text!r} is no address like 'postmaster@{{domain}}'")
    return text


def _url(text: str) -> str:
    """Return a URL that can be called. ValueError, without the text, which may hold a token, where it is none."""
    try:
        url = HttpUrl(text)
        fine = bool(url.host and url.host.encode("idna")) and url.port != 0
    except ValueError:  # also of a port beyond 65535, and of a host with an empty label
        fine = False
    if re.match(r"https?://[^/?#]*@", text):
        raise ValueError("holds a user or a password before the host, where others may read it: leave it out")
    if not fine or not re.fullmatch(r"https?://[^\s\\/?#]+(?:[/?#]\S*)?", text):
        raise ValueError("is no URL like 'https://panel.example.net/hook': http or https, a host, a port of 1 to 65535")
    return text


Address = Annotated[str, AfterValidator(_address)]
Answer = Annotated[str, AfterValidator(_answer)]
Command = Annotated[tuple[str, ...], AfterValidator(_command)]
Statement = Annotated[str, AfterValidator(_statement)]
Url = Annotated[str, AfterValidator(_url)]
Attributes = dict[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9;-]{0,63}$")], tuple[str, ...]]
_SUSPENDED = "5.7.1 This mailbox may not send mail at present: please call your provider"
_THROTTLED = "4.7.1 This mailbox may send to no more recipients in this hour: please call your provider"


class PostfixPolicyHook(Part):
    """The policy server that Postfix's smtpd asks at each recipient: one TCP port of this host, and its answers.

    Clients in `programs` that did not log in are known by the sender of the envelope.
    """

    host: Ip = "127.0.0.1"
    port: Port = 10026
    programs: tuple[Network, ...] = ("127.0.0.0/8", "::1/128")
    suspended: Answer = f"REJECT {_SUSPENDED}"
    throttled: Answer = f"DEFER_IF_PERMIT {_THROTTLED}"


class PostfixAccessHook(Part):
    """Tables of those suspended, for check_sasl_access and check_sender_access, and the command that builds them."""

    path: Path = Path("/etc/postfix/relaywarden-suspended")
    senders: Path | None = None
    answer: Answer = f"REJECT {_SUSPENDED}"
    build: tuple[str, ...] = ("postmap", "/etc/postfix/relaywarden-suspended")


class DovecotDenyHook(Part):
    """A passwd-file of those suspended for a passdb with `deny = yes`, and the command that ends their sessions."""

    path: Path = Path("/etc/dovecot/relaywarden-deny")
    kick: Command = ()


class CommandHook(Part):
    """A program per step, run without a shell; without one for a step, nothing happens then."""

    suspend: Command = ()
    throttle: Command = ()
    release: Command = ()
    timeout_seconds: Seconds = 30.0

    @model_validator(mode="after")
    def _bars(self) -> Self:
        if not (self.suspend or self.throttle):
            raise ValueError("neither suspend nor throttle is set: it would do nothing")
        return self


class SqlHook(Part):
    """An SQL statement per step with :mailbox and others as bound values, at the database of this SQLAlchemy URL."""

    url_env: str = "RELAYWARDEN_SQL_URL"
    url_file: Path | None = None
    suspend: Statement = ""
    throttle: Statement = ""
    release: Statement = ""
    timeout_seconds: Seconds = 10.0

    @model_validator(mode="after")
    def _bars(self) -> Self:
        if not (self.suspend or self.throttle):
            raise ValueError("neither suspend nor throttle is set: it would do nothing")
        return self


class LdapHook(Part):
    """Attributes to replace per step in the entry `dn`; one without values is removed."""

    url: Annotated[str, Field(pattern=r"^ldap(s|i)?://[^\s@]*$")] = "ldap://127.0.0.1"
    starttls: bool = False
    bind_dn: str
    password_env: str = "RELAYWARDEN_LDAP_PASSWORD"  # noqa: S105 the variable's name, no password
    password_file: Path | None = None
    dn: Annotated[str, AfterValidator(_dn)]
    suspend: Attributes = Field(default_factory=dict)
    throttle: Attributes = Field(default_factory=dict)
    release: Attributes = Field(default_factory=dict)
    timeout_seconds: Seconds = 10.0

    @model_validator(mode="after")
    def _bars(self) -> Self:
        if not (self.suspend or self.throttle):
            raise ValueError("neither suspend nor throttle is set: it would do nothing")
        return self


class WebhookHook(Part):
    """A URL that is told of each of these steps, signed with the secret."""

    url: Url
    secret_env: str = "RELAYWARDEN_WEBHOOK_SECRET"  # noqa: S105 the variable's name, no secret
    secret_file: Path | None = None
    steps: Annotated[frozenset[Literal["throttle", "suspend", "release"]], Field(min_length=1)] = frozenset(
        ("throttle", "suspend", "release")
    )
    timeout_seconds: Seconds = 10.0


class PostfixQueueHook(Part):
    """Queued mail of the suspended goes on hold in this host's Postfix (that of the folder `config`, if named).

    `on_release`: what becomes of it when the mailbox is released. "keep" leaves it to an operator, all but what came
    more than `release_older_hours` before the suspension.
    """

    on_release: Literal["keep", "release"] = "keep"
    release_older_hours: Annotated[float, Field(ge=0)] = 24.0
    look_again_seconds: Seconds = 60.0
    config: Path | None = None


class CustomerMailHook(Smtp):
    """A mail to the customer at these steps, over SMTP; on one host only, since each host with it sends.

    `support` is whom to call, as it is to be read. A mailbox of no customer with a `contact` is told about at
    `fallback` ("": nobody is told); `desk` gets what could go to nobody but the barred mailbox itself.
    """

    sender: Address
    sender_name: str = ""
    reply_to: Address | Literal[""] = ""
    company: Annotated[str, Field(min_length=1)]
    support: Annotated[str, Field(min_length=1)]
    website: str = ""
    fallback: Annotated[str, AfterValidator(_fallback)] = "postmaster@{domain}"
    desk: Address | Literal[""] = ""
    language: Literal["de", "fr", "it", "en"] = "en"
    timezone: Zone = "UTC"
    templates: Path | None = None
    steps: Annotated[frozenset[Literal["throttle", "suspend", "release"]], Field(min_length=1)] = frozenset(
        ("throttle", "suspend", "release")
    )


class MailboxHooks(Part):
    """What carries out a suspension or a throttle; what is left out does not run. A dry run only logs what it would."""

    dry_run: bool = False
    postfix_policy: PostfixPolicyHook | None = None
    postfix_access: PostfixAccessHook | None = None
    dovecot_deny: DovecotDenyHook | None = None
    command: CommandHook | None = None
    sql: SqlHook | None = None
    ldap: LdapHook | None = None
    webhook: WebhookHook | None = None
    postfix_queue: PostfixQueueHook | None = None
    customer_mail: CustomerMailHook | None = None
