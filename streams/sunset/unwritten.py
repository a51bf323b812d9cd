"""Who still uses the old way and stands in no letter of the week, and why: what nobody would notice otherwise."""

from collections import defaultdict
from collections.abc import Iterator

import msgspec

from streams.sunset.decide import Case
from streams.sunset.endings import Endings
from streams.sunset.weeks import closing, due, letter_day, moment, opening, writing_week
from streams.sunset.writing import problem_of
from streams.sunset.written import APART, Box, Written

_NEVER = Written()
_DAY = 86_400_000_000
UNSURE = "it may have been another: below least_confidence"


class Silence(msgspec.Struct, frozen=True):
    """Mailboxes of a customer that are in no letter of the week, for the same reason."""

    customer: str
    why: str
    mailboxes: tuple[str, ...]


def silences(case: Case) -> Iterator[Silence]:
    """Yield whose open mailboxes are in no letter of the week whose letters were the last to begin, by customer.

    Besides, who was seen but is not found, because it may have been another.
    """
    week = writing_week(case.sunset, case.look.at)
    endings = Endings(case.sunset, case.ledger, case.look.at)
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for mailbox, box in case.ledger.boxes.items():
        if not box.done and (why := _why(case, mailbox, box, week, endings)):
            found[case.owner(mailbox).customer, why].append(mailbox)
    for mailbox, use in case.look.uses.items():
        if use.confidence < case.sunset.least_confidence and mailbox not in case.ledger.boxes:
            found[case.owner(mailbox).customer, UNSURE].append(mailbox)
    for (customer, why), mailboxes in sorted(found.items()):
        yield Silence(customer, why, tuple(sorted(mailboxes)))


def _why(case: Case, mailbox: str, box: Box, week: int, endings: Endings) -> str:
    """Return why an open mailbox is in no letter of a week, "" where it is in one."""
    if case.exempt(mailbox, case.owner(mailbox).customer):
        return "exempt"
    if problem := problem_of(case, mailbox):
        return problem
    if case.sunset.mail is None:
        return "no letters are configured"
    if week < 1:
        return f"letters begin on {letter_day(case.sunset, 1)}"
    if moment(case.sunset, week) - box.written < _DAY:
        written = case.ledger.written.get(case.owner(mailbox).customer, _NEVER)
        return "this week's letter was withdrawn" if box.written == written.withdrawn else ""
    return _undecided(case, mailbox, box, week, endings)


def _undecided(case: Case, mailbox: str, box: Box, week: int, endings: Endings) -> str:
    sunset, customer = case.sunset, case.owner(mailbox).customer
    written = case.ledger.written.get(customer, _NEVER)
    if case.day >= (ended := endings.of(mailbox).day):
        return f"it ended on {ended}"
    if written.letters >= sunset.letters:
        return f"all {sunset.letters} letters were written"
    if box.found >= closing(sunset, week):
        return "found after this week's letters went"
    if due(sunset, case.name, customer, moment(sunset, week)) - written.due < APART:
        return "the customer's last letter was decided less than four days before, or without this one"
    if opening(sunset, week, case.look.at, endings.last) is None:
        return "nothing could be decided while this week's letters went"
    return "not decided yet"
