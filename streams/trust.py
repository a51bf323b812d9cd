"""Whom the pool believes: which lists have a vote, how much it weighs, and what speaks against an IP or for it."""

from collections.abc import Mapping

import msgspec

from schemas.facts import Evidence, Scope
from streams.regard import forgiven_until
from streams.rounds import FURTHER_ROUNDS, crowd, is_healthy, is_settled
from streams.standing import Listing, Pool, Standing, microseconds, moment

SCOPE_FACTOR: dict[Scope, float] = {"ip": 1.0, "network": 0.5, "as": 0.25}
_FAILED_TESTS = 3
DOUBTED = "doubted/"


class Vote(msgspec.Struct, frozen=True, kw_only=True):
    """A list that names an IP, and what that weighs; `crowd` tells if it named most of the pool in the same round."""

    list: str
    listing: Listing
    weight: float
    crowd: str = ""

    def evidence(self) -> Evidence:
        """Return the vote in words and numbers."""
        what = {"ip": "the IP", "network": "its network", "as": "its whole AS"}[self.listing.scope]
        said = f' ("{self.listing.reason}")' if self.listing.reason else ""
        text = f"{self.list} lists {what} since {moment(self.listing.since)}{said}, weight {self.weight:g}"
        if self.crowd and self.listing.rounds > FURTHER_ROUNDS:
            text += (
                f"; {self.crowd}, and is believed as it still does after {FURTHER_ROUNDS} more with its tests passed"
            )
        return Evidence(
            rule=f"dnsbl/{self.list}",
            text=text,
            value=self.weight,
            points=self.weight,
        )


def vote_of(name: str, listing: Listing, said: str = "") -> Vote:
    """Return what a list's naming of an IP weighs; `said` tells if it named most of the pool then."""
    return Vote(list=name, listing=listing, weight=listing.weight * SCOPE_FACTOR[listing.scope], crowd=said)


def is_fresh(pool: Pool, listing: Listing, at: int) -> bool:
    """Tell whether an answer is young enough to be a vote."""
    return at - listing.at <= microseconds(pool.rules.stale_minutes)


def is_trusted(pool: Pool, name: str, distrusted: Mapping[str, str]) -> bool:
    """Tell whether a list passes its tests and has its vote in this pool."""
    return name not in distrusted and is_healthy(pool, name)


def votes(pool: Pool, standing: Standing, at: int) -> tuple[Vote, ...]:
    """Return the fresh votes of healthy lists against an IP whose rounds are complete, the weightiest first.

    What an operator restored the IP in spite of has no vote any more, until it is listed anew.
    """
    forgiven = forgiven_until(standing.order)
    found = [
        vote_of(name, listing, crowd(pool, name, listing.round))
        for name, listing in standing.listings.items()
        if listing.answer == "listed"
        and listing.weight > 0
        and is_healthy(pool, name)
        and is_fresh(pool, listing, at)
        and not listing.forgiven
        and listing.since > forgiven
        and is_settled(pool, name, listing, at)
    ]
    return tuple(sorted(found, key=lambda vote: (-vote.weight, vote.list)))


def naming(pool: Pool, standing: Standing, distrusted: dict[str, str]) -> tuple[str, ...]:
    """Return the trusted lists whose last known answer names the IP, however old it is."""
    return tuple(
        sorted(
            name for name, listing in standing.listings.items() if listing.names and is_trusted(pool, name, distrusted)
        )
    )


def doubts(pool: Pool, standing: Standing, distrusted: dict[str, str]) -> tuple[Evidence, ...]:
    """Return why a withdrawal should not have been: each list that caused it has lost its vote; empty if one has not.

    A list that fails a test or two may only be slow, and what it named may well be true. One that refuses or is silent
    says nothing of it at all.
    """
    if standing.place != "withdrawn" or standing.operator:
        return ()
    lost = dict(distrusted)
    for name, health in pool.health.items():
        if health.failed >= _FAILED_TESTS:
            lost[name] = f"{name} failed its last {health.failed} tests"
    if not standing.causes or any(name not in lost for name in standing.causes):
        return ()
    return tuple(
        Evidence(rule=f"{DOUBTED}{name}", text=f"{lost[name]}: what it caused is no relapse")
        for name in standing.causes
    )
