"""Settings of a pool that contradict each other are refused at the start, with their place."""

import pytest

from schemas.settings import SettingsError, parse

POOL = """
[pool.main]
{rules}
[pool.main.transports]
out1 = "192.0.2.1"
out2 = "192.0.2.2"
{more}
"""


def refused(rules: str = "", more: str = "") -> str:
    with pytest.raises(SettingsError) as error:
        parse(POOL.format(rules=rules, more=more), "relaywarden.toml")
    return str(error.value)


@pytest.mark.parametrize(
    ("rules", "more", "sentence"),
    [
        ("min_active = 3", "", "pool.main.min_active: 3 is more than the 2 IPs of the pool"),
        ("", 'out3 = "192.0.2.1"', "pool.main.transports: 192.0.2.1 stands there twice"),
        (
            "",
            '[pool.other.transports]\nout9 = "192.0.2.2"',
            "pool: other.transports: 192.0.2.2 is in the pool main already",
        ),
        ("", 'out3 = "192.0.2"', "pool.main.transports.out3: '192.0.2' is no IP address"),
        ('mode = "shade"', "", "pool.main.mode: input should be 'live' or 'shadow' (is 'shade')"),
        (
            "capacity.messages_per_hour = { out1 = 900, out7 = 900 }",
            "",
            "pool.main.capacity: messages_per_hour: out7 is no transport of the pool",
        ),
        (
            "capacity.headroom = 0.5",
            "",
            "pool.main.capacity.headroom: input should be greater than or equal to 1 (is 0.5)",
        ),
        ("providers.blocked_share = 1.5", "", "pool.main.providers.blocked_share: input should be less than or equal"),
        ('providers.trusted = ["gogle"]', "", "pool.main.providers.trusted.0: no provider 'gogle'; there are apple, "),
        ("culprits.most = 5", "", "pool.main.culprits.most: no such setting"),
        ("", '"" = "192.0.2.3"', "pool.main.transports.'': '' is no name of a transport"),
        ("", '"a b\\n" = "192.0.2.3"', "pool.main.transports.'a b\\n': 'a b\\n' is no name of a transport"),
        ("", '"out:3" = "192.0.2.3"', "pool.main.transports.out:3: 'out:3' is no name of a transport"),
        ("", 'x = "fe80::1%eth0"', "pool.main.transports.x: 'fe80::1%eth0' is known on one network only"),
        ("", 'x = "2001:db8::1%1"', "pool.main.transports.x: '2001:db8::1%1' is known on one network only"),
        ("", 'x = "169.254.0.1"', "pool.main.transports.x: '169.254.0.1' is known on one network only"),
        ("", 'x = "0.0.0.0"', "pool.main.transports.x: '0.0.0.0' is no address of one host"),
        ("", 'x = "::"', "pool.main.transports.x: '::' is no address of one host"),
        ("", 'x = "ff0e::1"', "pool.main.transports.x: 'ff0e::1' is no address of one host"),
        ("", 'x = "255.255.255.255"', "pool.main.transports.x: '255.255.255.255' is no address of one host"),
        (
            "",
            'x = "::ffff:127.0.0.2"',
            "pool.main.transports.x: '::ffff:127.0.0.2' is this host itself, or a test point",
        ),
        ("", 'x = "::1"', "pool.main.transports.x: '::1' is this host itself, or a test point"),
        ("", 'x = "::ffff:192.0.2.1"', "pool.main.transports: 192.0.2.1 stands there twice"),
        ("", 'x = "2001:db8::1"\ny = "2001:db8:0::1"', "pool.main.transports: 2001:db8::1 stands there twice"),
        (
            "",
            '[pool.b.transports]\nx = "::ffff:192.0.2.2"',
            "pool: b.transports: 192.0.2.2 is in the pool main already",
        ),
        ("", '[pool.b.transports]\nout1 = "192.0.2.9"', "pool: b.transports: out1 is in the pool main already"),
        ("min_active = -1", "", "pool.main.min_active: input should be greater than or equal to 1 (is -1)"),
        ("threshold = inf", "", "pool.main.threshold: input should be less than or equal to 1000 (is inf)"),
        ("threshold = nan", "", "pool.main.threshold: input should be less than or equal to 1000 (is nan)"),
        ("quarantine_minutes = 1e7", "", "pool.main.quarantine_minutes: input should be less than or equal to 5256000"),
        ("verify_seconds = nan", "", "pool.main.verify_seconds: input should be a finite number (is nan)"),
        ("culprits.most_minutes = inf", "", "pool.main.culprits.most_minutes: input should be less than or equal"),
        ("capacity.headroom = 1e300", "", "pool.main.capacity.headroom: input should be less than or equal"),
        (
            "capacity.messages_per_hour = { out1 = 1000000000000 }",
            "",
            "pool.main.capacity.messages_per_hour.out1: input should be less than or equal",
        ),
        (
            'hooks.dns = { zone = "example.net", name = "a.example.net", key = "k", server = "0.0.0.0" }',
            "",
            "pool.main.hooks.dns.server: '0.0.0.0' is no address of one name server",
        ),
        ("hooks.kumomta.suspend_minutes = 1.9", "", "pool.main.hooks.kumomta.suspend_minutes: input should be greater"),
        ("probation_shares = [0.0]", "", "pool.main.probation_shares.0: input should be greater than 0 (is 0.0)"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(rules: str, more: str, sentence: str) -> None:
    assert sentence in refused(rules, more)


def test_every_wrong_setting_is_named_at_once() -> None:
    told = refused("min_active = 3\nthreshold = 0")
    assert "pool.main.min_active" in told
    assert "pool.main.threshold" in told


def test_a_provider_may_be_named_by_its_domain_and_a_dry_run_is_a_shadow() -> None:
    given = parse(POOL.format(rules='dry_run = true\nproviders.trusted = ["gmail.com"]', more=""), "test").pool["main"]
    assert given.providers.trusted == ("google",)
    assert given.is_shadow
    assert not parse(POOL.format(rules="", more=""), "test").pool["main"].is_shadow
