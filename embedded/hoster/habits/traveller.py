"""Travellers: for days on end they log in from hotels, airports and roaming phones of many countries."""

from random import Random

from embedded.hoster.human import Device, Human, Manner
from embedded.hoster.resident import DayOf, Horizon, Resident
from embedded.hoster.rhythm import Day, log_normal

SHARE = 0.03


class _Traveller(Human):
    """One who is on the road for part of each month."""

    def __init__(self, resident: Resident, traits: Random) -> None:
        super().__init__(resident, traits, Manner(log_normal(traits, 5, 2, 0.5, 40), worker=True))
        self._every = traits.choice((10, 14, 30, 90))
        self._long = traits.choice((3, 5, 9, 14))
        self._shift = traits.randrange(90)

    def where(self, device: Device, at: int, day: Day) -> str:
        gone = (day.number + self._shift) % self._every
        if gone < min(self._long, self._every - 2):
            return self.places.abroad(at, day.number - gone)
        return super().where(device, at, day)


def settle(resident: Resident, traits: Random, _horizon: Horizon) -> DayOf:
    """Return a traveller's days."""
    return _Traveller(resident, traits).day
