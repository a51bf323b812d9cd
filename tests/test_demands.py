"""What `check` and `collect` refuse to ask of the lists: more in a day than an operator allows, or without his key."""

from typing import Any

import pytest

from collectors import allowances
from collectors.demands import demands
from collectors.dnsbl import Dnsbl
from schemas.settings import Settings

ZEN = Dnsbl(name="zen", zone="z.example", operator="Zen", weight=1.0, listed={}, queries_a_day=100_000)
KEY = "k7secretkey"


def _told(dnsbl: dict[str, Any], ips: int = 40, **more: object) -> list[str]:
    transports = {f"out{number}": f"198.51.100.{number}" for number in range(1, ips + 1)}
    helo = {transport: f"{transport}.relays.example" for transport in transports}
    pool = {"main": {"transports": transports, "helo": helo, "stale_minutes": 1584}} if ips else {}
    return list(demands(Settings.model_validate({"dnsbl": dnsbl, "pool": pool} | more)))


def test_what_would_be_too_many_questions_a_day_is_told_with_its_numbers() -> None:
    ips = [f"192.0.2.{number}" for number in range(98)]
    assert list(allowances.exceeded([allowances.of_ips(ZEN, "", ips, 86.4)])) == []
    (told,) = allowances.exceeded([allowances.of_ips(ZEN, "", [*ips, "2001:db8::1"], 80)])
    assert told == (
        "dnsbl.list.zen.interval_seconds: 98 IPs and 2 test points every 80 s: 108,000 questions a day; "
        "Zen allows 100,000: 87 s or more would do"
    )


def test_an_operators_lists_of_ips_and_of_domains_count_together_for_one_key(monkeypatch: pytest.MonkeyPatch) -> None:
    lists = ["abusix_black", "abusix_exploit", "abusix_domain"]
    monkeypatch.setenv("RELAYWARDEN_ABUSIX_KEY", KEY)
    monkeypatch.setenv("OTHER", f"{KEY}2")
    monkeypatch.setenv("SAME", KEY)
    every = {"interval_seconds": 1440}
    (told,) = _told({"lists": lists, **every})
    assert told == (
        "dnsbl.lists: abusix_black, 40 IPs and 2 test points every 1440 s: 2,520; "
        "abusix_exploit, 40 IPs and 2 test points every 1440 s: 2,520; "
        "abusix_domain, 41 names and 2 test points every 6 h: 172; together 5,212 questions a day; "
        "Abusix allows 5,000 to all of its lists: intervals 1.1 times as long would do"
    )
    assert _told({"lists": lists[1:], **every}) == [], "two of the three are within it"
    assert _told({"lists": lists, "list": {"abusix_black": {"key_env": "OTHER"}}, **every}) == []
    mine = {"mine": {"zone": "{key}.black.mail.abusix.zone", "key_env": "SAME"}}
    (told,) = _told({"lists": lists[1:], "own": mine, **every})
    assert told.startswith("dnsbl.lists: abusix_exploit, 40 IPs and 2 test points every 1440 s: 2,520; mine, 40 IPs")
    assert KEY not in told


def test_without_a_key_all_that_an_operator_is_asked_counts_together_with_its_test_points() -> None:
    names = [f"d{number}.example" for number in range(2498)]
    asked = {"lists": ["nordspam_dbl"], "domains": names}
    assert _told(asked, ips=0) == [], "2,498 names and 2 test points, four times a day"
    (told,) = _told({**asked, "domains": [*names, "one.more.example"]}, ips=0)
    assert told == (
        "dnsbl.domains_interval_hours: nordspam_dbl, 2500 names and 2 test points every 6 h: 10,008 questions a day; "
        "The NordSpam Project allows 10,000: 7 h or more would do"
    )
    (told,) = _told({**asked, "lists": ["nordspam_dbl", "nordspam"], "interval_seconds": 86_400}, ips=1)
    assert told.startswith("dnsbl.lists: nordspam, 1 IP and 2 test points every 86400 s: 3; nordspam_dbl, 2500 names")
    assert told.endswith(
        "together 10,011 questions a day; The NordSpam Project allows 10,000 to all of its lists: "
        "intervals 1.1 times as long would do"
    )


def test_an_answer_that_is_stale_before_the_next_comes_is_told_where_it_must_add_up() -> None:
    lists = {"lists": ["spamcop", "psbl", "mailspike_bl"], "list": {"psbl": {"interval_seconds": 1500}}}
    transports = {"out1": "198.51.100.1", "out2": "198.51.100.2"}
    pool = {"main": {"transports": transports, "stale_minutes": 27.5, "min_active": 1}}
    assert _told(lists, ips=0, pool=pool) == [], "1650 s at most, a tenth by chance included"
    pool["main"]["stale_minutes"] = 27.4
    (told,) = _told({**lists, "interval_seconds": 21_600}, ips=0, pool=pool)
    assert told == (
        "pool.main.stale_minutes: 27.4: answers would be older before the next come from psbl (every 1500 s), "
        "mailspike_bl (every 21600 s), so their weights would not add up with others': 396 or more would do"
    )
    pool["main"]["threshold"] = 0.5
    assert _told({**lists, "interval_seconds": 21_600}, ips=0, pool=pool) == [], "each of them withdraws an IP alone"


@pytest.mark.parametrize(
    ("dnsbl", "more", "sentence"),
    [
        (
            {"lists": ["surbl"], "list": {"surbl": {"interval_seconds": 60}}},
            {},
            "dnsbl.list.surbl.interval_seconds: a list of domains is asked every dnsbl.domains_interval_hours",
        ),
        (
            {"lists": ["spamcop"], "list": {"zne": {"port": 53}}},
            {},
            "dnsbl.list.zne: 'zne' is neither in dnsbl.lists nor in dnsbl.own",
        ),
        (
            {},
            {
                "customers": {"one": {"mailboxes": ["info@ä.example", "büro", "a@☃.example"]}},
                "networks": {"198.51.100.0/24": "büro"},
            },
            "customers.one.mailboxes: 'a@☃.example' has no domain that the DNS could hold",
        ),
    ],
)
def test_what_would_be_left_out_in_silence_is_told(dnsbl: dict[str, Any], more: dict[str, Any], sentence: str) -> None:
    assert _told(dnsbl, **more) == [sentence]
