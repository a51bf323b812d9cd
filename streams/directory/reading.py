"""From a row of a directory to an entry, and from entries to a directory; what is wrong is told and goes no further."""

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress

import msgspec

from schemas.checked import domain
from schemas.mailbox_hooks import ADDRESS
from schemas.names import canonical_mailbox
from streams.directory import Account, Misfit, Problem, Row
from streams.directory.found import Directory

LANGUAGES = ("de", "fr", "it", "en")
_LANGUAGE = re.compile(r"(?P<language>[A-Za-z]{2,3})([-_][A-Za-z0-9]+)*")
_NAMED = {"deutsch": "de", "german": "de", "français": "fr", "french": "fr", "italiano": "it", "italian": "it"} | {
    "english": "en",
    "englisch": "en",
    "französisch": "fr",
    "italienisch": "it",
}
_FLAGS = re.compile(r"[\s,;|]+")
_LONGEST = 1000
_NO_LOCAL = re.compile(r"[<>(),;:]|^[*%]$")
"""What stands before the last @ in lists of addresses, in URLs, and where others write a whole domain."""
_SIGNS = re.compile(r"[\x00-\x1f\x7f]")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What a row says: an address (a mailbox, an alias of `mailbox`, or `@domain`), and whose it is."""

    address: str
    mailbox: str
    account: Account


def entry(row: Row) -> tuple[Entry, list[str]]:
    """Return what a row says, and what is odd about it. ValueError where it names no address or no customer."""
    odd: list[str] = []
    for field, text in row.items():
        if len(text) > _LONGEST:
            raise ValueError(f"{field} has {len(text)} signs; at most {_LONGEST} are read")
        if _SIGNS.search(text.strip()):
            raise ValueError(f"{field} {text[:60]!r} holds a sign that is no text")
        if "\ufffd" in text:
            odd.append(f"{field} {text!r} holds U+FFFD: some letter of it was lost before it came here")
    named = address(row.get("address", ""))
    customer = row.get("customer", "").strip()
    if not customer:
        raise ValueError(f"{named} has no customer")
    account = Account(
        customer=sys.intern(customer),
        name=row.get("name", "").strip(),
        contact=_contact(row.get("contact", ""), odd),
        language=_language(row.get("language", ""), odd),
        tariff=sys.intern(row.get("tariff", "").strip()),
        flags=tuple(sorted(filter(None, _FLAGS.split(row.get("flags", ""))))),
    )
    return Entry(address=named, mailbox=_mailbox(row.get("mailbox", ""), named), account=account), odd


def read(rows: Iterable[tuple[str, Row | Misfit]], directory: Directory) -> Iterator[Problem]:
    """Take all rows into a directory; yield what is wrong with each, then what is wrong with the whole."""
    for place, row in rows:
        if isinstance(row, Misfit):
            yield Problem(place=place, text=row.text, left_out=row.left_out)
            continue
        try:
            found, odd = entry(row)
        except ValueError as error:
            yield Problem(place=place, text=str(error), left_out=True)
            continue
        for text in odd:
            yield Problem(place=place, text=text)
        for text in directory.add(found.address, found.mailbox, found.account):
            yield Problem(place=place, text=text)
    yield from directory.resolve()
    yield from directory.dangling()
    yield from directory.alike()


def address(text: str) -> str:
    """Return a mailbox in its one spelling, or a domain as `@domain`. ValueError where it is neither."""
    given = canonical_mailbox(text)
    if not given:
        raise ValueError("the row has no address")
    local, at, name = given.rpartition("@")
    if local:
        if not name or _NO_LOCAL.search(local) or any(sign.isspace() for sign in given):
            raise ValueError(f"{text!r} is no address, such as anna@example.net, and no domain, such as @example.net")
        return f"{local}@{domain(name)}"
    if not at and "." not in given:
        return given  # a login without a domain
    return f"@{domain(name)}"


def _mailbox(text: str, alias: str) -> str:
    """Return of which mailbox an address is an alias, "" where it is of none."""
    if not text.strip():
        return ""
    mailbox = address(text)
    if mailbox.startswith("@"):
        raise ValueError(f"mailbox {text!r} of the alias {alias} is a domain")
    return "" if mailbox == alias else mailbox


def _contact(text: str, odd: list[str]) -> str:
    """Return an address as it stands in a header: a domain beyond ASCII as `xn--`."""
    given = text.strip()
    local, _, name = given.rpartition("@")
    with suppress(ValueError):  # what is no domain is no address either
        given = given if given.isascii() else f"{local}@{domain(name)}"
    if given and not ADDRESS.fullmatch(given):
        odd.append(f"contact {given!r} is no mail address: nobody is written to there")
        return ""
    return given


def _language(text: str, odd: list[str]) -> str:
    given = text.strip()
    if not given:
        return ""
    match = _LANGUAGE.fullmatch(given)
    language = _NAMED.get(given.lower()) or (match["language"].lower() if match else "")
    if language not in LANGUAGES:
        odd.append(f"language {given!r} is none of {', '.join(LANGUAGES)}: the usual one is taken")
        return ""
    return sys.intern(language)
