"""A mailbox and its aliases are one: what was seen under an alias is the mailbox's."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import reduce

import msgspec

from schemas.sunset_events import Use
from streams.sunset.look import Look
from streams.sunset.packing import Uses

_MOST_CLIENTS = 20


def joined(look: Look, mailbox_of: Callable[[str], str]) -> Look:
    """Return a look in which each use is that of the mailbox of its name, told by `mailbox_of`."""
    uses = _joined(look.uses, mailbox_of)
    weekly = look.weekly if look.weekly is None or uses is look.uses else _summed(look.weekly, uses, mailbox_of)
    earlier, sure = _joined(look.earlier, mailbox_of), _newest(look.sure, mailbox_of)
    return msgspec.structs.replace(look, uses=uses, earlier=earlier, weekly=weekly, sure=sure)


def _joined(uses: Mapping[str, Use], mailbox_of: Callable[[str], str]) -> Mapping[str, Use]:
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


def _newest(times: Mapping[str, int] | None, mailbox_of: Callable[[str], str]) -> dict[str, int] | None:
    """Return the newest time of each mailbox under any of its names."""
    if times is None:
        return None
    found: dict[str, int] = {}
    for name, at in times.items():
        found[mailbox_of(name)] = max(at, found.get(mailbox_of(name), 0))
    return found


def _summed(weekly: Mapping[str, int], uses: Mapping[str, Use], mailbox_of: Callable[[str], str]) -> dict[str, int]:
    """Return the messages of a week by mailbox: no more than its use has, since one mail may count for two aliases."""
    found: defaultdict[str, int] = defaultdict(int)
    for name, number in weekly.items():
        found[mailbox_of(name)] += number
    return {name: min(number, uses[name].messages) if name in uses else number for name, number in found.items()}


def _both(one: Use, other: Use) -> Use:
    """Return two uses as one of the first's mailbox.

    Of an address that both logged in from, each mail was told of both: they share its certainty.
    """
    shared = {client.ip for client in one.clients} & {client.ip for client in other.clients}
    total = one.messages + other.messages
    surely = one.confidence * one.messages + other.confidence * other.messages
    newest = sorted((*other.clients, *one.clients), key=lambda client: client.last)
    clients = {(each.ip, each.helo, each.message_host, each.program): each for each in newest}
    return Use(
        mailbox=one.mailbox,
        messages=max(one.messages, other.messages) if shared else total,
        first=min(one.first, other.first),
        last=max(one.last, other.last),
        confidence=round(min(1.0, one.confidence + other.confidence if shared else surely / max(total, 1)), 4),
        switched=max(one.switched, other.switched),
        clients=tuple(sorted(clients.values(), key=lambda client: client.last, reverse=True)[:_MOST_CLIENTS]),
        hosts=tuple(sorted({*one.hosts, *other.hosts})),
    )
