"""What the tests of suspension hooks share: decisions."""

from streams.barred import Decision
from streams.bars import Bar

ALICE, BOB = "alice@example.net", "bob@example.net"
AT = 1_772_359_205_000_000


def suspended(number: int, mailbox: str = ALICE) -> Decision:
    """Return an enforced suspension."""
    return Decision(mailbox, Bar(step="suspend", since=AT + number, decision=f"d{number}"), ordered=False)


def throttled(number: int, mailbox: str = ALICE, *, ordered: bool = False) -> Decision:
    """Return an enforced throttle, of the rules or ordered."""
    bar = Bar(step="throttle", since=AT + number, decision=f"d{number}", recipients_per_hour=20)
    return Decision(mailbox, bar, ordered)


def released(number: int, mailbox: str = ALICE) -> Decision:
    """Return a release."""
    return Decision(mailbox, Bar(step="", since=AT + number, decision=f"d{number}"), ordered=False)
