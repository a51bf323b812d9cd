"""Rounds of asking: what a list names anew counts when its round is complete, and not while it floods."""

from collections.abc import Iterator

from streams.standing import Listing, Pool, Standing, microseconds

FURTHER_ROUNDS = 3
_FLOOD_LEAST_POOL = 4
_ROUND_UNKNOWN = microseconds(5)
_ROUND_MOST = microseconds(15)
_SETTLING = microseconds(0.1)


def is_healthy(pool: Pool, name: str) -> bool:
    """Tell whether a list passed its last test, or an operator says so; one that was never tested is believed."""
    if (order := pool.word_on(name)) is not None:
        return order.action == "trust"
    health = pool.health.get(name)
    return health is None or health.healthy


def begin(pool: Pool, name: str, at: int) -> int:
    """Return when the round began that an answer of this time belongs to: with the list's test, as far as one is known.

    Without a test, what is newly named within five minutes is one round.
    """
    health = pool.health.get(name)
    tested = 0 if health is None else health.at if health.at <= at else health.before
    if tested and at - tested <= _ROUND_MOST:
        return tested
    rounds = (listing.round for listing in _heard(pool, name).values())
    return max((each for each in rounds if 0 <= at - each <= _ROUND_UNKNOWN), default=at)


def _heard(pool: Pool, name: str) -> dict[str, Listing]:
    return {ip: standing.listings[name] for ip, standing in pool.ips.items() if name in standing.listings}


def _asked(pool: Pool, name: str) -> tuple[Standing, ...]:
    """Return the IPs that a list is asked about: those of each IP version of which it has ever answered."""
    versions = {":" in ip for ip in _heard(pool, name)}
    return tuple(standing for ip, standing in pool.ips.items() if (":" in ip) in versions)


def is_settled(pool: Pool, name: str, listing: Listing, at: int) -> bool:
    """Tell whether the round is over in which a list began to name an IP, so that all its IPs are judged together.

    It is when each IP has its answer, when the next round began, or, as some answers may never come, six seconds
    after the first new name: longer than a tick, which may fall between two answers.
    """
    health = pool.health.get(name)
    if at >= listing.seen + _SETTLING or (health is not None and health.at > listing.round):
        return True
    if any(other.round == listing.round and at >= other.seen + _SETTLING for other in _heard(pool, name).values()):
        return True
    answers = (standing.listings.get(name) for standing in _asked(pool, name))
    return all(answer is not None and answer.at >= listing.round for answer in answers)


def crowd(pool: Pool, name: str, start: int) -> str:
    """Return in words that a list newly named more than half of four or more IPs in the round begun then, or ""."""
    asked = len(_asked(pool, name))
    named = sum(start > 0 and listing.round == start for listing in _heard(pool, name).values())
    return f"{name} named {named} of {asked} IPs within one round" if 2 * named > asked >= _FLOOD_LEAST_POOL else ""


def flooding(pool: Pool, at: int) -> dict[str, str]:
    """Return the lists that have no vote since they named most of the pool in one round, each with that in words.

    A vote comes back when other lists name half of those IPs too, when the list takes back all of them, and when it
    still names them in three further rounds before which it passed its test. Who was named in that round is counted,
    not who still is: a list that takes its names back one by one is not believed about the rest. One that an operator
    trusts keeps its vote.
    """
    naming = {
        name
        for standing in pool.ips.values()
        for name, listing in standing.listings.items()
        if listing.answer == "listed"  # most lists name none, and this is asked at every observation
    }
    names = sorted(name for name in naming if is_healthy(pool, name) and pool.word_on(name) is None)
    return {name: told for name in names for told in _open_floods(pool, name, at)}


def _open_floods(pool: Pool, name: str, at: int) -> Iterator[str]:
    named = {ip: listing for ip, listing in _heard(pool, name).items() if listing.names}
    for start in sorted({listing.round for listing in named.values()}):
        told = crowd(pool, name, start)
        members = {ip: listing for ip, listing in named.items() if listing.round == start}
        further = max(listing.rounds for listing in members.values())
        if told and further <= FURTHER_ROUNDS and not _agreed(pool, name, members, at):
            yield f"{told}, and no other list agrees"


def _agreed(pool: Pool, name: str, members: dict[str, Listing], at: int) -> bool:
    also = {
        ip
        for ip in members
        for other, listing in pool.ips[ip].listings.items()
        if other != name and listing.names and is_healthy(pool, other) and is_settled(pool, other, listing, at)
    }
    return 2 * len(also) >= len(members)
