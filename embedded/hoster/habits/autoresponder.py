"""Out of office: for weeks every mail that comes in is answered, at all hours, spam too, whose senders do not exist."""

from collections.abc import Iterator
from random import Random

from embedded.hoster.activity import SECOND, Activity, Mail, Recipient
from embedded.hoster.human import Human, Manner
from embedded.hoster.population import HOME, WORLD, dead, living
from embedded.hoster.resident import DayOf, Horizon, Resident
from embedded.hoster.rhythm import ALWAYS, OFFICE, Day, log_normal, noise, poisson

SHARE = 0.02


def settle(resident: Resident, traits: Random, horizon: Horizon) -> DayOf:
    """Return the days before, during and after an absence; some answer through a program at home, by login."""
    one = Human(resident, traits, Manner(log_normal(traits, 5, 2, 0.5, 30), worker=True))
    leaves = horizon.day_at(traits.uniform(0.1, 0.7))
    returns = leaves + traits.randint(3, 21)
    arriving, spam = log_normal(traits, 25, 2, 4, 200), traits.uniform(0.1, 0.6)
    forged = traits.uniform(0.15, 0.7)
    by_login = traits.random() < 0.6

    def day_of(day: Day) -> Iterator[Activity]:
        rng = day.rng
        if not leaves <= day.number < returns:
            yield from one.day(day)
            return
        for _ in range(poisson(rng, arriving * (0.5 if day.rest else 1.0))):
            is_spam = rng.random() < spam
            at = day.midnight + (ALWAYS if is_spam else OFFICE).draw(rng) + int(rng.uniform(1, 5) * SECOND)
            draw = int(rng.random() * 0x7FFFFFFF)
            to = dead(draw, WORLD) if is_spam and rng.random() < forged else living(draw, WORLD if is_spam else HOME)
            if is_spam and to.fate == "sent" and noise(draw) % 10 == 0:
                to = Recipient(to.address, "refused")
            if by_login:
                yield Mail(at, resident.mailbox, one.places.work(), (to,), size=1500, complaints=0.0001)
            else:
                yield Mail(at, resident.mailbox, "", (to,), "honest", 1200, "pickup", "<>")

    return day_of
