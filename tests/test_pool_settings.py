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
