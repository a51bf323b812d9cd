"""Questions over the wire, against servers that forge, drop, cut off, repeat, fail and lose: only what fits counts."""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import dns.message
import dns.name
import pytest

from collectors import dnswire
from collectors.asking import AT_ONCE, Counts, Exchange
from collectors.dnswire import Said
from collectors.lanes import Errand, Way
from tests.bind import Bind
from tests.liar import Liar, cut_off, honest, reply
from tests.parts import absent, require

ZONE = "bl.example.net"
IP = "192.0.2.11"
LISTED = Said(values=("127.0.0.2",), ttl_seconds=60)


def _asked(
    ips: Sequence[str], *ports: int, patience: float = 0.7, kind: dnswire.Kind = dnswire.A, host: str = "127.0.0.1"
) -> tuple[dict[str, Said], Counts]:
    """Ask about IPs at servers on loopback; return what was said, and what went over the wire."""

    async def asked() -> tuple[dict[str, Said], Counts]:
        exchange = Exchange()
        servers = tuple((host, port) for port in ports)
        lane = exchange.lane(Way(dnswire.zone(ZONE), servers, patience, 0.0))
        replies = (exchange.reply(lane, dnswire.reversed_ip(ip), kind) for ip in ips)
        said = dict(zip(ips, await asyncio.gather(*replies), strict=True))
        await exchange.close()
        return said, exchange.counts

    return asyncio.run(asked(), debug=True)


def _one(liar: Liar, kind: dnswire.Kind = dnswire.A) -> tuple[Said, Counts]:
    said, counts = _asked([IP], liar.port, kind=kind)
    return said[IP], counts


def _listed(query: dns.message.Message) -> bytes:
    return reply(query, addresses=["127.0.0.2"])


def _other(query: dns.message.Message, name: str) -> bytes:
    other = dns.message.make_query(name, "A", id=query.id)
    return reply(other, addresses=["127.0.0.9"])


def test_forged_replies_are_let_by_and_the_true_one_counts() -> None:
    def forging(query: dns.message.Message, _: int) -> Iterator[bytes]:
        false = reply(query, addresses=["127.0.0.9"])
        yield bytes((false[0] ^ 1,)) + false[1:]  # another id
        yield _other(query, "12.2.0.192.bl.example.net.")
        yield _other(query, "11.2.0.192.bl.example.org.")
        yield false[:5]
        yield b""
        yield query.to_wire()  # no reply
        yield _listed(query)

    with Liar(forging) as liar:
        said, counts = _one(liar)
    assert said == LISTED
    assert counts.unfit == 6
    assert (counts.sent, counts.again, counts.tcp) == (1, 0, 0)


def test_a_reply_from_another_address_is_never_seen() -> None:
    def elsewhere(query: dns.message.Message, count: int) -> list[bytes]:
        if count == 1:
            false = reply(query, addresses=["127.0.0.9"])
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                other.sendto(false, ("127.0.0.1", liar.queries[-1][1]))
            return []
        return [_listed(query)]

    with Liar(elsewhere) as liar:
        said, counts = _one(liar)
    assert (said, counts.unfit, counts.again) == (LISTED, 0, 1)


def test_what_is_lost_is_asked_again_with_another_id_from_another_port() -> None:
    with Liar(lambda query, count: [] if count < 3 else [_listed(query)]) as liar:
        said, counts = _one(liar)
    assert (said, counts.sent, counts.again) == (LISTED, 1, 2)
    assert len({query.id for query, _ in liar.queries}) == 3
    assert len({query.question[0].name for query, _ in liar.queries}) == 1


def test_the_reply_to_the_first_try_does_not_fit_the_second() -> None:
    late: list[bytes] = []

    def slow(query: dns.message.Message, count: int) -> list[bytes]:
        late.append(reply(query, addresses=["127.0.0.9"] if count == 1 else ["127.0.0.2"]))
        return [] if count == 1 else [late[0], late[1], late[1]]

    with Liar(slow) as liar:
        said, counts = _one(liar)
    assert (said, counts.again) == (LISTED, 1)


def test_a_reply_cut_off_is_asked_for_by_tcp() -> None:
    def tcp(query: dns.message.Message, _: int) -> list[bytes]:
        return [reply(query, texts=[f'"{"x" * 200}"'])]

    with Liar(lambda query, _: [cut_off(reply(query))], tcp) as liar:
        said, counts = _one(liar, dnswire.TXT)
    assert said == Said(values=("x" * 200,), ttl_seconds=60)
    assert (counts.tcp, liar.connections) == (1, 1)


@pytest.mark.parametrize("by_tcp", ["nothing listens", "forged", "closed", "cut off again"])
def test_a_reply_cut_off_and_no_use_by_tcp_is_unknown(by_tcp: str) -> None:
    answers = {
        "forged": lambda query, _: [_other(query, "12.2.0.192.bl.example.net.")],
        "closed": lambda _query, _: [],
        "cut off again": lambda query, _: [cut_off(_listed(query))],
    }
    with Liar(lambda query, _: [cut_off(_listed(query))], answers.get(by_tcp)) as liar:
        said, _ = _one(liar)
    assert (said.values, said.fault) == ((), "silent")
    assert said.failure.startswith("no answer: its answer was cut off, and by TCP: ")


def test_a_server_that_changes_the_letters_is_believed_by_tcp_only() -> None:
    def lower(query: dns.message.Message, _: int) -> list[bytes]:
        wire = _listed(query)
        return [wire[:12] + wire[12:].lower() if wire[12:] != wire[12:].lower() else wire]

    with Liar(lower, lambda query, _: [_listed(query)]) as liar:
        said, counts = _asked([f"192.0.2.{number}" for number in range(20)], liar.port)
    assert set(said.values()) == {LISTED}
    assert counts.tcp == liar.connections > 0, "of 20 draws of twelve letters some are mixed"


@pytest.mark.parametrize(
    ("answers", "failure", "fault"),
    [
        ([], "no answer in 0.35 s", "silent"),
        (["SERVFAIL"], "no answer: SERVFAIL", "refused"),
        (["REFUSED"], "no answer: REFUSED", "refused"),
        (["FORMERR"], "no answer: FORMERR", "refused"),
        (["garbage"], "no answer: the reply ends within a record", "refused"),
    ],
)
def test_what_is_no_answer_is_told_as_it_is(answers: list[str], failure: str, fault: str) -> None:
    def answer(query: dns.message.Message, _: int) -> list[bytes]:
        if answers == ["garbage"]:
            return [_listed(query)[:-5]]
        return [reply(query, rcode=rcode) for rcode in answers]

    with Liar(answer) as liar:
        said, counts = _asked([IP], liar.port, patience=0.35)
    assert (said[IP].failure, said[IP].fault, said[IP].values) == (failure, fault, ())
    assert counts.again == (0 if answers else 2)


def test_nothing_listens_there() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    said, _ = _asked([IP], port, patience=0.35)
    assert said[IP] == Said(failure="no answer in 0.35 s (Connection refused)", fault="silent")


def test_the_next_server_is_asked_when_one_fails_or_is_silent() -> None:
    def failing(query: dns.message.Message, _: int) -> list[bytes]:
        return [reply(query, rcode="SERVFAIL")]

    with Liar(failing) as bad, Liar(lambda *_: []) as mute, Liar(lambda query, _: [_listed(query)]) as good:
        said, counts = _asked([IP], bad.port, mute.port, good.port)
        assert (said[IP], counts.again) == (LISTED, 2)
        assert [len(each.queries) for each in (bad, mute, good)] == [1, 1, 1]
        said, counts = _asked([IP], bad.port, bad.port)
        assert (said[IP].failure, counts.again) == ("no answer: SERVFAIL", 1)


def test_half_of_all_replies_are_lost_and_every_answer_is_found() -> None:
    seen: Counter[dns.name.Name] = Counter()

    def lossy(query: dns.message.Message, count: int) -> Iterable[bytes]:
        name = query.question[0].name
        seen[name] += 1
        return [honest(query)] if seen[name] > count % 2 else []

    ips = ["127.0.0.2", *(f"198.51.100.{number}" for number in range(200))]
    with Liar(lossy) as liar:
        said, counts = _asked(ips, liar.port, patience=2.0)
    assert {ip for ip, each in said.items() if each.values} == {"127.0.0.2"}
    assert not any(each.failure for each in said.values())
    assert counts.again > 50
    assert len({port for _, port in liar.queries}) == 8, "several ports at a time"


def test_ports_are_replaced_after_some_questions_and_ids_are_not_guessable() -> None:
    ips = [f"10.{high}.{low}.1" for high in range(24) for low in range(250)]

    async def asked() -> list[Said]:
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
        found = asyncio.run(asked())
    assert (len(found), {each.failure for each in found}) == (6000, {""})
    ports = Counter(port for _, port in liar.queries)
    assert len(ports) > 8
    assert max(ports.values()) <= 512
    ids = [query.id for query, _ in liar.queries]
    assert len(set(ids)) > 5500
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
        said, counts = _asked(ips, liar.port, patience=60.0)
    assert (len(said), counts.again) == (48, 0), "the others come only after the replies to the first"


def test_no_more_than_the_bound_wait_for_their_first_reply() -> None:
    """Lists that are silent do not hold up the others: only a first wait counts."""

    async def asked() -> tuple[int, list[Said]]:
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
        at_once, found = asyncio.run(asked())
    assert at_once == AT_ONCE == 128
    assert found == [LISTED, Said()]


def test_a_list_is_asked_no_faster_than_allowed() -> None:
    async def asked() -> Said:
        exchange = Exchange()
        lane = exchange.lane(Way(dnswire.zone(ZONE), (("127.0.0.1", liar.port),), 5.0, 0.0001))
        other = exchange.lane(Way(dnswire.zone("x.example"), (("127.0.0.1", liar.port),), 5.0, 0.0))
        exchange.ask(lane, [Errand(dnswire.reversed_ip("192.0.2.1"), dnswire.A, "", lambda *_: None)] * 9)
        said = [await exchange.reply(other, dnswire.reversed_ip("127.0.0.2"), dnswire.A) for _ in range(20)]
        await exchange.close()
        return said[-1]

    with Liar(lambda query, _: [honest(query)]) as liar:
        assert asyncio.run(asked()) == LISTED
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
    with Liar(lambda *_: []) as mute, Liar(lambda query, _: [cut_off(_listed(query))], closing) as cutting:
        assert _asked([IP], cutting.port)[0][IP].fault == "silent"
        connected.clear()
        assert asyncio.run(given_up(), debug=True) == 1
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def _require_ipv6() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError as error:
            absent(f"no IPv6 on loopback: {error.strerror}")


@pytest.mark.real
def test_a_name_server_may_be_asked_over_ipv6() -> None:
    _require_ipv6()

    def udp(query: dns.message.Message, count: int) -> list[bytes]:
        return [cut_off(_listed(query)) if count == 1 else _listed(query)]

    with Liar(udp, lambda query, _: [_listed(query)], host="::1") as liar:
        said, counts = _asked([IP], liar.port, host="::1")
        again, _ = _asked([IP], liar.port, host="::1")
    assert (said[IP], again[IP], counts.tcp) == (LISTED, LISTED, 1)


@pytest.mark.real
def test_a_real_server_cuts_off_a_long_text_and_tells_the_whole_by_tcp() -> None:
    long = " ".join(f'"{letter * 250}"' for letter in "abcdefgh")
    zones = {ZONE: f"11.2.0.192 300 TXT {long}\n11.2.0.192 300 A 127.0.0.2\n"}
    with Bind(require("named", "bind9"), zones) as server:
        text, counts = _asked([IP], server.port, kind=dnswire.TXT, patience=5.0)
        said, _ = _asked([IP, "192.0.2.12"], server.port, patience=5.0)
    assert counts.tcp == 1
    assert (text[IP].values, text[IP].ttl_seconds) == (("a" * 250 + "b" * 250,), 300)
    assert said[IP] == Said(values=("127.0.0.2",), ttl_seconds=300)
    assert (said["192.0.2.12"].values, said["192.0.2.12"].failure) == ((), "")
    assert said["192.0.2.12"].ttl_seconds > 0, "the SOA's"
