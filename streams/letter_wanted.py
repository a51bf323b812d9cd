"""Whether a letter that was decided is still wanted when it is handed over: much may have happened since."""

from collections.abc import Iterable, Iterator

import msgspec

from schemas.moments import rfc3339
from schemas.sunset_events import LetterDue
from schemas.sunset_settings import Sunset
from streams.sunset.ledger import Ledger
from streams.sunset.weeks import day_of

STALE_DAYS = 4
_DAY = 86_400_000_000


def unwanted(due: LetterDue, sunset: Sunset, ledger: Ledger, at: int) -> str:
    """Return why a letter is withdrawn at a moment, "" where it is not.

    Four days after it was due it is stale: the next week's is near. What it asks for ends with the sunset, thanks do
    not.
    """
    left = still(due, sunset, ledger, at)
    if left.kind == "letter" and day_of(sunset, at) >= sunset.ends:
        return f"it did not go before {sunset.ends}, when it ended"
    if at - due.due > STALE_DAYS * _DAY:
        return f"it was due on {rfc3339(due.due)}, more than {STALE_DAYS} days ago"
    if not (left.uses if left.kind == "letter" else left.thanked) and (due.uses or due.thanked):
        return "all its mailboxes are exempt or done by now" if due.uses else "all it thanks for are exempt or back"
    return ""


def still(due: LetterDue, sunset: Sunset, ledger: Ledger, at: int) -> LetterDue:
    """Return a letter without the mailboxes that are exempt or done by now, or that it thanks for and are back.

    One that only thanks then is a letter of thanks, and no number.
    """
    day = day_of(sunset, at).isoformat()

    def kept(mailboxes: Iterable[str], *, done: bool) -> Iterator[str]:
        for mailbox in mailboxes:
            box = ledger.boxes.get(mailbox)
            if (box is None or bool(box.done) == done) and not ledger.exempt(mailbox, due.customer, day):
                yield mailbox

    named = set(kept((use.mailbox for use in due.uses), done=False))
    uses = tuple(use for use in due.uses if use.mailbox in named)
    thanked = tuple(kept(due.thanked, done=True))
    if due.kind == "letter" and due.uses and not uses and thanked:
        return msgspec.structs.replace(due, kind="thanks", number=0, uses=(), thanked=thanked)
    return msgspec.structs.replace(due, uses=uses, thanked=thanked)
