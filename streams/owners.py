"""Whose mailboxes are, for the warehouse: what of a directory is stored, and what changed since. Pure.

A row is as it stands in `customer_addresses` and `customer_accounts`: its key, from when to when it holds (µs, 0:
still), and what it says. What is no more in the directory ends; nothing is taken away: the past stays as it was.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from streams.directory.found import Directory

Values = tuple[str | bool, ...]


class Held(NamedTuple):
    """A row of the warehouse that holds still: its key, since when, and what it says."""

    key: str
    begun: int
    values: Values


class Row(NamedTuple):
    """A row to be stored."""

    key: str
    begun: int
    ended: int
    values: Values


def addresses(directory: Directory, networks: Iterable[tuple[str, str]]) -> Iterator[tuple[str, Values]]:
    """Yield each address with its customer, its kind and, of an alias, its mailbox; and the names of `networks`."""
    for address, customer in directory.owned():
        mailbox = directory.mailbox(address)
        if address.startswith("@"):
            yield address, (customer, "domain", "")
        elif mailbox == address:
            yield address, (customer, "mailbox", "")
        else:
            yield address, (customer, "alias", mailbox)
    for name, customer in networks:
        yield name, (customer, "network", "")


def accounts(directory: Directory, others: Iterable[str]) -> Iterator[tuple[str, Values]]:
    """Yield each customer with its name, language, tariff and flags, and whether there is where to write to it.

    `others` are customers of whom the directory has no row: those of networks alone.
    """
    for each in directory.accounts():
        yield each.customer, (each.name, each.language, each.tariff, " ".join(each.flags), bool(each.contact))
    for customer in others:
        if directory.account(customer) is None:
            yield customer, ("", "", "", "", False)


def changes(held: Iterable[Held], wanted: Iterable[tuple[str, Values]], at: int) -> Iterator[Row]:
    """Yield what is to be stored so that from `at` on only what is `wanted` holds; the first of a key counts.

    What changed within one microsecond of its beginning begins anew at the next one: no two rows of a key are of one
    moment.
    """
    before = {each.key: each for each in held}
    seen: set[str] = set()
    for key, values in wanted:
        if key in seen:
            continue
        seen.add(key)
        known = before.pop(key, None)
        if known is not None and known.values == values:
            continue
        begun = at if known is None else max(at, known.begun + 1)
        if known is not None:
            yield Row(key, known.begun, begun, known.values)
        yield Row(key, begun, 0, values)
    for known in before.values():
        yield Row(known.key, known.begun, max(at, known.begun + 1), known.values)
