"""Why a mail was refused: one class for each reply, by what its text says and by its codes."""

from functools import lru_cache
from typing import NamedTuple

from schemas.reasons.codes import by_code, by_own_code, by_status, of_sender
from schemas.reasons.doubt import of_us, passing
from schemas.reasons.row import LAST
from schemas.reasons.said import Said, ready, said
from schemas.reasons.table import find

NAMES = (
    "user_unknown",  # the mailbox does not exist
    "host_unknown",  # the recipient's domain does not exist, or has no server
    "moved",  # the recipient has another address now
    "no_mail",  # the domain or host takes no mail at all
    "mailbox_full",
    "mailbox_disabled",  # closed, suspended, or not used for long
    "recipient_refused",  # the recipient, or a filter of theirs, does not want this mail
    "blocked_ip",  # our IP or host is on a list of theirs or of others
    "poor_reputation",  # our IP has a poor name, or its mails bring complaints
    "blocked_sender",  # the sender's address or domain is refused, or may not write there
    "auth_failed",  # SPF, DKIM, DMARC
    "reverse_dns",  # no PTR, or a name that does not fit; HELO
    "spam_content",
    "virus",
    "policy",  # another rule of theirs
    "not_authorized",  # they want a login, or do not allow it to this client
    "tls",  # encryption is required, or failed
    "relay_denied",  # they do not take mail for this domain from us
    "rate",  # too many mails, connections or recipients at once
    "greylisted",
    "too_large",
    "bad_format",  # the message breaks the rules of mail
    "protocol",  # a command was not understood
    "network",  # no connection, DNS, a loop
    "system",  # their server has trouble, or a full disk
    "local_delivery",  # a program that takes the mail for the mailbox failed
    "expired",  # time ran out: no answer, or too long in the queue
    "unknown",
)
"""The classes of refusals."""

FOR_EVER = ("user_unknown", "host_unknown", "moved", "no_mail")
"""The classes in which no mail will reach the address again: of these, a refusal with a 5xx is permanent."""

_KNOWN = 4096
_OF_RECIPIENT = ("1.", "2.1")


class Reason(NamedTuple):
    """Why a mail was refused, by one of NAMES; `permanent`: no mail will reach this address again."""

    name: str
    permanent: bool


class _Found(NamedTuple):
    """A reason by what told it; `proven`: of the recipient, by the words themselves; `vague`: by a code alone."""

    name: str
    proven: bool = False
    vague: bool = False


@lru_cache(maxsize=_KNOWN)
def classify(reply: str, enhanced_status: str = "", code: int = 0, command: str = "") -> Reason:
    """Return why a mail was refused.

    `enhanced_status` and `code` are what the MTA noted or the bounce tells beside the text, `command` which SMTP
    command was answered (`connect`, `mail`, `rcpt`, `data`), where the text does not tell it. A reason is permanent
    only where a 5xx says so and nothing says 4xx, and more than that code tells it; never in reply to a connection; and
    an unknown user only if that was said of the recipient: by the enhanced status, to RCPT TO, or by the MTA without a
    server's code. A server that says so of a message that it has taken filters; to MAIL FROM it speaks of the sender.
    Words of something temporary are believed more than a 5xx.
    """
    return _judged(said(reply, command), enhanced_status, str(code)[:1])


@lru_cache(maxsize=_KNOWN)
def _judged(heard: Said, status: str, given: str) -> Reason:
    """Return why a mail was refused, by what was said, the status and the code's class that the MTA gave."""
    told = ready(heard, status)
    found = _found(told, status)
    if found.name in FOR_EVER and not found.proven and of_sender(told):
        return Reason("blocked_sender", permanent=False)
    if found.name in FOR_EVER and told.code.startswith("5") and passing(told):
        return Reason("system", permanent=False)
    classes = {told.code[:1], told.status[:1], status[:1], given}
    final = found.name in FOR_EVER and "5" in classes and "4" not in classes
    final = final and not found.vague and told.after != "connect"
    return Reason(found.name, final and (found.proven or found.name != "user_unknown" or _of_recipient(told, status)))


def _of_recipient(told: Said, status: str) -> bool:
    """Tell whether a reply is about the recipient, and not about a message that was taken."""
    if told.after == "rcpt" or not told.code:
        return True
    return any(one[2:].startswith(_OF_RECIPIENT) for one in (told.status, status))


def _found(told: Said, status: str) -> _Found:
    """Return the reason by a provider's own code, the first row, the status or the code."""
    own = by_own_code(told)
    if own:
        return _Found(own)
    row = find(told)
    if row is None or row.rank == LAST:
        told_by = by_status(told, status) or (row.reason if row is not None else "")
        told_by = "" if told_by in FOR_EVER and of_us(told) else told_by
        return _Found(told_by) if told_by else _Found(by_code(told, status) or "unknown", vague=True)
    taken = told.after == "data" and not told.status.startswith("5.1.") and not row.proven
    filtered = taken and row.reason == "user_unknown" and not of_sender(told)
    return _Found("recipient_refused" if filtered else row.reason, row.proven)
