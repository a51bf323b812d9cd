"""Which letters are due: one a customer and week, on all its mailboxes that still use the old way.

A mailbox that is done after a letter named it is thanked for once, in the customer's letter of that week where one is
due, else in one of its own, also in the days after it ended. A customer whom nobody can write to gets no letter but is
told of as often, so that customer care may call.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec

from schemas.mailbox_hooks import ADDRESS
from schemas.names import derived_id, domain_of
from schemas.sunset_events import LetterDue, Use
from streams.sunset.decide import Case
from streams.sunset.discretion import Discretion
from streams.sunset.ledger import APART, Written
from streams.sunset.weeks import closing, due, last_week, letter_day, moment, opening, start_of, writing_week

_NEVER = Written()
_MANY, _FEW_CLIENTS = 100, 2
_DAY = 86_400_000_000


class _Mailboxes:
    """Of one customer: those that are open, and those that are done and not thanked for."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self.fixed: list[str] = []


def letters(case: Case) -> Iterator[LetterDue]:
    """Yield the letters of the week of the look that are not decided yet.

    In them is what was found until the week's letters went; what is newer waits a week. None before the week's moment;
    on the day it ends and later only thanks; none at all without `mail`. Between two of a customer lie four days at
    least, also where the configuration moves the weeks.
    """
    week = writing_week(case.sunset, case.look.at)
    begins = opening(case.sunset, week, case.look.at)
    if case.sunset.mail is None or begins is None:
        return
    discretion = Discretion(case.look, lambda mailbox: case.owner(mailbox).customer)
    for customer, mailboxes in sorted(_by_customer(case, week, begins).items()):
        written = case.ledger.written.get(customer, _NEVER)
        planned, when = (due(case.sunset, case.name, customer, at) for at in (moment(case.sunset, week), begins))
        if planned - written.due >= APART:
            yield from map(discretion.told, _letter(case, customer, mailboxes, written, (week, when)))


def _by_customer(case: Case, week: int, begins: int) -> dict[str, _Mailboxes]:
    """Return what concerns each customer: no mailbox that is exempt, or was in one of these letters."""
    until = closing(case.sunset, week)
    found: defaultdict[str, _Mailboxes] = defaultdict(_Mailboxes)
    for mailbox, box in case.ledger.boxes.items():
        wanted = box.written and not box.thanked if box.done else box.found < until
        if not wanted or begins - box.written < _DAY:
            continue
        own = case.accounts.mailbox(mailbox)
        if own != mailbox and own in case.ledger.boxes:
            continue  # found before it was known to be an alias of the other
        customer = case.owner(mailbox).customer
        if not case.exempt(mailbox, customer):
            (found[customer].fixed if box.done else found[customer].open).append(mailbox)
    return found


def _letter(
    case: Case, customer: str, mailboxes: _Mailboxes, written: Written, when: tuple[int, int]
) -> Iterator[LetterDue]:
    week, at = when
    first = (*mailboxes.open, *mailboxes.fixed)[0]
    account, problem = case.owner(first), problem_of(case, first)
    spent = written.unaddressed if problem else written.letters
    ends = start_of(case.sunset, case.sunset.ends)
    asks = bool(mailboxes.open) and spent < case.sunset.letters and max(case.look.at, at) < ends
    if not asks and (problem or not mailboxes.fixed):
        return  # nobody has to be called to be thanked
    mail = case.sunset.mail
    number = spent + 1 if asks else 0
    left = last_week(case.sunset) - week
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
        number=number,
        of=min(case.sunset.letters, number + left) if asks else 0,
        week=week,
        ends=case.sunset.ends.isoformat(),
        due=at,
        uses=_uses(case, sorted(mailboxes.open)) if asks else (),
        thanked=() if problem else tuple(sorted(mailboxes.fixed)),
        message_id=f"<{identity}@{domain_of(mail.sender)}>" if mail and not problem else "",
        problem=problem,
    )


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


def _uses(case: Case, mailboxes: Sequence[str]) -> tuple[Use, ...]:
    """Return the use of each mailbox as it was seen last, and the messages of seven days; of many, few clients."""
    found = (_use(case, mailbox) for mailbox in mailboxes)
    if len(mailboxes) <= _MANY:
        return tuple(found)
    return tuple(msgspec.structs.replace(use, clients=use.clients[:_FEW_CLIENTS]) for use in found)


def _use(case: Case, mailbox: str) -> Use:
    """Return the last use of a mailbox: lately, before that, or (nothing newer is known) as it was found."""
    use = case.use(mailbox)
    if use is None:
        found, earlier = case.ledger.boxes[mailbox].use(mailbox), case.look.earlier.get(mailbox)
        use = earlier if earlier is not None and earlier.last > found.last else found
    return msgspec.structs.replace(use, messages=case.look.messages(mailbox))
