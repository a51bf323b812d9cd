"""Those who let a big mail service, or an app's servers, fetch and send: logins from abroad by the clock."""

from collections.abc import Iterator
from random import Random

from embedded.hoster.activity import DAY, MINUTE, Activity, Login, Service
from embedded.hoster.human import Device, Human, Manner
from embedded.hoster.resident import DayOf, Horizon, Resident
from embedded.hoster.rhythm import Day, log_normal, log_uniform

SHARE = 0.035


def settle(resident: Resident, traits: Random, _horizon: Horizon) -> DayOf:
    """Return the days of one whose mail is fetched; what is written goes out from there, too."""
    one = Human(resident, traits, Manner(log_normal(traits, 3, 2.3, 0.1, 40)))
    service: Service = traits.choice(("imap", "pop3", "pop3"))
    cloud = Device("imap", 0.3, "cloud", "submission")
    one.devices = (cloud,) if traits.random() < 0.6 else (cloud, one.devices[0])
    every = int(log_uniform(traits, 5, 90) * MINUTE)

    def day_of(day: Day) -> Iterator[Activity]:
        yield from one.day(day)
        at = day.midnight
        while at < day.midnight + DAY:
            at += int(every * day.rng.uniform(0.8, 1.3))
            yield Login(at, resident.mailbox, one.places.cloud(at), service)

    return day_of
