"""The envelope of a mail that is delivered to us: which recipients are ours, and how it is written into the mail.

What stands above the first `Received` of what we write is the envelope's own word; fields of the same names that the
mail brought with it stand below, and are not looked at: the topmost counts (`collectors/headers.py`).
"""

import re
from collections.abc import Iterable
from hashlib import blake2b

from schemas.checked import domain

_LONGEST = 320
_SPECIAL = re.compile(r"[\s<>()\[\]\\,;:\"]")


def is_plain(address: str) -> bool:
    """Tell whether an address can stand in a header as it is, and be read there as nothing else."""
    local, at, name = address.rpartition("@")
    return (
        bool(local and at and name)
        and len(address) <= _LONGEST
        and "@" not in local
        and address.isprintable()
        and not _SPECIAL.search(address)
    )


class Recipients:
    """The addresses that are taken: each as it stands, or with `*` for any characters, or all of a domain (`@…`)."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._of_domain: dict[str, list[re.Pattern[str]]] = {}
        for each in taken:
            local, _, name = each.rpartition("@")
            shape = ".*".join(map(re.escape, (local or "*").split("*")))
            self._of_domain.setdefault(name, []).append(re.compile(shape))

    def __contains__(self, address: str) -> bool:
        local, _, name = address.rpartition("@")
        try:
            shapes = self._of_domain.get(domain(name), [])
        except ValueError:
            return False
        return any(shape.fullmatch(local.lower()) for shape in shapes)


def stamped(mail: bytes, sender: str, recipient: str, received: str) -> bytes:
    """Return a mail with its envelope in front: `sender` is "" for a bounce, `received` what our own line says."""
    fields = (
        ("Return-Path", f"<{sender}>"),
        ("Delivered-To", recipient),
        ("X-Original-To", recipient),
        ("Envelope-To", recipient),
        ("Received", received),
    )
    return "".join(f"{name}: {value}\n" for name, value in fields).encode("utf-8", "surrogateescape") + mail


def name_of(mail: bytes, recipient: str) -> str:
    """Return what tells a mail to a recipient from all others: the same when it is sent again for a lost reply."""
    return f"{blake2b(mail, digest_size=32).hexdigest()} {recipient.lower()}"


def unstuffed(data: bytearray) -> bytes:
    r"""Return the mail of what was sent behind DATA, given with a CRLF before it, up to the dot; its lines end with LF.

    Only CRLF ends a line (RFC 5321, 2.3.8): a dot between bare line feeds is text.
    """
    mail = data.removesuffix(b".\r\n").replace(b"\r\n.", b"\r\n").removeprefix(b"\r\n")
    return bytes(mail.replace(b"\r\n", b"\n"))
