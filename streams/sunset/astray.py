"""What a change of the configuration or the directory left without anybody: told, since nothing else would show it."""

from collections import Counter
from collections.abc import Container, Iterator, Mapping
from datetime import timedelta
from typing import NamedTuple

from schemas.moments import moment_of
from streams.sunset.decide import Case
from streams.sunset.ledger import Ledger, holds

_LATELY = timedelta(days=30)


class Told(NamedTuple):
    """A sentence, and what it is about: of the same nothing is told again, though numbers in the sentence change."""

    subject: str
    sentence: str


def forgotten(ledgers: Mapping[str, Ledger], configured: Container[str], at: int) -> Iterator[Told]:
    """Tell of each sunset that is not configured, though open mailboxes of it were counted lately."""
    since = (moment_of(at) - _LATELY).date().isoformat()
    for name, ledger in sorted(ledgers.items()):
        if name in configured or ledger.counted < since:
            continue
        if left := sum(not box.done for box in ledger.boxes.values()):
            yield Told(
                f"{name} is not configured",
                f"sunset.{name}: is not configured, but has {left} open mailboxes: nothing is decided about them, and "
                "its letters wait; if it was renamed, give it its name back",
            )


def gone(case: Case) -> Iterator[Told]:
    """Tell of each customer whom the directory has no more: exempt, or written to and now another's."""
    day = case.day.isoformat()
    for subject, until in sorted(case.ledger.exemptions.items()):
        if "@" not in subject and holds(until, day) and case.accounts.account(subject) is None:
            sentence = f"the customer {subject} is exempt, but not in the directory: that covers nobody"
            yield Told(f"{case.name} exempts {subject}", f"sunset.{case.name}: {sentence}")
    lost = {name for name in case.ledger.written if "@" not in name and case.accounts.account(name) is None}
    moved: Counter[tuple[str, str]] = Counter()
    for mailbox, box in case.ledger.boxes.items() if lost else ():
        if box.customer in lost and not box.done:
            moved[box.customer, case.owner(mailbox).customer] += 1
    for (before, now), number in sorted(moved.items()):
        yield Told(
            f"{case.name} had {before}, has {now}",
            f"sunset.{case.name}: the directory has no customer {before} any more, and {now} has {number} of his open "
            "mailboxes: letters are counted from the first again",
        )
