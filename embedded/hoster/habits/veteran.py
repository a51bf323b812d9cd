"""Those who still use SMTP-after-POP: an old program that asks by POP3 and then sends without a login."""

from random import Random

from embedded.hoster.human import Device, Human, Manner
from embedded.hoster.resident import DayOf, Horizon, Resident
from embedded.hoster.rhythm import log_normal

SHARE = 0.025


def settle(resident: Resident, traits: Random, _horizon: Horizon) -> DayOf:
    """Return the days of one with an old program."""
    one = Human(resident, traits, Manner(log_normal(traits, 2.5, 2.2, 0.1, 25)))
    one.devices = (Device("pop3", log_normal(traits, 20, 2, 2, 120), "work" if one.worker else "home", "relay"),)
    return one.day
