"""The table of replies: each row knows its own sample, none is a danger, and a list is named as the catalogue does."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import dnsbl
from schemas.reply_settings import OwnReply, bounded
from schemas.settings import SettingsError, parse
from streams.refusal import blame
from streams.replies.rows import families, rows
from streams.replies.table import SIGNS, Table, about, built_in, own
from streams.replies.zones import list_of

ROWS = rows()
OURS = "192.0.2.1"
OURS_MAY_TAKE = 50_000_000
"""The bound knows nothing of how rare the words between are: what the table takes in truth is far less."""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_each_row_is_the_first_to_know_its_sample(row: object) -> None:
    (it,) = [one for one in ROWS if one is row]
    found = built_in().find("", it.sample)
    assert (found.pattern, found.kind) == (it.name, it.kind)
    assert not it.named or found.named == it.named
    assert bounded(it.pattern, OURS_MAY_TAKE) == it.pattern
    assert [word for word in it.words if word != word.lower()] == []
    assert re.match(r"https?://[a-z0-9.-]+/?", it.source)
    assert not it.pattern or it.words, "a row without words is looked at for every reply"


def test_the_table_is_wide_and_says_where_it_has_no_real_text() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert len(ROWS) >= 120
    assert families() == (
        "bans",
        "delays",
        "europe",
        "everyone",
        "filters",
        "google",
        "lists",
        "microsoft",
        "overseas",
        "yahoo",
    )
    constructed = [row.name for row in ROWS if row.constructed]
    assert len(constructed) <= 15
    assert {row.kind for row in ROWS} >= {
        "listed",
        "reputation",
        "volume",
        "setup",
        "greylisted",
        "content",
        "recipient",
    }


def test_a_zone_has_the_name_that_the_catalogue_gives_it() -> None:
    for name in dnsbl.names():
        known = dnsbl.load(name)
        zone = known.zone.replace("{key}.", "0123456789abcdef.")
        named, of_ips = list_of(zone)
        assert of_ips == (known.kind != "domain"), name
        assert named == name.removesuffix("_dqs") or name == "spamhaus_authbl_dqs", name
    assert list_of("SBL-XBL.spamhaus.org.") == ("spamhaus_zen", True)
    assert list_of("a.list.example") == ("a.list.example", True)


@given(st.text(max_size=900), st.sampled_from(["", "5.7.1", "4.7.0", "5.1.1", "x"]))
def test_no_text_makes_the_table_raise_and_what_it_keeps_is_short(text: str, status: str) -> None:
    for reply in (text, f"550 5.7.1 {text}", f"host mx.example[203.0.113.1] said: 421-{text}"):
        found = built_in().find(status, reply)
        assert (found.kind == "unknown") == (found.pattern == "")
        assert len(found.text) <= 300
        assert len(found.named) <= 60


@given(st.integers(1, 254), st.integers(100_000, 999_999), st.sampled_from(["alice", "b.o+b", "carol-1"]))
def test_unknown_replies_that_differ_in_numbers_addresses_and_ids_are_one(last: int, ident: int, local: str) -> None:
    text = f"550 5.7.1 No {ident} from <{local}@example.net> at 203.0.113.{last} today q{ident}x{last}z9, wait {last} s"
    assert built_in().find("5.7.1", text).text == "550 5.7.1 No 0 from <x@x> at 0.0.0.0 today 0, wait 0 s"


@pytest.mark.parametrize(
    ("ip", "reply", "meant"),
    [
        (OURS, "550 5.7.1 Client host [192.0.2.1] blocked using zen.spamhaus.org", True),
        (OURS, "550 5.7.1 Client host [192.0.2.99] blocked using zen.spamhaus.org", False),
        (OURS, "550 5.7.1 Client host [192.0.2.19] blocked using zen.spamhaus.org", False),
        (OURS, "550 5.7.1 192.0.2.1.", True),
        (OURS, "550 5.7.1 you are blocked", True),
        (OURS, "host mx.example.com[203.0.113.5] said: 550 5.7.1 you are blocked", True),
        (OURS, "host mx.example.com[203.0.113.5] said: 550 5.7.1 [198.51.100.7] is blocked", False),
        (OURS, "421 4.7.0 [TSS04] Messages temporarily deferred - 4.16.55.1", True),
        (OURS, "554 blocked using list.example=127.24.0.2", True),
        ("10.0.0.5", "550 5.7.1 Client host [198.51.100.7] blocked", True),
        ("2001:db8::1", "550 5.7.1 Client host [2001:DB8:0::1] blocked", True),
        ("2001:db8::1", "550 5.7.1 Client host [2001:db8::2] blocked", False),
        ("fd00::1", "550 5.7.1 Client host [2001:db8::2] blocked", True),
        (OURS, "550 5.7.1 at 10:22:31 blocked", True),
        (OURS, "421-4.7.28 mail originating from your IP Netblock [192.0.2.0      24]. To protect", True),
        (OURS, "421-4.7.28 mail originating from your IP Netblock [198.51.100.0      24]. To protect", False),
        (OURS, "550-5.7.1 [192.0.2.1      18] Gmail has detected that this message is likely", True),
        (OURS, "550-5.7.1 [198.51.100.7      18] Gmail has detected that this message is likely", False),
        (OURS, "550-5.7.1 [192.0.2.77      24] Gmail has detected that this message is likely", False),
        (OURS, "554 5.7.1 Net 192.0.2.0/24 is UCEPROTECT-Level2 listed", True),
        (OURS, "554 5.7.1 Net 198.51.100.0/24 is UCEPROTECT-Level2 listed", False),
        (OURS, "550 Your network 192.0.2.77/24 is blacklisted", True),
        (OURS, "550 Your network 192.0.2.0/33 is blacklisted, as is 198.51.100.7", False),
        ("2001:db8::1", "550 5.7.1 network 2001:db8::/32 is blocked", True),
        ("2001:db8::1", "421-4.7.28 your IP Netblock [2001:db8::      64]. To protect", True),
        ("2001:db8:1::1", "421-4.7.28 your IP Netblock [2001:db8::      64]. To protect", False),
        (OURS, "550 5.7.1 network 2001:db8::/32 is blocked", False),
        (OURS, "550 5.7.1 mail from 4.4.4.4 blocked", False),
        ("4.4.4.4", "550 5.7.1 mail from 4.4.4.4 blocked", True),
        ("4.4.4.4", "550 5.7.1 mail from 4.4.4.5 blocked", False),
        (OURS, "554 5.7.1 blocked" + " " * 2000 + "198.51.100.7", True),
    ],
)
def test_a_reply_about_another_address_is_not_about_ours(ip: str, reply: str, meant: bool) -> None:  # noqa: FBT001 a table
    assert about(ip, reply) == meant


@pytest.mark.parametrize(
    ("status", "reply", "blamed"),
    [
        ("5.7.1", "550 5.7.1 Message rejected as spam by Content Filtering.", "content"),
        ("5.7.1", "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.spamcop.net", "address"),
        ("5.7.1", "550 5.7.1 messages from [192.0.2.1] weren't sent: block list (S3140)", "address"),
        ("5.7.1", "554 Connection rejected due to the sending MTA's poor reputation, ask the recipient", "address"),
        ("5.7.25", "550 5.7.25 Client host rejected: cannot find your reverse hostname, [192.0.2.1]", "address"),
        ("5.1.1", "550 5.1.1 <a@example.com> blocked using zen.spamhaus.org", "recipient"),
        ("5.0.0", "554 delivery error: dd This user doesn't have a yahoo.com account", "recipient"),
        ("5.4.4", "Host or domain name not found", "recipient"),
        ("5.7.1", "550 5.7.1 The moon is not right", "content"),
        ("5.0.0", "550 The moon is not right", ""),
        ("5.0.0", "554 Relay access denied", ""),
        ("5.7.0", "554 5.7.0 Reject, id=01234-05 - BANNED: .exe,.exe-ms", "content"),
        ("5.7.501", "550 5.7.501 Access denied. The sending account has been banned due to spam activity", "content"),
        ("5.0.0", "550 rejected: the sender is on our blacklist", "content"),
        ("5.7.1", "554 5.7.1 [192.0.2.1] blocked using zen.spamhaus.org; Error: open resolver", ""),
    ],
)  # fmt: skip
def test_a_final_refusal_blames_by_the_same_table(status: str, reply: str, blamed: str) -> None:
    assert blame(status, reply) == blamed


def test_greylisting_is_never_a_sign_and_only_for_now() -> None:
    assert {row.kind for row in ROWS if "grey" in row.name} == {"greylisted"}
    assert "greylisted" not in SIGNS
    text = "Greylisted by list at zen.spamhaus.org, Client host blocked using zen.spamhaus.org"
    assert built_in().find("4.7.1", f"450 4.7.1 {text}").kind == "greylisted"
    assert built_in().find("5.7.1", f"550 5.7.1 {text}").kind == "listed"


def test_a_row_of_ones_own_is_asked_first_and_sees_the_words_behind_the_codes() -> None:
    mine = OwnReply(
        name="moon", kind="volume", pattern="The MOON is .{0,20}right", words=("Moon",), named="moon.example"
    )
    table = Table(own((mine,)))
    found = table.find(
        "5.7.1", "host mx.example[203.0.113.5] said: 550-5.7.1 The moon 550 5.7.1 is not right (in reply to x)"
    )
    assert (found.kind, found.pattern, found.named) == ("volume", "moon", "moon.example")
    spam = OwnReply(name="ours", kind="other", pattern=".{0,80}zen.spamhaus.org", codes=("4",))
    mixed = Table(own((spam,)))
    assert mixed.find("4.7.1", "451 4.7.1 blocked using zen.spamhaus.org").pattern == "ours"
    assert mixed.find("5.7.1", "551 5.7.1 blocked using zen.spamhaus.org").pattern == "blocked_using"
    bare, fitting = mixed.fitting("", "451 4.7.1 [192.0.2.1] blocked using zen.spamhaus.org")
    assert bare.words == "[0.0.0.0] blocked using zen.spamhaus.org"
    assert [row.name for row, _ in fitting][:2] == ["ours", "blocked_using"]
    assert [found.kind for _, found in fitting][:2] == ["other", "listed"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('name = "a"\nkind = "volume"\npattern = "("', "replies.own.0.pattern: '(' is no pattern: missing )"),
        ('name = "a"\nkind = "volume"\npattern = "(a+)+"', "replies.own.0.pattern: '(a+)+' repeats without an end"),
        ('name = "a"\nkind = "volume"\npattern = "(a{1,3}){2}"', "'(a{1,3}){2}' repeats what repeats"),
        (
            'name = "a"\nkind = "volume"\npattern = "a.{0,99}b.{0,99}c.{0,99}d"',
            "may take 2020201 steps, not 500000 at most",
        ),
        ('name = "a"\nkind = "volume"\npattern = \'(a)\\1\'', "refers back to a group"),
        ('name = "a"\nkind = "bad"\npattern = "x"', "replies.own.0.kind: input should be 'listed'"),
        ('name = "A B"\nkind = "volume"\npattern = "x"', "replies.own.0.name: string should match pattern"),
    ],
)
def test_a_pattern_that_is_none_or_a_danger_is_refused_with_its_place(row: str, said: str) -> None:
    with pytest.raises(SettingsError) as error:
        parse(f"[[replies.own]]\n{row}\n", "relaywarden.toml")
    assert str(error.value).startswith("relaywarden.toml: replies.own.0.")
    assert said in str(error.value)


def test_two_rows_of_one_name_are_refused() -> None:
    row = '[[replies.own]]\nname = "a"\nkind = "volume"\npattern = "x"\n'
    with pytest.raises(SettingsError, match=r"replies\.own: a stands there twice"):
        parse(row * 2, "relaywarden.toml")
