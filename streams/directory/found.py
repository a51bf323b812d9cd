"""A directory in memory: who is asked for a mailbox finds its customer, an alias' mailbox, a domain's customer."""

from collections.abc import Iterator

import msgspec

from schemas.checked import canonical_address
from schemas.names import domain_of
from streams.directory import Account, Problem


class Directory:
    """Filled row by row: what came first counts, and what contradicts it is told."""

    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._owner: dict[str, str] = {}  # the customer of an address or @domain
        self._alias: dict[str, str] = {}  # the mailbox of an alias
        self._aliases: dict[str, tuple[str, ...]] = {}
        self._contradicted: set[tuple[str, str]] = set()

    def __len__(self) -> int:
        """Return how many addresses and domains it has."""
        return len(self._owner)

    def of(self, mailbox: str) -> Account | None:
        """Return whose a mailbox is: by its address, by its domain, else as its first alias; None where nobody's.

        A login with a dot and no domain (`anna.muster`) stands there like a domain.
        """
        key = canonical_address(mailbox)
        customer = self._owner.get(key) or self._owner.get(f"@{domain_of(key) or key}")
        if customer is None and key in self._aliases:
            customer = self._owner[self._aliases[key][0]]
        return None if customer is None else self._accounts[customer]

    def knows(self, mailbox: str) -> bool:
        """Tell whether an address stands there by itself, not only by its domain."""
        return canonical_address(mailbox) in self._owner

    def mailbox(self, address: str) -> str:
        """Return the mailbox of an alias; any other address is its own."""
        key = canonical_address(address)
        return self._alias.get(key, key)

    def aliases(self, mailbox: str) -> tuple[str, ...]:
        """Return the aliases of a mailbox, in the order of the source."""
        return self._aliases.get(canonical_address(mailbox), ())

    def account(self, customer: str) -> Account | None:
        """Return a customer by its name in the source."""
        return self._accounts.get(customer)

    def accounts(self) -> Iterator[Account]:
        """Yield all customers."""
        yield from self._accounts.values()

    def owned(self) -> Iterator[tuple[str, str]]:
        """Yield each address and @domain with its customer."""
        yield from self._owner.items()

    def mailboxes(self) -> Iterator[str]:
        """Yield all addresses that are mailboxes: neither aliases nor domains."""
        return (address for address in self._owner if not address.startswith("@") and address not in self._alias)

    def add(self, address: str, mailbox: str, account: Account) -> list[str]:
        """Take in an address, an alias where there is a `mailbox`; return what contradicts an earlier row."""
        said = self._agreed(account)
        owner = self._owner.get(address)
        if owner is None:
            self._owner[address] = account.customer
            if mailbox:
                self._alias[address] = mailbox
                self._aliases[mailbox] = (*self._aliases.get(mailbox, ()), address)
            return said
        if owner != account.customer:
            return [*said, f"{address} is of the customer {account.customer} here, of {owner} before: that counts"]
        before = self._alias.get(address, "")
        if before == mailbox:
            return [*said, f"{address} stands there twice"]
        return [*said, f"{address} is {_as(mailbox)} here, {_as(before)} before: that counts"]

    def resolve(self) -> Iterator[Problem]:
        """Make each alias of an alias one of the mailbox at its end; yield those that lead to none, in a circle."""
        ends: dict[str, str] = {}
        for alias, mailbox in self._alias.items():
            passed, end = {alias}, mailbox
            while end in self._alias and end not in passed:
                passed.add(end)
                end = self._alias[end]
            if end not in self._alias:
                ends[alias] = end
            else:
                yield Problem(place=alias, text=f"is an alias of {mailbox}, and so in a circle: it counts as a mailbox")
        self._alias = ends
        self._aliases = {}
        for alias, mailbox in ends.items():
            self._aliases[mailbox] = (*self._aliases.get(mailbox, ()), alias)

    def dangling(self) -> Iterator[Problem]:
        """Yield each alias whose mailbox is not there, or another customer's."""
        for alias, mailbox in self._alias.items():
            account, customer = self.of(mailbox), self._owner[alias]
            whose = account.customer if account else customer
            if mailbox not in self._owner:
                text = f"is an alias of {mailbox}, which is not there: it counts as one of the customer {whose}"
                yield Problem(place=alias, text=text)
            elif whose != customer:
                text = f"of the customer {customer} is an alias of {mailbox}, of {whose}: that counts"
                yield Problem(place=alias, text=text)

    def alike(self) -> Iterator[Problem]:
        """Yield each customer whose name differs from that of another only by capitals or blanks."""
        first: dict[str, str] = {}
        for name in self._accounts:
            other = first.setdefault("".join(name.casefold().split()), name)
            if other != name:
                yield Problem(
                    place=name, text=f"is another customer than {other}: the names differ by capitals or blanks"
                )

    def _agreed(self, account: Account) -> list[str]:
        """Note a customer, or fill in what an earlier row of his left open; return where the two differ, once each."""
        known = self._accounts.setdefault(account.customer, account)
        if known is account or known == account:
            return []
        said, filled = [], {}
        for field in ("name", "contact", "language", "tariff", "flags"):
            here, before = getattr(account, field), getattr(known, field)
            if here and not before:
                filled[field] = here
            elif here and here != before and (account.customer, field) not in self._contradicted:
                self._contradicted.add((account.customer, field))
                said.append(f"the {field} of {account.customer} is {here!r} here, {before!r} before: that counts")
        if filled:
            self._accounts[account.customer] = msgspec.structs.replace(known, **filled)
        return said


def _as(mailbox: str) -> str:
    return f"an alias of {mailbox}" if mailbox else "a mailbox"
