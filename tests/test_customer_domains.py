"""Customers' domains, purely: each zone's findings, what a hostile zone costs, when each is looked at."""

import asyncio
import re
import string
from base64 import b64encode
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import customerdomain
from collectors.customerdomain import dkimkey, dmarcrecord, spfrecord, treewalk, zonefile
from collectors.customerdomain.inquiry import MOST_FAILURES, MOST_QUESTIONS
from collectors.domainwatch import slots
from collectors.domainwatch.slots import DAY, Asked
from schemas import domain_list, domain_words
from schemas.codec import decode, encode
from schemas.domain_events import CustomerDomainChecked, DomainCheck
from schemas.domain_list import Listed
from schemas.settings import Settings, SettingsError, parse
from schemas.topics import DOMAIN_CHECKS, place_of
from tests.customer_zones import GOLDEN, WANTED, Zones, expected, look

INTERVAL = 7 * DAY
NAMES = st.from_regex(r"[a-z]{1,12}\.example", fullmatch=True)
TIMES = st.integers(1_700_000_000_000_000, 1_900_000_000_000_000)


@pytest.mark.parametrize(("path", "text"), [pytest.param(*each, id=each[0].name) for each in expected()])
def test_each_golden_file_is_as_expected(path: Path, text: str) -> None:
    assert path.read_text(encoding="utf-8") == text


def test_every_finding_has_its_zone_and_its_words_in_each_language() -> None:
    known = set(domain_words.words("en"))
    told = {
        word
        for path in (GOLDEN / "customer_domains").glob("*.expected")
        for word in re.findall(r" (\w+): ", path.read_text())
    }
    never = known - told - {"no_such_domain_told"}
    assert never == {"dmarc_rua_unknown", "dmarc_alignment_unknown", "dmarc_subdomains"}
    for language in domain_words.languages():
        words = domain_words.words(language)
        assert set(words) == known
        for code, sentence in words.items():
            slots = {slot for _, slot, _, _ in string.Formatter().parse(sentence) if slot is not None}
            assert slots <= {slot for _, slot, _, _ in string.Formatter().parse(domain_words.words("en")[code]) if slot}
    assert domain_words.sentence("of_tomorrow", ("a", "b"), "de") == "of tomorrow: a, b"


HOSTILE = {
    # Each include leads to itself.
    "loop": {("a.example", "TXT"): ("v=spf1 include:a.example -all",)},
    "ring": {
        ("a.example", "TXT"): ("v=spf1 redirect=b.example",),
        ("b.example", "TXT"): ("v=spf1 redirect=a.example",),
    },
    "10 000 includes": {("a.example", "TXT"): ("v=spf1 " + " ".join(f"include:i{n}.example" for n in range(10_000)),)},
    # Ten MX terms of ten hosts each are allowed, and would be 210 questions.
    "wide": {
        ("a.example", "TXT"): ("v=spf1 " + " ".join(f"mx:m{n}.example" for n in range(10)) + " -all",),
        **{(f"m{n}.example", "MX"): tuple(f"h{n}-{m}.example" for m in range(10)) for n in range(10)},
    },
    "64 KB of text": {("a.example", "TXT"): tuple("v=spf1 " + "ip4:198.51.100.1 " * 15 for _ in range(240))},
    "a long record": {("a.example", "TXT"): ("v=spf1 " + "ip4:198.51.100.1 " * 900,)},
    "aliases in a circle": {("s1._domainkey.a.example", "CNAME"): ("s1._domainkey.a.example",)},
    "reports to thousands": {
        ("_dmarc.a.example", "TXT"): (
            "v=DMARC1; p=none; rua=" + ",".join(f"mailto:r@h{n}.example" for n in range(300)),
        )
    },
    "junk": {
        ("a.example", "TXT"): ("v=spf1 \x1b]0;x\x07\u202e\r\n\x00 -all",),
        ("_dmarc.a.example", "TXT"): ("v=DMARC1;\x00\r\n",),
    },
}


@pytest.mark.parametrize("zone", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_zone_costs_a_bounded_number_of_questions_and_passes_nothing(
    zone: dict[tuple[str, str], tuple[str, ...]],
) -> None:
    zones = Zones({("a.example", "MX"): ("mx.a.example",), **zone})
    event = asyncio.run(customerdomain.look(Listed("a.example"), WANTED, zones, 1))
    assert len(zones.asked) == event.questions <= MOST_QUESTIONS
    assert event.outcome in {"fail", "absent", "unknown"}
    assert event.spf != "pass"
    assert len(encode(event)) < 30_000
    assert decode(encode(event)) == event
    assert place_of(event, 8) == (DOMAIN_CHECKS, 0)
    texts = [text for each in event.checks for text in (each.text, each.record, each.publish, *each.facts)]
    assert all(text.isprintable() for text in texts)


def test_servers_that_do_not_answer_are_given_up_after_a_few_questions() -> None:
    zones = Zones(
        {
            (name, "!"): ("no answer within 5 s",)
            for name in ("a.example", *(f"s{n}._domainkey.a.example" for n in range(10)))
        }
    )
    wanted = msgspec.structs.replace(WANTED, selectors=tuple(f"s{n}" for n in range(10)))
    event = asyncio.run(customerdomain.look(Listed("a.example"), wanted, zones, 1))
    assert len(zones.asked) == MOST_FAILURES
    assert {each.outcome for each in event.checks} == {"unknown"}


@given(st.text(), st.text(), st.text())
def test_no_text_in_a_zone_raises_anything(spf: str, key: str, policy: str) -> None:
    records = {
        ("a.example", "MX"): ("mx.a.example",),
        ("a.example", "TXT"): (f"v=spf1 {spf}",),
        ("s1._domainkey.a.example", "TXT"): (f"v=DKIM1; p={key}",),
        ("_dmarc.a.example", "TXT"): (f"v=DMARC1; {policy}",),
    }
    event = asyncio.run(customerdomain.look(Listed("a.example"), WANTED, Zones(records), 1))
    assert {each.name for each in event.checks} == {"mx", "spf", "dkim", "dmarc"}


@given(st.binary(max_size=300))
def test_no_bytes_of_a_key_raise_anything_but_value_error(data: bytes) -> None:
    told = ""
    try:
        key = dkimkey.key(f"p={b64encode(data).decode()}")
        told = f"p= is a key of {key.bits} bits"
    except ValueError as error:
        told = str(error)
    assert told.startswith("p=")


@pytest.mark.parametrize(
    ("domain", "names"),
    [
        ("example", ["example"]),
        ("a.example", ["a.example", "example"]),
        ("1.2.3.4.5.6.7", ["1.2.3.4.5.6.7", "2.3.4.5.6.7", "3.4.5.6.7", "4.5.6.7", "5.6.7", "6.7", "7"]),
        # From eight labels on the walk goes on with the last seven: eight questions at most (RFC 9989, 4.10).
        ("0.1.2.3.4.5.6.7", ["0.1.2.3.4.5.6.7", *(".".join("1234567"[n:]) for n in range(7))]),
        ("x.y.0.1.2.3.4.5.6.7", ["x.y.0.1.2.3.4.5.6.7", *(".".join("1234567"[n:]) for n in range(7))]),
    ],
)  # fmt: skip
def test_the_walk_asks_at_most_eight_names(domain: str, names: list[str]) -> None:
    assert treewalk.names(domain) == names


def test_what_is_to_be_published_is_what_a_zone_file_takes() -> None:
    assert (
        zonefile.txt("a.example", 'say "x\\"' + "y" * 260)
        == f'a.example. IN TXT "say \\"x\\\\\\"{"y" * 247}" "{"y" * 13}"'
    )
    assert (
        zonefile.spf("a.example", ("ip4:192.0.2.1",), ("v=spf1 mx ?all",))
        == 'a.example. IN TXT "v=spf1 ip4:192.0.2.1 mx ~all"'
    )
    assert zonefile.spf("a.example", ("ip4:192.0.2.1",), ("v=spf1 \x1b -all",)) == ""
    plain = msgspec.structs.replace(WANTED, spf_include="")
    assert spfrecord.ours(plain) == ("ip4:192.0.2.1", "ip4:192.0.2.2", "ip6:2001:db8::1")


def test_where_reports_go() -> None:
    found, wrong = dmarcrecord.addresses("mailto:a@b.example!50m, https://x.example/y,mailto:no,mailto:x@")
    assert [(each.address, each.host) for each in found] == [("a@b.example", "b.example")]
    assert wrong == ["mailto:no", "mailto:x@"]


# When each domain is looked at.


@given(NAMES, TIMES, st.booleans())
def test_a_domain_waits_for_its_time_of_the_week_and_one_that_failed_a_day(
    name: str,
    at: int,
    passed: bool,  # noqa: FBT001 drawn
) -> None:
    due = slots.due(name, Asked(at, passed), INTERVAL, at)
    assert DAY <= due - at <= (INTERVAL + DAY if passed else DAY)
    if passed:
        assert due % INTERVAL == slots.slot(name, INTERVAL)
        assert slots.due(name, Asked(due, passed), INTERVAL, due) == due + INTERVAL
    assert slots.due(name, None, INTERVAL, at) == 0
    assert slots.due(name, Asked(at + 1, passed), INTERVAL, at) == 0  # the clock was set back


def test_all_domains_are_spread_over_the_week_and_what_was_missed_is_not_made_up_at_once() -> None:
    places = [slots.slot(f"d{number}.example", INTERVAL) for number in range(7000)]
    days = [sum(day * DAY <= slot < (day + 1) * DAY for slot in places) for day in range(7)]
    assert min(days) > 850
    assert slots.gap_seconds(100_000, INTERVAL) == pytest.approx(1.512)
    assert slots.gap_seconds(10, INTERVAL) == slots.gap_seconds(0, INTERVAL) == 5.0


def test_after_days_away_all_is_made_up_at_a_bounded_pace_and_each_keeps_its_time() -> None:
    """Two thousand domains over forty days; nobody looks from the tenth to the fourteenth."""
    away, gap, minute = range(10 * DAY, 14 * DAY), slots.gap_seconds(2000, INTERVAL), 60_000_000
    looks: dict[str, list[int]] = {f"d{number}.example": [] for number in range(2000)}
    plan, now = slots.Plan(looks, {}, INTERVAL, 0), 0
    while now < 40 * DAY:
        batch = plan.turn(now, 8) if now not in away else []
        for name in batch:
            looks[name].append(now)
            plan.put(name, Asked(now, passed=True), now)
        now += int(1e6 * plan.pause_seconds(len(batch), now, 60.0)) if now not in away else 4 * DAY
    every = sorted(at for found in looks.values() for at in found)
    assert all(len(found) >= 5 for found in looks.values())
    assert all(ninth - first >= 4e6 * gap for first, ninth in zip(every, every[16:], strict=False))
    for name, found in looks.items():
        assert all(later - sooner <= INTERVAL + 5 * DAY for sooner, later in pairwise(found))
        assert (found[-1] - slots.slot(name, INTERVAL)) % INTERVAL <= 10 * minute


def _event(at: int, text: str, outcome: str = "fail") -> CustomerDomainChecked:
    check = DomainCheck(name="mx", outcome=outcome, code="mx_none", text=text)  # type: ignore[arg-type]  # drawn
    return CustomerDomainChecked(id=f"{at}", at=at, domain="a.example", outcome=outcome, checks=(check,))  # type: ignore[arg-type]


@given(st.lists(st.sampled_from("ab"), min_size=20, max_size=40))
def test_only_what_changed_is_told_and_each_domain_once_a_week(texts: list[str]) -> None:
    """A domain that fails is looked at each day."""
    asked, told = None, []
    for day, text in enumerate(texts):
        asked, tells = slots.noted(_event(1_772_000_000_000_000 + day * DAY, text), asked, INTERVAL)
        told += [day] if tells else []
    assert told[0] == 0
    for before, after in pairwise((*told, len(texts))):
        assert after - before <= 6
        assert texts[before:after] == [texts[before]] * (after - before)
    for before, after in pairwise(told):
        assert texts[after] != texts[after - 1] or after - before == 6


# Which domains.


def test_a_file_has_domain_selectors_and_customer() -> None:
    text = "# ours\nShop.example\nä.example, k1 K2 , Müller AG # moved\n\nlast.example,,x\n"
    assert domain_list.parse(text, "f") == [
        Listed("shop.example"),
        Listed("xn--4ca.example", "Müller AG", ("k1", "k2")),
        Listed("last.example", "x"),
    ]


def test_every_wrong_line_of_a_file_is_named() -> None:
    text = "a.example\nno domain\nb.example,sel_ector\nA.example.\nc.example,k,x,y\nd.example,k,\x1b[2J\n"
    with pytest.raises(ValueError, match="f:2: ") as error:
        domain_list.parse(text, "f")
    assert str(error.value).split("; ") == [
        "f:2: 'no domain' is no domain",
        "f:3: 'sel_ector' is no DKIM selector",
        "f:4: a.example stands in line 1 already",
        "f:5: 'c.example,k,x,y' has more than domain, selectors, customer",
        "f:6: '\\x1b[2J' is no name of a customer",
    ]
    with pytest.raises(ValueError, match=r"; and 5 more lines$"):
        domain_list.parse("?\n" * 25, "f")


def test_the_customers_of_the_configuration_bring_their_domains() -> None:
    customers = {
        "one": {"mailboxes": ["one.example", "sales@shop.example", "info@shop.example", "net-1"]},
        "two": {"mailboxes": ["info@one.example", "alice@isp.example"]},
        "three": {"mailboxes": ["bob@isp.example"]},
    }
    table = {"customers": customers, "networks": {"192.0.2.0/24": "net-1"}, "domains": {"extra": ["extra.example"]}}
    settings = Settings.model_validate(table)
    found = domain_list.domains(settings, [Listed("one.example", "", ("k1",)), Listed("file.example", "three")])
    assert [(each.domain, each.customer, each.selectors) for each in found] == [
        ("extra.example", "", ()),
        ("file.example", "three", ()),
        ("isp.example", "", ()),  # of the addresses of several customers: nobody's
        ("one.example", "one", ("k1",)),
        ("shop.example", "one", ()),
    ]
    with pytest.raises(ValueError, match=r"^domains\.file: one\.example is the customer x's in the file, and one's in"):
        domain_list.domains(settings, [Listed("one.example", "x")])


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("extra = ['no domain']", "domains.extra.0: 'no domain' is no domain"),
        ("dkim_selectors = ['a b']", "domains.dkim_selectors.0: 'a b' is no DKIM selector"),
        (f"dkim_selectors = {[f's{n}' for n in range(11)]}", "domains.dkim_selectors: 11 selectors; at most 10"),
        ("dkim_cname = '{key}.example'", "domains.dkim_cname: {key} is not known there; {selector} and {domain} are"),
        ("spf_include = 'spf'", "domains.spf_include: 'spf' is no domain"),
        ("interval_days = 0.1", "domains.interval_days: input should be greater than or equal to 1 (is 0.1)"),
        ("queries_per_second = -1", "domains.queries_per_second: input should be greater than 0 (is -1)"),
        ("every = 7", "domains.every: no such setting"),
    ],
)
def test_wrong_settings_are_named_with_place_and_value(line: str, told: str) -> None:
    with pytest.raises(SettingsError) as error:
        parse(f"[domains]\n{line}\n", "f.toml")
    assert told in str(error.value)


def test_a_look_tells_each_sort_of_check() -> None:
    event = look((GOLDEN / "customer_domains" / "05-two_of_each.zone").read_text(encoding="utf-8"))
    assert (event.outcome, event.mx, event.spf, event.dkim, event.dmarc) == ("fail", "pass", "fail", "fail", "fail")
