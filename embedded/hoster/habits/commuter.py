"""People who live on a phone: the carrier gives another address every few minutes, over many networks, IPv6 too."""

from random import Random

from embedded.hoster.human import Device, Human, Manner
from embedded.hoster.resident import DayOf, Horizon, Resident
from embedded.hoster.rhythm import log_normal

SHARE = 0.06


def settle(resident: Resident, traits: Random, _horizon: Horizon) -> DayOf:
    """Return a commuter's days: the phone looks for mail all the time, and sends most of it."""
    one = Human(resident, traits, Manner(log_normal(traits, 4, 2.2, 0.2, 40)))
    one.places.move_about(traits)
    phone = Device("imap", log_normal(traits, 45, 2, 10, 250), "mobile", "submission")
    one.devices = (phone, phone, *one.devices[:1]) if traits.random() < 0.3 else (phone, phone)
    return one.day
