"""Complaints whose sender nobody knows: they count against the IP that they name, live and in a backtest."""

import os
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from collectors import history
from collectors.history import Past
from schemas import codec
from schemas.attribution import BLAMING
from schemas.events import ComplaintReceived, Event
from schemas.mailbox_settings import Mailboxes
from schemas.names import derived_id
from schemas.observations import PoolObservation, TrafficCounted
from schemas.pool_settings import Pool
from schemas.settings import Maildir, Settings
from schemas.topics import COMPLAINTS, POOL_OBSERVATIONS, place_of
from streams.backtest import Backtest, Decision
from streams.habits import COMPLAINTS_1D
from streams.partition import Partition
from tests.sent_town import A, by_message

GOLDEN = Path(__file__).parent / "golden" / "complaints" / "arf"
CAME = 1_795_690_000  # on 26 November 2026, some minutes after what the logs say
FAR = 4_000_000_000_000_000
UNKNOWN = (GOLDEN / "25-no_source_ip_the_topmost_hop_tells.eml").read_bytes()
WRITTEN = b"Thu, 26 Nov 2026 10:00:00 +0000"
LOG = """\
2026-11-26T08:59:58+00:00 mx1 postfix/submission/smtpd[7]: 4F1qXz3abc: client=pc[203.0.113.5], sasl_method=PLAIN, \
sasl_username=alice@example.net
2026-11-26T08:59:58+00:00 mx1 postfix/cleanup[6]: 4F1qXz3abc: message-id=<m1@example.net>
2026-11-26T08:59:58+00:00 mx1 postfix/qmgr[8]: 4F1qXz3abc: from=<info@example.net>, size=900, nrcpt=1 (queue active)
2026-11-26T09:00:00+00:00 mx1 postfix/out1/smtp[9]: 4F1qXz3abc: to=<bob@example.com>, \
relay=mx.provider.example[192.0.2.99]:25, delay=0.2, delays=0/0/0.1/0.1, dsn=2.0.0, status=sent (250 2.0.0 OK)
2026-11-26T11:00:00+00:00 mx1 postfix/out2/smtp[9]: 4F1qXz3abd: to=<carol@example.com>, \
relay=mx.provider.example[192.0.2.99]:25, delay=0.2, delays=0/0/0.1/0.1, dsn=2.0.0, status=sent (250 2.0.0 OK)
"""


class Heard(Backtest):
    """A backtest that keeps what its pools are told."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, with_pool=True)
        self.told: list[PoolObservation] = []

    def _observed(self, event: PoolObservation) -> Iterator[Decision]:
        self.told.append(event)
        yield from super()._observed(event)


def _counts(events: list[PoolObservation] | list[Event]) -> dict[str, int]:
    found = [event for event in events if isinstance(event, TrafficCounted) and event.complaints]
    return {event.ip: event.complaints for event in found}


def test_live_a_complaint_without_a_sender_reaches_the_pools_counts() -> None:
    unknown = [by_message("m@example.net", outbound_ip=A), by_message("n@example.net", outbound_ip=A)]
    told = [*unknown, by_message("o@example.net", outbound_ip=A, feedback_type="not-spam")]
    events: list[Event] = [replace(each, id=derived_id(each.message_id)) for each in told]
    assert [place_of(event, 8)[0] for event in events] == [COMPLAINTS] * 3
    partition = Partition(0, Mailboxes(), "")
    partition.apply(COMPLAINTS, events)
    partition.apply(COMPLAINTS, events)  # sent again after a crash
    _, after = partition.flush(FAR)
    assert [output.topic for output in after] == [POOL_OBSERVATIONS]
    assert _counts([codec.decode(output.value) for output in after]) == {A: 2}
    assert partition.states == {}


def _history(folder: Path, log: str, **complaints: bytes) -> tuple[Settings, Past]:
    (folder / "mail.log").write_text(log)
    (folder / "fbl").mkdir()
    for name, mail in complaints.items():
        (folder / "fbl" / name).write_bytes(mail)
        os.utime(folder / "fbl" / name, (CAME, CAME))
    settings = Settings(
        pool={"main": Pool(transports={"out1": A, "out2": "192.0.2.2"})},
        complaints={"fbl": Maildir(maildir=folder / "fbl")},
    )
    return settings, Past((("postfix", folder / "mail.log"),), folder / "fbl")


def test_in_a_backtest_it_does_so_too(tmp_path: Path) -> None:
    settings, past = _history(tmp_path, LOG.replace("m1@example.net", "m2@example.net"), unknown=UNKNOWN)
    run = Heard(settings)
    list(run.run(history.events(past, settings, lambda _: None)))
    assert _counts(run.told) == {A: 1}


def test_in_a_backtest_the_log_names_the_sender_as_it_would_live(tmp_path: Path) -> None:
    settings, past = _history(tmp_path, LOG, known=UNKNOWN)
    events = list(history.events(past, settings, lambda _: None))
    (complaint,) = [event for event in events if isinstance(event, ComplaintReceived)]
    assert (complaint.sender, complaint.attribution, complaint.confidence) == ("alice@example.net", "message_id", 0.9)
    run = Heard(settings)
    list(run.run(events))
    assert _counts(run.told) == {A: 1}
    assert run.states["alice@example.net"].counts[COMPLAINTS_1D] > 0


def test_in_a_backtest_no_complaint_is_later_than_its_file_and_an_old_one_stays_old(tmp_path: Path) -> None:
    late, early, plain = b"Fri, 01 Jan 2100 00:00:00 +0000", b"Thu, 01 Oct 2026 10:00:00 +0000", WRITTEN
    assert UNKNOWN.count(WRITTEN) == 1
    mails = {f"{number}": UNKNOWN.replace(WRITTEN, date) for number, date in enumerate((late, early, plain))}
    settings, past = _history(tmp_path, LOG, **mails)
    events = list(history.events(past, settings, lambda _: None))
    assert [event.at for event in events] == sorted(event.at for event in events)
    found = [event for event in events if isinstance(event, ComplaintReceived)]
    assert [event.at // 1_000_000 for event in found] == [1_790_848_800, 1_795_687_200, CAME]
    assert [event.sender for event in found] == ["", "alice@example.net", "alice@example.net"]


def test_the_kinds_that_blame_are_the_same_for_an_ip_as_for_a_mailbox() -> None:
    for kind in (*sorted(BLAMING), "not-spam", "opt-out", "opt-out-list", "auth-failure", "xarf"):
        partition = Partition(0, Mailboxes(), "")
        partition.apply(COMPLAINTS, [by_message("m@example.net", sender="a@example.net", feedback_type=kind)])
        counted = partition.states["a@example.net"].counts[COMPLAINTS_1D]
        _, after = partition.flush(FAR)
        assert _counts([codec.decode(output.value) for output in after]) == ({A: 1} if counted else {})
        assert bool(counted) == (kind in BLAMING)
