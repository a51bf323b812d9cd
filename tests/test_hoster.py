"""A history of the simulated hoster: the same seed gives the same bytes, every line is read, fates and labels hold."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from collectors.complaints import arf
from collectors.reading import LogReader
from embedded import checking
from embedded.demo import IPS, write_past
from embedded.hoster import takeovers
from embedded.hoster.activity import DAY
from embedded.hoster.past import Plan, start_of, write
from embedded.hoster.postfix import is_ours
from relaywarden import app
from schemas import settings
from schemas.events import DeliveryAttempted, Event, MailboxAuthenticated, MessageSubmitted

START = 1_764_547_200_000_000  # 1 December 2025
PLAN = Plan(7, START, 4.0, IPS, mailboxes=240, takeovers=20)
KINDS = takeovers.names()
NOBODY = ("5.1.1", "5.4.1", "5.5.0")


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write four days of 240 mailboxes with two takeovers of each kind, by the command's own way."""
    folder = tmp_path_factory.mktemp("hoster") / "past"
    said = write_past(folder, seed=7, days=4, mailboxes=240, takeovers=20, start="2025-12-01T00:00:00Z")
    assert said.endswith("20 takeovers (labels.jsonl)")
    return folder


def _reader(past: Path, name: str) -> LogReader:
    config = settings.load(past / "relaywarden.toml")
    return LogReader(
        "",
        name=name,
        format=name,
        host="mx1",
        zone="UTC",
        outbound_ips=config.outbound_ips,
        networks=config.networks,
        reference=datetime(2026, 1, 1, tzinfo=UTC),
    )


def _read(past: Path, name: str, file: str) -> Iterator[Event]:
    reader, offset = _reader(past, name), 0
    with (past / file).open("rb") as log:
        for line in log:
            yield from reader.read(line.rstrip(b"\n"), offset)
            offset += len(line)


@pytest.fixture(scope="module")
def mail_events(past: Path) -> list[Event]:
    """Return the events of the mail log, read with the configuration that came with it."""
    return list(_read(past, "postfix", "mail.log"))


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(row) for row in path.read_text().splitlines()]


def _labels(past: Path) -> list[dict[str, str]]:
    return _rows(past / "labels.jsonl")


def _at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1_000_000)


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes().replace(str(folder).encode(), b"HERE")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(past: Path, tmp_path: Path) -> None:
    write_past(tmp_path / "again", seed=7, days=4, mailboxes=240, takeovers=20, start="2025-12-01T01:00:00+01:00")
    assert _contents(tmp_path / "again") == _contents(past)
    write(tmp_path / "other", replace(PLAN, seed=8))
    assert (tmp_path / "other" / "mail.log").read_bytes()[:2000] != (past / "mail.log").read_bytes()[:2000]


def test_without_a_start_the_seed_gives_the_day() -> None:
    assert start_of(1) == start_of(1)
    assert start_of(1) != start_of(2)
    assert all(start_of(seed) % DAY == 0 for seed in range(50))
    assert _at("2025-06-01T00:00:00Z") <= min(start_of(seed) for seed in range(365))
    assert max(start_of(seed) for seed in range(365)) < _at("2026-07-01T00:00:00Z")


def test_every_line_is_read_and_stands_in_order(past: Path) -> None:
    for name, file in (("postfix", "mail.log"), ("dovecot", "dovecot.log")):
        reader, last = _reader(past, name), b""
        for line in (past / file).read_bytes().splitlines():
            assert last <= line[:26]
            last = line[:26]
            reader.read(line, 0)
        assert reader.counts.dead_letters == 0
        assert reader.counts.lines > 10_000


def test_the_lines_have_the_forms_that_real_logs_have(past: Path) -> None:
    log = (past / "mail.log").read_text()
    for form in (
        "connect from unknown[",
        "sasl_method=PLAIN, sasl_username=",
        "message-id=<",
        "(queue active)",
        ": removed",
        "disconnect from",
        "conn_use=",
        "orig_to=<",
        "Greylisted",
        "status=deferred",
        "SASL LOGIN authentication failed: ",
        "NOQUEUE: reject: RCPT from",
        "sender non-delivery notification",
        "lost connection after",
        "relay=none",
        "postfix/pickup[",
        "from=<>",
    ):
        assert form in log, form


def test_an_address_that_nobody_has_is_nobodys_each_time(mail_events: list[Event]) -> None:
    said = defaultdict(set)
    for event in mail_events:
        if isinstance(event, DeliveryAttempted) and not is_ours(event.recipient.partition("@")[2]):
            unknown = event.outcome == "bounced" and event.enhanced_status in NOBODY
            if unknown or event.outcome == "sent":
                said[event.recipient].add(unknown)
    assert sum(True in answers for answers in said.values()) > 100
    assert [address for address, answers in said.items() if len(answers) > 1] == []


def test_a_greylisted_mail_arrives_minutes_later(mail_events: list[Event]) -> None:
    deferred: dict[tuple[str, str], int] = {}
    waited = []
    for event in mail_events:
        if isinstance(event, DeliveryAttempted):
            key = (event.queue_id, event.recipient)
            if "Greylisted" in event.reply:
                deferred.setdefault(key, event.at)
            elif event.outcome == "sent" and key in deferred:
                waited.append((event.at - deferred.pop(key)) / 60e6)
    assert len(waited) > 50
    assert min(waited) >= 5
    assert sorted(waited)[len(waited) // 2] < 30


def test_the_labels_tell_who_was_taken_over_when(past: Path, mail_events: list[Event]) -> None:
    labels = _labels(past)
    assert Counter(label["kind"] for label in labels) == dict.fromkeys(KINDS, 2)
    assert len({label["mailbox"] for label in labels}) == 20
    habits = {row["mailbox"]: row["habit"] for row in _rows(past / "mailboxes.jsonl")}
    assert len({habits[label["mailbox"]] for label in labels}) >= 8, "not only persons are robbed"
    sent = defaultdict(list)
    for event in mail_events:
        if isinstance(event, MessageSubmitted):
            sent[event.sender].append(event.at)
    for label in labels:
        start, end = _at(label["start"]), _at(label["end"])
        assert START + DAY <= start < end <= START + 4 * DAY
        if label["kind"] != "pop_before_smtp":
            assert sum(start <= at <= end + 10_000_000 for at in sent[label["mailbox"]]) > 5, label


def test_relaying_customers_are_known_by_the_networks_of_the_configuration(
    past: Path, mail_events: list[Event]
) -> None:
    names = set(settings.load(past / "relaywarden.toml").networks.values())
    by_network = {e.sender for e in mail_events if isinstance(e, MessageSubmitted) and e.sender_kind == "network"}
    assert by_network == names
    assert {label["mailbox"] for label in _labels(past) if label["kind"] == "relaying_network"} <= names


def test_the_noise_takes_nothing_over(past: Path, mail_events: list[Event]) -> None:
    tries = [event for event in mail_events if isinstance(event, MailboxAuthenticated) and event.outcome == "failed"]
    robbed = {label["mailbox"] for label in _labels(past)}
    tried = {event.mailbox for event in tries} - robbed
    assert len(tried) > 100
    habits = {row["mailbox"] for row in _rows(past / "mailboxes.jsonl")}
    assert len(tried & habits) > 50
    assert tried - habits, "names are guessed that nobody has"


def test_complaints_can_be_read_and_name_the_mailbox(past: Path) -> None:
    reports = [arf.parse(path.read_bytes()) for path in sorted((past / "complaints" / "new").iterdir())]
    found = [report for report in reports if report]
    assert len(found) == len(reports) > 10
    assert {report.outbound_ip for report in found} <= set(IPS.values())
    robbed = {label["mailbox"] for label in _labels(past)}
    assert sum(report.sender in robbed for report in found) > len(found) // 3
    delays = [report.at - report.arrived_at for report in found]
    assert min(delays) >= 60_000_000
    assert max(delays) > 6 * 3600 * 1_000_000


def test_the_configuration_is_sound(past: Path) -> None:
    config = settings.load(past / "relaywarden.toml")
    assert checking.findings(config, None) == []
    assert config.outbound_ips == IPS
    assert config.mta["mx1"].log == past / "mail.log"


def test_the_command_takes_all_that_the_plan_does(tmp_path: Path) -> None:
    words = "--seed 2 --days 0.1 --mailboxes 30 --takeovers 1 --kinds slow --start 2026-02-01T12:00:00Z --json"
    done = CliRunner().invoke(app, ["demo", "--write", str(tmp_path / "out"), *words.split()])
    assert json.loads(done.stdout)["written"].endswith("1 takeovers (labels.jsonl)")
    assert [label["kind"] for label in _labels(tmp_path / "out")] == ["slow"]
    assert (tmp_path / "out" / "mail.log").read_text().startswith("2026-02-01T12:")


def test_only_the_kinds_that_were_asked_for(tmp_path: Path) -> None:
    write_past(tmp_path / "two", seed=3, days=1, mailboxes=60, takeovers=4, kinds="slow, many_recipients")
    assert Counter(label["kind"] for label in _labels(tmp_path / "two")) == {"slow": 2, "many_recipients": 2}


def test_what_cannot_be_planned_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    for wrong, said in (
        ({"kinds": "slow,fast"}, "no kind of takeover 'fast'; there are botnet_burst, bulk_hijack,"),
        ({"kinds": "relaying_network", "takeovers": 50}, "50 takeovers: the town has mailboxes for 1 of these kinds"),
        ({"start": "yesterday"}, "--start: 'yesterday' is no RFC 3339 time"),
        ({"start": "2026-01-01T00:00:00"}, "--start: '2026-01-01T00:00:00' lacks a zone"),
    ):
        given = {"seed": 1, "days": 1.0, "mailboxes": 60, "takeovers": 2, **wrong}
        with pytest.raises(ValueError, match=said):
            write_past(tmp_path / "none", **given)  # type: ignore[arg-type]  # a table of options
        assert not (tmp_path / "none").exists()
