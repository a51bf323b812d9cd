"""What follows from a look: who was found, who is done, which letters are due, and where the sunset stands.

Each function compares what was seen with what the ledger knows, so that doing it twice is harmless: an id is derived
from what it is about (a mailbox's return, a customer's week, a day), never from when it was decided. What was not seen
because its log was not read is neither found nor done.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date, timedelta
from typing import NamedTuple, Protocol, get_args

from schemas.names import derived_id, domain_of
from schemas.sunset_events import SunsetCounted, SunsetEvent, Use, UserDone, UserFound
from schemas.sunset_settings import Language, Sunset
from streams.directory import Account
from streams.sunset.cut_off import cut_off
from streams.sunset.doubt import probable
from streams.sunset.ledger import Ledger
from streams.sunset.look import Look
from streams.sunset.weeks import day_of, start_of
from streams.sunset.written import Box

_WEEK = 7


class Accounts(Protocol):
    """Who knows whose a mailbox is."""

    def of(self, mailbox: str) -> Account | None:
        """Return the customer of a mailbox, None where nobody has it."""
        ...

    def mailbox(self, address: str) -> str:
        """Return the mailbox of an alias; any other address is its own."""
        ...

    def aliases(self, mailbox: str) -> tuple[str, ...]:
        """Return the aliases of a mailbox."""
        ...

    def account(self, customer: str) -> Account | None:
        """Return a customer by its name in the source."""
        ...


def owner(accounts: Accounts, mailbox: str) -> Account:
    """Return whose a mailbox is; one that nobody has is of `@domain` (no customer is called so), or of `login@`."""
    found = accounts.of(mailbox)
    if found is not None:
        return found
    domain = domain_of(mailbox)
    return Account(customer=f"@{domain}" if domain else f"{mailbox}@")


def exempt(ledger: Ledger, accounts: Accounts, mailbox: str, customer: str, day: str) -> bool:
    """Tell whether a customer's mailbox is exempt on a day, by one of its names, its domain or its customer."""
    if not ledger.exemptions:
        return False
    own = accounts.mailbox(mailbox)
    names = dict.fromkeys((mailbox, own, *accounts.aliases(own)))
    return any(ledger.exempt(name, customer, day) for name in names)


class Case(NamedTuple):
    """A sunset as it is decided about: name and settings, what is known, what was seen, and whose the mailboxes are."""

    name: str
    sunset: Sunset
    ledger: Ledger
    look: Look
    accounts: Accounts

    @property
    def day(self) -> date:
        """Return the day of the look."""
        return day_of(self.sunset, self.look.at)

    def use(self, mailbox: str) -> Use | None:
        """Return the newest use of a mailbox, or of the one whose alias it has become; None where none was seen."""
        return self.look.uses.get(self.accounts.mailbox(mailbox))

    def exempt(self, mailbox: str, customer: str) -> bool:
        """Tell whether a mailbox is exempt on the day of the look, by one of its names, its domain or its customer."""
        return exempt(self.ledger, self.accounts, mailbox, customer, self.day.isoformat())

    def language(self, account: Account | None = None) -> str:
        """Return the language of a customer where letters are written in it, else that of the letters."""
        if account is not None and account.language in get_args(Language):
            return account.language
        return self.sunset.mail.language if self.sunset.mail else "en"

    def owner(self, mailbox: str) -> Account:
        """Return whose a mailbox is, as `owner` does."""
        return owner(self.accounts, mailbox)

    def office(self, mailbox: str) -> str:
        """Return with whose mailboxes one adds up where nobody is sure: his customer's; nobody's are strangers."""
        found = self.accounts.of(mailbox)
        return found.customer if found is not None else mailbox


def users(case: Case) -> Iterator[SunsetEvent]:
    """Yield who is found, back or done.

    Quiet are the `quiet_days` before the day of the look: who was seen on them is a user, and who was not is done if
    the logs of all hosts that may tell of him were read on each of them. What may have been another finds nobody, but
    keeps open who is: he may have been it, unless he was seen to do it the new way since it was he for the last time.
    Who was cut off by his stage is silent for that: he is done once he was seen to do it the new way.
    """
    quiet = [case.day - timedelta(days=back) for back in range(case.sunset.quiet_days, 0, -1)]
    since = start_of(case.sunset, quiet[0])
    least = case.sunset.least_confidence
    likely = probable(case.look.uses, least, case.office)
    for use in case.look.uses.values():
        if use.last >= since and (use.confidence >= least or use.mailbox in likely):
            yield from _found(case, use, case.ledger.boxes.get(use.mailbox))
    if case.look.unheard(day.isoformat() for day in quiet):
        return
    for mailbox, box in case.ledger.boxes.items():
        if not box.done:
            yield from _done(case, mailbox, box, since, likely)


def _found(case: Case, use: Use, box: Box | None) -> Iterator[UserFound]:
    if box is not None and (not box.done or use.last <= box.last):
        return
    account = case.owner(use.mailbox)
    yield UserFound(
        id=derived_id("sunset-found", case.name, use.mailbox, box.done if box else ""),
        at=case.look.at,
        sunset=case.name,
        mailbox=use.mailbox,
        customer=account.customer,
        language=case.language(account),
        relapse=box is not None,
        use=use,
    )


def _done(case: Case, mailbox: str, box: Box, since: int, likely: Collection[str]) -> Iterator[UserDone]:
    use, earlier = case.use(mailbox), case.look.earlier.get(case.accounts.mailbox(mailbox))
    last = max(box.last, use.last if use else 0)
    if last >= since and use is not None and use.mailbox not in likely:
        last = _surely(case, use, box)
    if last >= since:
        return
    last = max(last, earlier.last if earlier else 0)
    switched = max(each.switched if each else 0 for each in (use, earlier))
    refused = cut_off(case.sunset, case.ledger, mailbox, last, since)
    if refused and switched <= last and not case.exempt(mailbox, case.owner(mailbox).customer):
        return
    yield UserDone(
        id=derived_id("sunset-done", case.name, mailbox, box.found),
        at=case.look.at,
        sunset=case.name,
        mailbox=mailbox,
        customer=case.owner(mailbox).customer,
        language=box.language,
        last=last,
        switched=switched,
        quiet_days=case.sunset.quiet_days,
    )


def _surely(case: Case, use: Use, box: Box) -> int:
    """Return when a mailbox was seen last: of one that was seen to have switched since, in a use that was rather his.

    Behind one address his neighbours' uses may be told of him as long as they go on.
    """
    if case.look.sure is None or use.confidence >= case.sunset.least_confidence:
        return max(box.last, use.last)
    last = max(box.last, case.look.sure.get(use.mailbox, 0))
    return last if use.switched > last else max(last, use.last)


class _Tally:
    """The counts of one language."""

    def __init__(self) -> None:
        self.found = self.open = self.done = self.exempt = self.relapsed = self.messages = 0
        self.customers: set[str] = set()


def counts(case: Case) -> Iterator[SunsetCounted]:
    """Yield where the sunset stands on the day of the look, for each language; a day is counted once.

    Before anything was found that is nothing, in the language of the letters.
    """
    day = case.day.isoformat()
    if case.ledger.counted > day:
        return
    tallies: defaultdict[str, _Tally] = defaultdict(_Tally)
    for mailbox, box in case.ledger.boxes.items():
        _tally(case, tallies[box.language], mailbox, box)
    if not tallies:
        tallies[case.language()] = _Tally()
    week = [(case.day - timedelta(days=back)).isoformat() for back in range(_WEEK, 0, -1)]
    unheard = len(case.look.unheard(week))
    for language, tally in sorted(tallies.items()):
        if case.ledger.counted == day and language in case.ledger.languages:
            continue
        yield SunsetCounted(
            id=derived_id("sunset-counted", case.name, day, language),
            at=case.look.at,
            sunset=case.name,
            day=day,
            language=language,
            found=tally.found,
            open=tally.open,
            done=tally.done,
            exempt=tally.exempt,
            relapsed=tally.relapsed,
            customers=len(tally.customers),
            messages=tally.messages,
            unheard=unheard,
        )


def _tally(case: Case, tally: _Tally, mailbox: str, box: Box) -> None:
    customer = case.owner(mailbox).customer
    tally.found += 1
    tally.relapsed += box.returned
    tally.messages += case.look.messages(mailbox)
    if box.done:
        tally.done += 1
    elif case.exempt(mailbox, customer):
        tally.exempt += 1
    else:
        tally.open += 1
        tally.customers.add(customer)
