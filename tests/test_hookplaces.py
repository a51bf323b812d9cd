"""What is wrong with the hooks of a configuration, each with its place: what none can say, what two would change."""

import threading

import pytest

from schemas.settings import SettingsError, parse
from streams.hooking import serve
from streams.hookplaces import faults

TWO = """
[pool.one.transports]
out1 = "192.0.2.1"
[pool.two.transports]
out2 = "192.0.2.2"
{}
"""


def _faults(hooks: str) -> list[str]:
    return list(faults(parse(TWO.format(hooks), "test").pool))


@pytest.mark.parametrize(
    ("one", "two", "fault"),
    [
        (
            "exim]",
            "exim]",
            "pool.two.hooks.exim: /etc/exim4/relaywarden-pool is changed by pool.one.hooks.exim already",
        ),
        (
            'postfix_randmap]\npath = "/etc/pool"',
            'postfix_lmdb]\npath = "/etc/pool"',
            "pool.two.hooks.postfix_lmdb: /etc/pool is changed by pool.one.hooks.postfix_randmap already",
        ),
        (
            'nftables]\nmap = "smtp"',
            'nftables]\nmap = "smtp"',
            "pool.two.hooks.nftables: nft: map ip relaywarden smtp is changed by pool.one.hooks.nftables already",
        ),
        (
            'dns]\nzone = "example.net"\nname = "out.example.net"\nkey = "k"',
            'dns]\nzone = "example.net"\nname = "OUT.example.net."\nkey = "k"',
            "pool.two.hooks.dns: the name out.example.net is changed by pool.one.hooks.dns already",
        ),
    ],
)
def test_two_hooks_that_would_take_it_in_turn_are_named(one: str, two: str, fault: str) -> None:
    assert _faults(f"[pool.one.hooks.{one}\n[pool.two.hooks.{two}\n") == [fault]


def test_hooks_with_things_of_their_own_are_fine() -> None:
    text = """
        [pool.one.hooks.nftables]
        [pool.two.hooks.nftables]
        [pool.one.hooks.exim]
        path = "/etc/exim4/one"
        [pool.two.hooks.exim]
        [pool.one.hooks.haproxy]
        backend = "out"
        [pool.two.hooks.haproxy]
        backend = "out"
        """
    assert _faults(text) == []


def test_what_no_hook_can_express_ends_the_start_with_all_places() -> None:
    text = """
        [pool.main.transports]
        out1 = "192.0.2.1"
        out2 = "2001:db8::2"
        [pool.main.hooks.nftables]
        [pool.main.hooks.postfix_socketmap]
        answers = { out9 = "relay:[127.0.0.1]:10109" }
        """
    wrong = (
        "pool.main.hooks.postfix_socketmap: answers: 'out9' is no transport of the pool; there are out1, out2; "
        "pool.main.hooks.nftables: the pool has IPv4 and IPv6 addresses: a map holds one kind, so make two pools"
    )
    with pytest.raises(SettingsError) as ended:
        serve(parse(text, "test"), threading.Event())
    assert str(ended.value) == wrong


@pytest.mark.parametrize(
    ("hook", "place"),
    [
        ('haproxy]\nbackend = "x y"', "pool.one.hooks.haproxy.backend"),
        ('haproxy]\nbackend = "x"\nsocket = "run/admin"', "'run/admin' is neither a path like"),
        ('haproxy]\nbackend = "x"\nsocket = "localhost:99999"', "'localhost:99999' is neither a path like"),
        ('nftables]\ntable = "a; flush ruleset"', "pool.one.hooks.nftables.table"),
        ('nftables]\nmap = "1x"', "pool.one.hooks.nftables.map"),
        ("nftables]\ncommand = []", "pool.one.hooks.nftables.command"),
        ('dns]\nzone = "example.net"\nname = "out.example.org"\nkey = "k"', "out.example.org is not in the zone"),
        ('dns]\nzone = "net"\nname = "out.example.net"\nkey = "k"', "'net' is no domain name like"),
        ('dns]\nzone = "example.net"\nname = "out.example.net"\nkey = "k"\nalgorithm = "hmac-md5"', "dns.algorithm"),
        ('postfix_socketmap]\nanswers = { out1 = "relay" }', "out1: 'relay' is no answer like 'relay:"),
        ('postfix_lmdb]\nanswers = { out1 = "relay:x\\ny" }', "is no answer like 'relay:"),
    ],
)
def test_a_wrong_setting_is_named_at_its_place(hook: str, place: str) -> None:
    with pytest.raises(SettingsError) as refused:
        _faults(f"[pool.one.hooks.{hook}\n")
    assert place in str(refused.value)
