"""Customers' domains from the file and `[customers]` to the page: a real name server, all processes."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards import queries_domains
from dashboards.span import Span
from tests.bind import Bind
from tests.command.shell import run
from tests.parts import require
from tests.whole.lab import Lab, until

ZONES = {
    "example": "ns A 192.0.2.53\n",
    "good.example": """
@ MX 10 mx
@ TXT "v=spf1 ip4:192.0.2.0/24 -all"
k1._domainkey TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@good.example"
""",
    "bare.example": "@ MX 10 mx\n",
    "denies.example": '@ MX 10 mx\n@ TXT "v=spf1 -all"\n',
    "broken.example": "broken",
}
FILE = "good.example,k1,seven\ndenies.example\nbroken.example,,Müller AG\n"
OUTCOMES = {"good.example": "pass", "denies.example": "fail", "broken.example": "unknown", "bare.example": "absent"}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Give servers with collector and sink at work; the file of domains is `domains.csv` in the lab's folder."""
    folder = tmp_path_factory.mktemp("domains")
    (folder / "domains.csv").write_text(FILE)
    with Bind(require("named", "bind9"), ZONES) as bind:
        config = {
            "dnsbl": {"port": bind.port, "timeout_seconds": 2.0, "lists": []},
            "pool": {"main": {"transports": {"out1": "192.0.2.1"}}},
            "customers": {"eight": {"mailboxes": ["bare.example"]}},
            "domains": {"file": str(folder / "domains.csv"), "queries_per_second": 1000.0},
        }
        with Lab(folder, config) as running:
            running.run("collect")
            running.run("sink")
            yield running


def _page(lab: Lab) -> dict[str, tuple[str, str]]:
    """Return outcome and customer of each domain that the page lists now."""
    now = time.time_ns() // 1000
    with lab.clickhouse.connect(lab.settings.clickhouse.database) as client:
        found = queries_domains.listed(client, Span.last(1, now), lab.settings.domains.known_for, "", ())
    return dict(zip(found["domain"], zip(found["outcome"], found["customer"], strict=True), strict=True))


def _list(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, str]]:
    monkeypatch.setenv(lab.settings.clickhouse.password_env, lab.clickhouse.password)
    done = run("domains", "list", "--config", lab.config, "--json")
    assert done.returncode == 0, done
    return {row["domain"]: row for row in map(json.loads, done.stdout.splitlines())}


def test_each_domain_comes_from_the_dns_to_the_page_and_the_command(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    until(lambda: len(_page(lab)) == 4, 60, "four domains on the page")
    assert _page(lab) == {
        "good.example": ("pass", "seven"),
        "denies.example": ("fail", ""),
        "broken.example": ("unknown", "Müller AG"),
        "bare.example": ("absent", "eight"),
    }
    rows = _list(lab, monkeypatch)
    assert {name: row["outcome"] for name, row in rows.items()} == OUTCOMES
    assert (rows["good.example"]["spf"], rows["good.example"]["dkim"], rows["good.example"]["wrong"]) == (
        "pass",
        "pass",
        "",
    )
    assert rows["denies.example"]["wrong"].startswith("SPF does not permit these of our addresses: 192.0.2.1.")
    assert {rows["broken.example"][sort] for sort in ("mx", "spf", "dmarc")} == {"unknown"}
    assert rows["bare.example"]["dkim"] == "not asked"  # no selector is configured for it


def test_a_file_that_changes_under_the_collector_adds_and_removes_at_once(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    until(lambda: len(_page(lab)) == 4, 60, "four domains on the page")
    _replace(lab.folder, FILE.replace("denies.example\n", "absent.good.example,,nine\n"))
    until(lambda: "denies.example" not in _page(lab), 40, "the removal on the page")
    until(lambda: "absent.good.example" in _page(lab), 40, "the new domain on the page")
    assert _page(lab) == {
        "good.example": ("pass", "seven"),
        "absent.good.example": ("fail", "nine"),
        "broken.example": ("unknown", "Müller AG"),
        "bare.example": ("absent", "eight"),
    }
    assert set(_list(lab, monkeypatch)) == set(_page(lab))
    _replace(lab.folder, "good.example,k1,seven\nno domain\n")
    told = f"the domains of before are kept: domains.file: {lab.folder}/domains.csv:2: 'no domain' is no domain"
    until(lambda: told in lab.log("collect"), 40, "the warning of the wrong line")
    _replace(lab.folder, FILE)
    until(lambda: "denies.example" in _page(lab), 40, "the domain that came back")
    assert {name: outcome for name, (outcome, _) in _page(lab).items()} == OUTCOMES
    assert lab.log("collect").count("the domains of before are kept") == 1
    assert lab.rows(
        "SELECT domain FROM domain_checks FINAL WHERE type = 'customer_domain_removed' ORDER BY domain"
    ) == [
        ("absent.good.example",),
        ("denies.example",),
    ]
    assert lab.alive("collect")


def _replace(folder: Path, text: str) -> None:
    """Put a file in the place of the one before, as the manual says."""
    beside = folder / "domains.new"
    beside.write_text(text)
    os.replace(beside, folder / "domains.csv")  # noqa: PTH105 the name of what it does
