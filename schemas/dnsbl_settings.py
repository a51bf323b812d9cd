"""The part of the configuration about DNSBLs: which are asked, by whom, and how often."""

from typing import Annotated

from pydantic import Field

from schemas.checked import Domain, Ip, Name, Port, Seconds, Variable
from schemas.part import Part

Rate = Annotated[float, Field(ge=0)]
Ttl = Annotated[float, Field(ge=0)]


class OwnList(Part):
    """A DNSBL of your own, or one the catalogue lacks; `codes` gives each return code its meaning.

    A zone with `{key}` in it needs a key: `key_env` names the variable of the environment that holds it.
    """

    zone: str
    weight: Annotated[float, Field(ge=0, le=1)] = 1.0
    codes: dict[str, str] = Field(default_factory=dict)
    ipv6: bool = False
    removal: str = ""
    key_env: Variable = ""


class Asking(Part):
    """How one list is asked, where that is not as all are; `key_env` names the variable with its key."""

    resolvers: tuple[Ip, ...] = ()
    port: Port | None = None
    interval_seconds: Seconds | None = None
    timeout_seconds: Seconds | None = None
    queries_per_second: Rate | None = None
    key_env: Variable = ""


class Dnsbl(Part):
    """Which lists are asked, by which resolver, how often and how fast; `list` says it for one list."""

    lists: tuple[Name, ...] = ()
    own: dict[Name, OwnList] = Field(default_factory=dict)
    list: dict[Name, Asking] = Field(default_factory=dict)
    resolvers: tuple[Ip, ...] = ("127.0.0.1",)
    port: Port = 53
    interval_seconds: Seconds = 900.0
    timeout_seconds: Seconds = 5.0
    queries_per_second: Rate = 20.0
    backoff_max_seconds: Seconds = 21600.0
    ttl_min_seconds: Ttl = 0.0
    listed_ttl_max_seconds: Ttl = 3600.0
    clean_ttl_max_seconds: Ttl = 900.0
    domains: tuple[Domain, ...] = ()
    domains_interval_hours: Seconds = 6.0
    identity_interval_hours: Seconds = 24.0
