"""What an IP may send to one provider: it leaves where that provider blocks it and not the pool's other IPs."""

from collections import Counter
from collections.abc import Iterator

import msgspec

from schemas.facts import Evidence
from schemas.names import suffixes_of
from schemas.pool_events import OfProvider, ProviderRefused, ProviderRestored, ProviderWithdrawn
from streams.hearsay import MOST_PROVIDERS
from streams.present import Present, ordered
from streams.regard import Regard, bounds
from streams.standing import Pool, Standing, microseconds
from streams.tallies import ranked
from streams.window import DAY
from streams.withdrawing import memory

_TIMES_WORSE = 2.0
_NOTHING = Regard()
_TOO_MANY = f"it is barred from {MOST_PROVIDERS} domains of no known provider already: one must be restored first"


class _Seen(msgspec.Struct, frozen=True):
    """What a provider blocked of one IP's deliveries, and between what its true share lies."""

    standing: Standing
    blocked: float
    tried: float
    least: float
    most: float

    @property
    def share(self) -> str:
        """Return it in words."""
        return f"{self.blocked:.0f} of {self.tried:.0f}"


class _Scope(msgspec.Struct, frozen=True):
    """One provider at one moment, with the IPs that carry mail, and from how many strangers' domains each is barred.

    Anybody may own domains, and bar an IP from all of them.
    """

    present: Present
    provider: str
    carrying: frozenset[str]
    bars: Counter[str]

    def regard(self, ip: str) -> Regard:
        return self.present.pool.ips[ip].providers.get(self.provider, _NOTHING)

    def identity(self, ip: str, what: str, *cause: object) -> str:
        return self.present.identity(ip, f"provider {what}", self.provider, *cause)

    def is_crowded(self, ip: str) -> bool:
        return not suffixes_of(self.provider) and self.bars[ip] >= MOST_PROVIDERS

    def bar(self, ip: str) -> None:
        self.bars[ip] += not suffixes_of(self.provider)

    def seen(self, ip: str) -> _Seen:
        half_life = microseconds(self.present.pool.rules.providers.half_life_minutes)
        blocked, tried = self.regard(ip).counts(self.present.at, half_life)
        return _Seen(self.present.pool.ips[ip], blocked, tried, *bounds(blocked, tried))


def decided(present: Present, carrying: set[str]) -> Iterator[OfProvider]:
    """Yield what changes for single providers, given the IPs that carry mail after all else that is decided."""
    bars: Counter[str] = Counter()
    for ip, standing in present.pool.ips.items():
        barred = (name for name, regard in standing.providers.items() if regard.withdrawn)
        bars[ip] = sum(not suffixes_of(name) for name in barred)
    for name in sorted(present.pool.questioned):
        yield from _of_one(_Scope(present, name, frozenset(carrying), bars))


def barred(pool: Pool) -> dict[str, tuple[str, ...]]:
    """Return the IPs that carry mail, but none to this provider, of each provider that has such; never all of them."""
    found: dict[str, tuple[str, ...]] = {}
    carrying = [ip for ip, standing in pool.ips.items() if standing.place != "withdrawn"]
    for name in sorted({name for ip in carrying for name in pool.ips[ip].providers}):
        ips = tuple(ip for ip in carrying if pool.ips[ip].providers.get(name, _NOTHING).withdrawn)
        if 0 < len(ips) < len(carrying):
            found[name] = ips
    return found


def _of_one(scope: _Scope) -> Iterator[OfProvider]:
    back: set[str] = set()
    out = {ip for ip in scope.present.pool.ips if scope.regard(ip).withdrawn}
    for ip in sorted(scope.present.pool.ips):
        restored = _restored(scope, ip) if ip in out else _restored_anyhow(scope, ip)
        if restored:
            back.add(ip)
            yield restored
    out -= back
    if scope.carrying and scope.carrying <= out:
        ip = min(scope.carrying, key=lambda each: (bool(scope.regard(each).operator), scope.regard(each).until, each))
        text = "no other IP is left that sends there"
        yield _back(scope, ip, Evidence(rule="guard", text=text), "needed")
        back.add(ip)
        out.discard(ip)
    yield from _by_order(scope, out, back)
    yield from _by_evidence(scope, out, back)


def _restored(scope: _Scope, ip: str) -> ProviderRestored | None:
    """Return that an IP sends there again: by an order, or as its time is over, since without mail nothing is heard."""
    regard, at = scope.regard(ip), scope.present.at
    order = regard.ordered("restore", at)
    if order:
        return _back(scope, ip, ordered(order), order.id, operator=order.operator)
    standing = scope.present.pool.ips[ip]
    if not regard.until or at < regard.until or regard.ordered("withdraw", at) or standing.ordered("pin", at):
        return None
    return _back(scope, ip, Evidence(rule="time", text="its time is over; a block from now on is a relapse"), "time")


def _restored_anyhow(scope: _Scope, ip: str) -> ProviderRestored | None:
    """Return that an operator restored an IP there that is not withdrawn, once: the hooks may know it otherwise."""
    order = scope.regard(ip).ordered("restore", scope.present.at)
    if order is None or order.done:
        return None
    return _back(scope, ip, ordered(order), order.id, operator=order.operator)


def _back(scope: _Scope, ip: str, why: Evidence, cause: str, operator: str = "") -> ProviderRestored:
    return ProviderRestored(
        id=scope.identity(ip, "restored", scope.regard(ip).since, cause),
        at=scope.present.at,
        pool=scope.present.pool.name,
        ip=ip,
        provider=scope.provider,
        evidence=(why,),
        operator=operator,
    )


def _by_order(scope: _Scope, out: set[str], back: set[str]) -> Iterator[OfProvider]:
    """Withdraw what an operator ordered, but never the last IP of a provider; `out` gains it, in place."""
    at = scope.present.at
    for ip in sorted(scope.carrying - out):
        regard = scope.regard(ip)
        order = regard.ordered("withdraw", at)
        if order is None:
            continue
        left, least = len(scope.carrying - out), scope.present.pool.rules.min_active
        if left == 1:
            why = "it is the last IP that sends there"
            yield from _refused(scope, ip, why, (ordered(order),), order.id)
        elif order.within_guard and left <= least:
            sending = f"only {left} IPs send to {scope.provider}"
            why = f"{sending}, min_active is {least}, {order.operator} may not go below it"
            yield from _refused(scope, ip, why, (ordered(order),), order.id)
        elif scope.is_crowded(ip):
            yield from _refused(scope, ip, _TOO_MANY, (ordered(order),), order.id)
        elif ip not in back:
            out.add(ip)
            scope.bar(ip)
            identity = scope.identity(ip, "withdrawn", order.id, regard.since)
            yield _out(scope, ip, identity, order.expires_at, (ordered(order),), operator=order.operator)


def _by_evidence(scope: _Scope, out: set[str], back: set[str]) -> Iterator[OfProvider]:
    """Withdraw what the provider blocks, the worst first, where it clearly blocks others less."""
    rules = scope.present.pool.rules.providers
    seen = {ip: scope.seen(ip) for ip in sorted(scope.carrying - out - back)}
    seen = {ip: one for ip, one in seen.items() if one.tried >= rules.min_messages}
    blocked = [
        one for one in seen.values() if one.least >= rules.blocked_share and not _is_held(scope, one.standing.ip)
    ]
    alike = False
    for one in sorted(blocked, key=lambda each: (-each.least, each.standing.ip)):
        better = [other for other in seen.values() if other.most * _TIMES_WORSE <= one.least]
        if better:
            yield from _withdrawn(scope, one, better, out)
        else:
            alike = True
    if alike:
        yield from _all_alike(scope, [one for ip, one in seen.items() if ip not in out])


def _is_held(scope: _Scope, ip: str) -> bool:
    order = scope.regard(ip).ordered("restore", scope.present.at)
    return scope.present.pool.ips[ip].is_held(scope.present.at) or bool(order and order.expires_at)


def _withdrawn(scope: _Scope, one: _Seen, better: list[_Seen], out: set[str]) -> Iterator[OfProvider]:
    rules, at, ip = scope.present.pool.rules, scope.present.at, one.standing.ip
    regard = scope.regard(ip)
    said = f': "{regard.said}"' if regard.said else ""
    others = f"{sum(each.blocked for each in better):.0f} of {sum(each.tried for each in better):.0f}"
    told = f"blocks {one.share} deliveries through it, and {others} through {len(better)} others{said}"
    evidence = Evidence(
        rule=f"provider/{scope.provider}",
        text=f"{scope.provider} {told}",
        value=round(one.blocked / one.tried, 3),
        usual=round(sum(each.blocked for each in better) / sum(each.tried for each in better), 3),
    )
    left = len(scope.carrying - out)
    if left <= rules.min_active:
        why = f"only {left} IPs send to {scope.provider}, min_active is {rules.min_active}"
        yield from _refused(scope, ip, why, (evidence,), "min_active", at // DAY)
        return
    if scope.is_crowded(ip):
        yield from _refused(scope, ip, _TOO_MANY, (evidence,), "too many", at // DAY)
        return
    out.add(ip)
    scope.bar(ip)
    known = regard.withdrawn_at and at - regard.withdrawn_at <= memory(scope.present)
    relapse = regard.withdrawals if known else 0
    minutes = min(rules.quarantine_max_minutes, rules.providers.quarantine_minutes * 2.0 ** min(relapse, 60))
    until = at + microseconds(minutes)
    yield _out(scope, ip, scope.identity(ip, "withdrawn", regard.since, at), until, (evidence,), relapse=relapse)


def _out(  # noqa: PLR0913 a decision has that many parts
    scope: _Scope,
    ip: str,
    identity: str,
    until: int,
    evidence: tuple[Evidence, ...],
    *,
    relapse: int = 0,
    operator: str = "",
) -> ProviderWithdrawn:
    return ProviderWithdrawn(
        id=identity,
        at=scope.present.at,
        pool=scope.present.pool.name,
        ip=ip,
        provider=scope.provider,
        until=until,
        relapse=relapse,
        evidence=evidence,
        culprits=ranked(scope.present.pool.ips[ip].tallies, scope.present.at),
        operator=operator,
    )


def _refused(
    scope: _Scope, ip: str, why: str, evidence: tuple[Evidence, ...], *cause: object
) -> Iterator[ProviderRefused]:
    identity = scope.identity(ip, "refused", *cause)
    known = scope.regard(ip).refused if ip else (scope.present.pool.told.get(scope.provider, ""),)
    if identity not in known:
        yield ProviderRefused(
            id=identity,
            at=scope.present.at,
            pool=scope.present.pool.name,
            ip=ip,
            provider=scope.provider,
            reason=why,
            evidence=evidence,
        )


def _all_alike(scope: _Scope, seen: list[_Seen]) -> Iterator[ProviderRefused]:
    """Tell, once a day, that these IPs stay, since the provider blocks none of them clearly less."""
    evidence = tuple(
        Evidence(
            rule=f"provider/{scope.provider}",
            text=f"{scope.provider} blocks {one.share} deliveries through {one.standing.ip}",
            value=round(one.blocked / one.tried, 3),
        )
        for one in seen
    )
    if len(seen) > 1:
        why = f"{scope.provider} blocks {len(seen)} IPs about alike: content or a domain is the likelier cause"
    else:
        why = f"no other IP sent enough to {scope.provider} to compare with"
    yield from _refused(scope, "", why, evidence, "alike", scope.present.at // DAY)
