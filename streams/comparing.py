"""What two configurations decide about the same history: how often, and where they differ, when and why."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest

import msgspec

from schemas.mailbox_events import CaseOpened, MailboxFlagged, MailboxSuspended, MailboxThrottled
from schemas.moments import rfc3339
from schemas.pool_events import IpWithdrawn, ProviderWithdrawn
from streams.backtest import Decision, kind_of

Step = MailboxFlagged | MailboxThrottled | MailboxSuspended | CaseOpened | IpWithdrawn | ProviderWithdrawn
"""The decisions that are compared: those which begin something."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A decision that only one configuration takes, or that they take at other times ("" for never), and both reasons.

    `subject` is the mailbox, the customer, the IP, or "IP to PROVIDER".
    """

    decision: str
    subject: str
    first: str
    second: str
    first_why: str
    second_why: str


_Steps = Mapping[tuple[str, str], Sequence[Step]]


def differences(first: Iterable[Decision], second: Iterable[Decision]) -> list[Comparison]:
    """Return what the configurations decide differently, by subject and kind; the n-th is held against the n-th."""
    one, other = _by_subject(first), _by_subject(second)
    return [
        _compared(kind, subject, mine, its)
        for subject, kind in sorted({*one, *other})
        for mine, its in zip_longest(*_unlike(one.get((subject, kind), ()), other.get((subject, kind), ())))
    ]


def tally(decisions: Iterable[Decision]) -> Counter[str]:
    """Return how many decisions there are of each type, by the names of their lines."""
    return Counter(map(kind_of, decisions))


def _by_subject(decisions: Iterable[Decision]) -> _Steps:
    found: defaultdict[tuple[str, str], list[Step]] = defaultdict(list)
    for decision in decisions:
        kind = kind_of(decision)
        if isinstance(decision, Step) and kind != "mailbox_watched":
            found[_subject(decision), kind].append(decision)
    return found


def _subject(decision: Step) -> str:
    match decision:
        case CaseOpened():
            return decision.customer
        case IpWithdrawn():
            return decision.ip
        case ProviderWithdrawn():
            return f"{decision.ip} to {decision.provider}"
        case _:
            return decision.mailbox


def _unlike(one: Sequence[Step], other: Sequence[Step]) -> tuple[list[Step], list[Step]]:
    """Return what of each is not decided at the same time by the other."""
    times, its = {each.at for each in one}, {each.at for each in other}
    return [each for each in one if each.at not in its], [each for each in other if each.at not in times]


def _compared(kind: str, subject: str, one: Step | None, other: Step | None) -> Comparison:
    return Comparison(
        decision=kind,
        subject=subject,
        first=rfc3339(one.at) if one else "",
        second=rfc3339(other.at) if other else "",
        first_why=_why(one),
        second_why=_why(other),
    )


def _why(decision: Step | None) -> str:
    return "; ".join(each.text for each in decision.evidence) if decision else ""
