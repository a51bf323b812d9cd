"""The part of the configuration about relay pools; that of their hooks is `schemas/pool_hooks.py`."""

from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from schemas.checked import Ip, Seconds, Share, each_once
from schemas.own_settings import HeloNames, of_transports
from schemas.part import Part
from schemas.pool_hooks import Hooks


class Pool(Part):
    """One relay pool: its IPs (by the Postfix transport that sends through each) and when one must leave."""

    transports: Annotated[dict[str, Ip], AfterValidator(each_once)]
    helo: HeloNames = Field(default_factory=dict)
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

    @field_validator("helo")
    @classmethod
    def _helo_of_the_pool(cls, helo: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        if "transports" in info.data:  # missing where these are wrong themselves
            of_transports(helo, info.data["transports"])
        return helo
