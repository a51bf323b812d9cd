"""Dead letters that are tried again from a page: authorised anew on the server, an event, told in the audit log."""

from collections.abc import Sequence

import msgspec

from dashboards.access import may, needs, person
from dashboards.acting import NotAllowedError
from schemas.audit import Audit, audit
from schemas.retry_events import RetryOrdered
from schemas.retrying import order_retry
from schemas.settings import Settings


def try_again(  # noqa: PLR0913 an order has that many parts
    settings: Settings, letters: Sequence[str], reason: str, *, since: int, until: int, preview: bool
) -> RetryOrdered:
    """Publish the order in the name of who is at the other end, and return it; errors as of `dashboards.acting.give`.

    A preview is an order, too: it needs the same role and stands in the audit log, and changes nothing.
    """
    who = person(settings.dashboard.access)
    line = Audit(
        who=who.name,
        role=who.role,
        peer=who.peer,
        action="preview again" if preview else "try again",
        subject=letters[0] if len(letters) == 1 else f"{len(letters)} dead letters",
        reason=reason,
        outcome="ordered",
    )
    if not may(who, "try again") or not who.name:
        why = who.why or f"try again needs the role {needs('try again')}; yours is {who.role or 'none'}"
        _tell(line, "refused", why)
        raise NotAllowedError(why)
    try:
        event = order_retry(settings, letters, reason, since=since, until=until, preview=preview, operator=who.name)
    except ValueError as error:
        _tell(line, "invalid", str(error))
        raise
    except OSError as error:
        _tell(line, "unconfirmed", str(error))
        raise
    _tell(msgspec.structs.replace(line, id=event.id), "ordered", "")
    return event


def _tell(line: Audit, outcome: str, why: str) -> None:
    audit(msgspec.structs.replace(line, outcome=outcome, why=why))
