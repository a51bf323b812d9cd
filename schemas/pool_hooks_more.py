"""The configuration of the pool hooks for KumoMTA, PowerMTA, ZoneMTA, Postal, and for programs of your own."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from schemas.checked import Ip, Minutes, Port, Share, Wait
from schemas.mailbox_hooks import Url
from schemas.names import provider_named, suffixes_of
from schemas.part import Part

_WORD = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}"
_QUEUE = r"[A-Za-z0-9*][A-Za-z0-9_.*-]{0,252}"

Program = Annotated[tuple[str, ...], Field(min_length=1)]
Name = Annotated[str, Field(pattern=rf"^{_WORD}$")]
Queue = Annotated[str, Field(pattern=rf"^{_QUEUE}$")]
Site = Annotated[str, Field(pattern=r"^[A-Za-z0-9()|?*._-]{1,1000}$")]


def _providers(found: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    for provider in found:
        provider_named(provider)
    return found


class BarringHook(Part):
    """A hook that can keep an IP from a single provider, or tells a program that must."""

    def bars(self, provider: str) -> bool:
        """Tell whether it knows this provider's mail."""
        return bool(provider)


class KumoMtaHook(BarringHook):
    """A pool file of KumoMTA's policy-extras.sources, and the HTTP API that makes it read and suspends ready queues.

    `egress_pool` is the pool's name there (if "", that of ours); `sites` has the site names of providers, as
    `kcli queue-summary` shows them, whose queues are suspended also before they exist; a plain domain has no others.
    A suspension of less than two minutes could end between two looks.
    """

    path: Path = Path("/opt/kumomta/etc/policy/relaywarden-pool.json")
    egress_pool: Annotated[str, Field(pattern=rf"^({_WORD})?$")] = ""
    url: Url = "http://127.0.0.1:8000"
    user: str = ""
    password_env: str = "RELAYWARDEN_KUMOMTA_PASSWORD"  # noqa: S105 the variable's name, no password
    password_file: Path | None = None
    sites: Annotated[dict[str, tuple[Site, ...]], AfterValidator(_providers)] = Field(default_factory=dict)
    suspend_minutes: Annotated[Minutes, Field(ge=2)] = 1440.0
    timeout_seconds: Wait = 10.0

    def bars(self, provider: str) -> bool:
        """Tell whether it knows the provider's queues: of a plain domain only those named."""
        return bool(suffixes_of(provider) or self.sites.get(provider))


class PowerMtaHook(BarringHook):
    """The program pmta(8), the VirtualMTA whose queues are meant, and a provider's queues if not its known domains."""

    command: Program = ("pmta",)
    virtual_mta: Queue = "*"
    domains: Annotated[dict[str, tuple[Queue, ...]], AfterValidator(_providers)] = Field(default_factory=dict)
    from_share: Share = 0.5
    timeout_seconds: Wait = 10.0


class ZoneMtaHook(Part):
    """A file with the pool's addresses that ZoneMTA's configuration includes, and the program that has it read.

    `zone_pool` is the pool's name there (if "", that of ours), `names` the host name that each transport says in EHLO.
    """

    path: Path = Path("/etc/zone-mta/pools.toml")
    zone_pool: Annotated[str, Field(pattern=rf"^({_WORD})?$")] = ""
    names: dict[str, Name] = Field(default_factory=dict)
    reload: Program = ("systemctl", "reload", "zone-mta")


class PostalHook(Part):
    """Postal's own database (a URL of SQLAlchemy), and whether queued mail leaves a withdrawn IP, too."""

    url_env: str = "RELAYWARDEN_POSTAL_URL"
    url_file: Path | None = None
    move_queued: bool = True
    timeout_seconds: Wait = 10.0


class PoolWebhookHook(BarringHook):
    """A URL that is told the whole set at each change, signed with the secret."""

    url: Url
    secret_env: str = "RELAYWARDEN_WEBHOOK_SECRET"  # noqa: S105 the variable's name, no secret
    secret_file: Path | None = None
    timeout_seconds: Wait = 10.0


class PoolCommandHook(BarringHook):
    """A program that gets the whole set on its standard input at each change; run without a shell."""

    command: Program
    timeout_seconds: Wait = 30.0

    @field_validator("command")
    @classmethod
    def _program(cls, command: tuple[str, ...]) -> tuple[str, ...]:
        if not command[0]:
            raise ValueError("begins with no program")
        return command


class PoolFileHook(BarringHook):
    """A file with the whole set, as JSON or in lines, replaced in one step."""

    path: Path
    format: Literal["json", "lines"] = "json"


class PullHook(BarringHook):
    """An HTTP address of this host where programs fetch the set; beyond loopback only with a token."""

    host: Ip = "127.0.0.1"
    port: Port = 10027
    token_env: str = "RELAYWARDEN_POOL_TOKEN"  # noqa: S105 the variable's name, no token
    token_file: Path | None = None
