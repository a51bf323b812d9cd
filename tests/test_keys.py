"""Keys of lists: asked with, told nowhere, not in part and not where they were written by mistake."""

import dns.message
import dns.rdatatype
import pytest

from collectors.demands import demands
from collectors.dnsbl import Dnsbl
from collectors.keys import kept, key_of
from collectors.lists import chosen
from collectors.resolve import ask
from schemas.dnsbl_settings import Dnsbl as Settings
from schemas.observations import ListingObserved
from schemas.settings import Settings as Configuration
from schemas.settings import SettingsError, parse
from tests.liar import Liar, reply

KEY = "k7secretkeysecretkeysecret"


def test_a_text_is_cut_only_after_the_key_is_gone() -> None:
    texts = ("x" * 485 + f"{KEY}.zen.example", f"see {KEY.upper()}", "y" * 600)
    assert kept(texts, KEY) == ("x" * 485 + "[key].zen.example see [key] " + "y" * 600)[:500]
    assert kept(("a", "b"), "") == "a b"


def test_no_part_of_a_key_is_left_where_a_long_text_of_a_listing_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def telling(query: dns.message.Message, _: int) -> list[bytes]:
        if query.question[0].rdtype == dns.rdatatype.TXT:
            return [reply(query, texts=[f'"{"x" * 240}" "{"x" * 245}" "{KEY}"', f'"{"y" * 250}"'])]
        clean = query.question[0].name.to_text().startswith("1.0.0.127.")
        return [reply(query, rcode="NXDOMAIN") if clean else reply(query, addresses=["127.0.0.2"])]

    monkeypatch.setenv("MY_KEY", KEY)
    with Liar(telling) as liar:
        own = {"mine": {"zone": "{key}.bl.example", "key_env": "MY_KEY"}}
        settings = Settings.model_validate({"own": own, "port": liar.port})
        _, listing = ask(["192.0.2.1"], chosen(settings), settings)
    assert isinstance(listing, ListingObserved)
    assert KEY[:4] not in listing.reason.lower()
    assert listing.reason == "listed: " + ("x" * 485 + "[key] " + "y" * 250)[:500]


@pytest.mark.parametrize("name", [KEY, KEY.title(), "MY-KEY", "7KEY"])
@pytest.mark.parametrize("part", ["own", "list"])
def test_a_key_in_the_place_of_its_variables_name_is_refused_and_not_told(part: str, name: str) -> None:
    zone = 'zone = "{key}.bl.example"\n' if part == "own" else ""
    with pytest.raises(SettingsError, match=rf"dnsbl\.{part}\.mine\.key_env: string should match pattern") as told:
        parse(f'[dnsbl.{part}.mine]\n{zone}key_env = "{name}"\n', "here.toml")
    assert name not in str(told.value)


@pytest.mark.parametrize(
    ("zone", "under"),
    [
        (f"{KEY}.zen.dq.spamhaus.net", "dq.spamhaus.net"),
        (f"{KEY.upper()}.zen.dq.spamhaus.net.", "dq.spamhaus.net"),
        (f" {KEY}..zen.dq.spamhaus.net", "dq.spamhaus.net"),
        (f"{{key}}.{KEY}.zen.dq.spamhaus.net", "dq.spamhaus.net"),
        (f"{KEY}.combined.mail.abusix.zone", "mail.abusix.zone"),
        (f"{KEY}.auth.spamrats.com", "spamrats.com"),
    ],
)
def test_a_key_within_a_zone_is_refused_and_not_told(zone: str, under: str) -> None:
    settings = Settings.model_validate({"own": {"mine": {"zone": zone}}})
    with pytest.raises(ValueError, match=r"dnsbl\.own\.mine\.zone: ") as told:
        chosen(settings)
    assert str(told.value) == (
        f"dnsbl.own.mine.zone: under {under} a name holds a key: write {{key}}, and name its variable in key_env"
    )


def test_a_list_of_ones_own_takes_its_key_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"mine": {"zone": "{key}.bl.example", "key_env": "MY_KEY"}, "rats": {"zone": "auth.spamrats.com"}}
    settings = Settings.model_validate({"own": own})
    mine, rats = chosen(settings)
    assert (mine.zone, rats.zone) == ("{key}.bl.example", "auth.spamrats.com")
    monkeypatch.setenv("MY_KEY", KEY)
    assert (key_of(mine, settings), key_of(rats, settings)) == (KEY, "")
    monkeypatch.setenv("MY_KEY", "")
    with pytest.raises(ValueError, match=r"dnsbl\.own\.mine\.key_env: mine needs a key, and the variable MY_KEY is"):
        key_of(mine, settings)


@pytest.mark.parametrize("part", ["own", "list"])
def test_a_key_in_capitals_in_the_place_of_its_variables_name_is_not_told(part: str) -> None:
    key = KEY.upper()
    own = {"zone": "{key}.bl.example", "key_env": key if part == "own" else "MY_KEY"}
    table = {"own": {"mine": own}, "list": {"mine": {"key_env": key}} if part == "list" else {}}
    told = list(demands(Configuration.model_validate({"dnsbl": table})))
    assert told == [f"dnsbl.{part}.mine.key_env: mine needs a key, and no variable of the name written there is set"]


def test_a_zone_with_a_key_needs_a_variable() -> None:
    keyed = Dnsbl(name="mine", zone="{key}.bl.example", operator="own", weight=1.0, listed={})
    with pytest.raises(ValueError, match=r"^dnsbl\.list\.mine\.key_env: mine needs a key \(\{key\}\.bl\.example\)"):
        key_of(keyed, Settings())
