"""What is to be published, as lines of a zone file (RFC 1035, 5): to be copied as they are."""

from collections.abc import Iterable

_STRING = 255
_MOST_RECORD = 2000


def txt(name: str, text: str) -> str:
    """Return a TXT record; a text of more than 255 characters is several strings of one record."""
    parts = [text[start : start + _STRING] for start in range(0, len(text), _STRING)]
    quoted = " ".join('"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in parts)
    return f"{name}. IN TXT {quoted}"


def cname(name: str, target: str) -> str:
    """Return an alias."""
    return f"{name}. IN CNAME {target}."


def spf(name: str, ours: Iterable[str], records: Iterable[str] = ()) -> str:
    """Return an SPF record that permits ours beside what the records permit that are there; "" where these are unfit.

    It ends as the first of them does that ends in -all, ~all or a redirect, else in ~all.
    """
    terms: list[str] = []
    end = ""
    for record in records:
        if not (record.isascii() and record.isprintable()):
            return ""
        for term in record.split()[1:]:
            bare = term.lower()
            if bare in {"all", "+all", "?all", "-all", "~all"}:
                end = end or (bare if bare in {"-all", "~all"} else "")
            elif bare.startswith("redirect="):
                end = end or term
            else:
                terms.append(term)
    said = " ".join(dict.fromkeys(("v=spf1", *ours, *terms, end or "~all")))
    return txt(name, said) if len(said) <= _MOST_RECORD else ""
