"""A DMARC record (RFC 7489, 6.3; RFC 9989, 4.7): its tags, what is wrong with them, and where reports go."""

import re

import msgspec

from schemas.checked import domain

_VERSION = re.compile(r"v[ \t]*=[ \t]*DMARC1[ \t]*(;|$)")
_TAG = re.compile(r"[ \t]*(?P<name>[A-Za-z][A-Za-z0-9_]*)[ \t]*=[ \t]*(?P<value>[ -:<-~]*?)[ \t]*")
_REQUEST = re.compile(r"none|quarantine|reject", re.IGNORECASE)
_SOUND = {
    **dict.fromkeys(("p", "sp", "np"), _REQUEST),
    **dict.fromkeys(("adkim", "aspf"), re.compile(r"[rs]", re.IGNORECASE)),
    "t": re.compile(r"[yn]", re.IGNORECASE),
    "psd": re.compile(r"[ynu]", re.IGNORECASE),
    "pct": re.compile(r"100|[0-9]{1,2}"),
    "fo": re.compile(r"[01ds](:[01ds])*", re.IGNORECASE),
}
_URI = re.compile(r"[a-z][a-z0-9+.-]*:[!-~]+", re.IGNORECASE)
_MAILTO = re.compile(r"mailto:(?P<local>[^@!, ]+)@(?P<host>[^@!?, ]+)(\?[^!]*)?(![0-9]+[kmgt]?)?", re.IGNORECASE)


class Record(msgspec.Struct, frozen=True):
    """A record's tags (lower case, the first of each name), and the parts that are wrong."""

    tags: dict[str, str] = {}
    wrong: tuple[str, ...] = ()

    def value(self, name: str) -> str:
        """Return a sound tag's value in lower case, "" where there is none."""
        value = self.tags.get(name, "").lower()
        return value if value and name in _SOUND and _SOUND[name].fullmatch(value) else ""


class Address(msgspec.Struct, frozen=True):
    """Where reports go: a mail address and its domain."""

    address: str
    host: str


def records_of(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the DMARC records among the TXT records of a name."""
    return tuple(text for text in texts if _VERSION.match(text))


def read(text: str) -> Record:
    """Return what a record says; unknown tags are ignored, wrong ones told."""
    tags: dict[str, str] = {}
    wrong: list[str] = []
    for part in text.split(";")[1:]:
        if not part.strip():
            continue
        found = _TAG.fullmatch(part)
        name = found["name"].lower() if found else ""
        if found is None or name in tags:
            wrong.append(part.strip())
            continue
        tags[name] = found["value"]
        if name in _SOUND and not _SOUND[name].fullmatch(found["value"]):
            wrong.append(part.strip())
    return Record(tags, tuple(wrong))


def addresses(value: str) -> tuple[list[Address], list[str]]:
    """Return the mail addresses of `rua` or `ruf`, and the parts that are no address at all; other URIs are ignored."""
    found: list[Address] = []
    wrong: list[str] = []
    for part in (each.strip() for each in value.split(",")):
        mail = _MAILTO.fullmatch(part)
        try:
            if mail:
                found.append(Address(f"{mail['local']}@{mail['host']}", domain(mail["host"])))
            elif part.lower().startswith("mailto:") or not _URI.fullmatch(part):
                wrong.append(part)
        except ValueError:
            wrong.append(part)
    return found, wrong
