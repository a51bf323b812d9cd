"""Letters as they could be, for a preview, a test mail and the check of the templates."""

from collections.abc import Iterator
from datetime import timedelta

import msgspec

from schemas.sunset_events import ClientUse, LetterDue, LetterKind, Use
from schemas.sunset_settings import Language, Sunset
from streams.letters.programs import PROGRAMS
from streams.notices import LANGUAGES
from streams.sunset.weeks import moment

_DAY = 86_400_000_000
_CLIENTS = {
    "outlook": ClientUse(ip="192.0.2.7", helo="PC-RECEPTION", program="Microsoft Outlook 16.0"),
    "outlook_new": ClientUse(ip="192.0.2.8", helo="AM0PR08MB1234.eurprd08.prod.outlook.com"),
    "outlook_mac": ClientUse(ip="192.0.2.9", program="Microsoft-MacOutlook/16.75.23071400"),
    "thunderbird": ClientUse(ip="192.0.2.10", helo="[192.168.1.5]", program="Mozilla Thunderbird"),
    "apple_mail": ClientUse(ip="192.0.2.11", helo="[10.0.0.3]", program="Apple Mail (2.3273)"),
    "ios_mail": ClientUse(ip="2001:db8::12", program="iPhone Mail (19G82)"),
    "android": ClientUse(ip="192.0.2.13", message_host="email.android.com"),
    "windows_mail": ClientUse(ip="192.0.2.14", message_host="hxcore.ol"),
    "outlook_express": ClientUse(ip="192.0.2.15", program="Microsoft Outlook Express 6.00.2800.1106"),
    "em_client": ClientUse(ip="192.0.2.16", program="eM_Client/9.2.1735.0"),
    "the_bat": ClientUse(ip="192.0.2.17", program="The Bat! (v4.0.24) Professional"),
    "notes": ClientUse(ip="192.0.2.18", program="Lotus Notes Release 8.5.3FP6 SHF907 April 26, 2018"),
    "device": ClientUse(ip="192.0.2.19", helo="BRN30055C123456"),
    "website": ClientUse(ip="192.0.2.20", program="PHPMailer 5.2.7 (https://github.com/PHPMailer/PHPMailer/)"),
    "network": ClientUse(ip="192.0.2.21", helo="diskstation"),
    "other": ClientUse(ip="192.0.2.22", helo="LAGER.local"),
}
"""A client of each program."""


def example(  # noqa: PLR0913 what a letter differs by
    sunset: Sunset, name: str, recipient: str, language: Language, *, kind: LetterKind = "letter", number: int = 1
) -> LetterDue:
    """Return the `number`th letter with made-up mailboxes: one for sure, one that several devices use, one probable.

    It is due in the week of that number, so that it tells the days that are left as the real one will.
    """
    at = moment(sunset, number)
    uses = (
        _use("info@example.net", at, "thunderbird"),
        _use("office@example.net", at, "outlook", "device", messages=1250, switched=at - _DAY),
        _use("sales@example.net", at, "other", messages=1, confidence=0.5),
    )
    return LetterDue(
        id=f"example-{name}-{language}-{kind}-{number}",
        at=at,
        sunset=name,
        customer="example",
        name="Muster & Co",
        recipient=recipient,
        language=language,
        kind=kind,
        number=number,
        of=max(number, sunset.letters),
        week=number,
        ends=sunset.ends.isoformat(),
        due=at,
        uses=uses if kind == "letter" else (),
        thanked=("info@example.net",) if kind == "thanks" else (),
    )


def examples(sunset: Sunset, name: str) -> Iterator[LetterDue]:
    """Yield letters of each language that fill in every template: the first, a later and the last, and the thanks.

    Besides, one on every program, one on mailboxes whose days differ, and one on those whose days are not fixed.
    """
    for language in LANGUAGES:
        for number in sorted({1, min(2, sunset.letters), sunset.letters}):
            yield example(sunset, name, "customer@example.net", language, number=number)
        yield example(sunset, name, "customer@example.net", language, kind="thanks")
        yield _of_all(example(sunset, name, "customer@example.net", language))
        later = (sunset.ends + timedelta(days=14)).isoformat()
        for number, kind, days in (
            (1, "days", (sunset.ends.isoformat(), later, "")),
            (sunset.letters, "held", ("", "", "")),
        ):
            due = example(sunset, name, "customer@example.net", language, number=number)
            yield msgspec.structs.replace(due, id=f"{due.id}-{kind}", days=days, more=2 if number == 1 else 0)


def _of_all(due: LetterDue) -> LetterDue:
    """Return a letter whose one mailbox was used by each program."""
    return msgspec.structs.replace(due, id=f"{due.id}-all", uses=(_use("all@example.net", due.at, *PROGRAMS),))


def _use(mailbox: str, at: int, *programs: str, messages: int = 12, confidence: float = 1.0, switched: int = 0) -> Use:
    last = at - _DAY // 2
    return Use(
        mailbox=mailbox,
        messages=messages,
        first=at - 6 * _DAY,
        last=last,
        confidence=confidence,
        switched=switched,
        clients=tuple(_CLIENTS[name] for name in programs),
    )
