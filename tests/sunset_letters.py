"""Letters of a sunset for tests: the settings of one, and the golden mails of each language and kind."""

from collections.abc import Iterator
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import get_args

import msgspec

from schemas.sunset_events import LetterDue
from schemas.sunset_settings import Sunset, SunsetKind, SunsetMail
from streams.letters.examples import example, examples
from streams.letters.writing import Letters
from streams.notice_files import built_in
from streams.notices import LANGUAGES

NAME = "ending"
MAIL: dict[str, object] = {
    "sender": "support@isp.example",
    "reply_to": "help@isp.example",
    "company": "Example ISP",
    "support": "+41 44 000 00 00, help@isp.example",
    "website": "https://isp.example/smtp-auth",
    "smtp_server": "smtp.isp.example",
    "imap_server": "imap.isp.example",
    "unsubscribe": "https://isp.example/letters/{letter}",
}


def sunset(kind: SunsetKind = "smtp_after_pop", **mail: object) -> tuple[Sunset, SunsetMail]:
    """Return a sunset of a kind, and its mail with these settings."""
    given = {"begins": "2027-01-11", "ends": "2027-02-22", "timezone": "Europe/Zurich", "mail": {**MAIL, **mail}}
    made = Sunset.model_validate({"kind": kind, **given})
    assert made.mail is not None
    return made, made.mail


@cache
def letters(kind: SunsetKind = "smtp_after_pop", **mail: str) -> Letters:
    """Return what writes its letters, with the templates that come along."""
    return Letters(built_in("streams.letters"), *sunset(kind, **mail))


def parts(mail: EmailMessage) -> list[str]:
    """Return the text and the HTML of a mail."""
    return [part.get_content() for part in mail.iter_parts() if isinstance(part, EmailMessage)]


def golden(folder: Path) -> Iterator[tuple[Path, str]]:
    """Give each kind's mails in each language as they are read: headers and text, of the first the HTML, too."""
    for kind in get_args(SunsetKind):
        writer = letters(kind)
        for due, name in _named(kind):
            mail = writer.mail(due, due.due)
            head = "".join(f"{field}: {value}\n" for field, value in mail.items())
            shown = parts(mail) if name in {"first", "days"} else parts(mail)[:1]
            yield folder / f"{kind}-{due.language}-{name}.eml", "\n".join((head, *shown))


def _named(kind: SunsetKind) -> Iterator[tuple[LetterDue, str]]:
    made, _ = sunset(kind)
    for language in LANGUAGES:
        for number, name in ((1, "first"), (2, "reminder"), (6, "last")):
            due = example(made, NAME, "customer@example.net", language, number=number)
            fixed = ("boss@example.net",) if name == "reminder" else ()
            yield msgspec.structs.replace(due, thanked=fixed), name
        yield example(made, NAME, "customer@example.net", language, kind="thanks"), "thanks"
    for due in examples(made, NAME):
        if (name := due.id.rpartition("-")[2]) in {"all", "days", "held"}:
            yield due, name
