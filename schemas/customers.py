"""Whose a mailbox is: the customer of the configuration that names its address, its domain or its network."""

from collections.abc import Mapping
from functools import lru_cache

from schemas.mailbox_settings import Action, Customer
from schemas.names import domain_of

_REMEMBERED = 65536


def owners(customers: Mapping[str, Customer]) -> dict[str, str]:
    """Return the customer of each address, domain and network's name, in lower case.

    ValueError names all that stand with two customers, or are empty.
    """
    owner: dict[str, str] = {}
    wrong: list[str] = []
    for name, customer in customers.items():
        for entry in customer.mailboxes:
            key = entry.strip().lower()
            if not key:
                wrong.append(f"{name}.mailboxes: an empty text is no mailbox")
            elif owner.setdefault(key, name) != name:
                wrong.append(f"{name}.mailboxes: {entry} is the customer {owner[key]}'s already")
    if wrong:
        raise ValueError("; ".join(wrong))
    return owner


class Customers:
    """The customers of the configuration. Asked for each event: what was answered is remembered."""

    def __init__(self, configured: Mapping[str, Customer]) -> None:
        self._configured = configured
        self._owner = owners(configured)
        self.of = lru_cache(_REMEMBERED)(self._of)
        self.action = lru_cache(_REMEMBERED)(self._action)

    def knows(self, mailbox: str) -> bool:
        """Tell whether the configuration names the customer of a mailbox, domain or network."""
        return self._named(mailbox) is not None

    def mailboxes(self, customer: str) -> int | None:
        """Return how many mailboxes a customer has; None where the configuration does not name each of them."""
        configured = self._configured.get(customer)
        if configured is None or not all("@" in entry for entry in configured.mailboxes):
            return None
        return len(set(configured.mailboxes))

    def has_cases(self, customer: str) -> bool:
        """Tell whether flagged mailboxes of a customer are told as cases; the configuration can say no."""
        configured = self._configured.get(customer)
        return configured is None or configured.cases

    def _of(self, mailbox: str) -> str:
        """Return the customer of a mailbox or sender: its own domain (or name) where the configuration names none."""
        return self._named(mailbox) or domain_of(mailbox) or mailbox

    def _action(self, mailbox: str) -> Action | None:
        """Return what may be done to the customer's mailboxes; None: what `[mailboxes]` says."""
        name = self._named(mailbox)
        return None if name is None else self._configured[name].action

    def _named(self, mailbox: str) -> str | None:
        """Return the configured customer; its address counts before its domain, and a sub-domain is one of its own."""
        key = mailbox.lower()
        return self._owner.get(key) or self._owner.get(domain_of(key))
