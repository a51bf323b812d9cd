"""Letters of a sunset on the command line: how one reads, the real one of a customer or an example, and a test mail."""

from email.message import EmailMessage
from typing import get_args

import msgspec
from clickhouse_connect.driver.client import Client

from schemas.names import derived_id
from schemas.settings import Settings
from schemas.sunset_events import LetterDue, LetterKind
from schemas.sunset_settings import Sunset, SunsetMail
from streams.letter_files import letters_of
from streams.letters.examples import example
from streams.letters.heads import recipient_of
from streams.letters.writing import message_id
from streams.notice_desk import language_of
from streams.smtp import handed_over

EXAMPLE = "example"
_TO = "customer@example.net"
_NEWEST = """SELECT type, id, at, sunset, customer, name, recipient, language, kind, number, of, week, ends, due, uses,
    thanked, message_id, problem, days, more
FROM sunset_events FINAL
WHERE type = 'letter_due' AND sunset = {sunset:String} AND customer = {customer:String}
    AND {kind:String} IN ('', kind) AND {number:Int64} IN (0, number)
ORDER BY at DESC, id LIMIT 1"""
_AS_WRITTEN = {"output_format_json_quote_64bit_integers": 0, "output_format_json_named_tuples_as_objects": 1}
_LETTER: msgspec.json.Decoder[LetterDue] = msgspec.json.Decoder(LetterDue)


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """Which letter somebody wants to see; "" and 0 leave it to the letter, or to the configuration."""

    language: str = ""
    kind: str = ""
    number: int = 0


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A letter as it would go; `faults` are those of the company's own templates, `problem` why nobody gets it."""

    to: str
    problem: str
    subject: str
    text: str
    html: str
    eml: str
    faults: list[str]


def mail_of(settings: Settings, name: str) -> tuple[Sunset, SunsetMail]:
    """Return a sunset that writes letters, and their settings. ValueError where it writes none."""
    sunset = settings.sunset[name]
    if sunset.mail is None:
        raise ValueError(f"sunset.{name}.mail: no letters are configured")
    return sunset, sunset.mail


def kind_of(text: str) -> LetterKind:
    """Return a kind of letter, the letter itself where nothing is said. ValueError lists those that exist."""
    kinds: tuple[LetterKind, ...] = get_args(LetterKind)
    for kind in kinds:
        if text in {"", kind}:
            return kind
    raise ValueError(f"--kind {text!r}: there are {', '.join(kinds)}")


def newest(client: Client, name: str, customer: str, wish: Wish) -> LetterDue:
    """Return the newest letter to a customer that was decided, in the language wished for. ValueError if none was."""
    if wish.kind:
        kind_of(wish.kind)
    values = {"sunset": name, "customer": customer, "kind": wish.kind, "number": wish.number}
    text = client.raw_query(_NEWEST, parameters=values, fmt="JSONEachRow", settings=_AS_WRITTEN)
    found = _LETTER.decode_lines(text)
    if not found:
        raise ValueError(f"--customer {customer!r}: no such letter of {name} was decided; {EXAMPLE!r} shows an example")
    return msgspec.structs.replace(found[0], language=language_of(wish.language)) if wish.language else found[0]


def made_up(settings: Settings, name: str, wish: Wish, recipient: str = _TO) -> LetterDue:
    """Return an example of a letter. ValueError where there is no such language or kind, or no such letter."""
    sunset, mail = mail_of(settings, name)
    if wish.number > sunset.letters:
        raise ValueError(f"--number {wish.number}: there are {sunset.letters} letters (sunset.{name}.letters)")
    return example(
        sunset,
        name,
        recipient,
        language_of(wish.language or mail.language),
        kind=kind_of(wish.kind),
        number=wish.number or 1,
    )


def shown(settings: Settings, name: str, due: LetterDue) -> Shown:
    """Return a letter as it would go now. ValueError names what cannot be filled in, or stand in a header."""
    sunset, mail = mail_of(settings, name)
    letters, faults = letters_of(sunset, mail, name)
    words = letters.words(due)
    whole = letters.mail(due if due.recipient else msgspec.structs.replace(due, recipient=_TO), due.due)
    return Shown(
        to=due.recipient,
        problem=due.problem,
        subject=words.subject,
        text=words.text,
        html=words.html,
        eml=whole.as_string(),
        faults=faults,
    )


def send_test(settings: Settings, name: str, due: LetterDue, at: int) -> tuple[dict[str, str], list[str]]:
    """Send an example dated `at` (µs), marked as a test; return how it ended, and what is wrong with own templates.

    ValueError where its recipient has no address.

    OSError, with the server's words, where the server does not take it.
    """
    sunset, mail = mail_of(settings, name)
    to = recipient_of(due.recipient)
    identity = derived_id("letter-test", name, to, at)
    own = msgspec.structs.replace(due, id=identity, message_id=message_id(identity, mail.sender))
    letters, faults = letters_of(sunset, mail, name)
    written = _marked(letters.mail(own, at))
    place = f"sunset.{name}.mail"
    reply = handed_over(written, to, mail.sender, mail, place)
    if reply.status != "sent":
        raise OSError(f"{place}: {reply.words}")
    return {"to": to, "message_id": own.message_id, "reply": reply.words}, faults


def _marked(mail: EmailMessage) -> EmailMessage:
    subject = mail["Subject"]
    del mail["Subject"]
    mail["Subject"] = f"[Test] {subject}"
    return mail
