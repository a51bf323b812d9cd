"""Whether what stays of a pool can carry what is expected, from the traffic really seen."""

from collections.abc import Iterable

from streams.load import AHEAD_HOURS
from streams.standing import Pool
from streams.window import HOUR


def lacking(pool: Pool, staying: Iterable[str], at: int) -> str:
    """Return in numbers that these IPs cannot carry the next hours' messages; "" where they can, or nothing is known.

    An IP whose capacity is neither configured nor seen counts like the mean of those where it is.
    """
    expected = pool.load.expected(at)
    known = _known(pool, at)
    if not expected or not known:
        return ""
    usual = sum(known.values()) / len(known)
    left = sorted(staying)
    total = sum(known.get(ip, usual) * _share(pool, ip) for ip in left)
    if total >= expected:
        return ""
    return (
        f"{len(left)} of {len(pool.ips)} IPs would carry about {total:,.0f} messages an hour, "
        f"{expected:,.0f} are expected in one of the next {AHEAD_HOURS} hours"
    )


def _share(pool: Pool, ip: str) -> float:
    """Return an IP's share of its usual traffic; of one that comes back just now, the first of its probation."""
    return pool.ips[ip].share or next(iter(pool.rules.probation_shares), 1.0)


def _known(pool: Pool, at: int) -> dict[str, float]:
    """Return what each IP may carry in an hour: as configured, else, once a day was seen, from its best hour."""
    rules = pool.rules.capacity
    said = {
        pool.rules.transports[name]: float(messages)
        for name, messages in rules.messages_per_hour.items()
        if name in pool.rules.transports
    }
    if not pool.load.is_known:
        return said
    seen = {ip: rules.headroom * standing.carried.likely(at // HOUR) for ip, standing in pool.ips.items()}
    return {**{ip: messages for ip, messages in seen.items() if messages}, **said}
