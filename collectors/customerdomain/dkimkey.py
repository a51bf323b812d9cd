"""A DKIM key record (RFC 6376, 3.6.1; RFC 8301; RFC 8463): its key, and what receivers make of it."""

import binascii
import re
from base64 import b64decode

import msgspec

_TAG = re.compile(r"\s*(?P<name>[A-Za-z][A-Za-z0-9_]*)\s*=\s*(?P<value>.*?)\s*", re.DOTALL)
_RSA = bytes.fromhex("06092a864886f70d010101")  # the object identifier 1.2.840.113549.1.1.1
_SEQUENCE, _INTEGER, _BITS = 0x30, 0x02, 0x03
_ED25519_BYTES = 32
_LONG, _MOST_LENGTH_BYTES = 0x80, 4


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key: its algorithm and size in bits; `revoked` is one that was taken back, `testing` says t=y.

    `unfit` names a tag by which it is of no use for mail that is signed today.
    """

    algorithm: str = "rsa"
    bits: int = 0
    revoked: bool = False
    testing: bool = False
    unfit: str = ""


def key(text: str) -> Key:
    """Return the key of a record. ValueError names what in it cannot be read."""
    tags = _tags(text)
    if tags.get("v", "DKIM1") != "DKIM1" or ("v" in tags and next(iter(tags)) != "v"):
        raise ValueError(f"v={tags['v']}")
    algorithm = tags.get("k", "rsa").lower()
    if algorithm not in {"rsa", "ed25519"}:
        raise ValueError(f"k={tags['k']}")
    if "p" not in tags:
        raise ValueError("p=")
    flags = {flag.strip().lower() for flag in tags.get("t", "").split(":")}
    public = re.sub(r"\s+", "", tags["p"])
    return Key(
        algorithm=algorithm,
        bits=_bits(public, algorithm) if public else 0,
        revoked=not public,
        testing="y" in flags,
        unfit=_unfit(tags),
    )


def _tags(text: str) -> dict[str, str]:
    tags: dict[str, str] = {}
    for part in text.split(";"):
        if not part.strip():
            continue
        found = _TAG.fullmatch(part)
        if found is None or found["name"] in tags:
            raise ValueError(part.strip())
        tags[found["name"]] = found["value"]
    return tags


def _unfit(tags: dict[str, str]) -> str:
    """Return the tag that excludes SHA-256 (all that RFC 8301 leaves), or mail; "" where none does."""
    for name, needed in (("h", {"sha256"}), ("s", {"*", "email"})):
        given = {part.strip().lower() for part in tags.get(name, "").split(":")}
        if given != {""} and not given & needed:
            return f"{name}={tags[name]}"
    return ""


def _bits(public: str, algorithm: str) -> int:
    try:
        data = b64decode(public, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"p={public[:40]}") from None
    if algorithm == "ed25519":
        if len(data) != _ED25519_BYTES:
            raise ValueError(f"p={public[:40]}")
        return _ED25519_BYTES * 8
    try:
        return _modulus(data).bit_length()
    except (ValueError, IndexError):
        raise ValueError(f"p={public[:40]}") from None


def _modulus(data: bytes) -> int:
    """Return the modulus of an RSA key in DER, as SubjectPublicKeyInfo (RFC 5280) or alone (RFC 8017)."""
    inner, _ = _element(data, _SEQUENCE)
    if inner[:1] == bytes((_SEQUENCE,)):
        algorithm, rest = _element(inner, _SEQUENCE)
        if not algorithm.startswith(_RSA):
            raise ValueError("no RSA key")
        bits, _ = _element(rest, _BITS)
        inner, _ = _element(bits[1:], _SEQUENCE)
    modulus, rest = _element(inner, _INTEGER)
    exponent, _ = _element(rest, _INTEGER)
    if not modulus or modulus[0] & _LONG or not any(exponent):
        raise ValueError("no RSA key")
    return int.from_bytes(modulus, "big")


def _element(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """Return the content of the first DER element, and what follows it. ValueError where it is not of this tag."""
    if data[0] != tag:
        raise ValueError("another element")
    length, start = data[1], 2
    if length & _LONG:
        count = length & ~_LONG
        if not 0 < count <= _MOST_LENGTH_BYTES:
            raise ValueError("no length")
        length, start = int.from_bytes(data[2 : 2 + count], "big"), 2 + count
    if len(data) < start + length:
        raise ValueError("cut off")
    return data[start : start + length], data[start + length :]
