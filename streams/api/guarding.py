"""Which withdrawals a token may order: below `min_active` only with the scope `admin`, as on the pages."""

from schemas.observations import OperatorActed
from schemas.settings import Settings
from streams import operating
from streams.provider_scope import barred
from streams.standing import Pool

UNREAD = "the pool's state could not be read: where this went below min_active, the pool will refuse it"


def shortage(pool: Pool, order: OperatorActed) -> str:
    """Return in words what a withdrawal would leave, "" where that is `min_active` IPs, or where it is none."""
    out = {ip for ip, standing in pool.ips.items() if standing.place == "withdrawn"}
    out |= set(barred(pool).get(order.provider, ())) if order.provider else set()
    staying = [ip for ip in pool.ips if ip not in out and ip != order.subject]
    if order.action != "withdraw" or order.subject in out or len(staying) >= pool.rules.min_active:
        return ""
    where = f" to {order.provider}" if order.provider else ""
    return f"{len(staying)} of {len(pool.ips)} IPs would go on sending{where}, min_active is {pool.rules.min_active}"


def refusal(settings: Settings, order: OperatorActed) -> str:
    """Return why an order goes below the guard, "" where it does not. OSError where ClickHouse does not tell."""
    if order.action != "withdraw":
        return ""
    with operating.warehouse(settings) as client:
        pools = {pool.name: pool for pool in operating.newest(client, settings)}
    return shortage(pools[order.pool], order)
