"""The headers of a letter besides those of every mail: who may be told to keep still, and how one unsubscribes."""

from schemas.checked import domain
from schemas.mailbox_hooks import ADDRESS
from schemas.sunset_events import LetterDue
from schemas.sunset_settings import SunsetMail

_PLACE = "{letter}"


def recipient_of(address: str) -> str:
    """Return an address as it stands in a header and in RCPT: a domain beyond ASCII as `xn--` (RFC 5891).

    ValueError where it is none, or where its local part is beyond ASCII: that takes SMTPUTF8 (RFC 6531) all the way.
    """
    local, at, host = address.strip().rpartition("@")
    there = address.strip() if address.isascii() or not at else f"{local}@{domain(host)}"
    if not ADDRESS.fullmatch(there):
        raise ValueError(f"{address!r} is no mail address in ASCII")
    return there


def headers_of(due: LetterDue, mail: SunsetMail) -> dict[str, str]:
    """Return a letter's headers for programs.

    `Precedence: bulk` (RFC 2076: non-standard) is for autoresponders older than `Auto-Submitted`; what is told one
    customer about what he did, the thanks, is no bulk. It is no mailing list, so never `list`.
    """
    if due.kind == "thanks":
        return {}
    return {"Precedence": "bulk", **_unsubscribing(mail.unsubscribe, due.id)}


def _unsubscribing(given: str, letter: str) -> dict[str, str]:
    """Return how one says that he wants no more (RFC 2369); with one click (RFC 8058) where the URL is https."""
    if not given:
        return {}
    if "://" not in given:
        return {"List-Unsubscribe": f"<mailto:{given}?subject=unsubscribe%20{letter}>"}
    where = given.replace(_PLACE, letter)
    if where.startswith("https://"):
        return {"List-Unsubscribe": f"<{where}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return {"List-Unsubscribe": f"<{where}>"}
