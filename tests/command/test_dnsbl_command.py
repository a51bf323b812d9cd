"""`relaywarden dnsbl` as a shell runs it: the catalogue, and what it refuses."""

import json

from collectors import dnsbl
from tests.command.shell import refusal, run


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


def test_without_an_ip_there_is_nothing_to_ask() -> None:
    assert refusal(run("dnsbl")) == "say which IPs to ask about, or --catalogue"
