"""Passwords taken out of texts that are kept, whoever keeps them: dead letters, reasons, samples."""

import re

_SECRETS = re.compile(
    r"(given password: ?|passw(?:or)?d[\"']?\s*[=:]\s*|\b(?:pass|resp)=|\bAUTH (?:PLAIN|LOGIN|XOAUTH2|OAUTHBEARER) ).+",
    re.IGNORECASE | re.DOTALL,
)


def redacted(text: str) -> str:
    """Return a text without what it calls a password: from there to the end, since a password may hold any sign."""
    return _SECRETS.sub(r"\1[redacted]", text)
