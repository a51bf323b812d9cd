"""The bounds of asking: ports and ids, how many questions are under way, how fast, and nothing left open."""

import asyncio
import threading
from collections import Counter
from pathlib import Path

import dns.message

from collectors import dnswire
from collectors.asking import AT_ONCE, Exchange
from collectors.dnswire import Said
from collectors.lanes import Errand, Way
from tests.asked import IP, LISTED, ZONE, asked, listed
from tests.liar import Liar, cut_off, honest


def test_ports_are_replaced_after_some_questions_and_ids_are_not_guessable() -> None:
    ips = [f"10.{high}.{low}.1" for high in range(24) for low in range(200)]

    async def whole() -> list[Said]:
        exchange, told = Exchange(), asyncio.get_running_loop().create_future()
        found: list[Said] = []

        def done(_: str, said: Said) -> None:
            found.append(said)
            if len(found) == len(ips):
                told.set_result(None)

        lanes = [exchange.lane(Way(dnswire.zone(ZONE), (("127.0.0.1", liar.port),), 30.0, 0.0)) for _ in range(12)]
        for number, lane in enumerate(lanes):
            exchange.ask(lane, [Errand(dnswire.reversed_ip(ip), dnswire.A, ip, done) for ip in ips[number::12]])
        await told
        await exchange.close()
        return found

    with Liar(lambda query, _: [honest(query)]) as liar:
        found = asyncio.run(whole())
    assert (len(found), {each.failure for each in found}) == (4800, {""})
    ports = Counter(port for _, port in liar.queries)
    assert len(ports) > 8
    assert max(ports.values()) <= 512
    ids = [query.id for query, _ in liar.queries]
    assert len(set(ids)) > 4400
    assert min(ids) < 700
    assert max(ids) > 64800


def test_no_more_than_sixteen_questions_to_a_list_are_under_way() -> None:
    def holding(_: dns.message.Message, count: int) -> list[bytes]:
        if count % 16 == 0:
            for query, port in liar.queries[-16:]:
                liar.send(honest(query), port)
        return []

    ips = [f"198.51.100.{number}" for number in range(48)]
    with Liar(holding) as liar:
        said, counts = asked(ips, liar.port, patience=60.0)
    assert (len(said), counts.again) == (48, 0), "the others come only after the replies to the first"


def test_no_more_than_the_bound_wait_for_their_first_reply() -> None:
    """Lists that are silent do not hold up the others: only a first wait counts."""

    async def whole() -> tuple[int, list[Said]]:
        exchange = Exchange()
        lanes = [exchange.lane(Way(dnswire.zone(ZONE), (("127.0.0.1", mute.port),), 2.0, 0.0)) for _ in range(20)]
        for lane in lanes:
            exchange.ask(lane, [Errand(dnswire.reversed_ip("192.0.2.1"), dnswire.A, "", lambda *_: None)] * 16)
        await asyncio.sleep(0)
        at_once = exchange.counts.sent
        good = exchange.lane(Way(dnswire.zone(ZONE), (("127.0.0.1", honest_one.port),), 30.0, 0.0))
        found = [await exchange.reply(good, dnswire.reversed_ip(ip), dnswire.A) for ip in ("127.0.0.2", "192.0.2.1")]
        await exchange.close()
        return at_once, found

    with Liar(lambda *_: []) as mute, Liar(lambda query, _: [honest(query)]) as honest_one:
        at_once, found = asyncio.run(whole())
    assert at_once == AT_ONCE == 128
    assert found == [LISTED, Said()]


def test_a_list_is_asked_no_faster_than_allowed() -> None:
    async def whole() -> Said:
        exchange = Exchange()
        lane = exchange.lane(Way(dnswire.zone(ZONE), (("127.0.0.1", liar.port),), 5.0, 0.0001))
        other = exchange.lane(Way(dnswire.zone("x.example"), (("127.0.0.1", liar.port),), 5.0, 0.0))
        exchange.ask(lane, [Errand(dnswire.reversed_ip("192.0.2.1"), dnswire.A, "", lambda *_: None)] * 9)
        said = [await exchange.reply(other, dnswire.reversed_ip("127.0.0.2"), dnswire.A) for _ in range(20)]
        await exchange.close()
        return said[-1]

    with Liar(lambda query, _: [honest(query)]) as liar:
        assert asyncio.run(whole()) == LISTED
    names = Counter(query.question[0].name.to_text().lower() for query, _ in liar.queries)
    assert names == {"1.2.0.192.bl.example.net.": 1, "2.0.0.127.x.example.": 20}


def test_no_socket_stays_open_whatever_is_under_way() -> None:
    async def given_up() -> int:
        exchange = Exchange()
        lane = exchange.lane(Way(dnswire.zone(ZONE), (("127.0.0.1", mute.port),), 60.0, 0.0))
        by_tcp = exchange.lane(Way(dnswire.zone(ZONE), (("127.0.0.1", cutting.port),), 60.0, 0.0))
        for each in (lane, by_tcp):
            exchange.ask(each, [Errand(dnswire.reversed_ip(IP), dnswire.A, "", lambda *_: None)] * 100)
        assert await asyncio.to_thread(connected.wait, 30)
        await exchange.close()
        return len(asyncio.all_tasks())

    def closing(_query: dns.message.Message, _: int) -> list[bytes]:
        connected.set()
        return []

    connected = threading.Event()
    before = len(list(Path("/proc/self/fd").iterdir()))
    with Liar(lambda *_: []) as mute, Liar(lambda query, _: [cut_off(listed(query))], closing) as cutting:
        assert asked([IP], cutting.port)[0][IP].fault == "silent"
        connected.clear()
        assert asyncio.run(given_up(), debug=True) == 1
    assert len(list(Path("/proc/self/fd").iterdir())) == before
