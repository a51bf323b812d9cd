"""Who gets a report, in which language, at which hours of which time zone: the customer's own choice before ours."""

from collections.abc import Iterable, Iterator

import msgspec

from schemas.checked import zone
from schemas.report_settings import Report
from streams.directory import Account
from streams.notices import LANGUAGES, Language
from streams.reports.periods import Rhythm

_MOST_HOURS = 24


class Addressee(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who gets a report; `customer` "" is one of our own. `problem` says what of a choice was not taken.

    Without a `recipient` nobody can be written to.
    """

    customer: str = ""
    name: str = ""
    recipient: str
    language: Language
    rhythm: Rhythm
    problem: str = ""

    @property
    def key(self) -> str:
        """Return what tells him from others: the customer, wherever he is written to, else the recipient."""
        return self.customer or self.recipient


def addressees(report: Report, accounts: Iterable[Account]) -> Iterator[Addressee]:
    """Yield who gets a report: its recipients, or the customers who have its flag (all of them where it has none)."""
    usual = Rhythm(
        every=report.every,
        hours=report.hours,
        timezone=report.timezone,
        weekday=report.weekday,
        day=report.day,
    )
    if report.audience != "customer":
        for recipient in report.recipients:
            yield Addressee(recipient=recipient, language=report.language, rhythm=usual)
        return
    for account in accounts:
        flag = _flag(report.flag, account)
        if flag is not None:
            yield _customer(account, flag, usual, report.language)


def _flag(wanted: str, account: Account) -> str | None:
    """Return the flag by which a customer gets a report; "" where none is wanted, None where he has not got it."""
    if not wanted:
        return ""
    return next((each for each in account.flags if each.partition(":")[0] == wanted), None)


def _customer(account: Account, flag: str, usual: Rhythm, language: Language) -> Addressee:
    _, _, choice = flag.partition(":")
    problem = "" if account.contact else "has no contact"
    try:
        rhythm = _chosen(choice, usual)
    except ValueError as error:
        rhythm, problem = usual, problem or f"flag {flag!r}: {error}"
    return Addressee(
        customer=account.customer,
        name=account.name or account.customer,
        recipient=account.contact,
        language=next((each for each in LANGUAGES if each == account.language), language),
        rhythm=rhythm,
        problem=problem,
    )


def _chosen(choice: str, usual: Rhythm) -> Rhythm:
    """Return the hours and the zone that a flag tells: `7`, `7+19`, `7+19:Europe/Rome`. ValueError where it cannot."""
    hours, _, place = choice.partition(":")
    rhythm = usual
    if hours:
        if not all(each.isascii() and each.isdigit() and int(each) < _MOST_HOURS for each in hours.split("+")):
            raise ValueError(f"{hours!r} are no hours of a day, such as 7 or 7+19")
        given = tuple(sorted({int(each) for each in hours.split("+")}))
        if usual.every != "daily" and len(given) > 1:
            raise ValueError(f"{hours!r}: a {usual.every} report goes once")
        rhythm = msgspec.structs.replace(rhythm, hours=given)
    return msgspec.structs.replace(rhythm, timezone=zone(place)) if place else rhythm
