"""Of the mailboxes that logged in from an address, which one sent a message: how sure that is of each.

The newer a login, the likelier: four times within the window its weight halves. Where the envelope's sender is the name
of one of them, it is that one by three quarters at least: others behind the address may write his name, but rarely do.
"""

from collections.abc import Sequence
from math import exp2

from schemas.events import PopCandidate

Candidates = tuple[PopCandidate, ...]
Login = tuple[int, str]

_HALVINGS = 4
_NAMED = 0.75
_MOST = 100
_DIGITS = 4


def last_of_each(logins: Sequence[Login]) -> list[Login]:
    """Return the last login of each mailbox, in the order of time."""
    last = {mailbox: at for at, mailbox in logins}
    return sorted((at, mailbox) for mailbox, at in last.items())


def weighed(logins: Sequence[Login], at: int, window: int, envelope_from: str) -> Candidates:
    """Return each mailbox of these logins, which are in order and none older than `window`, the newest first.

    All together they are 1; of more than a hundred the oldest are left out, and with them their part.
    """
    newest = last_of_each(logins)[::-1]
    if len(newest) == 1:
        return (PopCandidate(mailbox=newest[0][1], confidence=1.0),)
    weights = [exp2(-_HALVINGS * (at - login) / max(window, 1)) for login, _ in newest]
    named = next((place for place, login in enumerate(newest) if login[1] == envelope_from.lower()), None)
    rest = 1.0 if named is None else 1.0 - _NAMED
    shares = [rest * weight / sum(weights) for weight in weights]
    if named is not None:
        shares[named] += _NAMED
    rounded = [round(share, _DIGITS) for share in shares]
    if rounded:
        most = max(range(len(rounded)), key=rounded.__getitem__)
        rounded[most] = round(rounded[most] + 1.0 - sum(rounded), _DIGITS)
    told = zip(newest, rounded, strict=True)
    return tuple(PopCandidate(mailbox=mailbox, confidence=share) for (_, mailbox), share in told)[:_MOST]
