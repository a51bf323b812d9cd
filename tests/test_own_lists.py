"""Lists of your own: none counts a listing of another list twice, and their codes are return codes."""

import pytest

from collectors.lists import chosen
from collectors.resolve import Poller
from schemas.dnsbl_settings import Dnsbl as Settings


@pytest.mark.parametrize(
    ("zone", "other"),
    [
        ("zen.spamhaus.org", "spamhaus_zen"),
        ("SBL.spamhaus.org.", "spamhaus_zen"),
        ("xbl.spamhaus.org", "spamhaus_zen"),
        ("zen.spamhaus.org", "spamhaus_zen_dqs"),
        ("pbl.spamhaus.org", "spamhaus_zen_dqs"),
        ("{key}.sbl.dq.spamhaus.net", "spamhaus_zen_dqs"),
        ("bl.spamcop.net", "spamcop"),
        ("{key}.black.mail.abusix.zone", "abusix_combined"),
    ],
)
def test_a_list_that_another_holds_is_refused_beside_it(zone: str, other: str) -> None:
    own = {"again": {"zone": zone}}
    with pytest.raises(ValueError, match=rf"^dnsbl\.own\.again\.zone: .* same list as '{other}', or part of it"):
        chosen(Settings.model_validate({"lists": [other], "own": own}))
    assert [each.name for each in chosen(Settings.model_validate({"own": own}))] == ["again"]


def test_two_own_lists_of_one_zone_are_refused_once() -> None:
    own = {"one": {"zone": "bl.example"}, "two": {"zone": "BL.example."}}
    with pytest.raises(ValueError, match=r"^dnsbl\.own\.two\.zone: 'bl\.example' is the same list as 'one'[^;]*$"):
        chosen(Settings.model_validate({"own": own}))


@pytest.mark.parametrize(
    ("code", "text", "why"),
    [
        ("10.0.0.1", "listed", "'10.0.0.1' is outside 127.0.0.0/8"),
        ("0.0.0.0/0", "listed", "'0.0.0.0/0' is outside 127.0.0.0/8"),
        ("127.0.0.9", "ERROR: refused", "'ERROR: refused': write error: in small letters"),
        ("127.0.0.9", "Good : fine", "'Good : fine': write good: in small letters"),
        ("127.255.255.9", "listed", "'127.255.255.9' says of every list that it refuses: write error: before its"),
    ],
)
def test_a_code_that_never_comes_or_would_pass_as_listed_is_refused(code: str, text: str, why: str) -> None:
    own = {"mine": {"zone": "bl.example", "codes": {code: text}}}
    with pytest.raises(ValueError, match=r"^dnsbl\.own\.mine\.codes: ") as told:
        chosen(Settings.model_validate({"own": own}))
    assert why in str(told.value)


@pytest.mark.parametrize(
    ("own", "why"),
    [
        (
            {"zone": "dbl.spamhaus.org"},
            "zone: 'dbl.spamhaus.org' is a list of domains, and a list of your own is asked",
        ),
        ({"zone": "bl.example", "key_env": "MY_KEY"}, "key_env: 'bl.example' has no {key} in which a key would go"),
        (
            {"zone": f"{'a.' * 90}bl.example"},
            f"zone: '{'a.' * 90}bl.example' is no DNS name: a zone of 190 letters: with",
        ),
    ],
)
def test_a_list_that_cannot_be_asked_about_ips_is_refused(own: dict[str, str], why: str) -> None:
    with pytest.raises(ValueError, match=r"^dnsbl\.own\.mine\.") as told:
        Poller(Settings.model_validate({"own": {"mine": own}}), ["192.0.2.1"])
    assert str(told.value).startswith(f"dnsbl.own.mine.{why}")
