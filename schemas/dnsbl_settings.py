"""The part of the configuration about DNSBLs: which are asked, by whom, and how often."""

from typing import Annotated

from pydantic import Field

from schemas.checked import Ip, Name, Port, Seconds
from schemas.part import Part


class OwnList(Part):
    """A DNSBL of your own, or one the catalogue lacks; `codes` gives each return code its meaning."""

    zone: str
    weight: Annotated[float, Field(ge=0, le=1)] = 1.0
    codes: dict[str, str] = Field(default_factory=dict)
    ipv6: bool = False
    removal: str = ""


class Dnsbl(Part):
    """Which lists are asked, by which resolver, and how often."""

    lists: tuple[Name, ...] = ()
    own: dict[Name, OwnList] = Field(default_factory=dict)
    resolvers: tuple[Ip, ...] = ("127.0.0.1",)
    port: Port = 53
    interval_seconds: Seconds = 900.0
    timeout_seconds: Seconds = 5.0
