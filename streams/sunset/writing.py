"""Which letters are due: one a customer and week, on all its mailboxes that still use the old way.

Asked for is a mailbox until the day on which it ends for it, by its stage where stages are planned. One that is done
after a letter named it is thanked for once, in the customer's letter of that week where one is due, else in one of its
own, also in the days after it ended. A customer whom nobody can write to gets no letter but is told of as often, so
that customer care may call.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from operator import attrgetter
from typing import TypeVar

import msgspec

from schemas.mailbox_hooks import ADDRESS
from schemas.names import derived_id, domain_of
from schemas.sunset_events import LetterDue, Use
from streams.sunset.decide import Case
from streams.sunset.discretion import Discretion
from streams.sunset.endings import Ending, Endings, told
from streams.sunset.weeks import closing, day_of, due, last_week, letter_day, moment, opening, writing_week
from streams.sunset.written import APART, Lost, Written

_Part = TypeVar("_Part", Use, str)
_NEVER = Written()
_MANY, _FEW_CLIENTS = 100, 2
_DAY = 86_400_000_000
_ROOM, _ROOM_FOR_THANKS = 700_000, 200_000
"""So many bytes, so that a broker takes the letter (1 MB in its defaults), and a mail server the mail (10 MB)."""


class _Mailboxes:
    """Of one customer, with the day of each: those that are open, and those that are done and not thanked for."""

    def __init__(self) -> None:
        self.open: dict[str, Ending] = {}
        self.fixed: dict[str, Ending] = {}


def letters(case: Case) -> Iterator[LetterDue]:
    """Yield the letters of the week of the look that are not decided yet.

    In them is what was found until the week's letters went; what is newer waits a week. None before the week's moment;
    on the day it ends and later only thanks; none at all without `mail`. Between two of a customer lie four days at
    least, also where the configuration moves the weeks.
    """
    week = writing_week(case.sunset, case.look.at)
    endings = Endings(case.sunset, case.ledger, case.look.at)
    begins = opening(case.sunset, week, case.look.at, endings.last)
    if case.sunset.mail is None or begins is None:
        return
    lost = Lost(case.ledger.written, case.look.at)
    discretion = Discretion(case.look, lambda mailbox: case.owner(mailbox).customer)
    for customer, mailboxes in sorted(_by_customer(case, endings, week, begins, lost).items()):
        written = case.ledger.written.get(customer, _NEVER)
        spent = written.letters - lost.letters[customer]
        first = min((ending.day for ending in mailboxes.open.values()), default=None)
        planned, when = (due(case.sunset, case.name, customer, at, first) for at in (moment(case.sunset, week), begins))
        if planned - written.due >= APART:
            yield from map(
                discretion.told, _letter(case, customer, mailboxes, (spent, written.unaddressed), (week, when))
            )


def _by_customer(case: Case, endings: Endings, week: int, begins: int, lost: Lost) -> dict[str, _Mailboxes]:
    """Return what concerns each customer: no mailbox that is exempt, has ended, or was in one of these letters."""
    until, today = closing(case.sunset, week), day_of(case.sunset, max(begins, case.look.at))
    found: defaultdict[str, _Mailboxes] = defaultdict(_Mailboxes)
    for mailbox, box in case.ledger.boxes.items():
        wanted = lost.unthanked(mailbox, box) if box.done else box.found < until
        if not wanted or begins - box.written < _DAY:
            continue
        own = case.accounts.mailbox(mailbox)
        if own != mailbox and own in case.ledger.boxes:
            continue  # found before it was known to be an alias of the other
        ending, customer = endings.of(mailbox), case.owner(mailbox).customer
        if (box.done or today < ending.day) and not case.exempt(mailbox, customer):
            (found[customer].fixed if box.done else found[customer].open)[mailbox] = ending
    return found


def _letter(
    case: Case, customer: str, mailboxes: _Mailboxes, were: tuple[int, int], when: tuple[int, int]
) -> Iterator[LetterDue]:
    """Yield a customer's letter of a week, due then, where `were` so many before that went, or had no address."""
    week, at = when
    first = next(iter((*mailboxes.open, *mailboxes.fixed)))
    account, problem = case.owner(first), problem_of(case, first)
    spent = were[bool(problem)]
    asks = bool(mailboxes.open) and spent < case.sunset.letters
    if not asks and (problem or not mailboxes.fixed):
        return  # nobody has to be called to be thanked
    mail = case.sunset.mail
    uses = _uses(case, mailboxes.open) if asks else ()
    thanked = () if problem else tuple(_fitting(sorted(mailboxes.fixed), _ROOM_FOR_THANKS))
    named = [mailboxes.open[use.mailbox] for use in uses] or [mailboxes.fixed[mailbox] for mailbox in thanked]
    ends, days = told(named)
    identity = derived_id("sunset-letter", case.name, customer, letter_day(case.sunset, week))
    yield LetterDue(
        id=identity,
        at=case.look.at,
        sunset=case.name,
        customer=customer,
        name=account.name,
        recipient="" if problem else account.contact,
        language=case.language(account),
        kind="letter" if asks else "thanks",
        number=spent + 1 if asks else 0,
        of=_of(case, spent, week, mailboxes.open.values()) if asks else 0,
        week=week,
        ends=ends,
        due=at,
        uses=uses,
        thanked=thanked,
        message_id=f"<{identity}@{domain_of(mail.sender)}>" if mail and not problem else "",
        problem=problem,
        days=days,
        more=len(mailboxes.open) - len(uses) if asks else 0,
    )


def _of(case: Case, spent: int, week: int, endings: Collection[Ending]) -> int:
    """Return how many letters there can be with those that are spent: one a week until it has ended for all these."""
    if not all(ending.fixed for ending in endings):
        return case.sunset.letters
    left = last_week(case.sunset, max(ending.day for ending in endings)) - week
    return min(case.sunset.letters, spent + 1 + left)


def problem_of(case: Case, mailbox: str) -> str:
    """Return why nobody can be written to about a mailbox, "" where its customer can."""
    account = case.accounts.of(mailbox)
    if account is None:
        return f"no customer has {mailbox}"
    if not account.contact:
        return f"the customer {account.customer} has no mail address"
    if not ADDRESS.fullmatch(account.contact):
        return f"the customer {account.customer} has the mail address {account.contact!r}, which is none"
    return ""


def _uses(case: Case, mailboxes: Collection[str]) -> tuple[Use, ...]:
    """Return the uses of the mailboxes that a letter has room for, by name: those not named for the longest time.

    Each is as it was seen last, with the messages of seven days; of many, few clients are told.
    """
    boxes = case.ledger.boxes
    found = (_use(case, mailbox) for mailbox in sorted(mailboxes, key=lambda name: (boxes[name].written, name)))
    if len(mailboxes) > _MANY:
        found = (msgspec.structs.replace(use, clients=use.clients[:_FEW_CLIENTS]) for use in found)
    return tuple(sorted(_fitting(found, _ROOM), key=attrgetter("mailbox")))


def _fitting(parts: Iterable[_Part], room: int) -> Iterator[_Part]:
    """Yield the first of these, as many as have room (bytes) as they stand in an event."""
    for part in parts:
        room -= len(msgspec.json.encode(part)) + 1
        if room < 0:
            return
        yield part


def _use(case: Case, mailbox: str) -> Use:
    """Return the last use of a mailbox: lately, before that, or (nothing newer is known) as it was found.

    It goes by the name under which the mailbox was found, also where that has become an alias.
    """
    own, use = case.accounts.mailbox(mailbox), case.use(mailbox)
    if use is None:
        found, earlier = case.ledger.boxes[mailbox].use(mailbox), case.look.earlier.get(own)
        use = earlier if earlier is not None and earlier.last > found.last else found
    return msgspec.structs.replace(use, mailbox=mailbox, messages=case.look.messages(own))
