"""When a list of domains loses its vote by what it says about the names, and when it is asked again."""

import threading
from collections.abc import Callable, Sequence

import dns.message
import dns.rrset
import pytest

from collectors import domains
from collectors.lists import chosen_domains
from collectors.ownpoll import OwnSide
from schemas.events import Event
from schemas.observations import ListHealthObserved
from schemas.own_observations import DomainListingObserved
from schemas.settings import Settings
from tests.liar import Liar, reply

LIST, ZONE = "nordspam_dbl", ".dbl.nordspam.com."
NAMES = [f"d{number}.example" for number in range(1, 41)]


def _listing(*listed: str) -> Callable[[dns.message.Message, int], list[bytes]]:
    """Return a server that names these and its test point."""

    def answering(query: dns.message.Message, _: int) -> list[bytes]:
        name = query.question[0].name.to_text().lower().removesuffix(ZONE)
        return [reply(query, addresses=["127.0.0.2"]) if name in {"test", *listed} else reply(query, rcode="NXDOMAIN")]

    return answering


def _settings(port: int, **more: object) -> Settings:
    table = {"port": port, "lists": [LIST], "queries_per_second": 0, "timeout_seconds": 14.0, **more}
    return Settings.model_validate({"dnsbl": table})


def _ask(port: int, *names: str) -> tuple[ListHealthObserved, dict[str, DomainListingObserved]]:
    settings = _settings(port)
    health, *rest = domains.ask(dict.fromkeys(names, ()), chosen_domains(settings.dnsbl), settings.dnsbl)
    assert isinstance(health, ListHealthObserved)
    return health, {each.domain: each for each in rest if isinstance(each, DomainListingObserved)}


@pytest.mark.parametrize(
    ("address", "fault", "reason"),
    [
        ("127.255.255.254", "refused", "d9.example: the list refuses to answer (127.255.255.254)"),
        ("192.0.2.80", "outside_127", "d9.example: 192.0.2.80 is outside 127.0.0.0/8: the zone is parked, or the"),
    ],
)
def test_one_strange_answer_about_a_name_takes_the_vote_and_ends_the_round(
    address: str, fault: str, reason: str
) -> None:
    def turning(query: dns.message.Message, count: int) -> list[bytes]:
        name = query.question[0].name.to_text().lower().removesuffix(ZONE)
        return [reply(query, addresses=[address])] if name == "d9.example" else _listing("d1.example")(query, count)

    with Liar(turning) as liar:
        health, found = _ask(liar.port, "d9.example", *NAMES)
    assert (health.healthy, health.fault) == (False, fault)
    assert health.reason.startswith(reason)
    assert {each.answer for each in found.values()} == {"unknown"}
    assert found["d1.example"].reason == f"the list has no vote: {health.reason}"
    assert set(found) == set(NAMES)


def test_a_refusal_is_not_asked_on() -> None:
    def refusing(query: dns.message.Message, count: int) -> list[bytes]:
        return _listing()(query, count) if count <= 2 else [reply(query, addresses=["127.255.255.255"])]

    with Liar(refusing) as liar:
        health, _ = _ask(liar.port, *NAMES)
        assert len(liar.queries) <= 2 + 31
    assert health.fault == "refused"


def test_a_list_that_names_most_of_several_domains_has_no_vote() -> None:
    with Liar(_listing(*NAMES[:3])) as liar:
        health, found = _ask(liar.port, *NAMES[:4])
    assert (health.fault, health.reason) == ("lists_most", "it names 3 of 4 domains: it lists the world")
    assert {each.answer for each in found.values()} == {"unknown"}


@pytest.mark.parametrize(
    ("listed", "names"),
    [
        (NAMES[:2], NAMES[:4]),
        (NAMES[:3], NAMES[:3]),
        # All of one owner's names are listed with his domain: that is one listing.
        (["d1.example", *(f"out{number}.d1.example" for number in range(8))],
         ["d1.example", *(f"out{number}.d1.example" for number in range(8)), *NAMES[1:4]]),
    ],
)  # fmt: skip
def test_half_of_the_domains_and_few_and_one_owners_names_may_be_listed(listed: list[str], names: list[str]) -> None:
    with Liar(_listing(*listed)) as liar:
        health, found = _ask(liar.port, *names)
    assert health.healthy
    assert sorted(name for name, each in found.items() if each.answer == "listed") == sorted(listed)


def test_an_alias_without_an_address_is_unknown() -> None:
    def aliasing(query: dns.message.Message, count: int) -> list[bytes]:
        if "d1.example" not in query.question[0].name.to_text().lower():
            return _listing()(query, count)
        answer = dns.message.make_response(query)
        answer.answer.append(dns.rrset.from_text(query.question[0].name, 30, "IN", "CNAME", "x.example."))
        return [answer.to_wire()]

    with Liar(aliasing) as liar:
        health, found = _ask(liar.port, "d1.example", "d2.example")
    assert health.healthy
    told = [(name, each.answer, each.reason) for name, each in found.items()]
    assert told == [
        ("d1.example", "unknown", "the name exists without an address"),
        ("d2.example", "not_listed", ""),
    ]


def test_a_list_that_refuses_is_asked_less_often_and_that_is_told(caplog: pytest.LogCaptureFixture) -> None:
    def refusing(query: dns.message.Message, _: int) -> list[bytes]:
        return [reply(query, addresses=["127.255.255.254"])]

    stop, told = threading.Event(), list[Event]()

    def publish(events: Sequence[Event]) -> None:
        told.extend(events)
        if len(told) >= 4:
            stop.set()

    with Liar(refusing) as liar:
        settings = _settings(liar.port, lists=["scientificspam_domains"], domains=["d1.example"])
        soon = settings.model_copy(
            update={"dnsbl": settings.dnsbl.model_copy(update={"domains_interval_hours": 0.1 / 3600})}
        )
        OwnSide(soon).run(publish, stop)
    first, second = [each for each in told if isinstance(each, ListHealthObserved)][:2]
    pauses = [(each.next_at - each.at) / 1_000_000 for each in (first, second)]
    assert 0.2 <= pauses[0] <= 0.22, "twice the interval, and up to a tenth"
    assert 0.4 <= pauses[1] <= 0.44
    assert second.at >= first.next_at - 20_000
    (lost,) = [record.message for record in caplog.records]
    refused = "test: the list refuses to answer (127.255.255.254)"
    assert lost == f"scientificspam_domains, vote: lost (refused): {refused}; it is asked again in 0 s"


def test_the_first_round_of_the_lists_of_domains_waits_as_drawn() -> None:
    stop, told = threading.Event(), list[Sequence[Event]]()

    def draw() -> float:
        stop.set()
        return 1.0

    with Liar(_listing()) as liar:
        OwnSide(_settings(liar.port, domains=["d1.example"]), draw).run(told.append, stop)
        assert (liar.queries, told) == ([], [])
