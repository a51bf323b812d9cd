"""One way of asking 256 IPs at 60 lists, measured in a process of its own: `python -m bench.dnsbl_peers NAME PORT`.

Prints the questions, the listings found, and the seconds, of the wall clock and of the CPU.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from importlib import import_module
from typing import Any

import dns.asyncresolver
import dns.resolver

from collectors import dnswire
from collectors.asking import Exchange
from collectors.dnsbl import Dnsbl
from collectors.dnswire import Said
from collectors.lanes import Errand, Way
from collectors.resolve import ask
from schemas.dnsbl_settings import Dnsbl as Settings
from schemas.observations import ListingObserved

ZONES = tuple(f"l{number:02}.example.net" for number in range(60))
IPS = tuple(f"198.51.100.{number}" for number in range(256))
QUESTIONS = len(ZONES) * len(IPS)
AT_ONCE = 128
_WITH_THREE = 18

Found = tuple[int, float, float]
Peer = Callable[[int], Found]


def names() -> list[str]:
    """Return the names to ask for, IP by IP."""
    return [f"{'.'.join(reversed(ip.split('.')))}.{zone}" for ip in IPS for zone in ZONES]


def listed(number: int) -> set[str]:
    """Return whom the list of this number names: 138 of all questions are about a listing."""
    return {IPS[(number * 7 + step * 31) % len(IPS)] for step in range(2 + (number < _WITH_THREE))}


async def _timed(work: Coroutine[Any, Any, int]) -> Found:
    wall, cpu = time.perf_counter(), time.process_time()
    found = await work
    return found, time.perf_counter() - wall, time.process_time() - cpu


def events(port: int) -> Found:
    """Ask as the collector does: test points, every IP, the text of each listing; an event of each answer."""
    settings = Settings.model_validate({"port": port, "queries_per_second": 0})
    lists = [Dnsbl(name=zone, zone=zone, operator="bench", weight=1.0, listed={}, other="listed") for zone in ZONES]
    wall, cpu = time.perf_counter(), time.process_time()
    told = ask(IPS, lists, settings)
    took = time.perf_counter() - wall, time.process_time() - cpu
    observed = [event for event in told if isinstance(event, ListingObserved)]
    if len(observed) != QUESTIONS or any(event.answer == "unknown" for event in observed):
        raise ValueError(f"of {len(observed)} answers some are unknown")
    return sum(event.answer == "listed" for event in observed), *took


def questions(port: int) -> Found:
    """Ask the questions alone, with all that guards them, and read each answer."""

    async def asked() -> int:
        exchange, ended = Exchange(), asyncio.get_running_loop().create_future()
        said: list[Said] = []

        def done(_: str, each: Said) -> None:
            said.append(each)
            if len(said) == QUESTIONS:
                ended.set_result(None)

        for zone in ZONES:
            lane = exchange.lane(Way(dnswire.zone(zone), (("127.0.0.1", port),), 5.0, 0.0))
            exchange.ask(lane, [Errand(dnswire.reversed_ip(ip), dnswire.A, ip, done) for ip in IPS])
        await ended
        await exchange.close()
        return sum(bool(each.values) for each in said)

    return asyncio.run(_timed(asked()))


async def _bounded(query: Callable[[str], Awaitable[bool]]) -> int:
    """Ask for all names, no more than some at a time; return how many are listed."""
    waiting = iter(names())

    async def worker() -> int:
        return sum([await query(name) for name in waiting])

    return sum(await asyncio.gather(*(worker() for _ in range(AT_ONCE))))


def dnspython(port: int) -> Found:
    """Ask with dnspython's asynchronous resolver."""
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], port

    async def query(name: str) -> bool:
        try:
            await resolver.resolve(f"{name}.", "A", search=False)
        except dns.resolver.NXDOMAIN:
            return False
        return True

    return asyncio.run(_timed(_bounded(query)))


def _ares(port: int) -> Any:  # noqa: ANN401 an optional library
    return import_module("aiodns").DNSResolver(
        nameservers=["127.0.0.1"], udp_port=port, tcp_port=port, timeout=5, tries=2
    )


def aiodns(port: int) -> Found:
    """Ask with aiodns."""
    error = import_module("aiodns").error.DNSError

    async def asked() -> int:
        resolver = _ares(port)

        async def query(name: str) -> bool:
            try:
                await resolver.query(name, "A")
            except error:
                return False
            return True

        return await _bounded(query)

    return asyncio.run(_timed(asked()))


def aiodnsbl(port: int) -> Found:
    """Ask with aiodnsbl, at our name server."""
    module, providers = import_module("aiodnsbl"), import_module("aiodnsbl.providers")

    async def asked() -> int:
        checker = module.DNSBLChecker(providers=[providers.Provider(zone, "ip") for zone in ZONES])
        checker._resolver = _ares(port)  # noqa: SLF001 it knows no other way to a port
        return sum(len(result.detected_by) for result in await checker.bulk_check(list(IPS)))

    return asyncio.run(_timed(asked()))


def pydnsbl(port: int) -> Found:
    """Ask with pydnsbl, at our name server."""
    module, providers = import_module("pydnsbl"), import_module("pydnsbl.providers")

    async def asked() -> int:
        asking = asyncio.get_running_loop()
        checker = module.DNSBLIpChecker(providers=[providers.Provider(zone) for zone in ZONES], loop=asking)
        checker._resolver = _ares(port)  # noqa: SLF001 it knows no other way to a port
        results = await asyncio.gather(*(checker.check_async(ip) for ip in IPS))
        return sum(len(result.detected_by) for result in results)

    return asyncio.run(_timed(asked()))


PEERS: dict[str, Peer] = {each.__name__: each for each in (events, questions, aiodns, aiodnsbl, pydnsbl, dnspython)}

if __name__ == "__main__":
    print(*PEERS[sys.argv[1]](int(sys.argv[2])))
