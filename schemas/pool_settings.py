"""The part of the configuration about relay pools; that of their hooks is `schemas/pool_hooks.py`."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from schemas.checked import Minutes, RelayIp, Share, Transport, Wait, each_once
from schemas.names import provider_named
from schemas.own_settings import HeloNames, of_transports
from schemas.part import Part
from schemas.pool_hooks import Hooks


class Capacity(Part):
    """How many messages an hour an IP may carry, by its transport; of the others, `headroom` times their best hour."""

    messages_per_hour: dict[str, Annotated[int, Field(ge=1, le=1_000_000_000)]] = Field(default_factory=dict)
    headroom: Annotated[float, Field(ge=1, le=1_000_000)] = 3.0


class Providers(Part):
    """When an IP that a provider blocks sends nothing there for a while, and which providers' word about lists counts.

    Deliveries and blocks fade by half in each `half_life_minutes`; below `min_messages` nothing is decided.
    """

    min_messages: Annotated[int, Field(ge=1, le=1_000_000_000)] = 20
    blocked_share: Share = 0.3
    half_life_minutes: Minutes = 60.0
    quarantine_minutes: Minutes = 240.0
    list_weight: Annotated[float, Field(ge=0, le=1)] = 0.25
    trusted: tuple[Annotated[str, AfterValidator(provider_named)], ...] = (
        "apple",
        "google",
        "microsoft",
        "telekom",
        "united_internet",
        "yahoo",
    )


class Culprits(Part):
    """How long who spoilt an IP keeps it out: until it was quiet for `quiet_minutes`, but `most_minutes` at most."""

    quiet_minutes: Minutes = 60.0
    most_minutes: Annotated[float, Field(ge=0, le=5_256_000)] = 24 * 60.0


class Pool(Part):
    """One relay pool: its IPs (by the Postfix transport that sends through each) and when one must leave."""

    mode: Literal["live", "shadow"] = "live"
    transports: Annotated[dict[Transport, RelayIp], AfterValidator(each_once)]
    helo: HeloNames = Field(default_factory=dict)
    min_active: Annotated[int, Field(ge=1)] = 1
    threshold: Annotated[float, Field(gt=0, le=1000)] = 1.0
    quarantine_minutes: Minutes = 120.0
    quarantine_max_minutes: Minutes = 7 * 24 * 60.0
    relapse_memory_days: Annotated[float, Field(gt=0, le=3650)] = 30.0
    probation_minutes: Minutes = 60.0
    probation_shares: tuple[Share, ...] = (0.1, 0.5)
    stale_minutes: Minutes = 60.0
    verify_seconds: Wait = 60.0
    capacity: Capacity = Capacity()
    providers: Providers = Providers()
    culprits: Culprits = Culprits()
    dry_run: bool = False
    hooks: Hooks = Hooks()

    @property
    def ips(self) -> tuple[str, ...]:
        """Return the pool's IPs in the order of the configuration."""
        return tuple(self.transports.values())

    @property
    def is_shadow(self) -> bool:
        """Tell whether nothing follows from what is decided."""
        return self.mode == "shadow" or self.dry_run

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

    @field_validator("capacity")
    @classmethod
    def _of_the_pool(cls, capacity: Capacity, info: ValidationInfo) -> Capacity:
        transports = info.data.get("transports")  # likewise
        unknown = sorted(set(capacity.messages_per_hour) - set(transports or ()))
        if unknown and transports is not None:
            raise ValueError(f"messages_per_hour: {', '.join(unknown)} is no transport of the pool")
        return capacity
