"""What the command line tells of sunsets: where each stands, what its weeks and letters brought, what goes out next."""

from collections.abc import Callable
from datetime import date

import msgspec
from clickhouse_connect.driver.client import Client

from schemas.events import Event
from schemas.mailbox_events import NoticeSent
from schemas.moments import moment_of
from schemas.settings import Settings
from schemas.sunset_events import LetterDue, SunsetEvent
from schemas.sunset_settings import Sunset
from schemas.topics import SUNSET_EVENTS
from streams.directory import DirectoryError
from streams.directory.found import Directory
from streams.directory.kept import load as directory_of
from streams.sunset.decide import Case, users
from streams.sunset.endings import Endings
from streams.sunset.ledger import Ledger, Ledgers, fold
from streams.sunset.measure import Forecast, burndown, closes, forecasts, responses
from streams.sunset.weeks import day_of, to_come, week_of
from streams.sunset.writing import letters
from streams.sunset.written import expected
from streams.sunset_desk import look
from streams.topiclog import LogAwayError, TopicLog

Row = dict[str, object]
_UNKNOWN = "unknown"


def rows(client: Client, settings: Settings, at: int) -> list[Row]:
    """Return where each configured sunset stands; what was never counted is unknown, not none."""
    told = forecasts(client)
    newest: dict[str, dict[str, int]] = {}
    for week in burndown(client):
        if week.sunset in told and week.counted == told[week.sunset].counted:
            sums = newest.setdefault(week.sunset, {})
            for field in ("found", "open", "done", "exempt", "relapsed", "customers", "messages"):
                sums[field] = sums.get(field, 0) + int(getattr(week, field))
    closing_at = closes(client)
    return [
        {"sunset": name, "kind": sunset.kind, "state": _state(sunset, _last(sunset, closing_at.get(name, 0)), at)}
        | _row(sunset, newest.get(name), told.get(name))
        for name, sunset in settings.sunset.items()
    ]


def _last(sunset: Sunset, closing_at: int) -> date:
    """Return the day on which it has ended for all: that of the close of its last stage (µs), where it is later."""
    return max(sunset.ends, day_of(sunset, closing_at))


def _row(sunset: Sunset, counted: dict[str, int] | None, told: Forecast | None) -> Row:
    fields = ("found", "open", "done", "exempt", "relapsed", "customers", "messages")
    return {
        "begins": sunset.begins.isoformat(),
        "ends": sunset.ends.isoformat(),
        **{field: counted[field] if counted else _UNKNOWN for field in fields},
        "counted": told.counted if told else "never",
        "nothing_left": (told.nothing_left if told else None) or "cannot be told",
    }


def _state(sunset: Sunset, last: date, at: int) -> str:
    day = day_of(sunset, at)
    if day >= last:
        return "ended"
    if day < sunset.begins:
        return f"begins in {(sunset.begins - day).days} days"
    return f"week {week_of(sunset, day)} of {week_of(sunset, last)}"


def weeks(client: Client, name: str) -> list[Row]:
    """Return a sunset's burn-down: where it stood at the end of each week, for each language."""
    return [msgspec.structs.asdict(week) for week in burndown(client, name)]


def answers(client: Client, name: str) -> list[Row]:
    """Return what each letter of a sunset brought, for each language; the share in per cent."""
    return [{**msgspec.structs.asdict(each), "share": f"{100 * each.share:.1f} %"} for each in responses(client, name)]


def known(settings: Settings, advance: Callable[[int], None]) -> Ledgers:
    """Return what the log tells of all sunsets, read from its beginning to its end. OSError where it is away."""
    ledgers: Ledgers = {}

    def take(event: Event) -> None:
        if isinstance(event, SunsetEvent | NoticeSent):
            fold(ledgers, (event,))
            advance(1)

    try:
        with TopicLog[None](settings.kafka, SUNSET_EVENTS, take) as log:
            log.next()
    except LogAwayError as error:
        where = ", ".join(settings.kafka.bootstrap)
        raise OSError(f"kafka.bootstrap: {SUNSET_EVENTS.name} cannot be read at {where}: {error}") from error
    return ledgers


def planned(settings: Settings, name: str, client: Client, at: int, advance: Callable[[int], None]) -> list[LetterDue]:
    """Return the letters of this week, or once these went of the next, as they would be by what is known now.

    Nothing is written. `advance` is told of each decision and each use read. ValueError where no letters are to come.
    """
    sunset = settings.sunset[name]
    if sunset.mail is None:
        raise ValueError(f"sunset.{name}.mail: no letters are configured")
    ledger = known(settings, advance).get(name, Ledger())
    last = Endings(sunset, ledger, at).last
    moments = to_come(sunset, last, at)
    if not moments:
        raise ValueError(f"sunset.{name}.ends: {last}: neither a letter nor thanks go any more")
    accounts = directory(settings)
    seen = look(client, sunset, ledger, at, accounts.mailbox, lambda: advance(1))
    fold({name: ledger}, list(users(Case(name, sunset, ledger, seen, accounts))))
    expected(ledger.written, at)
    for when in moments:
        then = msgspec.structs.replace(seen, at=max(when, at))
        if found := list(letters(Case(name, sunset, ledger, then, accounts))):
            return found
    return []


def letter_row(letter: LetterDue) -> Row:
    """Return a letter as one line."""
    return {
        "customer": letter.customer,
        "to": letter.recipient or "nobody",
        "language": letter.language,
        "kind": letter.kind,
        "number": f"{letter.number} of {letter.of}" if letter.number else "",
        "mailboxes": ", ".join(use.mailbox for use in letter.uses),
        "thanked": ", ".join(letter.thanked),
        "due": moment_of(letter.due).isoformat(timespec="seconds"),
        "problem": letter.problem,
    }


def directory(settings: Settings) -> Directory:
    """Return the directory. OSError where it cannot be read to its end."""
    try:
        return directory_of(settings, lambda _: None)
    except DirectoryError as error:
        raise OSError(f"directory: {error}") from error
