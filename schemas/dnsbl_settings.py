"""The part of the configuration about DNSBLs: which are asked, by whom, and how often."""

from typing import Annotated

from pydantic import Field

from schemas.checked import Domain, Name, Resolver, Seconds, ServerPort, Variable
from schemas.facts import Scope
from schemas.part import Part

Rate = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Ttl = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Interval = Annotated[float, Field(ge=1, le=1e9, allow_inf_nan=False)]
"""Seconds from one round to the next: no list is asked more often than once a second, not even one of your own."""
Hours = Annotated[float, Field(ge=0.01, le=1e6, allow_inf_nan=False)]


class OwnList(Part):
    """A DNSBL of your own, or one the catalogue lacks; `codes` gives each return code its meaning.

    `scope` says what a listing blames: the IP alone, its whole network, or its whole AS.
    A zone with `{key}` in it needs a key: `key_env` names the variable of the environment that holds it.
    """

    zone: str
    weight: Annotated[float, Field(ge=0, le=1)] = 1.0
    scope: Scope = "ip"
    codes: dict[str, str] = Field(default_factory=dict)
    ipv6: bool = False
    removal: str = ""
    key_env: Variable = ""


class Asking(Part):
    """How one list is asked, where that is not as all are; `key_env` names the variable with its key."""

    resolvers: tuple[Resolver, ...] = ()
    port: ServerPort | None = None
    interval_seconds: Interval | None = None
    timeout_seconds: Seconds | None = None
    queries_per_second: Rate | None = None
    key_env: Variable = ""


class Dnsbl(Part):
    """Which lists are asked, by which resolver, how often and how fast; `list` says it for one list."""

    lists: tuple[Name, ...] = ()
    own: dict[Name, OwnList] = Field(default_factory=dict)
    list: dict[Name, Asking] = Field(default_factory=dict)
    resolvers: Annotated[tuple[Resolver, ...], Field(min_length=1)] = ("127.0.0.1",)
    port: ServerPort = 53
    interval_seconds: Interval = 900.0
    timeout_seconds: Seconds = 5.0
    queries_per_second: Rate = 20.0
    backoff_max_seconds: Seconds = 21600.0
    ttl_min_seconds: Ttl = 0.0
    listed_ttl_max_seconds: Ttl = 3600.0
    clean_ttl_max_seconds: Ttl = 900.0
    domains: tuple[Domain, ...] = ()
    domains_interval_hours: Hours = 6.0
    identity_interval_hours: Hours = 24.0
