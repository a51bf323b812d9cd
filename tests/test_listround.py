"""One list, round after round: when it loses its vote, when it is left alone, and what of its answers still holds."""

import asyncio
from collections.abc import Iterator, Sequence

import dns.message
import msgspec
import pytest

from collectors.asking import Exchange
from collectors.demands import unaskable
from collectors.dnsbl import Dnsbl
from collectors.listround import Asked, ListAsker, Round
from embedded.zones import Zones
from schemas.dnsbl_settings import Dnsbl as Settings
from schemas.observations import ListHealthObserved, ListingObserved
from tests.liar import Liar, honest, is_test, reply
from tests.parts import require
from tests.rbldns import TEST_POINTS, Rbldnsd

LIST = Dnsbl(
    name="mine",
    zone="bl.example.net",
    operator="own",
    weight=1.0,
    listed={"127.0.0.2": "trap"},
    errors={"127.0.0.255": "no more today"},
)
POOL = tuple(f"198.51.100.{number}" for number in range(40))


def _settings(port: int, **more: object) -> Settings:
    return Settings.model_validate({"port": port, "timeout_seconds": 14.0, "queries_per_second": 0, **more})


def _rounds(dnsbl: Dnsbl, settings: Settings, ips: Sequence[str], count: int = 1) -> list[Asked]:
    asker = ListAsker(dnsbl, settings)

    async def asked() -> list[Asked]:
        exchange = Exchange()
        found = [await asker.ask(ips, exchange, Round(at=number, number=number)) for number in range(1, count + 1)]
        await exchange.close()
        return found

    return asyncio.run(asked(), debug=True)


def _health(asked: Asked) -> ListHealthObserved:
    health = asked.events[0]
    assert isinstance(health, ListHealthObserved)
    return health


def _listings(asked: Asked) -> list[ListingObserved]:
    return [event for event in asked.events if isinstance(event, ListingObserved)]


@pytest.mark.parametrize(
    ("rcode", "address", "fault"),
    [
        ("NXDOMAIN", "", "test_points"),
        ("REFUSED", "", "refused"),
        ("SERVFAIL", "", "refused"),
        ("NOERROR", "127.255.255.254", "refused"),
        ("NOERROR", "127.0.0.255", "refused"),
        ("NOERROR", "", "test_points"),
        # A resolver that answers 127.0.0.1, or any code, to everything; a list that ended by listing the world.
        ("NOERROR", "127.0.0.1", "lists_most"),
        ("NOERROR", "127.0.0.2", "lists_most"),
        # NXDOMAIN rewritten to a search page; a parked zone.
        ("NOERROR", "1.2.3.4", "outside_127"),
    ],
)
def test_a_server_that_answers_all_alike_takes_the_lists_vote(rcode: str, address: str, fault: str) -> None:
    def alike(query: dns.message.Message, _: int) -> list[bytes]:
        return [reply(query, rcode=rcode, addresses=[address] if address else [])]

    with Liar(alike) as liar:
        (asked,) = _rounds(LIST, _settings(liar.port), POOL)
    assert (_health(asked).healthy, _health(asked).fault, asked.health.fault) == (False, fault, fault)
    assert {event.answer for event in _listings(asked)} == {"unknown"}
    assert len(_listings(asked)) == len(POOL)
    assert len(liar.queries) == (2 if fault in {"refused", "outside_127"} else 42), "who refuses is left alone"


def test_a_resolver_that_rewrites_only_what_is_not_there() -> None:
    """The list's own answers pass it by; its NXDOMAIN becomes an address of the provider's."""

    def rewriting(query: dns.message.Message, _: int) -> list[bytes]:
        return [honest(query) if is_test(query) else reply(query, addresses=["1.2.3.4"])]

    with Liar(rewriting) as liar:
        (asked,) = _rounds(LIST, _settings(liar.port), POOL)
    assert _health(asked).fault == "outside_127"
    assert _health(asked).reason == (
        "IPv4: 127.0.0.1: 1.2.3.4 is outside 127.0.0.0/8: the zone is parked, or the resolver rewrites answers"
    )
    assert {event.answer for event in _listings(asked)} == {"unknown"}


@pytest.mark.parametrize(
    ("address", "fault", "reason"),
    [
        ("127.255.255.255", "refused", "IPv4: 198.51.100.9: the list refuses to answer (127.255.255.255)"),
        ("127.0.0.255", "refused", "IPv4: 198.51.100.9: no more today"),
        ("1.2.3.4", "outside_127", "IPv4: 198.51.100.9: 1.2.3.4 is outside 127.0.0.0/8: "),
    ],
)
def test_one_strange_answer_takes_the_vote_and_ends_the_round(address: str, fault: str, reason: str) -> None:
    def turning(query: dns.message.Message, count: int) -> list[bytes]:
        if count > 11:
            return [reply(query, addresses=[address])]
        return [honest(query)]

    with Liar(turning) as liar:
        (asked,) = _rounds(LIST, _settings(liar.port), POOL[9:12])
        assert _health(asked).healthy
        (asked,) = _rounds(LIST, _settings(liar.port), [POOL[9], *POOL])
    assert (asked.health.fault, _health(asked).healthy) == (fault, False)
    assert _health(asked).reason.startswith("IPv4: 198.51.100.")
    assert reason.partition(": 198.51.100.9: ")[2] in _health(asked).reason
    assert {event.answer for event in _listings(asked)} == {"unknown"}
    assert len(liar.queries) < 40, "the others are not asked about any more"


def test_a_list_that_falls_silent_after_its_test_points_is_not_asked_on() -> None:
    def falling(query: dns.message.Message, _: int) -> list[bytes]:
        return [honest(query)] if ".127.bl." in query.question[0].name.to_text().lower() else []

    with Liar(falling) as liar:
        (asked,) = _rounds(LIST, _settings(liar.port, timeout_seconds=0.7), POOL)
    assert asked.health.fault == "silent"
    assert asked.health.reason == (
        "IPv4: none of 40 questions was answered: no answer in 0.7 s; not asked any more in this round"
    )
    assert len({query.question[0].name for query, _ in liar.queries}) <= 2 + 31


@pytest.mark.parametrize("rcode", ["REFUSED", "SERVFAIL"])
def test_a_server_that_fails_for_every_ip_takes_the_vote_and_for_some_only_these(rcode: str) -> None:
    def failing(query: dns.message.Message, _: int) -> list[bytes]:
        name = query.question[0].name.to_text().lower()
        return [honest(query) if ".127.bl." in name or name in spared else reply(query, rcode=rcode)]

    spared: set[str] = set()
    with Liar(failing) as liar:
        (every,) = _rounds(LIST, _settings(liar.port), POOL)
        asked_about = len(liar.queries)
        spared |= {f"{number}.100.51.198.bl.example.net." for number in range(0, 40, 2)}
        (some,) = _rounds(LIST, _settings(liar.port), POOL)
    assert (every.health.fault, {event.answer for event in _listings(every)}) == ("refused", {"unknown"})
    assert every.health.reason == (
        f"IPv4: none of 40 questions was answered: no answer: {rcode}; not asked any more in this round"
    )
    assert asked_about <= 2 + 31
    assert (_health(some).healthy, some.health.fault) == (True, "")
    assert [event.answer for event in _listings(some)] == ["not_listed", "unknown"] * 20
    assert {event.reason for event in _listings(some)} == {"", f"no answer: {rcode}"}


def test_half_of_the_answers_lost_is_no_fault_of_the_list() -> None:
    def lossy(query: dns.message.Message, count: int) -> list[bytes]:
        return [honest(query)] if is_test(query) or count % 2 else []

    with Liar(lossy) as liar:
        (asked,) = _rounds(LIST, _settings(liar.port, timeout_seconds=1.05), POOL[:16])
    assert _health(asked).healthy
    assert "not_listed" in {event.answer for event in _listings(asked)} <= {"not_listed", "unknown"}


def _counting(soa: tuple[int, int], listed: str) -> Iterator[Liar]:
    def answering(query: dns.message.Message, _: int) -> list[bytes]:
        name = query.question[0].name.to_text().lower()
        if not name.startswith(listed):
            return [honest(query, soa)]
        return [reply(query, addresses=["127.0.0.2"], texts=["seen"])]

    with Liar(answering) as liar:
        yield liar


def test_what_holds_is_not_asked_again_and_said_again() -> None:
    for liar in _counting((900, 150), "1.100.51.198."):
        first, second, third = _rounds(LIST, _settings(liar.port), POOL[:3], count=3)
        names = [query.question[0].name.to_text().lower() for query, _ in liar.queries]
        assert names.count("1.100.51.198.bl.example.net.") == 2, "its address and its text"
        assert names.count("0.100.51.198.bl.example.net.") == names.count("2.100.51.198.bl.example.net.") == 1
        assert names.count("2.0.0.127.bl.example.net.") == 3, "the test points are asked in each round"
        assert [each.answer for each in _listings(third)] == ["not_listed", "listed", "not_listed"]
        assert {each.reason for asked in (first, second, third) for each in _listings(asked)} == {"", "trap: seen"}
        assert [each.ttl_seconds for each in _listings(first)] == [150, 60, 150]
        assert all(0 < each.ttl_seconds <= 150 for each in _listings(third))


def test_nothing_holds_longer_than_the_settings_say_nor_without_a_soa() -> None:
    for liar in _counting((900, 150), "1.100.51.198."):
        _rounds(LIST, _settings(liar.port, clean_ttl_max_seconds=0, listed_ttl_max_seconds=0), POOL[:2], count=3)
        assert len(liar.queries) == 3 * (2 + 2 + 1)
    with Liar(lambda query, _: [honest(query)]) as liar:
        _rounds(LIST, _settings(liar.port), POOL[:2], count=3)
        assert len(liar.queries) == 3 * (2 + 2)


def test_a_list_without_a_vote_loses_what_it_said() -> None:
    sick = iter([False, True, True, False])

    def answering(query: dns.message.Message, _: int) -> list[bytes]:
        if is_test(query) and next(sick):
            return [reply(query, rcode="REFUSED")]
        return [honest(query, (900, 900))]

    with Liar(answering) as liar:
        rounds = _rounds(LIST, _settings(liar.port), POOL[:1], count=4)
        names = [query.question[0].name.to_text().lower() for query, _ in liar.queries]
    assert [_listings(asked)[0].answer for asked in rounds] == ["not_listed", "unknown", "unknown", "not_listed"]
    assert names.count("0.100.51.198.bl.example.net.") == 2, "what it said before is not held against it or for it"


@pytest.mark.real
def test_a_key_goes_into_the_question_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    key = "s3cr3tk3yzxqv"
    caplog.set_level("DEBUG")
    monkeypatch.setenv("MY_KEY", key)
    keyed = Dnsbl(
        name="dqs",
        zone="{key}.zen.example.net",
        operator="own",
        weight=1.0,
        listed={"127.0.0.2": "trap"},
        key_env="MY_KEY",
    )
    zone = f"{key}.zen.example.net"
    entries = {**TEST_POINTS, POOL[0]: f"127.0.0.2:see https://{key.upper()}.example.net/?k={key}"}
    with Rbldnsd(require("rbldnsd", "rbldnsd"), {zone: entries}) as server:
        (sound,) = _rounds(keyed, _settings(server.port), POOL[:2])
        server.write(zone, {})
        monkeypatch.setenv("MY_KEY", key[:-1])
        (refused,) = _rounds(keyed, _settings(server.port), POOL[:2])
    assert [each.answer for each in _listings(sound)] == ["listed", "not_listed"]
    assert _listings(sound)[0].reason == "trap: see https://[key].example.net/?k=[key]"
    assert (refused.health.fault, refused.health.reason) == ("refused", "IPv4: 127.0.0.2: no answer: REFUSED")
    told = repr((sound, refused, keyed)) + caplog.text + "".join(capfd.readouterr())
    assert key[:-1] not in told.lower()


@pytest.mark.parametrize(
    ("settings", "value", "why"),
    [
        ({}, None, "dqs needs a key, and the variable MY_KEY is not set"),
        ({}, "", "dqs needs a key, and the variable MY_KEY is not set"),
        ({}, "with.a.dot", "what the variable MY_KEY holds is no label of a DNS name, so no key"),
        ({}, "x" * 64, "what the variable MY_KEY holds is no label of a DNS name, so no key"),
        (
            {"dqs": {"key_env": "S3CR3TK3Y"}},
            "fine",
            "dqs needs a key, and no variable of the name written there is set",
        ),
    ],
)
def test_a_missing_or_wrong_key_is_told_with_its_place_and_without_itself(
    settings: dict[str, object], value: str | None, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MY_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("MY_KEY", value)
    keyed = Dnsbl(name="dqs", zone="{key}.example.net", operator="o", weight=1.0, listed={}, key_env="MY_KEY")
    wanted = Settings.model_validate({"list": settings})
    with pytest.raises(ValueError, match=r"dnsbl\.list\.dqs\.key_env") as told:
        ListAsker(keyed, wanted)
    assert str(told.value) == f"dnsbl.list.dqs.key_env: {why}"
    assert list(unaskable([keyed], wanted)) == [str(told.value)]


def test_a_list_may_have_name_servers_of_its_own() -> None:
    with Zones(["bl.example.net"]) as zones, Liar(lambda *_: []) as liar:
        zones.list_ip(POOL[0], "trap")
        settings = _settings(liar.port, list={"mine": {"resolvers": ["127.0.0.1"], "port": zones.port}})
        (asked,) = _rounds(LIST, settings, POOL[:1])
    assert [each.answer for each in _listings(asked)] == ["listed"]
    assert liar.queries == []


def test_a_listing_tells_the_way_out_and_how_long_it_lasts() -> None:
    dnsbl = msgspec.structs.replace(LIST, removal="https://bl.example.net/", lasts="a day", lasts_hours=24)
    for liar in _counting((900, 150), "1.100.51.198."):
        (asked,) = _rounds(dnsbl, _settings(liar.port), POOL[:2])
        told = [(each.answer, each.removal, each.lasts, each.lasts_hours) for each in _listings(asked)]
        assert told == [("not_listed", "", "", 0), ("listed", "https://bl.example.net/", "a day", 24)]
    by_itself = msgspec.structs.replace(LIST, no_removal="entries end by themselves")
    assert by_itself.way_out == "none: entries end by themselves"
    assert LIST.way_out == ""
