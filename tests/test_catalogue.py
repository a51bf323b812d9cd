"""The catalogue as a whole: enough living lists, each complete, none twice, and the dead refused with the reason."""

import re
from importlib import import_module

import pytest

from collectors import catalogue, dead_lists, dnsbl, lists
from schemas import dnsbl_settings

ENOUGH = 40
ALL = [dnsbl.load(name) for name in dnsbl.names()]
OF_IPS = [each for each in ALL if each.kind == "ip"]
OF_DOMAINS = [each for each in ALL if each.kind == "domain"]


def test_there_are_enough_lists_of_ips_with_data_of_their_own() -> None:
    included = {name for each in OF_IPS for name in each.includes}
    assert len([each for each in OF_IPS if each.name not in included]) >= ENOUGH


def test_the_best_known_lists_of_domains_are_there() -> None:
    assert {"spamhaus_dbl", "surbl", "uribl"} <= {each.name for each in OF_DOMAINS}


@pytest.mark.parametrize("known", ALL, ids=lambda each: each.name)
def test_each_list_is_complete(known: dnsbl.Dnsbl) -> None:
    source = import_module(f"collectors.dnsbl.{known.name}").__doc__ or ""
    assert re.search(r"https?://[\w.-]+\.\w+", source), "its module names no source"
    assert known.operator
    assert bool(known.removal) != bool(known.no_removal)
    assert re.fullmatch(r"(https?://|mailto:)\S+|", known.removal)
    assert re.fullmatch(r"20\d\d-(0[1-9]|1[012])|", known.seen)
    assert known.listed or known.bits or known.other
    assert known.ipv4 or known.ipv6
    assert not (known.lasts and known.lasts_hours)


@pytest.mark.parametrize("known", ALL, ids=lambda each: each.name)
def test_each_list_is_sound(known: dnsbl.Dnsbl) -> None:
    assert not dead_lists.refusal(known.zone)
    assert known.zone == known.zone.lower().rstrip(".")
    assert ("{key}" in known.zone) == bool(known.key_env)
    assert not known.key_env or (known.needs and known.key_env.startswith("RELAYWARDEN_"))
    assert 0 <= known.weight <= 1
    for key in (*known.listed, *known.good):
        assert dnsbl.network(key).subnet_of(dnsbl.network("127.0.0.0/16"))
    for bit, text in known.bits.items():
        assert bit in {1, 2, 4, 8, 16, 32, 64, 128}
        assert text
    assert not known.bits or not known.other


@pytest.mark.parametrize("known", ALL, ids=lambda each: each.name)
def test_the_name_and_what_it_includes_are_those_of_lists(known: dnsbl.Dnsbl) -> None:
    assert known.name in dnsbl.names()
    assert set(known.includes) <= set(dnsbl.names()) - {known.name}


@pytest.mark.parametrize("known", OF_DOMAINS, ids=lambda each: each.name)
def test_a_list_of_domains_has_no_weight_in_a_withdrawal(known: dnsbl.Dnsbl) -> None:
    assert known.weight == 0
    must, must_not = dnsbl.domain_points(known)
    assert must != must_not


def test_no_zone_is_asked_twice() -> None:
    zones = [each.zone for each in ALL]
    assert len(set(zones)) == len(zones)


@pytest.mark.parametrize("zone", dead_lists.NO_LISTS)
def test_a_dead_zone_and_its_subzones_are_refused_with_the_reason(zone: str) -> None:
    reason = dead_lists.NO_LISTS[zone]
    for given in (zone, f"sub.{zone}", f"{zone.upper()}."):
        own = dnsbl_settings.OwnList(zone=given)
        with pytest.raises(ValueError, match=re.escape(f"{given!r} must not be asked: {reason}")):
            lists.own("mine", own)


@pytest.mark.parametrize("name", dead_lists.NAMES)
def test_a_dead_name_is_refused_with_the_reason(name: str) -> None:
    reason = dead_lists.NO_LISTS[dead_lists.NAMES[name]]
    with pytest.raises(ValueError, match=re.escape(f"dnsbl.lists: {name!r} must not be asked: {reason}")):
        lists.chosen(dnsbl_settings.Dnsbl(lists=(name,)))


def test_a_living_neighbour_of_a_dead_zone_is_not_refused() -> None:
    assert dead_lists.refusal("dnsbl.spfbl.net") == ""
    assert dead_lists.refusal("notsorbs.net") == ""


def test_lists_of_ips_and_of_domains_are_chosen_apart() -> None:
    config = dnsbl_settings.Dnsbl(lists=("spamhaus_dbl", "psbl", "uribl"))
    assert [each.name for each in lists.chosen(config)] == ["psbl"]
    assert [each.name for each in lists.chosen_domains(config)] == ["spamhaus_dbl", "uribl"]
    with pytest.raises(ValueError, match=r"^'uribl' is a list of domains$"):
        lists.chosen(config, ["uribl"])
    with pytest.raises(ValueError, match=r"^'psbl' is a list of IPs$"):
        lists.chosen_domains(config, ["psbl"])


def test_the_same_listing_is_never_counted_twice() -> None:
    config = dnsbl_settings.Dnsbl(lists=("spamhaus_zen", "spamhaus_zen_dqs"))
    with pytest.raises(
        ValueError, match=r"^dnsbl.lists: 'spamhaus_zen' is part of 'spamhaus_zen_dqs', and each listing"
    ):
        lists.chosen(config)


def test_without_a_configuration_no_list_with_a_key_is_asked() -> None:
    asked = lists.askable("ip")
    assert "spamhaus_zen" in asked
    assert not {each.name for each in ALL if each.key_env or each.kind == "domain"} & set(asked)


def test_the_document_is_what_the_catalogue_says() -> None:
    text = catalogue.DOCUMENT.read_text(encoding="utf-8")
    assert catalogue.renewed(text) == text, "say: python -m collectors.catalogue --write"
    with pytest.raises(ValueError, match="lacks the mark"):
        catalogue.renewed("no marks")


def test_an_entry_tells_all_of_a_list() -> None:
    known = catalogue.entry("uribl")
    assert (known.kind, known.zone, known.codes["bit 2"]) == ("domain", "multi.uribl.com", "black: used by spammers")
    assert known.codes["127.0.0.1"].startswith("unknown: refused")
    assert known.sources == ("https://uribl.com/about.shtml", "https://uribl.com/refused.shtml")
    assert catalogue.entry("gbudb_truncate").removal == "none: entries come and go by themselves"
    assert catalogue.entry("spamcop").lasts == "24 h after the last hit"
    assert catalogue.entry("nordspam").lasts == "until somebody asks"
    assert [each.kind for each in catalogue.entries()] == ["ip"] * len(OF_IPS) + ["domain"] * len(OF_DOMAINS)


SUMS = dnsbl.load("surbl")


@pytest.mark.parametrize(
    ("codes", "reading"),
    [
        (["127.0.0.80"], dnsbl.Reading("listed", ("127.0.0.80",), "malware, abuse: found in spam")),
        (["127.0.0.1"], dnsbl.Reading("unknown", ("127.0.0.1",), "refused: too many questions, or a public resolver")),
        # A refusal is bit 1 alone; with others, it is a listing by those.
        (["127.0.0.9"], dnsbl.Reading("listed", ("127.0.0.9",), "phishing")),
        (["127.0.0.2"], dnsbl.Reading("unknown", ("127.0.0.2",), "127.0.0.2 has no meaning in this list")),
        (["127.0.1.8"], dnsbl.Reading("unknown", ("127.0.1.8",), "127.0.1.8 has no meaning in this list")),
    ],
)
def test_a_code_that_is_a_sum_of_bits_tells_each(codes: list[str], reading: dnsbl.Reading) -> None:
    assert dnsbl.reading(codes, SUMS) == reading


@pytest.mark.parametrize(
    ("must", "must_not", "why"),
    [
        (dnsbl.Reply(addresses=("127.0.0.64",)), dnsbl.Reply(), ""),
        (
            dnsbl.Reply(addresses=("127.0.0.1",)),
            dnsbl.Reply(addresses=("127.0.0.1",)),
            "surbl-org-permanent-test-point.com: refused: too many questions, or a public resolver",
        ),
        (
            dnsbl.Reply(),
            dnsbl.Reply(),
            "it does not name its test point surbl-org-permanent-test-point.com: the zone is empty or dead",
        ),
        (
            dnsbl.Reply(addresses=("127.0.0.64",)),
            dnsbl.Reply(addresses=("127.0.0.64",)),
            "it names invalid (127.0.0.64), which no list may: it lists the world",
        ),
    ],
)
def test_a_list_of_domains_is_judged_by_its_test_points(must: dnsbl.Reply, must_not: dnsbl.Reply, why: str) -> None:
    assert dnsbl.domain_fault(must, must_not, SUMS) == why
