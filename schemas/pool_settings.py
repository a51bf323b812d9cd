"""The part of the configuration about relay pools and the hooks that tell the MTAs of their IPs."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from schemas.checked import Ip, Port, Seconds, Share, each_once
from schemas.part import Part


class SocketmapHook(Part):
    """The socketmap server that Postfix asks per mail (socketmap_table(5)): one TCP port of this host."""

    host: Ip = "127.0.0.1"
    port: Port = 10025
    state: Path = Path("/var/lib/relaywarden/socketmap.json")


class RandmapHook(Part):
    """A file with Postfix's randmap of the active transports, and the command that makes Postfix read it."""

    path: Path = Path("/etc/postfix/relaywarden-pool.cf")
    reload: tuple[str, ...] = ("postfix", "reload")


class Hooks(Part):
    """The hooks that tell the MTAs which IPs are active; those left out do not run."""

    postfix_socketmap: SocketmapHook | None = None
    postfix_randmap: RandmapHook | None = None


class Pool(Part):
    """One relay pool: its IPs (by the Postfix transport that sends through each) and when one must leave."""

    transports: Annotated[dict[str, Ip], AfterValidator(each_once)]
    min_active: Annotated[int, Field(ge=1)] = 1
    threshold: Annotated[float, Field(gt=0)] = 1.0
    quarantine_minutes: Seconds = 120.0
    quarantine_max_minutes: Seconds = 7 * 24 * 60.0
    relapse_memory_days: Seconds = 30.0
    probation_minutes: Seconds = 60.0
    probation_shares: tuple[Share, ...] = (0.1, 0.5)
    stale_minutes: Seconds = 60.0
    verify_seconds: Seconds = 60.0
    dry_run: bool = False
    hooks: Hooks = Hooks()

    @property
    def ips(self) -> tuple[str, ...]:
        """Return the pool's IPs in the order of the configuration."""
        return tuple(self.transports.values())

    @field_validator("min_active")
    @classmethod
    def _not_beyond_the_pool(cls, least: int, info: ValidationInfo) -> int:
        ips = info.data.get("transports", {})  # missing where these are wrong themselves
        if least > len(ips) > 0:
            raise ValueError(f"{least} is more than the {len(ips)} IPs of the pool")
        return least
