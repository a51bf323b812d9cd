"""What a letter does not tell: the devices and times of an address at which others' customers may have sent the mail.

Behind one address (a carrier's NAT, a hotel) it is not known whose mail it was: a device's name and a time would be
shown to a stranger. The mailbox itself is told of, and that it was probably this one.
"""

from collections.abc import Callable, Iterable
from functools import cached_property
from itertools import chain

import msgspec

from schemas.sunset_events import LetterDue, Use
from streams.sunset.look import Look

_LIKELY = 0.5


def shared(uses: Iterable[Use], owner: Callable[[str], str]) -> frozenset[str]:
    """Return the addresses at which mailboxes of several customers were, and of none it is sure that it was he."""
    first: dict[str, str] = {}
    found = set()
    for use in uses:
        if use.confidence < 1:
            customer = owner(use.mailbox)
            found |= {client.ip for client in use.clients if first.setdefault(client.ip, customer) != customer}
    return frozenset(found)


def discreet(use: Use, addresses: frozenset[str], *, known: bool) -> Use:
    """Return an unsure use without its clients at these addresses, first and last by what remains: 0 if nothing does.

    Where it is not `known` who else was there, no client of a use that was rather another's is told.
    """
    if use.confidence >= 1:
        return use
    telling = known or use.confidence >= _LIKELY
    clients = tuple(client for client in use.clients if telling and client.ip not in addresses)
    if clients == use.clients:
        return use
    return msgspec.structs.replace(
        use,
        clients=clients,
        first=min((client.first for client in clients), default=0),
        last=max((client.last for client in clients), default=0),
    )


class Discretion:
    """What the letters of one look may tell; `owner` returns the customer of a mailbox."""

    def __init__(self, look: Look, owner: Callable[[str], str]) -> None:
        self._look, self._owner = look, owner

    def told(self, letter: LetterDue) -> LetterDue:
        """Return a letter without what may be a stranger's."""
        if all(use.confidence >= 1 for use in letter.uses):
            return letter
        return msgspec.structs.replace(letter, uses=tuple(map(self._discreet, letter.uses)))

    def _discreet(self, use: Use) -> Use:
        known = use.mailbox in self._look.uses or use.mailbox in self._look.earlier
        return discreet(use, self._shared, known=known)

    @cached_property
    def _shared(self) -> frozenset[str]:
        return shared(chain(self._look.uses.values(), self._look.earlier.values()), self._owner)
