"""An operator's word on a list, made an event (command line, pages)."""

from schemas.names import derived_id
from schemas.observations import ListAction, ListOrdered
from schemas.ordering import login, now, seconds
from schemas.settings import Settings


def list_order(  # noqa: PLR0913 an order has that many parts
    settings: Settings,
    action: ListAction,
    name: str,
    reason: str,
    *,
    pool: str = "",
    lasts: str = "",
    operator: str = "",
) -> ListOrdered:
    """Return an order that is given now; after `lasts` ("2h") it counts no more, "" is until revoked.

    ValueError where no such list is asked, there is no such pool, no reason is given or `lasts` is no duration.
    """
    asked = dict.fromkeys((*settings.dnsbl.lists, *settings.dnsbl.own))
    if name not in asked:
        raise ValueError(f"{name!r} is no list that is asked; there are {', '.join(asked) or 'none'}")
    if pool and pool not in settings.pool:
        raise ValueError(f"--pool {pool!r}: there are {', '.join(settings.pool) or 'none'}")
    if not reason.strip():
        raise ValueError(f"--reason {reason!r}: say why; it is kept with the decision")
    at, who = now(), operator or login()
    return ListOrdered(
        id=derived_id("order", who, action, pool, name, at),
        at=at,
        pool=pool,
        list=name,
        action=action,
        operator=who,
        reason=reason,
        expires_at=at + seconds(lasts) * 1_000_000 if lasts else 0,
    )
