"""People: some write fifty mails a day, most a few, some one a month."""

from random import Random

from embedded.hoster.human import Human, Manner
from embedded.hoster.resident import DayOf, Horizon, Resident
from embedded.hoster.rhythm import log_normal

SHARE = 0.5


def settle(resident: Resident, traits: Random, _horizon: Horizon) -> DayOf:
    """Return a person's days."""
    mails = traits.choice((log_normal(traits, 0.1, 2, 0.01, 0.5), *[log_normal(traits, 3.5, 2.4, 0.3, 60)] * 3))
    return Human(resident, traits, Manner(mails)).day
