"""What an operator orders of a sunset, made an event (command line, pages)."""

from datetime import date

from msgspec.structs import replace

from schemas.names import derived_id
from schemas.ordering import login, now
from schemas.sunset_events import LetterSettled, StageAction, StageOrdered, UserExempted


def exemption(  # noqa: PLR0913 an order has that many parts
    sunset: str, subject: str, reason: str, *, until: str = "", ended: bool = False, operator: str = "", at: int = 0
) -> UserExempted:
    """Return that a subject is exempt until a day ("": till it ends), or (`ended`) no longer; `at` 0 is now.

    The subject is taken as it is. ValueError where no reason is given.
    """
    _reasoned(reason, "the exemption")
    at, who = at or now(), operator or login()
    return UserExempted(
        id=derived_id("exempt", who, sunset, subject, ended, at),
        at=at,
        sunset=sunset,
        subject=subject,
        until=until,
        ended=ended,
        operator=who,
        reason=reason,
    )


def last_day(text: str, today: date) -> str:
    """Return the last day of an exemption. ValueError where it is no day, or past."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"--until {text!r} is no day, such as 2027-02-22") from None
    if day < today:
        raise ValueError(f"--until {text}: this day is past (today is {today})")
    return day.isoformat()


def settlement(given: LetterSettled) -> LetterSettled:
    """Return an operator's word about a letter with its id, by his login where he gives no name.

    ValueError where no reason is given.
    """
    _reasoned(given.reason, "the letter")
    who = given.operator or login()
    return replace(given, id=derived_id("settled", who, given.message_id, given.status, given.at), operator=who)


def stage_order(sunset: str, stage: int, action: StageAction, reason: str, *, operator: str = "") -> StageOrdered:
    """Return an order about a stage that is given now. ValueError where no reason is given."""
    _reasoned(reason, "the order")
    at, who = now(), operator or login()
    identity = derived_id("stage order", who, sunset, stage, action, at)
    return StageOrdered(id=identity, at=at, sunset=sunset, stage=stage, action=action, operator=who, reason=reason)


def _reasoned(reason: str, kept_with: str) -> None:
    if not reason.strip():
        raise ValueError(f"--reason {reason!r}: say why; it is kept with {kept_with}")
