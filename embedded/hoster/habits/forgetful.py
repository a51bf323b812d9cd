"""People and their passwords: slips at the keyboard, and after a change the old device that goes on trying for days."""

from collections.abc import Iterator
from random import Random
from typing import Literal

from embedded.hoster.activity import DAY, HOUR, MINUTE, SECOND, Activity, Login
from embedded.hoster.human import Human, Manner
from embedded.hoster.resident import DayOf, Horizon, Resident
from embedded.hoster.rhythm import Day, log_normal, log_uniform, noise

SHARE = 0.04


def settle(resident: Resident, traits: Random, _horizon: Horizon) -> DayOf:
    """Return such a person's days; all failures come from the own addresses."""
    one = Human(resident, traits, Manner(log_normal(traits, 3, 2.3, 0.1, 30)))
    slips = traits.uniform(0.05, 0.6)
    key, every = traits.getrandbits(31), traits.choice((7, 14, 30))
    tries = int(log_uniform(traits, 2, 20) * MINUTE)
    stubborn = traits.randint(1, 6)
    service: Literal["imap", "pop3", "smtp"] = traits.choice(("imap", "imap", "pop3", "smtp"))

    def old_device(day: Day) -> Iterator[Activity]:
        changed = next((back for back in range(stubborn) if noise(key, day.number - back) % every == 0), None)
        if changed is None:
            return
        at = day.midnight + (one.hours.draw(day.rng) if changed == 0 else 0)
        end = day.midnight + (DAY if changed < stubborn - 1 else 9 * HOUR)
        while at < end:
            yield Login(at, resident.mailbox, one.places.home(at), service, succeeded=False)
            at += int(tries * day.rng.uniform(0.95, 1.1))

    def day_of(day: Day) -> Iterator[Activity]:
        yield from one.day(day)
        yield from old_device(day)
        if day.rng.random() < slips:
            at = day.midnight + one.hours.draw(day.rng)
            for number in range(day.rng.randint(1, 5)):
                yield Login(at + 11 * number * SECOND, resident.mailbox, one.places.home(at), "imap", succeeded=False)
            yield Login(at + MINUTE, resident.mailbox, one.places.home(at), "imap")

    return day_of
