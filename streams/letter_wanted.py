"""Whether a letter that was decided is still wanted when it is handed over: much may have happened since."""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from schemas.moments import rfc3339
from schemas.sunset_events import LetterDue
from schemas.sunset_settings import Sunset
from streams.sunset.decide import Accounts, exempt, owner
from streams.sunset.endings import Endings, told
from streams.sunset.ledger import Ledger
from streams.sunset.weeks import day_of
from streams.sunset.written import STALE_DAYS

_DAY = 86_400_000_000


def unwanted(due: LetterDue, sunset: Sunset, ledger: Ledger, at: int, accounts: Accounts | None) -> str:
    """Return why a letter is withdrawn at a moment, "" where it is not.

    Four days after it was due it is stale: the next week's is near. What it asks for ends with the sunset or the stages
    of its mailboxes, thanks do not. Without `accounts` who is exempt is told by the names that stand in it.
    """
    asked = _wanted(due, sunset, ledger, at, accounts)
    left = still(due, sunset, ledger, at, accounts)
    if left.kind == "letter" and asked.uses and not left.uses:
        ended = max(Endings(sunset, ledger, at).of(use.mailbox).day for use in asked.uses)
        return f"it did not go before {ended}, when it ended"
    if at - due.due > STALE_DAYS * _DAY:
        return f"it was due on {rfc3339(due.due)}, more than {STALE_DAYS} days ago"
    if not (left.uses if left.kind == "letter" else left.thanked) and (due.uses or due.thanked):
        return "all its mailboxes are exempt or done by now" if due.uses else "all it thanks for are exempt or back"
    return ""


def still(due: LetterDue, sunset: Sunset, ledger: Ledger, at: int, accounts: Accounts | None) -> LetterDue:
    """Return a letter without the mailboxes that are exempt, done or off by now, or that it thanks for and are back.

    One that only thanks then is a letter of thanks, and no number. Where stages are planned, the days are those by now.
    """
    left = _wanted(due, sunset, ledger, at, accounts)
    endings, today = Endings(sunset, ledger, at), day_of(sunset, at)
    uses = tuple(use for use in left.uses if today < endings.of(use.mailbox).day)
    if due.kind == "letter" and due.uses and not uses and left.thanked:
        left = replace(left, kind="thanks", number=0)
    names = [use.mailbox for use in uses] or list(left.thanked)
    ends, days = told(map(endings.of, names)) if endings.planned and names else (due.ends, ())
    return replace(left, uses=uses, ends=ends, days=days)


def _wanted(due: LetterDue, sunset: Sunset, ledger: Ledger, at: int, accounts: Accounts | None) -> LetterDue:
    """Return a letter without the mailboxes that are exempt or done, or that it thanks for and are back."""
    day = day_of(sunset, at).isoformat()

    def spared(mailbox: str) -> bool:
        if ledger.exempt(mailbox, due.customer, day):
            return True  # he whom the letter goes to
        return accounts is not None and exempt(ledger, accounts, mailbox, owner(accounts, mailbox).customer, day)

    def kept(mailboxes: Iterable[str], *, done: bool) -> Iterator[str]:
        for mailbox in mailboxes:
            box = ledger.boxes.get(mailbox)
            if (box is None or bool(box.done) == done) and not spared(mailbox):
                yield mailbox

    named = set(kept((use.mailbox for use in due.uses), done=False))
    return replace(
        due,
        uses=tuple(use for use in due.uses if use.mailbox in named),
        thanked=tuple(kept(due.thanked, done=True)),
    )
