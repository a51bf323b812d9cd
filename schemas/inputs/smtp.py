"""Mails that an MTA delivers by LMTP or SMTP."""

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from schemas.checked import Network, domain
from schemas.inputs._base import MailInput

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{0,64}")
_PORTS = range(1, 65536)


def _place(text: str) -> str:
    if text.startswith("/"):
        return text
    host, _, port = text.rpartition(":")
    try:
        ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        raise ValueError(f"{text!r} is neither ADDRESS:PORT nor the path of a socket") from None
    if not (port.isascii() and port.isdigit() and int(port) in _PORTS):
        raise ValueError(f"{text!r} has no port from 1 to 65535")
    return text


def _recipient(text: str) -> str:
    local, at, name = text.rpartition("@")
    if not at or not _LOCAL.fullmatch(local):
        raise ValueError(f"{text!r} is neither an address, nor one with * in it, nor @DOMAIN")
    return f"{local.lower()}@{domain(name)}"


Recipient = Annotated[str, AfterValidator(_recipient)]


class SmtpInput(MailInput):
    """Mails that an MTA delivers by LMTP or SMTP to `listen`, for these `recipients` alone, from networks allowed.

    A socket gets `socket_mode`, and the group `socket_group` if one is named; so many `connections` are let in at a
    time. With `certificate` and `key` STARTTLS is offered.
    """

    kind: Literal["smtp"]
    protocol: Literal["lmtp", "smtp"] = "lmtp"
    listen: Annotated[str, AfterValidator(_place)] = "127.0.0.1:8024"
    socket_mode: Annotated[str, Field(pattern=r"^0?[0-7]{3}$")] = "0660"
    socket_group: str = ""
    recipients: Annotated[tuple[Recipient, ...], Field(min_length=1)]
    allow: tuple[Network, ...] = ("127.0.0.0/8", "::1/128")
    connections: Annotated[int, Field(ge=1, le=1000)] = 20
    certificate: Path | None = None
    key: Path | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key go together")
        return self
