"""Who counts though it is not sure that it was he: one office behind one address, whose mailboxes are of one customer.

Several mailboxes that logged in from an address share the certainty of its mails. Which of them it was is not known,
but whose they are is, where the customer has most of them.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping

from schemas.sunset_events import Use


def probable(uses: Mapping[str, Use], least: float, owner: Callable[[str], str]) -> frozenset[str]:
    """Return the mailboxes under `least` whose customer comes to it with his others at one of their addresses.

    Added up are only those under `least`: who is sure by himself may be so for another address.
    """
    unsure = [use for use in uses.values() if use.confidence < least]
    sums: defaultdict[tuple[str, str], float] = defaultdict(float)
    for use in unsure:
        for address in _addresses(use):
            sums[owner(use.mailbox), address] += use.confidence
    return frozenset(
        use.mailbox for use in unsure if any(sums[owner(use.mailbox), ip] >= least for ip in _addresses(use))
    )


def _addresses(use: Use) -> set[str]:
    return {client.ip for client in use.clients}
