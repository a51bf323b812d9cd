"""What the tests of questions share: asking a server on loopback, and its answer that an IP is listed."""

import asyncio
from collections.abc import Sequence

import dns.message

from collectors import dnswire
from collectors.asking import Counts, Exchange
from collectors.dnswire import Said
from collectors.lanes import Way
from tests.liar import reply

ZONE = "bl.example.net"
IP = "192.0.2.11"
LISTED = Said(values=("127.0.0.2",), ttl_seconds=60)


def asked(
    ips: Sequence[str], *ports: int, patience: float = 3.5, kind: dnswire.Kind = dnswire.A, host: str = "127.0.0.1"
) -> tuple[dict[str, Said], Counts]:
    """Ask about IPs at servers on loopback; return what was said, and what went over the wire."""

    async def whole() -> tuple[dict[str, Said], Counts]:
        exchange = Exchange()
        servers = tuple((host, port) for port in ports)
        lane = exchange.lane(Way(dnswire.zone(ZONE), servers, patience, 0.0))
        replies = (exchange.reply(lane, dnswire.reversed_ip(ip), kind) for ip in ips)
        said = dict(zip(ips, await asyncio.gather(*replies), strict=True))
        await exchange.close()
        return said, exchange.counts

    return asyncio.run(whole(), debug=True)


def listed(query: dns.message.Message) -> bytes:
    """Return the answer that names an IP."""
    return reply(query, addresses=["127.0.0.2"])
