"""The thieves: which mailboxes they take over, when and how, drawn from a seed."""

import heapq
import math
from collections.abc import Iterator, Sequence
from random import Random

from embedded.hoster import takeovers
from embedded.hoster.activity import DAY, HOUR, MINUTE, SECOND, Activity, Takeover
from embedded.hoster.resident import Horizon, Resident
from embedded.hoster.rhythm import log_uniform
from embedded.hoster.takeovers import Theft
from embedded.hoster.town import Town

SHOWN = ("botnet_burst", "single_address_burst")
_SHOWN_GAP = 0.35 * SECOND
_SHOWN_TRAPS = 0.35
_QUIET = 0.25  # of the stretch, at its beginning: so that every mailbox has habits before


class Thieves:
    """Takeovers of mailboxes, in ways drawn from a seed."""

    def __init__(self, town: Town, seed: int) -> None:
        self._town = town
        self._seed = seed

    def plan(self, starts: list[int], minutes: float) -> tuple[Takeover, ...]:
        """Return a takeover for each start, each lasting `minutes` and of another person's mailbox: fit to be shown."""
        rng = Random(f"thieves {self._seed}")
        victims = rng.sample(self._town.persons(), len(starts))
        return tuple(
            Takeover(victim.mailbox, SHOWN[number % len(SHOWN)], start, start + int(minutes * MINUTE), start)
            for number, (victim, start) in enumerate(zip(victims, starts, strict=True))
        )

    def activity(self, jobs: tuple[Takeover, ...]) -> Iterator[Activity]:
        """Yield what the thieves do in these takeovers at the pace of a show: two or three mails a second."""
        residents = {resident.mailbox: resident for resident in self._town.residents}
        thefts = [
            Theft(
                residents[job.mailbox],
                job.kind,
                job.start,
                job.end,
                int((job.end - job.start) / _SHOWN_GAP),
                Random(f"{self._seed} {job.mailbox} {job.kind}"),
                earliest=0,
                traps=_SHOWN_TRAPS,
                patient=False,
            )
            for job in jobs
        ]
        return carried_out(thefts)

    def thefts(self, horizon: Horizon, count: int, kinds: Sequence[str] = ()) -> list[Theft]:
        """Return `count` takeovers of different mailboxes in a stretch of days, the kinds in equal parts.

        ValueError where a kind is not known, or the town has not enough mailboxes for them.
        """
        rng = Random(f"thefts {self._seed}")
        chosen = list(kinds or takeovers.names())
        for kind in chosen:
            takeovers.load(kind)
        rng.shuffle(chosen)
        left = list(self._town.residents)
        found: list[Theft] = []
        while len(found) < count:
            kind = chosen[len(found) % len(chosen)]
            victim = _victim(left, kind, rng)
            if victim is None:
                chosen.remove(kind)
                if not chosen:
                    raise ValueError(f"{count} takeovers: the town has mailboxes for {len(found)} of these kinds")
                continue
            left.remove(victim)
            found.append(self._theft(victim, kind, horizon, rng))
        return found

    def _theft(self, victim: Resident, kind: str, horizon: Horizon, rng: Random) -> Theft:
        how = takeovers.load(kind)
        span = horizon.end - horizon.start
        length = int(min(log_uniform(rng, *how.hours) * HOUR, span * 0.7))
        first = horizon.start + int(span * _QUIET)
        last = max(first + 1, horizon.end - length)
        start = _at_an_hour(rng.randrange(first, last), victim, rng)
        if not first <= start < last:
            start = rng.randrange(first, last)
        mails = int(log_uniform(rng, *how.mails))
        own = Random(f"{self._seed} {victim.mailbox} {kind}")
        return Theft(victim, kind, start, start + length, mails, own, horizon.start, rng.choice((0.0, 0.001, 0.01)))


def _at_an_hour(start: int, victim: Resident, rng: Random) -> int:
    """Return the start as it is, or moved into the victim's night or office hours."""
    hour = rng.choice((None, None, rng.uniform(0, 5.5), rng.uniform(9, 17)))
    if hour is None:
        return start
    return start - (start + victim.zone * HOUR) % DAY + int(hour * HOUR)


def _victim(residents: list[Resident], kind: str, rng: Random) -> Resident | None:
    """Return a victim: frequent habits are hit more often, but not as much as they are frequent."""
    wanted = takeovers.load(kind).victims
    by_habit: dict[str, list[Resident]] = {}
    for resident in residents:
        if resident.habit in wanted or not (wanted or resident.network):
            by_habit.setdefault(resident.habit, []).append(resident)
    if not by_habit:
        return None
    habits = sorted(by_habit)
    return rng.choice(by_habit[rng.choices(habits, [math.sqrt(len(by_habit[habit])) for habit in habits])[0]])


def carried_out(thefts: list[Theft]) -> Iterator[Activity]:
    """Yield what the thieves do, in time order."""
    streams = [takeovers.load(theft.kind).activity(theft) for theft in thefts]
    yield from heapq.merge(*streams, key=lambda item: item.at)
