"""The own side of the scene: an IP in order, one with a strange PTR, one that could not be asked; a listed domain."""

from collections.abc import Iterator

from schemas.events import Event
from schemas.names import derived_id
from schemas.observations import ListHealthObserved
from schemas.own_observations import Check, CheckOutcome, DomainListingObserved, IpIdentityObserved

NAMES: tuple[CheckOutcome, ...] = ("pass", "fail", "unknown")


def own_side(now: int, ips: tuple[str, ...], rude: str) -> Iterator[Event]:
    """Yield the events: each IP was looked at twice, and only the newer counts."""
    for ip, outcome in zip(ips, NAMES, strict=False):
        for at, came in ((now - 200_000_000, "fail"), (now - 100_000_000, outcome)):
            checks = tuple(
                Check(name=name, outcome="pass" if name != "forward" else came, text=f"{rude} {name}")  # type: ignore[arg-type]
                for name in ("ptr", "forward", "helo", "helo_is_ptr", "spf")
            )
            yield IpIdentityObserved(
                id=derived_id("identity", ip, at),
                at=at,
                ip=ip,
                pool="main",
                transport=f"out{ip[-2:]}",
                helo=f"out{ip[-2:]}.isp.example",
                ptr=(f"out{ip[-2:]}.isp.example",),
                checks=checks,
            )
    yield ListHealthObserved(
        id=derived_id("health of domains"), at=now - 100_000_000, list="spamhaus_dbl", healthy=True
    )
    for name, before, after in (("shop.example", "not_listed", "listed"), ("isp.example", "listed", "not_listed")):
        for at, answer in ((now - 200_000_000, before), (now - 100_000_000, after)):
            yield DomainListingObserved(
                id=derived_id("domain", name, at),
                at=at,
                domain=name,
                list="spamhaus_dbl",
                answer=answer,  # type: ignore[arg-type]
                codes=("127.0.1.2",) if answer == "listed" else (),
                reason=rude if answer == "listed" else "",
                used_by=("customer shop",),
            )
