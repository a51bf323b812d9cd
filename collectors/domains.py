"""Ask the lists of domains about our HELO names, customers' domains and those of the configuration.

Each list's test points come first. A name is asked about with the domains above it, as lists name those: a listing of
one counts for all below it. An answer of a list without a vote is kept, but as unknown.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from collectors import dnsbl as catalogue
from collectors import dnswire, health
from collectors.asking import Exchange
from collectors.dnsbl import Dnsbl, Reading, Reply, reading
from collectors.dnswire import Kind, Said
from collectors.health import Health
from collectors.keys import kept, key_of, without
from collectors.lanes import Errand, Lane, way_of
from collectors.listround import MUTE, Sweep
from schemas.checked import domain
from schemas.dnsbl_settings import Dnsbl as Settings
from schemas.events import Event
from schemas.facts import Answer
from schemas.names import derived_id, domain_of
from schemas.observations import ListHealthObserved
from schemas.own_observations import DomainListingObserved, IpIdentityObserved
from schemas.settings import Settings as Configuration

_MOST_ABOVE = 3
_NOT_ASKED = Said(failure="not asked", fault="silent")


def configured(settings: Configuration, identities: Iterable[IpIdentityObserved] = ()) -> dict[str, tuple[str, ...]]:
    """Return the domains to ask about, each with what uses it: HELO names, customers, or the configuration.

    Without `identities`, the HELO names are those of the configuration; the others are known only once they are seen.
    """
    used: dict[str, list[str]] = {}
    for name in settings.dnsbl.domains:
        used.setdefault(name, []).append("dnsbl.domains")
    helos = [(transport, name) for pool in settings.pool.values() for transport, name in pool.helo.items()]
    helos += [(each.transport, each.helo) for each in identities if each.helo]
    for transport, name in dict.fromkeys(helos):
        used.setdefault(name, []).append(f"HELO of {transport}")
    for customer, mailboxes in ((name, one.mailboxes) for name, one in settings.customers.items()):
        for name in dict.fromkeys(map(_domain_in, mailboxes)):
            if name:
                used.setdefault(name, []).append(f"customer {customer}")
    return {name: tuple(users) for name, users in sorted(used.items())}


def _domain_in(mailbox: str) -> str:
    """Return the domain of a customer's mailbox or domain, "" where it is the name of a network."""
    try:
        return domain(domain_of(mailbox) or mailbox)
    except ValueError:
        return ""


def asked_about(name: str) -> tuple[str, ...]:
    """Return a name and the domains above it that lists may name: not the top level."""
    labels = name.split(".")
    above = [".".join(labels[start:]) for start in range(1, len(labels) - 1)]
    return (name, *above[-_MOST_ABOVE:])


def questions(settings: Configuration) -> int:
    """Return how many names a list of domains is asked about in a round.

    A HELO name that only the PTR will tell counts as one, since the domains above it are not known before.
    """
    names = {above for name in configured(settings) for above in asked_about(name)}
    return len(names) + sum(len(set(pool.transports) - set(pool.helo)) for pool in settings.pool.values())


def unfit(settings: Configuration) -> Iterator[str]:
    """Yield a sentence for each customer's domain with letters that make no name of the DNS."""
    for customer, each in settings.customers.items():
        for mailbox in each.mailboxes:
            if not mailbox.isascii() and mailbox not in settings.networks.values() and not _domain_in(mailbox):
                yield f"customers.{customer}.mailboxes: {mailbox!r} has no domain that the DNS could hold"


class _Round(msgspec.Struct, frozen=True):
    """What a list said in one round: its health, each name's reply, the texts of listings, and when."""

    found: Health
    said: Mapping[str, Said]
    texts: Mapping[str, str]
    at: int


class DomainAsker:
    """Asks one list of domains; ValueError where its key is missing."""

    def __init__(self, dnsbl: Dnsbl, settings: Settings) -> None:
        self.dnsbl = dnsbl
        self._key = key_of(dnsbl, settings)
        self._way = way_of(dnsbl, settings, self._key)

    async def ask(self, used: Mapping[str, Sequence[str]], exchange: Exchange, at: int) -> list[Event]:
        """Return the list's health and what it says about each of the names."""
        lane = exchange.lane(self._way)
        found = await self._tested(exchange, lane)
        names = sorted({each for name in used for each in asked_about(name)})
        said = dict.fromkeys(names, _NOT_ASKED)
        if found.fault not in MUTE:
            said |= await self._all(names, dnswire.A, exchange, lane)
        if not found.fault:
            found = health.of_domains(said, self.dnsbl)
        texts = {} if found.fault else await self._texts(said, exchange, lane)
        this = _Round(found, said, texts, at)
        seen = lane.pace.told(self._health(found, at))
        return [seen, *(self._observed(name, users, this) for name, users in used.items())]

    async def _tested(self, exchange: Exchange, lane: Lane) -> Health:
        points = map(dnswire.labels, catalogue.domain_points(self.dnsbl))
        must, must_not = await asyncio.gather(*(exchange.reply(lane, point, dnswire.A) for point in points))
        reason = catalogue.domain_fault(_reply(must), _reply(must_not), self.dnsbl)
        if not reason:
            return health.SOUND
        for each in (must, must_not):
            if kind := each.fault or health.strange(each.values, self.dnsbl):
                return Health(kind, reason)
        return Health("lists_most" if must.values and must_not.values else "test_points", reason)

    async def _texts(self, said: Mapping[str, Said], exchange: Exchange, lane: Lane) -> dict[str, str]:
        listed = [name for name, each in said.items() if reading(each.values, self.dnsbl).answer == "listed"]
        told = await self._all(listed, dnswire.TXT, exchange, lane)
        return {name: kept(each.values, self._key) for name, each in told.items() if each.values}

    def _refuses(self, said: Said) -> bool:
        return bool(health.strange(said.values, self.dnsbl))

    async def _all(self, names: Sequence[str], kind: Kind, exchange: Exchange, lane: Lane) -> dict[str, Said]:
        """Ask about the names; the first refusal ends it, and what was not asked then is left out."""
        if not names:
            return {}
        sweep = Sweep(lane, len(names), self._refuses if kind == dnswire.A else lambda _: False)
        exchange.ask(lane, [Errand(dnswire.labels(name), kind, name, sweep) for name in names])
        return await sweep.whole()

    def _observed(self, name: str, users: Sequence[str], this: _Round) -> DomainListingObserved:
        said = {each: this.said[each] for each in asked_about(name)}
        read = _strongest({each: _read(one, self.dnsbl) for each, one in said.items()}, name, this.texts)
        if this.found.fault:
            read = Reading("unknown", read.codes, f"the list has no vote: {this.found.reason}")
        listed = read.answer == "listed"
        return DomainListingObserved(
            id=derived_id("domain listing", self.dnsbl.name, name, this.at, read.answer, *read.codes),
            at=this.at,
            domain=name,
            list=self.dnsbl.name,
            answer=read.answer,
            codes=read.codes,
            reason=without(read.reason, self._key),
            used_by=tuple(users),
            ttl_seconds=min(one.ttl_seconds for one in said.values()),
            removal=self.dnsbl.way_out if listed else "",
            lasts=self.dnsbl.lasts if listed else "",
            lasts_hours=self.dnsbl.lasts_hours if listed else 0,
        )

    def _health(self, found: Health, at: int) -> ListHealthObserved:
        return ListHealthObserved(
            id=derived_id("list health", self.dnsbl.name, at, not found.fault),
            at=at,
            list=self.dnsbl.name,
            healthy=not found.fault,
            reason=without(found.reason, self._key),
            fault=found.fault,
        )


def _reply(said: Said) -> Reply:
    return Reply(addresses=said.values, failure=said.failure)


def _read(said: Said, dnsbl: Dnsbl) -> Reading:
    return Reading("unknown", (), said.failure) if said.failure else reading(said.values, dnsbl)


_ORDER: tuple[Answer, ...] = ("listed", "unknown", "not_listed")


def _strongest(readings: Mapping[str, Reading], name: str, texts: Mapping[str, str]) -> Reading:
    """Return what a list says about a name: that it, or a domain above it, is listed; else what is not known."""
    said = min(readings, key=lambda each: _ORDER.index(readings[each].answer))
    read = readings[said]
    parts = (f"{said} is listed" if said != name and read.answer == "listed" else "", read.reason, texts.get(said, ""))
    return msgspec.structs.replace(read, reason=": ".join(part for part in parts if part))


async def observed(used: Mapping[str, Sequence[str]], askers: Sequence[DomainAsker]) -> list[Event]:
    """Return what each of the lists says about the names now, list by list, its health first."""
    exchange = Exchange()
    at = time.time_ns() // 1000  # noqa: TID251 facts that are true when they are seen
    try:
        told = await asyncio.gather(*(asker.ask(used, exchange, at) for asker in askers))
    finally:
        await exchange.close()
    return [event for events in told for event in events]


def ask(used: Mapping[str, Sequence[str]], lists: Sequence[Dnsbl], settings: Settings) -> list[Event]:
    """Ask the lists about the names once. ValueError where a list's key is missing."""
    return asyncio.run(observed(used, [DomainAsker(each, settings) for each in lists]))
