"""Names that a log prints: IPs in one spelling, and texts with the passwords taken out."""

import re
from functools import lru_cache

from schemas.names import canonical_ip

_SECRETS = re.compile(
    r"(given password: |passw(?:or)?d[=:]|\bpass=|\bAUTH (?:PLAIN|LOGIN|XOAUTH2|OAUTHBEARER) ).+",
    re.IGNORECASE | re.DOTALL,
)


@lru_cache(maxsize=65536)
def ip_or_empty(text: str) -> str:
    """Return the canonical spelling of an IP, or "" for anything else (`unknown`, a socket's path)."""
    try:
        return canonical_ip(text)
    except ValueError:
        return ""


def redacted(text: str) -> str:
    """Return a text without what a log calls a password: from there to the end, since a password may hold any sign."""
    return _SECRETS.sub(r"\1[redacted]", text)
