"""Customers' domains asked of a real BIND, week by week and at the command line: good zones, bad ones, hostile ones."""

import asyncio
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
import tomli_w

from collectors.customerdomain.wanted import wanted
from collectors.domainwatch.ask import ask, looked
from collectors.domainwatch.poll import CustomerDomains, has_work
from collectors.domainwatch.resolver import DomainNames
from collectors.domainwatch.slots import Asked
from collectors.domainwatch.store import DomainStore
from embedded import demo
from embedded.hoster import customer_domains
from embedded.zones import Zones
from schemas import domain_file
from schemas.domain_events import CustomerDomainChecked, CustomerDomainRemoved
from schemas.domain_list import Listed
from schemas.events import Event
from schemas.settings import Settings
from tests.bind import Bind
from tests.command.shell import refusal, run
from tests.customer_zones import GOLDEN
from tests.parts import require
from tests.waits import until

KEY = next(
    line.rpartition(" TXT ")[2]
    for line in (GOLDEN / "customer_domains" / "01-all_in_order.zone").read_text().splitlines()
    if line.startswith("s1._domainkey")
)
STRINGS = " ".join(f'"{KEY[start : start + 100]}"' for start in range(0, len(KEY), 100))  # one record, several strings
GOOD = f"""
@ MX 10 mx
@ TXT "v=spf1 include:spf.isp.example -all"
s1._domainkey TXT {STRINGS}
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@isp.example"
"""
ZONES = {
    "example": "ns A 192.0.2.53\n",
    "isp.example": """
spf TXT "v=spf1 ip4:192.0.2.0/24 -all"
good.example._report._dmarc TXT "v=DMARC1"
""",
    "good.example": GOOD + "sub MX 10 mx\n",
    "alias.example": GOOD.replace(f"s1._domainkey TXT {STRINGS}", "s1._domainkey CNAME key") + f"key TXT {STRINGS}\n",
    "bare.example": "@ MX 10 mx\n",
    "weak.example": '@ MX 10 mx\n@ TXT "v=spf1 ip4:198.51.100.0/24 ?all"\ns1._domainkey CNAME none.isp.example.\n',
    "broken.example": "broken",
    "hostile.example": "\n".join(
        (
            '@ TXT "v=spf1 include:hostile.example -all"',
            *(f'@ TXT "{number}" {blanks}' for number, blanks in enumerate([f'"{"x" * 250}" ' * 6] * 40)),  # 60 KB
            "s1._domainkey CNAME s1._domainkey",
            '_dmarc TXT "v=DMARC1; p=\\027[2J\\010none"',
        )
    ),
}
EVERY = {"good.example": "pass", "alias.example": "advice", "bare.example": "absent", "weak.example": "fail"}
EVERY |= {"broken.example": "unknown", "gone.good.example": "fail", "hostile.example": "fail"}


@pytest.fixture(scope="module")
def bind() -> Iterator[Bind]:
    with Bind(require("named", "bind9"), ZONES) as server:
        yield server


def _table(port: int, folder: Path, **domains: object) -> dict[str, object]:
    return {
        "data": str(folder),
        "dnsbl": {"port": port, "timeout_seconds": 2.0},
        "pool": {"main": {"transports": {"out1": "192.0.2.1", "out2": "192.0.2.2"}}},
        "domains": {
            "dkim_selectors": ["s1"],
            "spf_include": "spf.isp.example",
            "queries_per_second": 1000.0,
            **domains,
        },
    }


def _settings(port: int, folder: Path, **domains: object) -> Settings:
    return Settings.model_validate(_table(port, folder, **domains))


def _found(event: CustomerDomainChecked) -> set[tuple[str, str]]:
    return {(each.code, each.outcome) for each in event.checks}


def test_each_zone_is_told_as_it_is(bind: Bind, tmp_path: Path) -> None:
    settings = _settings(bind.port, tmp_path, extra=list(EVERY))
    events = {event.domain: event for event in ask(domain_file.domains(settings), settings)}
    assert {name: event.outcome for name, event in events.items()} == EVERY
    assert {each.outcome for each in events["good.example"].checks} == {"pass"}
    assert _found(events["alias.example"]) >= {("dkim_key", "pass"), ("dmarc_rua_refused", "advice")}
    assert _found(events["bare.example"]) == {
        ("mx_found", "pass"),
        ("spf_absent", "absent"),
        ("dkim_absent", "absent"),
        ("dmarc_absent", "absent"),
    }
    assert _found(events["weak.example"]) >= {
        ("spf_denies", "fail"),
        ("spf_neutral_all", "advice"),
        ("dkim_dangling", "fail"),
    }
    assert _found(events["gone.good.example"]) == {("no_such_domain", "fail")}
    assert {outcome for _, outcome in _found(events["broken.example"])} == {"unknown"}
    assert events["broken.example"].checks[0].text.endswith("no name server could tell (SERVFAIL or REFUSED).")


def test_a_hostile_zone_passes_nothing_at_a_bounded_price(bind: Bind, tmp_path: Path) -> None:
    (event,) = ask([Listed("hostile.example")], _settings(bind.port, tmp_path))
    told = {each.code: each.text for each in event.checks}
    assert told["spf_unknown"] == "The SPF record could not be asked: its answer is longer than 16384 characters."
    assert told["dkim_unknown"].endswith("could not be asked: no name server could tell (SERVFAIL or REFUSED).")
    assert told["dmarc_error"].endswith("p=\ufffd[2J\ufffdnone")
    assert event.questions < 10
    assert len(msgspec.json.encode(event)) < 3000


def test_what_many_domains_lead_to_is_asked_once(bind: Bind, tmp_path: Path) -> None:
    settings = _settings(bind.port, tmp_path)

    async def asked(*domains: str) -> int:
        names = DomainNames(settings)
        await looked([Listed(name) for name in domains], wanted(settings), names)
        before = names.asked
        await looked([Listed(name) for name in domains], wanted(settings), names)
        assert names.asked == before
        return before

    alone, both = asyncio.run(asked("good.example")), asyncio.run(asked("good.example", "alias.example"))
    shared = 2  # the TXT of spf.isp.example, and that of _dmarc.example
    assert both == 2 * alone - shared


class Watched:
    """A collector's part about domains, run in a thread until `ended`."""

    def __init__(self, settings: Settings) -> None:
        self.events: list[Event] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=CustomerDomains(settings).run, args=(self._take, self._stop))
        self._thread.start()

    def _take(self, events: Sequence[Event]) -> None:
        self.events += events

    def after(self, done: Callable[[], bool]) -> dict[str, str]:
        """Wait, end it, and return the outcome of each domain that was told of."""
        until(done, "the domains' events")
        self.ended()
        found = [event for event in self.events if isinstance(event, CustomerDomainChecked)]
        assert len({event.domain for event in found}) == len(found)
        return {event.domain: event.outcome for event in found}

    def ended(self) -> None:
        self._stop.set()
        self._thread.join(30)
        assert not self._thread.is_alive()


def test_a_restart_asks_nothing_twice_and_takes_in_what_is_new(bind: Bind, tmp_path: Path) -> None:
    file = tmp_path / "domains.csv"
    file.write_text("good.example,s1,seven\nbare.example\n")
    settings = _settings(bind.port, tmp_path / "data", file=str(file))
    first = Watched(settings)
    assert first.after(lambda: len(first.events) == 2) == {"good.example": "pass", "bare.example": "absent"}
    file.write_text("good.example,s1,seven\nbare.example\nweak.example\n")
    second = Watched(settings)
    assert second.after(lambda: bool(second.events)) == {"weak.example": "fail"}
    third = Watched(settings)
    third.ended()
    assert third.events == []


def test_what_is_configured_no_more_is_taken_back_once(bind: Bind, tmp_path: Path) -> None:
    both = _settings(bind.port, tmp_path, extra=["good.example", "bare.example"])
    first = Watched(both)
    first.after(lambda: len(first.events) == 2)
    none = _settings(bind.port, tmp_path)
    assert has_work(none)
    second = Watched(none)
    until(lambda: len(second.events) == 2, "what is taken back")
    second.ended()
    assert [(type(each), each.domain) for each in second.events if isinstance(each, CustomerDomainRemoved)] == [
        (CustomerDomainRemoved, "bare.example"),
        (CustomerDomainRemoved, "good.example"),
    ]
    third = Watched(none)
    third.ended()
    assert third.events == []
    fourth = Watched(both)
    assert set(fourth.after(lambda: len(fourth.events) == 2)) == {"good.example", "bare.example"}


def test_switched_off_nothing_is_looked_at_and_nothing_is_taken_back(bind: Bind, tmp_path: Path) -> None:
    assert not has_work(_settings(bind.port, tmp_path))
    first = Watched(_settings(bind.port, tmp_path, extra=["bare.example"]))
    first.after(lambda: len(first.events) == 1)
    assert not has_work(_settings(bind.port, tmp_path, extra=["bare.example"], enabled=False))
    assert set(DomainStore(tmp_path / "checkpoints" / "domains.db").all()) == {"bare.example"}


def test_a_file_that_was_emptied_or_is_gone_takes_nothing_back(
    bind: Bind, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "domains.csv"
    file.write_text("bare.example\n")
    watched = Watched(_settings(bind.port, tmp_path / "data", file=str(file)))
    until(lambda: len(watched.events) == 1, "the first look")
    file.write_text("# a report that failed\n")
    told = f"the domains of before are kept: domains.file: {file} names no domain; without any, leave domains.file out"
    until(lambda: told in caplog.messages, "the warning")
    file.unlink()
    watched.ended()
    assert [type(each) for each in watched.events] == [CustomerDomainChecked]
    assert caplog.messages.count(told) == 1


def test_a_file_that_goes_wrong_is_refused_at_the_start_and_left_aside_later(bind: Bind, tmp_path: Path) -> None:
    file = tmp_path / "domains.csv"
    file.write_text("good.example\n")
    settings = _settings(bind.port, tmp_path / "data", file=str(file))
    CustomerDomains(settings)
    file.write_text("good.example\nno domain\n")
    with pytest.raises(ValueError, match=r"^domains\.file: \S+domains\.csv:2: 'no domain' is no domain$"):
        CustomerDomains(settings)
    file.write_bytes(b"\xff\n")
    with pytest.raises(ValueError, match=r"domains\.csv: no UTF-8 at byte 0$"):
        domain_file.domains(settings)
    file.unlink()
    with pytest.raises(ValueError, match=r"domains\.csv: No such file or directory$"):
        domain_file.domains(settings)


def test_a_state_that_cannot_be_written_is_rolled_back_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "domains.db"
    store, rival = DomainStore(path), sqlite3.connect(path, isolation_level=None)
    rival.execute("BEGIN EXCLUSIVE")
    with pytest.raises(OSError, match=r"domains\.db: database is locked"):
        store.keep([("a.example", Asked(1))])
    rival.execute("ROLLBACK")
    rival.close()
    store.keep([("a.example", Asked(2, True, 2, "x")), ("b.example", Asked(3))])
    store.close()
    assert DomainStore(path).all() == {"a.example": Asked(2, True, 2, "x"), "b.example": Asked(3)}


def test_a_damaged_state_is_named(tmp_path: Path) -> None:
    path = tmp_path / "checkpoints" / "domains.db"
    path.parent.mkdir()
    path.write_bytes(b"no database at all, though long enough for a header" * 9)
    with pytest.raises(OSError, match=r"domains\.db: file is not a database; remove it to look at each domain anew$"):
        CustomerDomains(_settings(53, tmp_path))


def test_the_command_asks_now(bind: Bind, tmp_path: Path) -> None:
    config = tmp_path / "relaywarden.toml"
    customers = {"seven": {"mailboxes": ["good.example"], "language": "de"}, "eight": {"mailboxes": ["bare.example"]}}
    config.write_text(tomli_w.dumps({**_table(bind.port, tmp_path), "customers": customers}))
    done = run("domains", "check", "good.example", "--config", config, "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done
    assert {(row["domain"], row["customer"], row["outcome"]) for row in rows} == {("good.example", "seven", "pass")}
    done = run("domains", "check", "--failing", "--config", config, "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [(row["domain"], row["check"], row["outcome"]) for row in rows] == [
        ("bare.example", "spf", "absent"),
        ("bare.example", "dkim", "absent"),
        ("bare.example", "dmarc", "absent"),
    ]
    assert rows[0]["publish"] == 'bare.example. IN TXT "v=spf1 include:spf.isp.example ~all"'
    said = run("domains", "report", "--customer", "eight", "--now", "--lang", "it", "--config", config).stdout
    assert said.startswith("Che cosa deve contenere il DNS per le e-mail di eight\n\nBuongiorno\n")
    assert '\n    _dmarc.bare.example. IN TXT "v=DMARC1; p=none"\n' in said
    assert run("domains", "report", "--customer", "seven", "--now", "--html", "--config", config).stdout.startswith(
        '<!DOCTYPE html>\n<html lang="de">'
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("check", "no domain"), "'no domain' is no domain"),
        (
            ("check", "--customer", "nobody"),
            "--customer 'nobody': no domain is his, by [customers] or the file of [domains]",
        ),
        (("check", "b.example", "--customer", "seven"), "'b.example' is no domain of the customer seven"),
        (("report", "--customer", "seven", "--now", "--lang", "rm"), "--lang 'rm': there are de, fr, it, en"),
    ],
)
def test_wrong_input_ends_with_status_2(words: tuple[str, ...], told: str, tmp_path: Path) -> None:
    config = tmp_path / "relaywarden.toml"
    config.write_text("[customers.seven]\nmailboxes = ['good.example']\n[dnsbl]\nport = 1\ntimeout_seconds = 0.2\n")
    assert refusal(run("domains", *words, "--config", config)) == told


def test_the_demo_has_one_domain_of_each_kind(tmp_path: Path) -> None:
    records, others = customer_domains.records(demo.IPS), customer_domains.zones()
    with Zones(list(demo.ZONES.values()), relays=demo.HOSTS, records=records, others=others) as zones:
        table = demo.configuration(tmp_path)
        settings = Settings.model_validate({**table, "dnsbl": {"port": zones.port, "timeout_seconds": 2.0}})
        events = ask(domain_file.domains(settings), settings)
        found = {event.domain: (event.outcome, event.spf, event.dkim, event.dmarc) for event in events}
    assert found == {
        "customer0.example": ("pass", "pass", "pass", "pass"),
        "customer1.example": ("absent", "pass", "pass", "absent"),
        "customer2.example": ("fail", "fail", "pass", "pass"),
        "customer3.example": ("fail", "pass", "fail", "pass"),
        "customer4.example": ("absent", "absent", "absent", "absent"),
        "customer5.example": ("fail", "fail", "pass", "pass"),
        "customer6.example": ("unknown", "unknown", "unknown", "unknown"),
    }
