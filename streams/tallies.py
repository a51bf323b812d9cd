"""Who sent through an IP lately, and what came of it: what the culprits of a listing are ranked by (docs/pool.md)."""

from collections.abc import Iterable
from math import sqrt

import msgspec

from schemas.facts import Culprit
from streams.window import HOUR, MINUTE

MOST_CULPRITS = 10
_SHORT, _LONG = 10 * MINUTE, 6 * HOUR
_KEPT_SHORT, _KEPT_LONG = 7, 5
_MOST_SENT, _WORST = 12, 8
_COMPLAINT = 5
_USUAL_NETWORKS, _CROWD_NETWORKS, _CROWD = 4, 72.0, 0.5
_PRIOR_BAD, _PRIOR_MESSAGES = 1.0, 50.0


class Tally(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one sender sent through one IP within a time: as in a `Culprit`, under short names."""

    messages: int = msgspec.field(default=0, name="m")
    recipients: int = msgspec.field(default=0, name="r")
    unknown_users: int = msgspec.field(default=0, name="u")
    refusals: int = msgspec.field(default=0, name="f")
    complaints: int = msgspec.field(default=0, name="c")
    networks: int = msgspec.field(default=0, name="n")

    def plus(self, other: "Tally | Culprit") -> "Tally":
        """Return both together; the same networks may be in both, so that the larger number counts."""
        return Tally(
            messages=self.messages + other.messages,
            recipients=self.recipients + other.recipients,
            unknown_users=self.unknown_users + other.unknown_users,
            refusals=self.refusals + other.refusals,
            complaints=self.complaints + other.complaints,
            networks=max(self.networks, other.networks),
        )

    @property
    def bad(self) -> int:
        """Return how much of it went wrong; a complaint is seldom made, and weighs as much as five."""
        return self.unknown_users + self.refusals + _COMPLAINT * self.complaints


_NONE = Tally()
Senders = dict[str, Tally]
Buckets = dict[str, Senders]


class Tallies(msgspec.Struct, frozen=True, omit_defaults=True):
    """The senders of each ten minutes of the last hour, and of each six hours of the last day."""

    short: Buckets = {}
    long: Buckets = {}

    def counting(self, at: int, senders: Iterable[Culprit]) -> "Tallies":
        """Return the tallies with one count more. Of each time the busiest and the worst senders are kept."""
        told = tuple(senders)
        return Tallies(
            short=_counted(self.short, at // _SHORT, _KEPT_SHORT, told),
            long=_counted(self.long, at // _LONG, _KEPT_LONG, told),
        )

    def last_seen(self, sender: str) -> int:
        """Return when the newest ten minutes began in which a sender sent; 0 where it did not within the hour."""
        return max((int(bucket) * _SHORT for bucket, senders in self.short.items() if sender in senders), default=0)

    def until(self, at: int) -> "Tallies":
        """Return them without what is dated later."""
        return Tallies(
            short={key: senders for key, senders in self.short.items() if int(key) <= at // _SHORT},
            long={key: senders for key, senders in self.long.items() if int(key) <= at // _LONG},
        )

    def windows(self, at: int) -> tuple[tuple[int, Senders], ...]:
        """Return the senders of the last ten minutes, hour and day, each with its minutes."""
        return (
            (10, _summed(self.short, at // _SHORT - 1)),
            (60, _summed(self.short, at // _SHORT - _KEPT_SHORT + 1)),
            (1440, _summed(self.long, at // _LONG - _KEPT_LONG + 1)),
        )


def _counted(buckets: Buckets, present: int, kept: int, told: tuple[Culprit, ...]) -> Buckets:
    current = str(present)
    if not told:
        return {key: senders for key, senders in buckets.items() if int(key) > present - kept}
    here = dict(buckets.get(current, {}))
    for one in told:
        here[one.sender] = here.get(one.sender, _NONE).plus(one)
    others = {key: senders for key, senders in buckets.items() if int(key) > present - kept and key != current}
    return {**others, current: _chosen(here)}


def _chosen(senders: Senders) -> Senders:
    if len(senders) <= _MOST_SENT + _WORST:
        return senders
    busiest = sorted(senders, key=lambda name: (-senders[name].messages, name))
    rest = sorted(busiest[_MOST_SENT:], key=lambda name: (-senders[name].bad, -senders[name].networks, name))
    return {name: senders[name] for name in (*busiest[:_MOST_SENT], *rest[:_WORST])}


def _summed(buckets: Buckets, oldest: int) -> Senders:
    total: Senders = {}
    for key, senders in buckets.items():
        if int(key) >= oldest:
            for name, tally in senders.items():
                total[name] = total.get(name, _NONE).plus(tally)
    return total


class _Ranked(msgspec.Struct, frozen=True):
    part: float
    culprit: Culprit


def ranked(tallies: Tallies, at: int) -> tuple[Culprit, ...]:
    """Return who may have spoilt an IP by this time, the likeliest first, at most ten.

    What each sender is guilty of is looked at within ten minutes, an hour and a day, since a list takes its time; his
    part of all guilt in that window where it is largest counts, of windows alike the shortest. Who is guilty of nothing
    follows by the messages of the hour.
    """
    found: dict[str, _Ranked] = {}
    for minutes, senders in reversed(tallies.windows(at)):
        guilts = guilt(senders)
        all_guilt, total = sum(guilts.values()), sum(tally.messages for tally in senders.values())
        for name, tally in senders.items():
            part = guilts[name] / all_guilt if all_guilt else 0.0
            before = found.get(name)
            if before is None or part > before.part or (part == before.part and (part or minutes >= HOUR // MINUTE)):
                found[name] = _Ranked(part, _culprit(name, tally, total, minutes))
    order = sorted(found.values(), key=_rank)
    return tuple(one.culprit for one in order[:MOST_CULPRITS])


def _rank(one: _Ranked) -> tuple[float, bool, int, str]:
    return -one.part, one.culprit.minutes > HOUR // MINUTE, -one.culprit.messages, one.culprit.sender


def guilt(senders: Senders) -> dict[str, float]:
    """Return for how many messages each sender is to blame.

    It is what went wrong beyond what is usual for the others through the same IP at this volume, by two standard
    deviations, so that a busy shop with the usual few wrong addresses is guilty of nothing; and of a sender used from
    more than four networks at once, up to half of the messages, since a stolen password's mail may well arrive.
    """
    bad, messages = (
        sum(tally.bad for tally in senders.values()),
        sum(tally.messages for tally in senders.values()),
    )
    found = {}
    for name, tally in senders.items():
        usual = (bad - tally.bad + _PRIOR_BAD) / (messages - tally.messages + _PRIOR_MESSAGES)
        expected = usual * tally.messages
        excess = max(0.0, tally.bad - expected - 2 * sqrt(expected + 1))
        crowd = min(_CROWD, max(0, tally.networks - _USUAL_NETWORKS) / _CROWD_NETWORKS)
        found[name] = excess + crowd * tally.messages
    return found


def _culprit(name: str, tally: Tally, total: int, minutes: int) -> Culprit:
    return Culprit(
        sender=name,
        messages=tally.messages,
        recipients=tally.recipients,
        unknown_users=tally.unknown_users,
        refusals=tally.refusals,
        complaints=tally.complaints,
        networks=tally.networks,
        share=round(tally.messages / total, 3) if total else 0.0,
        minutes=minutes,
    )
