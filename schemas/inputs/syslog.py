"""Syslog over UDP, TCP and TLS (RFC 3164, 5424, 6587, 5425)."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from schemas.checked import Ip, Network, Zone
from schemas.inputs._base import LineInput

_LAST_PORT = 65535


def address_of(place: str) -> tuple[str, int]:
    """Return the address and the port of `192.0.2.10:5514` or `[2001:db8::1]:5514`. ValueError where it is neither."""
    host, _, port = place.rpartition(":")
    bare = host[1:-1] if host[:1] == "[" and host[-1:] == "]" else host
    try:
        fits = ip_address(bare).version == (4 if bare == host else 6)
    except ValueError:
        fits = False
    given = int(port) if port.isascii() and port.isdigit() and len(port) <= len("65535") else 0
    if not (fits and 0 < given <= _LAST_PORT):
        raise ValueError(f"{place!r} is no address:port, such as 192.0.2.10:5514 or [2001:db8::1]:5514")
    return bare, given


def _place(text: str) -> str:
    if text:
        address_of(text)
    return text


Place = Annotated[str, AfterValidator(_place)]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{0,254}[A-Za-z0-9_.-]$")]


class SyslogInput(LineInput):
    """Messages of other hosts' syslog daemons; each of `udp`, `tcp` and `tls` is a place to listen at, or "".

    `allow` tells who may send. `host` tells what a line's host is: what the message says, or who sent it by `hosts`
    and its address. `timezone` is that of stamps without one. Of `connections` by TCP and TLS one address may hold a
    quarter. With `ca` a client needs a certificate.
    """

    kind: Literal["syslog"]
    udp: Place = ""
    tcp: Place = ""
    tls: Place = ""
    certificate: Path | None = None
    key: Path | None = None
    ca: Path | None = None
    allow: Annotated[tuple[Network, ...], Field(min_length=1)] = ("127.0.0.0/8", "::1/128")
    host: Literal["message", "peer"] = "message"
    hosts: dict[Ip, Host] = Field(default_factory=dict)
    timezone: Zone = "UTC"
    connections: Annotated[int, Field(ge=4, le=4096)] = 256

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not (self.udp or self.tcp or self.tls):
            raise ValueError("one of udp, tcp and tls is needed: a place to listen at")
        if self.tcp and self.tcp == self.tls:
            raise ValueError(f"tcp and tls cannot share a place (both are {self.tls!r})")
        if self.tls and (self.certificate is None or self.key is None):
            raise ValueError("tls needs certificate and key")
        if not self.tls and (self.certificate or self.key or self.ca):
            raise ValueError("certificate, key and ca are for tls, which is not set")
        return self
