"""What a dry run of the desk lists: each decision in a line, and no sign of a stranger moves the terminal."""

import msgspec

from schemas.events import Event
from schemas.sunset_events import LetterDue, SunsetCounted, TicketOpened, Use, UserDone, UserFound
from streams.sunset.lines import line
from tests.sunset.scene import local

AT = local("2027-02-02 10:00")
A = Use(mailbox="a@acme.example", confidence=0.5)


def _line(kind: type[Event], /, **more: object) -> str:
    known = {"id": "e1", "at": AT, "sunset": "pop", "customer": "acme", "mailbox": "a@acme.example", "due": AT}
    return line(msgspec.convert(known | more, kind, from_attributes=True))


def test_users_and_counts() -> None:
    assert _line(UserFound, use=A, mailbox="a\x1b[2J@acme.example") == (
        "a [2J@acme.example of acme is found, confidence 0.50"
    )
    assert _line(UserFound, use=A, relapse=True) == "a@acme.example of acme is back, confidence 0.50"
    assert _line(UserDone, last=AT) == "a@acme.example of acme is done, last seen 2027-02-02T09:00:00+00:00"
    counted = {"day": "2027-02-02", "language": "fr", "found": 5, "open": 3, "done": 1, "exempt": 1}
    assert _line(SunsetCounted, **counted) == "2027-02-02, fr: 3 open, 1 done, 1 exempt of 5"
    assert _line(TicketOpened, ticket="T-1") == "TicketOpened e1"


def test_letters() -> None:
    letter = {"kind": "letter", "number": 1, "of": 6, "uses": (A,)}
    due = "due 2027-02-02T09:00:00+00:00"
    assert _line(LetterDue, **letter, recipient="it@acme.example", thanked=("b@acme.example",)) == (
        f"letter 1 of 6 for acme to it@acme.example, {due}: a@acme.example, b@acme.example"
    )
    assert _line(LetterDue, **letter, problem="acme has no mail address") == (
        f"letter 1 of 6 for acme to nobody: acme has no mail address, {due}: a@acme.example"
    )
    assert _line(LetterDue, kind="thanks", recipient="it@acme.example", thanked=("a@acme.example",)) == (
        f"thanks for acme to it@acme.example, {due}: a@acme.example"
    )
