"""The configuration of the hooks that tell the MTAs which of a pool's IPs may send (docs/hooks-*.md)."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from schemas.checked import Ip, Port, Resolver, ServerPort, Share, Wait
from schemas.part import Part
from schemas.pool_hooks_more import (
    BarringHook,
    KumoMtaHook,
    PoolCommandHook,
    PoolFileHook,
    PoolWebhookHook,
    PostalHook,
    PowerMtaHook,
    PullHook,
    ZoneMtaHook,
)

_ANSWER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*:[!-~]{0,255}")
_HOST_AND_PORT = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})")
_PORTS = range(1, 65536)
_LABEL = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\.?$){_LABEL}(?:\.{_LABEL})+\.?")


def _answers(answers: dict[str, str]) -> dict[str, str]:
    for transport, answer in answers.items():
        if not _ANSWER.fullmatch(answer):
            raise ValueError(f"{transport}: {answer!r} is no answer like 'relay:[127.0.0.1]:10101'")
    return answers


def _socket(place: str) -> str:
    found = _HOST_AND_PORT.fullmatch(place)
    if not place.startswith("/") and not (found and int(found[1]) in _PORTS):
        raise ValueError(f"{place!r} is neither a path like '/run/haproxy/admin.sock' nor a host:port")
    return place


def _domain(name: str) -> str:
    if not _DOMAIN.fullmatch(name):
        raise ValueError(f"{name!r} is no domain name like 'out.example.net'")
    return name.lower().rstrip(".")


Answers = Annotated[dict[str, str], AfterValidator(_answers)]
Domain = Annotated[str, AfterValidator(_domain)]
Program = Annotated[tuple[str, ...], Field(min_length=1)]
Word = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,30}$")]


class SocketmapHook(BarringHook):
    """The socketmap server that Postfix asks per mail (socketmap_table(5)): one TCP port of this host."""

    host: Ip = "127.0.0.1"
    port: Port = 10025
    state: Path = Path("/var/lib/relaywarden/socketmap.json")
    answers: Answers = Field(default_factory=dict)


class RandmapHook(Part):
    """A file with Postfix's randmap of the active transports, and the command that makes Postfix read it."""

    path: Path = Path("/etc/postfix/relaywarden-pool.cf")
    reload: Program = ("postfix", "reload")
    answers: Answers = Field(default_factory=dict)


class LmdbHook(Part):
    """The same table as an LMDB file, which Postfix reads anew without a reload, and the program that builds it."""

    path: Path = Path("/etc/postfix/relaywarden-pool")
    postmap: Program = ("postmap",)
    answers: Answers = Field(default_factory=dict)


class EximHook(BarringHook):
    """A file that Exim looks an interface up in at each delivery."""

    path: Path = Path("/etc/exim4/relaywarden-pool")


class HaproxyHook(Part):
    """The runtime socket of an HAProxy (a path, or host:port), and the backend whose servers the transports are."""

    socket: Annotated[str, AfterValidator(_socket)] = "/run/haproxy/admin.sock"
    backend: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,100}$")]
    timeout_seconds: Wait = 5.0


class NftablesHook(Part):
    """The table and the map (if "", that of the pool's name) of nftables, and the program that loads it."""

    table: Word = "relaywarden"
    map: Annotated[str, Field(pattern=r"^([A-Za-z][A-Za-z0-9_]{0,30})?$")] = ""
    command: Program = ("nft",)
    timeout_seconds: Wait = 10.0


class DnsHook(Part):
    """A name whose addresses are the pool's active IPs, in a zone whose primary takes signed updates (RFC 2136)."""

    server: Resolver = "127.0.0.1"
    port: ServerPort = 53
    zone: Domain
    name: Domain
    ttl_seconds: Annotated[int, Field(ge=1, le=86400)] = 60
    from_share: Share = 0.5
    key: Domain | Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,63}$")]
    algorithm: Literal["hmac-sha256", "hmac-sha384", "hmac-sha512"] = "hmac-sha256"
    secret_env: str = "RELAYWARDEN_TSIG_SECRET"  # noqa: S105 the variable's name, no secret
    secret_file: Path | None = None
    timeout_seconds: Wait = 10.0

    @model_validator(mode="after")
    def _within(self) -> Self:
        if self.name != self.zone and not self.name.endswith(f".{self.zone}"):
            raise ValueError(f"name: {self.name} is not in the zone {self.zone}")
        return self


class Hooks(Part):
    """The hooks that tell the MTAs which IPs are active; those left out do not run."""

    postfix_socketmap: SocketmapHook | None = None
    postfix_randmap: RandmapHook | None = None
    postfix_lmdb: LmdbHook | None = None
    exim: EximHook | None = None
    haproxy: HaproxyHook | None = None
    nftables: NftablesHook | None = None
    dns: DnsHook | None = None
    kumomta: KumoMtaHook | None = None
    powermta: PowerMtaHook | None = None
    zonemta: ZoneMtaHook | None = None
    postal: PostalHook | None = None
    webhook: PoolWebhookHook | None = None
    command: PoolCommandHook | None = None
    pool_file: PoolFileHook | None = None
    pull: PullHook | None = None

    def bar(self, provider: str) -> bool:
        """Tell whether one of these can keep an IP from a provider, so that the logs must show it."""
        chosen = (getattr(self, name) for name in type(self).model_fields)
        return any(isinstance(hook, BarringHook) and hook.bars(provider) for hook in chosen)
