"""Dead letters that are tried again: who ordered it, and what the parser of today made of each.

The order says which ones; whoever has the log or the Maildir reads them and answers. The same rules hold as in
`schemas.events`, where they are part of the one union.
"""

from typing import Literal

from schemas.facts import Fact

RECOVERED = "recovered"
"""The header of a record of `mail.events` with events of dead letters: they come late, and move no watermark."""
MOST_LETTERS = 500
"""How many dead letters one order may name."""

RetryOutcome = Literal["recovered", "unread", "nothing", "gone"]
"""What became of a dead letter: it gave events; it still cannot be read; it is read and holds nothing of ours; or what
was kept of it is not enough to be read.
"""


class RetryOrdered(Fact, frozen=True, kw_only=True):
    """An operator's order to read dead letters again; with `preview` it is only told what that would give.

    `letters` are their ids, and `since` to `until` the times between which they lie (UTC epoch microseconds).
    """

    operator: str
    reason: str = ""
    preview: bool = False
    letters: tuple[str, ...]
    since: int = 0
    until: int = 0


class LetterTried(Fact, frozen=True, kw_only=True):
    """What one dead letter of an order gave: `count` events, of which `events` has the first as JSON.

    `ids` are those of all its events on `mail.events`, `host` is where it was read, `reason` why it gave none.
    """

    order: str
    letter: str
    name: str = ""
    format: str = ""
    host: str = ""
    operator: str = ""
    preview: bool = False
    outcome: RetryOutcome
    reason: str = ""
    count: int = 0
    events: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()


RetryEvent = RetryOrdered | LetterTried
