"""What tells our sender in a mail of ours beside its headers: a field of our own, an envelope sender made for it."""

import re
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest, new

from schemas.settings import Maildir

_SHORTEST_SIGNATURE = 10


@dataclass(frozen=True)
class Verp:
    """Envelope senders that name the mailbox, such as `bounce+alice=example.net-5f3c1a2b9d@example.net`.

    `pattern` matches the whole address in lower case; its group `mailbox` is the mailbox, in which the last `=` stands
    for an `@` that is not there. With a group `signature` only an address counts that ends it with HMAC-SHA256 of
    all before it, in hex, cut to ten digits or more, under `key`.
    """

    pattern: re.Pattern[str]
    key: bytes = b""

    @property
    def signed(self) -> bool:
        """Tell whether an address must hold a signature."""
        return "signature" in self.pattern.groupindex

    def mailbox(self, address: str) -> str:
        """Return the mailbox that an address names, "" where it is not made so, or not signed by us."""
        found = self.pattern.fullmatch(address.lower())
        if found is None or (self.signed and not self._is_ours(found)):
            return ""
        told = found["mailbox"] or ""
        name, equals, domain = told.rpartition("=")
        return f"{name}@{domain}" if equals and "@" not in told else told

    def _is_ours(self, found: re.Match[str]) -> bool:
        given = found["signature"] or ""
        right = new(self.key, found.string[: found.start("signature")].encode(), sha256).hexdigest()
        return len(given) >= _SHORTEST_SIGNATURE and compare_digest(given.encode(), right[: len(given)].encode())


@dataclass(frozen=True)
class Ways:
    """The ways to a sender that a configuration adds: `header`, a field that our relay puts in, and VERP."""

    header: str = ""
    verp: Verp | None = None


NO_WAYS = Ways()


def ways_of(settings: Maildir, place: str) -> Ways:
    """Return the ways that a section of the configuration adds. ValueError, with its `place`, for a missing key."""
    if not settings.verp:
        return Ways(settings.header)
    verp = Verp(re.compile(settings.verp), settings.verp_key.encode())
    if verp.signed and not verp.key:
        usual = settings.verp_key_env == Maildir.model_fields["verp_key_env"].default
        named = settings.verp_key_env if usual else "the variable named there"  # it may be the key itself
        raise ValueError(f"{place}.verp_key_env: {named} is not set, and verp holds a signature")
    return Ways(settings.header, verp)
