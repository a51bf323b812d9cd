"""What every hoster's log is full of: guessed passwords that fail, and strangers turned away on port 25."""

import heapq
from collections.abc import Iterator
from random import Random

from embedded.hoster.activity import DAY, HOUR, SECOND, Happening, Login, Reason, Refusal, Service
from embedded.hoster.blocks import BOT_COUNTRIES, RANGES
from embedded.hoster.places import address, bot
from embedded.hoster.population import SPAMMED, WORLD, living
from embedded.hoster.resident import Resident
from embedded.hoster.rhythm import log_uniform, noise
from embedded.hoster.town import Town

_NOBODY = ("admin", "test", "info", "sales", "support", "office", "webmaster", "scan", "contact", "noreply", "mail")
_TRIED: tuple[Service, ...] = ("smtp", "smtp", "smtp", "imap", "pop3")
_HUNTED: tuple[Service, ...] = ("smtp", "smtp", "imap", "pop3")
_REASONS: tuple[Reason, ...] = (
    "relay_denied",
    "unknown_user",
    "unknown_user",
    "blocked",
    "blocked",
    "bad_syntax",
    "scan",
    "scan",
)


def background(town: Town, start: int, end: int) -> Iterator[Happening]:
    """Yield the noise of a stretch in time order; none of the guesses is right."""
    seed = town.seed
    mailboxes = [each for each in town.residents if not each.network]
    streams: list[Iterator[Happening]] = [
        _sprayed(Random(f"spray {seed} {wave}"), mailboxes, start, end, wave) for wave in range(3)
    ]
    streams.append(_refused(Random(f"refused {seed}"), mailboxes, start, end))
    rng = Random(f"hunted {seed}")
    for number, resident in enumerate(rng.sample(mailboxes, max(1, len(mailboxes) // 25))):
        streams.append(_hunted(Random(f"hunt {seed} {number}"), resident, start, end))
    yield from heapq.merge(*streams, key=lambda item: item.at)


def _sprayed(rng: Random, mailboxes: list[Resident], start: int, end: int, wave: int) -> Iterator[Happening]:
    """Yield guesses at all mailboxes and at names that nobody has, from machines that change from day to day."""
    a_day = len(mailboxes) * log_uniform(rng, 0.2, 2.0) + 200
    machines, key = int(log_uniform(rng, 20, 3000)), rng.getrandbits(31)
    at = float(start)
    while True:
        at += rng.expovariate(a_day / DAY)
        if at >= end:
            return
        machine = noise(key, int(rng.random() ** 2 * machines), int(at) // DAY // (1 + wave))
        country = BOT_COUNTRIES[machine % len(BOT_COUNTRIES)]
        ip = address("home", country, machine, machine >> 8)
        if wave == 0:
            rented = sorted(RANGES["hosting"])
            ip = address("hosting", rented[machine % len(rented)], machine >> 3, machine >> 16)
        victim = mailboxes[int(rng.random() ** 1.5 * len(mailboxes))]
        name = victim.mailbox if rng.random() < 0.55 else f"{rng.choice(_NOBODY)}@{victim.domain}"
        yield Login(int(at), name, ip, rng.choice(_TRIED), succeeded=False, kind="noise")


def _hunted(rng: Random, resident: Resident, start: int, end: int) -> Iterator[Happening]:
    """Yield days of guesses at one mailbox whose old password was leaked somewhere, from everywhere."""
    begun = start + int(rng.random() * (end - start))
    until = min(end, begun + int(log_uniform(rng, 4, 240) * HOUR))
    a_day = log_uniform(rng, 20, 800)
    service: Service = rng.choice(_HUNTED)
    at = float(begun)
    while True:
        at += rng.expovariate(a_day / DAY)
        if at >= until:
            return
        yield Login(int(at), resident.mailbox, bot(rng), service, succeeded=False, kind="noise")


def _refused(rng: Random, mailboxes: list[Resident], start: int, end: int) -> Iterator[Happening]:
    """Yield strangers on port 25: relay seekers, and spam that is blocked or goes to nobody."""
    a_day = len(mailboxes) * 1.5 + 150
    at = float(start)
    while True:
        at += rng.expovariate(a_day / DAY)
        if at >= end:
            return
        victim = rng.choice(mailboxes)
        reason = rng.choice(_REASONS)
        outside = living(rng.getrandbits(30), WORLD).address
        to = outside if reason == "relay_denied" else victim.mailbox
        if reason == "unknown_user":
            to = f"{rng.choice(_NOBODY)}{rng.randint(1, 99)}@{victim.domain}"
        sender = f"{outside.partition('@')[0]}@{rng.choice(SPAMMED)}"
        yield Refusal(int(at), bot(rng), sender, to, reason)
        at += rng.random() * SECOND
