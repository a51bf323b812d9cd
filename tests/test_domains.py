"""Lists of domains, served by a real BIND: test points, three answers, domains above a name, keys, refusals."""

import threading
from collections.abc import Iterator, Sequence

import pytest

from collectors import domains
from collectors.lists import chosen_domains
from collectors.ownpoll import OwnSide
from schemas import codec
from schemas.events import Event
from schemas.observations import ListHealthObserved
from schemas.own_observations import DomainListingObserved, IpIdentityObserved
from schemas.settings import Settings
from tests.bind import Bind
from tests.parts import require

KEY = "abcd1234secret"
DBL = """
dbltest.com A 127.0.1.2
bad.example A 127.0.1.4
bad.example TXT "https://check.spamhaus.org/"
deep.only.example A 127.0.1.2
ip.example A 127.0.1.255
"""
ZONES = {
    "dbl.spamhaus.org": DBL,
    f"{KEY}.dbl.dq.spamhaus.net": DBL.replace("check.spamhaus.org/", f"check.example/{KEY}"),
    "multi.surbl.org": "surbl-org-permanent-test-point.com A 127.0.0.80\nbad.example A 127.0.0.80\n",
    "multi.uribl.com": "* A 127.0.0.1\n",
    "dbl.nordspam.com": "* A 127.0.0.2\n",
    "uribl.spameatingmonkey.net": "_dnsbl_.test A 127.0.0.2\n",
    "rhsbl.scientificspam.net": "other A 127.0.0.2\n",
    "fresh15.spameatingmonkey.net": "broken",
    "2.0.192.in-addr.arpa": "1 PTR out1.bad.example.\n",
    "bad.example": "out1 A 192.0.2.1\n",
}


@pytest.fixture(scope="module")
def bind() -> Iterator[Bind]:
    with Bind(require("named", "bind9"), ZONES) as server:
        yield server


def _settings(port: int, *lists: str, **more: object) -> Settings:
    dnsbl = {"port": port, "timeout_seconds": 2.0, "lists": lists, "queries_per_second": 0, **more}
    return Settings.model_validate({"dnsbl": dnsbl})


def _ask(settings: Settings, *names: str) -> tuple[ListHealthObserved, list[DomainListingObserved]]:
    used = dict.fromkeys(names, ("dnsbl.domains",))
    health, *listings = domains.ask(used, chosen_domains(settings.dnsbl), settings.dnsbl)
    assert isinstance(health, ListHealthObserved)
    return health, [event for event in listings if isinstance(event, DomainListingObserved)]


@pytest.mark.parametrize(
    ("name", "answer", "codes", "reason"),
    [
        ("good.example", "not_listed", (), ""),
        ("bad.example", "listed", ("127.0.1.4",), "phishing domain: https://check.spamhaus.org/"),
        # A listing counts for the names below it.
        (
            "out1.bad.example",
            "listed",
            ("127.0.1.4",),
            "bad.example is listed: phishing domain: https://check.spamhaus.org/",
        ),
        # No address, but no NXDOMAIN either: likely one below it is listed, but that is not said.
        ("only.example", "unknown", (), "the name exists without an address"),
        ("deep.only.example", "listed", ("127.0.1.2",), "domain of low reputation"),
    ],
)
def test_three_answers(bind: Bind, name: str, answer: str, codes: tuple[str, ...], reason: str) -> None:
    health, (event,) = _ask(_settings(bind.port, "spamhaus_dbl"), name)
    assert (health.list, health.healthy, health.reason) == ("spamhaus_dbl", True, "")
    assert (event.domain, event.answer, event.codes, event.reason) == (name, answer, codes, reason)


def test_a_code_by_which_the_list_refuses_takes_its_vote_in_the_midst_of_a_round(bind: Bind) -> None:
    health, (refused, listed) = _ask(_settings(bind.port, "spamhaus_dbl"), "ip.example", "bad.example")
    assert (health.fault, health.reason) == ("refused", "ip.example: an IP was asked, which this list never answers")
    assert (refused.answer, listed.answer) == ("unknown", "unknown")


def test_sums_of_bits_are_told_apart(bind: Bind) -> None:
    health, (event,) = _ask(_settings(bind.port, "surbl"), "bad.example")
    assert health.healthy
    assert (event.answer, event.reason) == ("listed", "malware, abuse: found in spam")


@pytest.mark.parametrize(
    ("name", "fault", "reason"),
    [
        ("uribl", "refused", "test.uribl.com: refused: too many questions, or a public resolver"),
        ("nordspam_dbl", "lists_most", "it names invalid (127.0.0.2), which no list may: it lists the world"),
        (
            "scientificspam_domains",
            "test_points",
            "it does not name its test point test: the zone is empty or dead",
        ),
        ("sem_fresh", "refused", "_dnsbl_.test: no answer: SERVFAIL"),
    ],
)
def test_a_list_that_cannot_be_believed_has_no_vote(bind: Bind, name: str, fault: str, reason: str) -> None:
    health, (event,) = _ask(_settings(bind.port, name), "bad.example")
    assert (health.healthy, health.fault, health.reason) == (False, fault, reason)
    assert (event.answer, event.reason) == ("unknown", f"the list has no vote: {reason}")


def test_a_list_has_its_own_test_points(bind: Bind) -> None:
    health, (event,) = _ask(_settings(bind.port, "sem_uri"), "bad.example")
    assert health.healthy
    assert event.answer == "not_listed"


def test_a_key_is_in_the_question_and_in_no_event(bind: Bind, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _settings(bind.port, "spamhaus_dbl_dqs")
    with pytest.raises(ValueError, match="RELAYWARDEN_DQS_KEY is not set"):
        _ask(settings, "bad.example")
    monkeypatch.setenv("RELAYWARDEN_DQS_KEY", KEY)
    health, (event,) = _ask(settings, "bad.example")
    assert (health.healthy, event.answer) == (True, "listed")
    assert KEY not in (codec.encode(event) + codec.encode(health)).decode()
    assert event.reason == "phishing domain: https://check.example/[key]"


def test_which_domains_are_asked_about() -> None:
    settings = Settings.model_validate(
        {
            "dnsbl": {"domains": ["Example.NET."]},
            "networks": {"203.0.113.0/28": "office"},
            "pool": {"main": {"transports": {"out1": "192.0.2.1"}, "helo": {"out1": "out1.isp.example"}}},
            "customers": {
                "one": {"mailboxes": ["example.net", "office", "sales@shop.example", "info@shop.example"]},
                "two": {"mailboxes": ["shop2.example", "info@Bücher.example"]},
            },
        }
    )
    seen = IpIdentityObserved(id="x", at=1, ip="192.0.2.2", transport="out2", helo="out2.isp.example")
    assert domains.configured(settings, [seen]) == {
        "example.net": ("dnsbl.domains", "customer one"),
        "out1.isp.example": ("HELO of out1",),
        "out2.isp.example": ("HELO of out2",),
        "shop.example": ("customer one",),
        "shop2.example": ("customer two",),
        "xn--bcher-kva.example": ("customer two",),
    }


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("example.net", ("example.net",)),
        ("a.b.example.net", ("a.b.example.net", "b.example.net", "example.net")),
        ("a.b.c.d.example.net", ("a.b.c.d.example.net", "c.d.example.net", "d.example.net", "example.net")),
    ],
)
def test_the_domains_above_a_name_are_asked_too_but_for_the_top_level(name: str, asked: tuple[str, ...]) -> None:
    assert domains.asked_about(name) == asked


def _poll_once(settings: Settings, rounds: int) -> list[Event]:
    """Return what the poller publishes until it published so many times."""
    stop, told = threading.Event(), list[Sequence[Event]]()

    def publish(events: Sequence[Event]) -> None:
        told.append(events)
        if len(told) == rounds:
            stop.set()

    OwnSide(settings, lambda: 0.0).run(publish, stop)
    return [event for events in told for event in events]


def test_the_poller_looks_at_the_ips_first_and_asks_about_their_names(
    bind: Bind, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings.model_validate(
        {
            "dnsbl": {"port": bind.port, "timeout_seconds": 2.0, "lists": ["spamhaus_dbl"]},
            "pool": {"main": {"transports": {"out1": "192.0.2.1"}}},
        }
    )
    identity, health, listing = _poll_once(settings, 2)
    assert isinstance(identity, IpIdentityObserved)
    assert isinstance(health, ListHealthObserved)
    assert isinstance(listing, DomainListingObserved)
    assert (identity.helo, listing.domain, listing.used_by) == (
        "out1.bad.example",
        "out1.bad.example",
        ("HELO of out1",),
    )
    told = [record.getMessage() for record in caplog.records if record.name == "relaywarden.ownside"]
    assert told == [
        "192.0.2.1, identity: spf fail: none: out1.bad.example has no SPF record",
        "out1.bad.example, spamhaus_dbl: listed, bad.example is listed: phishing domain: https://check.spamhaus.org/",
    ]


def test_the_poller_ends_at_once_though_no_name_server_answers() -> None:
    settings = Settings.model_validate(
        {
            "dnsbl": {"resolvers": ["192.0.2.53"], "timeout_seconds": 300.0},
            "pool": {"main": {"transports": {"out1": "192.0.2.1"}}},
        }
    )
    stop, told = threading.Event(), list[Sequence[Event]]()
    thread = threading.Thread(target=OwnSide(settings).run, args=(told.append, stop))
    thread.start()
    stop.set()
    thread.join(60)
    assert (thread.is_alive(), told) == (False, [])
