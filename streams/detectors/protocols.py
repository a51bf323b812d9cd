"""The mailbox is used in a way it never was: by POP-before-SMTP, another method of login, IMAP where it was POP3.

PLAIN and LOGIN are one way: programs change between them. A new program of the owner's is a new way, too, so this alone
says little; but hardly anybody begins with POP-before-SMTP.
"""

from schemas.facts import Evidence
from streams.habits import DAYS_3W, NOW, POP_1D, WAYS, WAYS_USUAL, MailboxState
from streams.manner import OTHER_METHOD, SERVICES

_LEAST = 1.5
_POP, _METHOD, _SERVICE = 35.0, 15.0, 10.0
_DAYS = 4.0
_LEAST_POINTS = 5.0


def evidence(state: MailboxState) -> Evidence | None:
    """Return 35 points for POP-before-SMTP, 15 for a method of login, 10 for a service; fewer in the first days."""
    counts = state.counts
    usual = int(counts[WAYS_USUAL]) & WAYS
    unused = int(counts[NOW]) & WAYS & ~usual
    if (not unused and counts[POP_1D] < _LEAST) or not usual:
        return None
    if counts[POP_1D] >= _LEAST:
        points, text = _POP, f"{counts[POP_1D]:.0f} messages in a day by POP-before-SMTP, never used before"
    elif unused & OTHER_METHOD:
        points, text = _METHOD, "sent with a method of login never used before"
    else:
        names = [name.upper() for name, way in SERVICES.items() if unused & way]
        if not names:
            return None
        points, text = _SERVICE, f"logged in by {' and '.join(names)}, never used before"
    points *= counts[DAYS_3W] / (counts[DAYS_3W] + _DAYS)
    if points < _LEAST_POINTS:
        return None
    return Evidence(rule="protocols", text=text, value=round(counts[POP_1D], 1), points=round(points, 1))
