"""What a letter says of the mailboxes, in the words of a language: days and times of the sunset's zone, and clients."""

from collections.abc import Mapping
from datetime import date
from itertools import chain, repeat

import msgspec

from schemas.sunset_events import ClientUse, LetterDue, Use
from schemas.sunset_settings import Language, Sunset, SunsetMail
from streams.letters import host_shown, shown
from streams.letters.programs import OTHER, PROGRAMS, recognised
from streams.notices import LANGUAGES
from streams.notices.speech import Speech

_MOST_CLIENTS = 5
CONTEXT = frozenset(
    (
        *(
            "language",
            "kind",
            "thanks",
            "name",
            "letter",
            "letters",
            "first",
            "last",
            "week",
            "ends",
            "ends_day",
            "days_left",
            "dated",
            "apart",
        ),
        *("count", "others", "thanked", "company", "support", "website", "smtp_server", "imap_server"),
        *("number", "percent", "plural"),
    )
)
"""The names of `context_of`."""


class Moment(msgspec.Struct, frozen=True):
    """A time as a language tells it."""

    day: str
    time: str
    zone: str


class Client(msgspec.Struct, frozen=True):
    """A client of a mailbox: its program's title ("": unknown), what it calls itself ("": nothing), its address."""

    title: str
    name: str
    ip: str


class Mailbox(msgspec.Struct, frozen=True):
    """A mailbox of the letter. `probable`: several logged in from one address, so it may have been another.

    `switched` is when it was last seen doing it the new way. Of many clients the last ones are told, and `more` counts
    the rest. `ends` is the day it ends for this one, "" where that is not fixed, or the same for all of the letter.
    """

    name: str
    last: Moment | None
    messages: int
    probable: bool
    switched: Moment | None
    clients: tuple[Client, ...]
    more: int
    ends: str


def language_of(due: LetterDue, mail: SunsetMail) -> Language:
    """Return the language of a letter: the customer's, else the configured."""
    return next((language for language in LANGUAGES if language == due.language), mail.language)


def programs_of(due: LetterDue) -> list[str]:
    """Return the programs for which a letter gives instructions; `other` where one is not known."""
    seen = {name for use in due.uses for client in use.clients or (ClientUse(ip=""),) for name in recognised(client)}
    return [name for name in PROGRAMS if name in seen]


def mailboxes_of(due: LetterDue, titles: Mapping[str, str], speech: Speech) -> list[Mailbox]:
    """Return the letter's mailboxes in words, by name; `titles` are those of the programs."""
    days = chain(due.days, repeat(""))
    each = sorted(zip(due.uses, days, strict=False), key=lambda part: part[0].mailbox)
    return [_mailbox(use, day, titles, speech) for use, day in each]


def _mailbox(use: Use, day: str, titles: Mapping[str, str], speech: Speech) -> Mailbox:
    newest = sorted(use.clients, key=lambda client: (-client.last, client.ip))
    clients = tuple(dict.fromkeys(_client(client, titles) for client in newest))
    return Mailbox(
        name=shown(use.mailbox),
        last=_moment(use.last, speech),
        messages=use.messages,
        probable=use.confidence < 1,
        switched=_moment(use.switched, speech),
        clients=clients[:_MOST_CLIENTS],
        more=len(clients[_MOST_CLIENTS:]),
        ends=speech.day(date.fromisoformat(day)) if day else "",
    )


def _client(client: ClientUse, titles: Mapping[str, str]) -> Client:
    known = [name for name in recognised(client) if name != OTHER]
    return Client(" / ".join(titles[name] for name in known), host_shown(client.helo), shown(client.ip))


def _moment(at: int, speech: Speech) -> Moment | None:
    return Moment(speech.weekday(speech.local(at).date()), speech.time(at), speech.zone(at)) if at else None


def context_of(due: LetterDue, sunset: Sunset, mail: SunsetMail, speech: Speech, at: int) -> dict[str, object]:
    """Return what every template of a letter that goes `at` may name. ValueError where it has no day on which it ends.

    Where a day is not fixed any more there can be as many letters as there are at most.
    """
    ends = date.fromisoformat(due.ends)
    most = due.of if all(due.days) or not due.of else max(due.of, sunset.letters)
    return {
        "language": language_of(due, mail),
        "kind": sunset.kind,
        "thanks": due.kind == "thanks",
        "name": shown(due.name),
        "letter": due.number,
        "letters": most,
        "first": due.number <= 1,
        "last": due.number >= most,
        "week": due.week,
        "ends": speech.weekday(ends),
        "ends_day": speech.day(ends),
        "days_left": max(0, (ends - speech.local(at).date()).days),
        "dated": not due.days or any(due.days),
        "apart": any(due.days),
        "count": len(due.thanked) if due.kind == "thanks" else len(due.uses) + due.more,
        "others": due.more,
        "thanked": [shown(name) for name in sorted(due.thanked)],
        "company": mail.company,
        "support": mail.support,
        "website": mail.website,
        "smtp_server": mail.smtp_server,
        "imap_server": mail.imap_server,
        **speech.functions,
    }
