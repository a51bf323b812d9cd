"""Postal: the priorities of its IP addresses, in its own database; the next mail of each pool follows them.

Postal takes, for each mail, the address with the highest RAND() * priority. With priorities equal to the shares an
address in probation would hardly ever be drawn, so the priorities are computed for which each is drawn as often as its
share. An address with 0 is drawn only where all have 0. What is withdrawn for one provider only, it cannot express.

Source: https://github.com/postalserver/postal/blob/main/app/models/ip_address.rb
"""

from collections.abc import Iterator, Mapping

from schemas.pool_hooks_more import PostalHook
from streams.deeds import Secret, SqlLine, SqlNumbers
from streams.hooks import ActiveSet, Effect, checked

READ = (
    "SELECT ipv4, priority FROM ip_addresses WHERE ipv4 IS NOT NULL"
    " UNION ALL SELECT ipv6, priority FROM ip_addresses WHERE ipv6 IS NOT NULL"
)
WRITE = "UPDATE ip_addresses SET priority = :number WHERE ipv4 = :key OR ipv6 = :key"
MOVE = (
    "UPDATE queued_messages SET ip_address_id = (SELECT id FROM ip_addresses WHERE ipv4 = :to OR ipv6 = :to)"
    " WHERE ip_address_id = (SELECT id FROM ip_addresses WHERE ipv4 = :gone OR ipv6 = :gone)"
    " AND locked_by IS NULL AND id % :parts = :part"
)
_FULL = 100


def effects(active: ActiveSet, settings: PostalHook) -> tuple[Effect, ...]:
    """Return the one effect: all priorities, and that queued mail goes to the IPs in full service."""
    shares = checked(active.shares)
    drawn = priorities(shares)
    numbers = {ip: drawn.get(name, 0) for name, ip in sorted(active.ips.items())}
    return (
        SqlNumbers(
            url=Secret(
                setting=f"pool.{active.pool}.hooks.postal.url",
                env=settings.url_env,
                file=str(settings.url_file or ""),
            ),
            read=READ,
            write=WRITE,
            numbers=numbers,
            also=tuple(_moves(active, shares)) if settings.move_queued else (),
            timeout_seconds=settings.timeout_seconds,
        ),
    )


def priorities(shares: Mapping[str, float]) -> dict[str, int]:
    """Return the priorities, 1 to 100, with which each is drawn as often as its share.

    With RAND() * p uniform up to p, and p rising from one address to the next, the chance of the i-th of n exceeds
    that of the one before by (p[i]**m - p[i-1]**m) / (m * p[i] * … * p[n]), where m = n - i + 1 are those from it on.
    So each follows from those above it, down from the highest, which has 100.
    """
    total = sum(shares.values())
    rising = sorted(shares, key=lambda name: (shares[name], name))
    exact = {rising[-1]: 1.0}
    product = 1.0
    for m, (lower, upper) in enumerate(zip(rising[-2::-1], rising[:0:-1], strict=True), 1):
        product *= exact[upper]
        gap = (shares[upper] - shares[lower]) / total
        exact[lower] = max(0.0, exact[upper] ** m - m * product * gap) ** (1 / m)
    return {name: max(1, round(_FULL * exact[name])) for name in sorted(shares)}


def _moves(active: ActiveSet, shares: Mapping[str, float]) -> Iterator[SqlLine]:
    full = [active.ips[name] for name, share in shares.items() if share == max(shares.values())]
    for name, gone in sorted(active.ips.items()):
        if name in shares:
            continue
        for part, to in enumerate(full):
            yield SqlLine(statement=MOVE, values={"gone": gone, "to": to, "parts": len(full), "part": part})
