"""A mailbox and its aliases are one: what was seen under an alias is the mailbox's."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import reduce

import msgspec

from schemas.sunset_events import ClientUse, Use
from streams.sunset.look import Look
from streams.sunset.packing import Uses

_MOST_CLIENTS = 20
_ROUNDED = 1.01


def joined(look: Look, mailbox_of: Callable[[str], str]) -> Look:
    """Return a look in which each use is that of the mailbox of its name, told by `mailbox_of`.

    `sure` is by mailbox already, and `earlier` is what was asked for so.
    """
    uses = together(look.uses, mailbox_of)
    weekly = look.weekly if look.weekly is None or uses is look.uses else _summed(look.weekly, uses, mailbox_of)
    return msgspec.structs.replace(look, uses=uses, weekly=weekly)


def together(uses: Mapping[str, Use], mailbox_of: Callable[[str], str]) -> Mapping[str, Use]:
    """Return the uses by mailbox, those under an alias with those of its mailbox."""
    strays: defaultdict[str, list[Use]] = defaultdict(list)
    for name in uses:
        own = mailbox_of(name)
        if own != name:
            strays[own].append(uses[name])

    def each() -> Iterator[Use]:
        for name in uses:
            if mailbox_of(name) == name:
                yield reduce(_both, strays.pop(name, ()), uses[name])
        for own, (first, *others) in strays.items():
            yield reduce(_both, others, msgspec.structs.replace(first, mailbox=own))

    return Uses(each()) if strays else uses


def _summed(weekly: Mapping[str, int], uses: Mapping[str, Use], mailbox_of: Callable[[str], str]) -> dict[str, int]:
    """Return the messages of a week by mailbox: no more than its use has, since one mail may count for two aliases."""
    found: defaultdict[str, int] = defaultdict(int)
    for name, number in weekly.items():
        found[mailbox_of(name)] += number
    return {name: min(number, uses[name].messages) if name in uses else number for name, number in found.items()}


def _both(one: Use, other: Use) -> Use:
    """Return two uses as one of the first's mailbox, as sure as its messages are on average.

    Of an address that both logged in from, each mail was told of both, and their shares in it add up: as many as either
    has there are taken for the same, unless more would then be his than there are.
    """
    total = one.messages + other.messages
    surely = one.confidence * one.messages + other.confidence * other.messages
    same = _same(one.clients, other.clients)
    if surely <= (total - same) * _ROUNDED:
        total -= same
    newest = sorted((*other.clients, *one.clients), key=lambda client: client.last)
    clients = {(each.ip, each.helo, each.message_host, each.program): each for each in newest}
    return Use(
        mailbox=one.mailbox,
        messages=total,
        first=min(one.first, other.first),
        last=max(one.last, other.last),
        confidence=round(min(1.0, surely / max(total, 1)), 4),
        switched=max(one.switched, other.switched),
        clients=tuple(sorted(clients.values(), key=lambda client: client.last, reverse=True)[:_MOST_CLIENTS]),
        hosts=tuple(sorted({*one.hosts, *other.hosts})),
    )


def _same(some: Iterable[ClientUse], others: Iterable[ClientUse]) -> int:
    """Return how many messages two mailboxes may have in common: those of the addresses of both."""
    here, there = Counter[str](), Counter[str]()
    for counter, clients in ((here, some), (there, others)):
        for client in clients:
            counter[client.ip] += client.messages
    return (here & there).total()
