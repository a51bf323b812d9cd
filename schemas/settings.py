"""The configuration: one TOML file, read once into frozen types that refuse unknown keys.

Every wrong key is named at once, with its place. Only passwords come from elsewhere.
"""

import os
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, ValidationInfo, field_validator, model_validator

from schemas.access_settings import Dashboard
from schemas.alert_settings import Alerting
from schemas.api_settings import Api
from schemas.checked import Name, Network, Port, Seconds, Zone, envelope_pattern
from schemas.customers import owners
from schemas.directory_settings import AnyDirectory
from schemas.dnsbl_settings import Dnsbl
from schemas.domain_settings import Domains
from schemas.inputs import AnyInput
from schemas.inputs.taken import placed, taken_wrongly, with_brokers
from schemas.mailbox_settings import Customer, Mailboxes, bars
from schemas.metrics_settings import Metrics
from schemas.part import Part
from schemas.password import password_in
from schemas.pool_settings import Pool
from schemas.reply_settings import Replies
from schemas.report_settings import Report
from schemas.sunset_settings import Sunset

_TAGS = {"union_tag_invalid", "union_tag_not_found"}
_SECRET = {"url", "url_env", "url_file", "key_env", "verp_key_env", "password_env", "token_env"}
"""Settings whose wrong value is not told: a URL may hold a token, and who confuses name and secret wrote the secret."""


class SettingsError(ValueError):
    """The configuration cannot be used; the text names every wrong key and its value."""


class Kafka(Part):
    """Where the event log is, how its topics are made, and when a log line counts as kept.

    `confirm="broker"`: once the broker acknowledged it. `"sink"`: once the sink stored it in ClickHouse, for a broker
    that keeps all in memory and may forget it.
    """

    bootstrap: tuple[str, ...] = ("127.0.0.1:9092",)
    partitions: Annotated[int, Field(ge=1, le=1000)] = 8
    replication: Annotated[int, Field(ge=1, le=7)] = 1
    confirm: Literal["broker", "sink"] = "broker"
    group: Name = "relaywarden"
    session_timeout_seconds: Seconds = 10.0


class ClickHouse(Part):
    """Where the warehouse is, and how many days it keeps events; what is older is deleted, or not stored at all.

    The password comes from the environment, else from a file that only its owner reads.
    """

    host: str = "127.0.0.1"
    port: Port = 8123
    secure: bool = False
    database: Name = "relaywarden"
    user: str = "default"
    password_env: str = "RELAYWARDEN_CLICKHOUSE_PASSWORD"  # noqa: S105 the variable's name, no password
    password_file: Path | None = None
    keep_days: Annotated[int, Field(ge=1, le=10_000)] = 400

    @property
    def password(self) -> str:
        """Return the password that the environment holds, else the file's first line, or "" where neither is set.

        ValueError where the file cannot be read, or is open to others too.
        """
        given = os.environ.get(self.password_env, "")
        if given or self.password_file is None:
            return given
        return password_in(self.password_file, "clickhouse.password_file")


class Log(Part):
    """A log to follow: `format` is a module of collectors/mta/ or collectors/logins/.

    `log` is its file, or that in which the lines of `input` wait.
    """

    format: Name
    log: Path
    input: Name | Literal[""] = ""
    host: str = ""
    timezone: Zone = "UTC"
    start: Literal["beginning", "end"] = "beginning"


class Maildir(Part):
    """A Maildir for complaints, bounces or reports: `format` is one of `collectors/documents.py`; "any" tries them all.

    `input` brings mails there; without one, others do.
    `header` and `verp` name our sender in a mail (docs/complaints.md). A complaint whose mail the log does not know yet
    waits `attribution_wait_minutes`; its mail left within `attribution_days`.
    """

    format: Name = "any"
    maildir: Path
    input: Name | Literal[""] = ""
    header: Annotated[str, Field(pattern=r"^[!-9;-~]{0,76}$")] = ""
    verp: Annotated[str, AfterValidator(envelope_pattern)] = ""
    verp_key_env: str = "RELAYWARDEN_VERP_KEY"
    attribution_wait_minutes: Annotated[float, Field(ge=0)] = 60.0
    attribution_days: Annotated[float, Field(gt=0)] = 14.0

    @property
    def verp_key(self) -> str:
        """Return the key that signs our envelope senders, "" where the environment holds none."""
        return os.environ.get(self.verp_key_env, "")


class GeoIp(Part):
    """GeoIP databases (MaxMind's format): of cities or countries, and of autonomous systems; any of them, or none."""

    databases: tuple[Path, ...] = ()


class Embedded(Part):
    """The one-machine mode (`relaywarden up`): where it keeps its data, and how much memory its broker may take."""

    data: Path = Path("var")
    broker_memory_mb: Annotated[int, Field(ge=64)] = 1024


class Settings(Part):
    """The whole configuration.

    A relay client without a login is the mailbox that logged in from its address by POP3 or IMAP within the last
    `pop_before_smtp_minutes` (0: never). `tick_seconds` is how often the pool is looked at though nothing happened;
    after `stall_seconds` without progress the worker ends, to be started anew.
    """

    data: Path = Path("/var/lib/relaywarden")
    tick_seconds: Seconds = 5.0
    stall_seconds: Seconds = 120.0
    pop_before_smtp_minutes: Annotated[float, Field(ge=0)] = 30.0
    kafka: Kafka = Kafka()
    clickhouse: ClickHouse = ClickHouse()
    mta: dict[Name, Log] = Field(default_factory=dict)
    logins: dict[Name, Log] = Field(default_factory=dict)
    input: dict[Name, AnyInput] = Field(default_factory=dict)
    complaints: dict[Name, Maildir] = Field(default_factory=dict)
    networks: dict[Network, str] = Field(default_factory=dict)
    dnsbl: Dnsbl = Dnsbl()
    pool: dict[Name, Pool] = Field(default_factory=dict)
    mailboxes: Mailboxes = Mailboxes()
    customers: dict[Name, Customer] = Field(default_factory=dict)
    directory: AnyDirectory | None = None
    domains: Domains = Domains()
    replies: Replies = Replies()
    sunset: dict[Name, Sunset] = Field(default_factory=dict)
    report: dict[Name, Report] = Field(default_factory=dict)
    alert: Alerting | None = None
    geoip: GeoIp = GeoIp()
    dashboard: Dashboard = Dashboard()
    metrics: Metrics | None = None
    api: Api | None = None
    embedded: Embedded = Embedded()

    @model_validator(mode="before")
    @classmethod
    def _placed(cls, given: dict[str, Any]) -> dict[str, Any]:
        given = with_brokers(given, cls.model_fields["kafka"].default.bootstrap)
        return placed(given, cls.model_fields["data"].default)

    @model_validator(mode="after")
    def _taken(self) -> Self:
        if wrong := "; ".join(taken_wrongly(self.input, self.inputs_by_table)):
            raise ValueError(wrong)
        wanted = self.api.complaints if self.api is not None else ""
        if wanted and wanted not in self.complaints:
            known = ", ".join(self.complaints) or "none"
            raise ValueError(f"api.complaints: there is no table complaints.{wanted}; there are {known}")
        return self

    @field_validator("pool")
    @classmethod
    def _one_pool_an_ip(cls, pools: dict[str, Pool]) -> dict[str, Pool]:
        owner: dict[str, str] = {}
        for name, pool in pools.items():
            for ip in pool.ips:
                if owner.setdefault(ip, name) != name:
                    raise ValueError(f"{name}.transports: {ip} is in the pool {owner[ip]} already")
            for transport in pool.transports:
                if owner.setdefault(transport, name) != name:
                    raise ValueError(f"{name}.transports: {transport} is in the pool {owner[transport]} already")
        return pools

    @field_validator("customers")
    @classmethod
    def _one_customer_a_mailbox(cls, customers: dict[str, Customer]) -> dict[str, Customer]:
        owners(customers)
        return customers

    @field_validator("customers")
    @classmethod
    def _carried_out(cls, customers: dict[str, Customer], info: ValidationInfo) -> dict[str, Customer]:
        mailboxes = info.data.get("mailboxes")  # missing where these are wrong themselves
        enforced = [f"{name}.action" for name, customer in customers.items() if customer.action == "enforce"]
        if enforced and mailboxes is not None and not bars(mailboxes.hooks):
            raise ValueError(f"{', '.join(enforced)}: 'enforce', but mailboxes.hooks has none that bars a mailbox")
        return customers

    @property
    def inputs_by_table(self) -> dict[str, str]:
        """Return the input of each table that may have one, "" where it has none."""
        logs = {"mta": self.mta, "logins": self.logins}
        named = {f"{part}.{name}": log.input for part, each in logs.items() for name, log in each.items()}
        return named | {f"complaints.{name}": box.input for name, box in self.complaints.items()}

    @property
    def desk_works(self) -> bool:
        """Tell whether the desk has anything to do."""
        return bool(self.sunset or self.report or self.alert or self.directory or self.customers)

    @property
    def outbound_ips(self) -> dict[str, str]:
        """Return the outbound IP of each Postfix transport of all pools."""
        return {name: ip for pool in self.pool.values() for name, ip in pool.transports.items()}


def parse(text: str, place: str) -> Settings:
    """Return the settings of a TOML text. SettingsError names every wrong key; `place` is the file's name."""
    try:
        table: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{place}: no TOML: {error}") from error
    try:
        return Settings.model_validate(table)
    except ValidationError as error:
        items = [dict(item) for item in error.errors()]
        wrong = "; ".join(_sentence(item) for item in items if not _follows(item, items))
        raise SettingsError(f"{place}: {wrong}") from error


def _follows(item: dict[str, Any], items: Iterable[dict[str, Any]]) -> bool:
    """Tell whether a list is too short only because an entry of it was refused, which is told."""
    loc = item["loc"]
    return item["type"] == "too_short" and any(len(each["loc"]) > len(loc) == _shared(each, loc) for each in items)


def _shared(item: dict[str, Any], loc: tuple[int | str, ...]) -> int:
    return sum(one == other for one, other in zip(item["loc"], loc, strict=False))


def _sentence(item: dict[str, Any]) -> str:
    parts = (str(part) for part in item["loc"] if part != "[key]")
    key = ".".join(part if part.isprintable() and part else repr(part) for part in parts)
    if item["type"] == "extra_forbidden":
        return f"{key}: no such setting"
    if item["type"] in _TAGS:
        told, kinds = item["ctx"].get("tag"), str(item["ctx"].get("expected_tags", "")).replace("'", "")
        name = str(item["ctx"]["discriminator"]).strip("'")
        return f"{key}.{name}: no {name} {told!r}; there are {kinds}" if told else f"{key}.{name}: field required"
    message = str(item["msg"]).removeprefix("Value error, ")
    given = item.get("input")
    tells = (
        isinstance(given, str | int | float | bool) and repr(given) not in message and item["loc"][-1] not in _SECRET
    )
    shown = f" (is {given!r})" if tells else ""
    place = f"{key}: " if key else ""  # of what concerns several tables the message tells the places
    return f"{place}{message[0].lower()}{message[1:]}{shown}"


def load(path: Path) -> Settings:
    """Return the settings of a file. SettingsError where it cannot be read or something in it is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: no UTF-8 at byte {error.start}") from error
    return parse(text, str(path))
