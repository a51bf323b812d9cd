"""A decision about a sunset as a line for people, as `relaywarden desk --dry-run` lists them."""

from schemas.events import Event
from schemas.moments import rfc3339
from schemas.sunset_events import LetterDue, SunsetCounted, UserDone, UserFound


def line(event: Event) -> str:
    """Return what a decision says; of what is no decision about users, letters and counts its type and id."""
    return "".join(sign if sign.isprintable() else " " for sign in _words(event))


def _words(event: Event) -> str:
    match event:
        case UserFound():
            word = "is back" if event.relapse else "is found"
            return f"{event.mailbox} of {event.customer} {word}, confidence {event.use.confidence:.2f}"
        case UserDone():
            return f"{event.mailbox} of {event.customer} is done, last seen {rfc3339(event.last)}"
        case LetterDue():
            what = f"letter {event.number} of {event.of}" if event.kind == "letter" else "thanks"
            whom = event.recipient or f"nobody: {event.problem}"
            about = ", ".join([*(use.mailbox for use in event.uses), *event.thanked])
            return f"{what} for {event.customer} to {whom}, due {rfc3339(event.due)}: {about}"
        case SunsetCounted():
            of = f"{event.open} open, {event.done} done, {event.exempt} exempt of {event.found}"
            return f"{event.day}, {event.language}: {of}"
        case _:
            return f"{type(event).__name__} {event.id}"
