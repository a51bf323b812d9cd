"""Settings of the lists that would hang, crash or flood are refused, each in one line with its place."""

import pytest

from embedded.checking import notes
from schemas.settings import SettingsError, parse


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("resolvers = []", "resolvers: tuple should have at least 1 item after validation, not 0"),
        ('resolvers = ["0.0.0.0"]', "resolvers.0: '0.0.0.0' is no address of one name server"),
        ('resolvers = ["::"]', "resolvers.0: '::' is no address of one name server"),
        ('resolvers = ["224.0.0.251"]', "resolvers.0: '224.0.0.251' is no address of one name server"),
        ('list.spamcop.resolvers = ["0.0.0.0"]', "list.spamcop.resolvers.0: '0.0.0.0' is no address of one name"),
        ("port = 0", "port: input should be greater than or equal to 1 (is 0)"),
        ("list.spamcop.port = 0", "list.spamcop.port: input should be greater than or equal to 1 (is 0)"),
        ("interval_seconds = inf", "interval_seconds: input should be "),
        ("interval_seconds = 1e300", "interval_seconds: input should be less than or equal to 1000000000 (is 1e+300)"),
        ("interval_seconds = 0.000001", "interval_seconds: input should be greater than or equal to 1 (is 1e-06)"),
        ("list.spamcop.interval_seconds = 0.5", "list.spamcop.interval_seconds: input should be greater than or equal"),
        ("timeout_seconds = inf", "timeout_seconds: input should be "),
        ("timeout_seconds = nan", "timeout_seconds: input should be "),
        ("queries_per_second = inf", "queries_per_second: input should be a finite number"),
        ("backoff_max_seconds = inf", "backoff_max_seconds: input should be "),
        ("listed_ttl_max_seconds = inf", "listed_ttl_max_seconds: input should be "),
        ("clean_ttl_max_seconds = inf", "clean_ttl_max_seconds: input should be "),
        ("domains_interval_hours = 0.000001", "domains_interval_hours: input should be greater than or equal to 0.01"),
        ("identity_interval_hours = inf", "identity_interval_hours: input should be "),
    ],
)
def test_what_cannot_be_asked_with_is_refused(setting: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as told:
        parse(f"[dnsbl]\n{setting}\n", "here.toml")
    assert str(told.value).startswith(f"here.toml: dnsbl.{sentence}")
    assert "\n" not in str(told.value)


def test_a_public_resolver_is_noted_wherever_it_stands() -> None:
    text = (
        '[dnsbl]\nresolvers = ["2001:4860:4860:0::8888"]\n[dnsbl.list.spamcop]\nresolvers = ["9.9.9.9", "192.0.2.53"]\n'
    )
    assert notes(parse(text, "here.toml")) == [
        "dnsbl.resolvers: 2001:4860:4860::8888 is a public resolver: most lists refuse to answer it",
        "dnsbl.list.spamcop.resolvers: 9.9.9.9 is a public resolver: most lists refuse to answer it",
    ]
