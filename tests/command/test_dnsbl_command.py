"""`relaywarden dnsbl` as a shell runs it: the catalogue, and what it refuses."""

import json

import pytest

from collectors import dnsbl
from tests.bind import Bind
from tests.command.shell import refusal, run
from tests.parts import require


def test_the_catalogue_is_a_line_a_list() -> None:
    done = run("dnsbl", "--catalogue", "--json")
    rows = {row["list"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert (done.returncode, done.stderr) == (0, "")
    assert tuple(sorted(rows)) == dnsbl.names()
    assert rows["spamhaus_zen"]["codes"]["127.0.0.2"] == "SBL: spam source or spam service"
    assert rows["abusix_black"]["lasts_hours"] == 125


def test_the_catalogue_as_a_table_names_each_list_once() -> None:
    lines = run("dnsbl", "--catalogue").stdout.splitlines()
    assert [line.split()[0] for line in lines if " bl.spamcop.net " in line] == ["spamcop"]


def test_ips_and_domains_are_asked_each_of_their_own_lists() -> None:
    zones = {
        "dbl.spamhaus.org": "dbltest.com A 127.0.1.2\nbad.example A 127.0.1.4\n",
        "bl.spamcop.net": "2.0.0.127 A 127.0.0.2\n",
    }
    with Bind(require("named", "bind9"), zones) as server:
        where = ("--resolver", f"127.0.0.1:{server.port}", "--json")
        of_ip = run("dnsbl", "192.0.2.1", "--list", "spamcop", *where)
        of_name = run("dnsbl", "www.bad.example", "good.example", "--list", "spamhaus_dbl", *where)
        shown = run("dnsbl", "bad.example", "--list", "spamhaus_dbl", *where[:2])
    (row,) = map(json.loads, of_ip.stdout.splitlines())
    assert (row["ip"], row["list"], row["answer"]) == ("192.0.2.1", "spamcop", "not_listed")
    rows = [(row["domain"], row["answer"], row["reason"]) for row in map(json.loads, of_name.stdout.splitlines())]
    assert rows == [
        ("www.bad.example", "listed", "bad.example is listed: phishing domain"),
        ("good.example", "not_listed", ""),
    ]
    assert "phishing domain (removal: https://check.spamhaus.org/)" in " ".join(shown.stdout.split())
    assert (of_ip.returncode, of_name.returncode, shown.returncode) == (0, 0, 0)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("example..net",), "'example..net' is no IP address and no domain"),
        (("192.0.2.1", "--list", "uribl"), "'uribl' is a list of domains"),
        (("example.net", "--list", "spamcop"), "'spamcop' is a list of IPs"),
    ],
)
def test_what_fits_no_list_is_refused(words: tuple[str, ...], sentence: str) -> None:
    assert refusal(run("dnsbl", *words)) == sentence


def test_without_an_ip_there_is_nothing_to_ask() -> None:
    assert refusal(run("dnsbl")) == "say which IPs or domains to ask about, or --catalogue"
