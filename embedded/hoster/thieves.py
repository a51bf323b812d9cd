"""The thieves: takeovers of mailboxes, each kind a generator of activity in time order."""

import heapq
from collections.abc import Iterator
from random import Random

from embedded.hoster.activity import MINUTE, SECOND, Activity, Fate, Login, Mail, Recipient, Takeover
from embedded.hoster.town import Resident, Town

_TARGETS = ("gmail.com", "outlook.com", "yahoo.com", "gmx.net", "web.de", "hotmail.com", "aol.com", "icloud.com")


def _victim(rng: Random) -> Recipient:
    draw = rng.random()
    fate: Fate = "unknown_user" if draw < 0.22 else "refused" if draw < 0.30 else "sent"
    address = f"{rng.choice('abcdefghijklm')}{rng.randint(1, 999_999)}@{rng.choice(_TARGETS)}"
    return Recipient(address, fate, trap=fate == "sent" and rng.random() < 0.25)


def _bot(rng: Random) -> str:
    return f"{rng.choice((185, 91, 45, 103, 177))}.{rng.randint(1, 254)}.{rng.randint(1, 254)}.{rng.randint(1, 254)}"


def botnet_burst(resident: Resident, rng: Random, start: int, end: int) -> Iterator[Activity]:
    """Guess the password, then send two to five mails a second from as many addresses."""
    for number in range(rng.randint(8, 20)):
        yield Login(
            start - 20 * SECOND + number * SECOND // 2,
            resident.mailbox,
            _bot(rng),
            "imap",
            succeeded=False,
            kind="botnet_burst",
        )
    yield Login(start - 5 * SECOND, resident.mailbox, _bot(rng), "imap", succeeded=True, kind="botnet_burst")
    at = float(start)
    while at < end:
        recipients = tuple(_victim(rng) for _ in range(rng.randint(1, 3)))
        yield Mail(int(at), resident.mailbox, _bot(rng), recipients, "botnet_burst", rng.randint(900, 4000))
        at += rng.uniform(0.2, 0.5) * SECOND


def single_address_burst(resident: Resident, rng: Random, start: int, end: int) -> Iterator[Activity]:
    """Send a mail a second from one rented server."""
    server = _bot(rng)
    at = float(start)
    while at < end:
        recipients = tuple(_victim(rng) for _ in range(rng.randint(1, 8)))
        yield Mail(int(at), resident.mailbox, server, recipients, "single_address_burst", rng.randint(2000, 9000))
        at += rng.uniform(0.5, 1.5) * SECOND


KINDS = {"botnet_burst": botnet_burst, "single_address_burst": single_address_burst}


class Thieves:
    """Takeovers at set times, of mailboxes and in ways drawn from a seed."""

    def __init__(self, town: Town, seed: int) -> None:
        self._town = town
        self._seed = seed

    def plan(self, starts: list[int], minutes: float) -> tuple[Takeover, ...]:
        """Return a takeover for each start, each lasting `minutes` and of another person's mailbox."""
        rng = Random(f"thieves {self._seed}")
        victims = rng.sample(self._town.persons(), len(starts))
        kinds = list(KINDS)
        return tuple(
            Takeover(victim.mailbox, kinds[number % len(kinds)], start, start + int(minutes * MINUTE))
            for number, (victim, start) in enumerate(zip(victims, starts, strict=True))
        )

    def activity(self, takeovers: tuple[Takeover, ...]) -> Iterator[Activity]:
        """Yield what the thieves do in these takeovers, in time order."""
        residents = {resident.mailbox: resident for resident in self._town.residents}
        streams = [
            KINDS[job.kind](residents[job.mailbox], Random(f"{self._seed} {job.mailbox}"), job.start, job.end)
            for job in takeovers
        ]
        yield from heapq.merge(*streams, key=lambda item: item.at)
