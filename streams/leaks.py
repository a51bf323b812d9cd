"""Leaked identities of one partition: by keyed digests, so that what is stored tells nobody's address.

A mailbox is hashed once, when it is first seen; what comes later is found through the digests of those known.
"""

import hmac
from collections.abc import Iterable, Iterator

from schemas.mailbox_events import IdentityLeaked
from schemas.names import canonical_mailbox, derived_id, partition_of


def digest(mailbox: str, key: bytes) -> str:
    """Return what stands for a mailbox in a list of leaks (HMAC-SHA256)."""
    return hmac.digest(key, canonical_mailbox(mailbox).encode(), "sha256").hex()


def leaked(  # noqa: PLR0913 a leak has that many sides
    mailbox: str, key: bytes, *, partitions: int, at: int, source: str, leaked_at: int = 0, passwords: bool = False
) -> IdentityLeaked:
    """Return the event of an identity in a list; read twice it has the same id."""
    name = digest(mailbox, key)
    return IdentityLeaked(
        id=derived_id("leak", name, source, leaked_at),
        at=at,
        digest=name,
        partition=partition_of(canonical_mailbox(mailbox), partitions),
        partitions=partitions,
        source=source,
        leaked_at=leaked_at,
        passwords=passwords,
    )


def key_of(event: IdentityLeaked) -> bytes:
    """Return under which key Kafka keeps only the newest: an identity stands in a list once."""
    return f"{event.digest} {event.source}".encode()


class Leaks:
    """What leaked of the mailboxes of one partition; without a `key` nothing is found."""

    def __init__(self, key: bytes | None) -> None:
        self.key = key
        self._known: dict[str, dict[str, IdentityLeaked]] = {}
        self._owners: dict[str, str] | None = None

    def __len__(self) -> int:
        """Return how many identities are known to be leaked."""
        return len(self._known)

    def learn(self, event: IdentityLeaked) -> None:
        """Note a leak; of the same identity in the same list the newest counts."""
        self._known.setdefault(event.digest, {})[event.source] = event

    def of(self, mailbox: str) -> Iterable[IdentityLeaked]:
        """Return the leaks of a mailbox that is first seen."""
        if self.key is None or not (self._known or self._owners):
            return ()
        name = digest(mailbox, self.key)
        if self._owners is not None:
            self._owners[name] = mailbox
        return self._known.get(name, {}).values()

    def owner(self, event: IdentityLeaked, mailboxes: Iterable[str]) -> str:
        """Return whose identity it is among the mailboxes seen so far, "" where it is nobody's.

        All are hashed for the first leak of an import, and kept until `forget`.
        """
        if self.key is None:
            return ""
        if self._owners is None:
            key = self.key
            self._owners = {digest(mailbox, key): mailbox for mailbox in mailboxes}
        return self._owners.get(event.digest, "")

    def forget(self) -> None:
        """Drop the digests of the mailboxes: no import goes on."""
        self._owners = None

    def found(self, mailboxes: Iterable[str]) -> Iterator[tuple[str, IdentityLeaked]]:
        """Yield each known leak of these mailboxes."""
        if self.key is not None and self._known:
            for mailbox in mailboxes:
                for event in self._known.get(digest(mailbox, self.key), {}).values():
                    yield mailbox, event
