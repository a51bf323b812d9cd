"""Questions over the wire, against servers that forge, drop, cut off, repeat, fail and lose: only what fits counts."""

import socket
from collections import Counter
from collections.abc import Iterable, Iterator

import dns.message
import dns.name
import pytest

from collectors import dnswire
from collectors.asking import Counts
from collectors.dnswire import Said
from tests.asked import IP, LISTED, ZONE, asked, listed
from tests.bind import Bind
from tests.liar import Liar, cut_off, honest, reply
from tests.parts import absent, require


def _one(liar: Liar, kind: dnswire.Kind = dnswire.A) -> tuple[Said, Counts]:
    said, counts = asked([IP], liar.port, kind=kind)
    return said[IP], counts


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
        yield listed(query)

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
        return [listed(query)]

    with Liar(elsewhere) as liar:
        said, counts = _one(liar)
    assert (said, counts.unfit, counts.again) == (LISTED, 0, 1)


def test_what_is_lost_is_asked_again_with_another_id_from_another_port() -> None:
    with Liar(lambda query, count: [] if count < 3 else [listed(query)]) as liar:
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
        "cut off again": lambda query, _: [cut_off(listed(query))],
    }
    with Liar(lambda query, _: [cut_off(listed(query))], answers.get(by_tcp)) as liar:
        said, _ = _one(liar)
    assert (said.values, said.fault) == ((), "silent")
    assert said.failure.startswith("no answer: its answer was cut off, and by TCP: ")


def test_a_server_that_changes_the_letters_is_believed_by_tcp_only() -> None:
    def lower(query: dns.message.Message, _: int) -> list[bytes]:
        wire = listed(query)
        return [wire[:12] + wire[12:].lower() if wire[12:] != wire[12:].lower() else wire]

    with Liar(lower, lambda query, _: [listed(query)]) as liar:
        said, counts = asked([f"192.0.2.{number}" for number in range(20)], liar.port)
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
            return [listed(query)[:-5]]
        return [reply(query, rcode=rcode) for rcode in answers]

    with Liar(answer) as liar:
        said, counts = asked([IP], liar.port, patience=0.35)
    assert (said[IP].failure, said[IP].fault, said[IP].values) == (failure, fault, ())
    assert counts.again == (0 if answers else 2)


def test_nothing_listens_there() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    said, _ = asked([IP], port, patience=0.35)
    assert said[IP] == Said(failure="no answer in 0.35 s (Connection refused)", fault="silent")


def test_the_next_server_is_asked_when_one_fails_or_is_silent() -> None:
    def failing(query: dns.message.Message, _: int) -> list[bytes]:
        return [reply(query, rcode="SERVFAIL")]

    with Liar(failing) as bad, Liar(lambda *_: []) as mute, Liar(lambda query, _: [listed(query)]) as good:
        said, counts = asked([IP], bad.port, mute.port, good.port)
        assert (said[IP], counts.again) == (LISTED, 2)
        assert [len(each.queries) for each in (bad, mute, good)] == [1, 1, 1]
        said, counts = asked([IP], bad.port, bad.port)
        assert (said[IP].failure, counts.again) == ("no answer: SERVFAIL", 1)


def test_half_of_all_replies_are_lost_and_every_answer_is_found() -> None:
    seen: Counter[dns.name.Name] = Counter()

    def lossy(query: dns.message.Message, count: int) -> Iterable[bytes]:
        name = query.question[0].name
        seen[name] += 1
        return [honest(query)] if seen[name] > count % 2 else []

    ips = ["127.0.0.2", *(f"198.51.100.{number}" for number in range(100))]
    with Liar(lossy) as liar:
        said, counts = asked(ips, liar.port, patience=2.0)
    assert {ip for ip, each in said.items() if each.values} == {"127.0.0.2"}
    assert not any(each.failure for each in said.values())
    assert counts.again > 25
    assert len({port for _, port in liar.queries}) == 8, "several ports at a time"


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
        return [cut_off(listed(query)) if count == 1 else listed(query)]

    with Liar(udp, lambda query, _: [listed(query)], host="::1") as liar:
        said, counts = asked([IP], liar.port, host="::1")
        again, _ = asked([IP], liar.port, host="::1")
    assert (said[IP], again[IP], counts.tcp) == (LISTED, LISTED, 1)


@pytest.mark.real
def test_a_real_server_cuts_off_a_long_text_and_tells_the_whole_by_tcp() -> None:
    long = " ".join(f'"{letter * 250}"' for letter in "abcdefgh")
    zones = {ZONE: f"11.2.0.192 300 TXT {long}\n11.2.0.192 300 A 127.0.0.2\n"}
    with Bind(require("named", "bind9"), zones) as server:
        text, counts = asked([IP], server.port, kind=dnswire.TXT, patience=5.0)
        said, _ = asked([IP, "192.0.2.12"], server.port, patience=5.0)
    assert counts.tcp == 1
    assert (text[IP].values, text[IP].ttl_seconds) == (("".join(letter * 250 for letter in "abcdefgh"),), 300)
    assert said[IP] == Said(values=("127.0.0.2",), ttl_seconds=300)
    assert (said["192.0.2.12"].values, said["192.0.2.12"].failure) == ((), "")
    assert said["192.0.2.12"].ttl_seconds > 0, "the SOA's"
