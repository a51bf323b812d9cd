"""Types of settings that check what they hold; a wrong value is told in words of the field."""

import re
from ipaddress import ip_address, ip_network
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import idna
from pydantic import AfterValidator, Field

from schemas.names import canonical_ip, canonical_mailbox

_TRANSPORT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_TEST_POINTS = ("127.0.0.1", "127.0.0.2", "::1")
_DOMAIN = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")


def _ip(text: str) -> str:
    try:
        return canonical_ip(text)
    except ValueError:
        raise ValueError(f"{text!r} is no IP address") from None


def _resolver(text: str) -> str:
    address = ip_address(_ip(text))
    if address.is_unspecified or address.is_multicast or str(address) == "255.255.255.255":
        raise ValueError(f"{text!r} is no address of one name server")
    return str(address)


def _relay_ip(text: str) -> str:
    address = ip_address(_ip(text))
    if "%" in text or address.is_link_local:
        raise ValueError(f"{text!r} is known on one network only: no mail leaves by it")
    if address.is_unspecified or address.is_multicast or (address.version == 4 and address.is_reserved):  # noqa: PLR2004
        raise ValueError(f"{text!r} is no address of one host: no mail leaves by it")
    if str(address) in _TEST_POINTS:
        raise ValueError(f"{text!r} is this host itself, or a test point of lists (RFC 5782): no list tells of it")
    return str(address)


def transport(name: str) -> str:
    """Return a transport's name. ValueError where an MTA, a proxy or the files of the hooks could not have it."""
    if not _TRANSPORT.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a transport")
    return name


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError as error:
        raise ValueError(f"{text!r} is no network: {error}") from None


def zone(text: str) -> str:
    """Return the name of a time zone. ValueError where the tz database has none such."""
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"{text!r} is no time zone of the tz database") from None
    return text


def domain(text: str) -> str:
    """Return a domain as the DNS has it: lower case, `xn--` (RFC 5891), no last dot. ValueError where it is none."""
    name = text.strip().lower()
    if not name.isascii():
        try:
            name = ".".join(map(_label, idna.uts46_remap(name, std3_rules=False).split(".")))
        except idna.IDNAError as error:
            raise ValueError(f"{text!r} is no domain: {error}") from None
    name = name.removesuffix(".")
    if not _DOMAIN.fullmatch(name):
        raise ValueError(f"{text!r} is no domain")
    return name


def canonical_address(text: str) -> str:
    """Return the one spelling of a mailbox or login: lower case, its domain as the DNS has it, where it can be one."""
    given = canonical_mailbox(text)
    local, at, name = given.rpartition("@")
    if not at or name.isascii():
        return given
    try:
        return f"{local}@{domain(name)}"
    except ValueError:
        return given


def _label(label: str) -> str:
    return label if label.isascii() else idna.alabel(label).decode()


def envelope_pattern(pattern: str) -> str:
    """Return a pattern of envelope senders, or "". ValueError where it is none, or names no mailbox."""
    try:
        groups = re.compile(pattern).groupindex
    except re.error as error:
        raise ValueError(f"{pattern!r} is no pattern: {error}") from None
    if pattern and "mailbox" not in groups:
        raise ValueError(f"{pattern!r} has no group (?P<mailbox>…)")
    return pattern


def each_once(transports: dict[str, str]) -> dict[str, str]:
    """Return a pool's transports. ValueError where there are none, or an IP stands there twice."""
    ips = list(transports.values())
    twice = sorted({ip for ip in ips if ips.count(ip) > 1})
    if twice or not ips:
        raise ValueError(f"{', '.join(twice)} stands there twice" if twice else "a pool needs at least one")
    return transports


Ip = Annotated[str, AfterValidator(_ip)]
RelayIp = Annotated[str, AfterValidator(_relay_ip)]
Transport = Annotated[str, AfterValidator(transport)]
Resolver = Annotated[str, AfterValidator(_resolver)]
Domain = Annotated[str, AfterValidator(domain)]
Network = Annotated[str, AfterValidator(_network)]
Zone = Annotated[str, AfterValidator(zone)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Port = Annotated[int, Field(ge=0, le=65535)]
ServerPort = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]
Minutes = Annotated[float, Field(gt=0, le=5_256_000, allow_inf_nan=False)]
"""Up to ten years: what ends later would lie beyond what the warehouse can date."""
Wait = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]
"""Seconds that somebody waits for an answer."""
Variable = Annotated[str, Field(pattern=r"^([A-Z][A-Z0-9_]*)?$")]
"""The name of a variable of the environment, or ""; it is not told where it is wrong: it may be the secret itself."""
Share = Annotated[float, Field(gt=0, le=1)]
