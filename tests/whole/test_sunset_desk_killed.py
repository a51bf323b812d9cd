"""`relaywarden desk` as a process, killed while it sends sixty letters: each customer has one, though nobody waits.

Collector, sink and desk are processes; the relay logs as Postfix does, and its log is followed, so what a killed desk
left open is settled by it. That takes two minutes of the real clock.
"""

import asyncio
import csv
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from embedded.broker import free_port
from schemas.mailbox_events import NoticeSent
from streams.journal import Journal
from tests.whole.lab import Lab, until
from tests.whole.sunset_lines import logins, mail, quiet
from tests.whole.sunset_script import Client, Habit, Sending
from tests.whole.sunset_server import Relay

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(480),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
LETTERS, KILLS, SEED = 60, 3, 20261129
SECOND = 1_000_000
_KNOWN = """SELECT count() FROM mail_events WHERE type = 'message_submitted' AND message_id IN
(SELECT trim(BOTH '<>' FROM message_id) FROM sunset_events WHERE type = 'notice_sent')"""


class Logging(Relay):
    """Takes its time, and has written its log before it answers, as Postfix has."""

    def __init__(self, port: int, log: Path) -> None:
        super().__init__(port, SEED, lambda: time.time_ns() // 1000, {}, "")
        self._log, self._rng = log, random.Random(SEED)
        self._writing = threading.Lock()

    async def handle_RCPT(  # noqa: N802 aiosmtpd's name and shape
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        await asyncio.sleep(self._rng.uniform(0, 0.2))
        answer = await super().handle_DATA(server, session, envelope)
        self.note(self.lines)
        self.lines = ""
        await asyncio.sleep(self._rng.uniform(0, 0.2))
        return answer

    def note(self, lines: str) -> None:
        """Write to the log."""
        with self._writing, self._log.open("a") as file:
            file.write(lines)


def _sunset(port: int) -> dict[str, object]:
    """Return a sunset whose weekly moment was within this half hour: in UTC, or in a zone half an hour beside it."""
    now = datetime.now(UTC)
    ahead = timedelta(hours=5, minutes=30) if now.minute >= 30 else timedelta(0)
    local = now + ahead
    return {
        "kind": "smtp_after_pop",
        "begins": (local - timedelta(days=1)).date(),
        "ends": (local + timedelta(days=50)).date(),
        "weekday": local.strftime("%A").lower(),
        "hour": local.hour,
        "spread_hours": 0.0,
        "timezone": "Asia/Kolkata" if ahead else "UTC",
        "mail": {
            "sender": "care@hoster.example",
            "company": "Hoster",
            "support": "+41 44 1234",
            "smtp_server": "smtp.hoster.example",
            "port": port,
            "per_hour": 1000,
        },
    }


def _written(folder: Path) -> None:
    """Write the directory and the logs of an hour ago: sixty customers who sent without a login."""
    began = time.time_ns() // 1000 - 3600 * SECOND
    habits = [
        Habit((f"info@c{number}.example",), frozenset(), lambda _: Client("192.0.2.1")) for number in range(LETTERS)
    ]
    sendings = [
        Sending(began + number * SECOND, "mx1", habit.mailboxes, Client(f"198.18.0.{number}"), 0, habit)
        for number, habit in enumerate(habits)
    ]
    for name, write in (("imap1", logins), ("mx1", mail)):
        (folder / f"{name}.log").write_text("".join(line for each in sendings for _, _, line in write(each)))
    (folder / "out1.log").write_text(quiet(began))
    with (folder / "customers.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("address", "customer", "contact", "language"))
        rows.writerows(
            (f"@c{number}.example", f"c{number}", f"it@c{number}.example", ("de", "fr", "it", "en")[number % 4])
            for number in range(LETTERS)
        )


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Logging]:
    running = Logging(free_port(), tmp_path / "out1.log")
    running.start()
    yield running
    running.stop()


def test_killed_while_it_sends_each_customer_has_one_letter(tmp_path: Path, relay: Logging) -> None:
    rng = random.Random(SEED)
    _written(tmp_path)
    logs = {name: {"format": "postfix", "log": str(tmp_path / f"{name}.log"), "host": name} for name in ("mx1", "out1")}
    config = {
        "mta": logs,
        "logins": {"imap1": {"format": "dovecot", "log": str(tmp_path / "imap1.log"), "host": "imap1"}},
        "directory": {"kind": "csv", "path": str(tmp_path / "customers.csv")},
        "sunset": {"pop": _sunset(relay.port)},
    }
    with Lab(tmp_path, config) as lab:
        for name in ("sink", "collect"):
            lab.run(name)
        until(lambda: lab.value("SELECT uniqExact(mailbox) FROM old_ways") == LETTERS, 60, "all users are stored")
        lab.run("desk")
        until(lambda: lab.value(_KNOWN) > 0, 60, "the relay's log told of a letter")
        for _ in range(KILLS):
            before = len(relay.taken)
            lab.kill("desk")
            lab.run("desk")
            until(lambda before=before: len(relay.taken) > before, 60, "it sends again")  # type: ignore[misc]
            time.sleep(rng.uniform(0, 1.0))
        assert len(relay.taken) < LETTERS, "it was killed in its work"

        def done() -> bool:
            relay.note(quiet(time.time_ns() // 1000))
            return _ended(lab) == LETTERS

        until(done, 330, "all letters have ended")
        assert lab.alive("desk")
        assert lab.end("desk") == 0
    taken = Counter(each.recipient for each in relay.taken)
    assert taken == {f"it@c{number}.example": 1 for number in range(LETTERS)}


def _ended(lab: Lab) -> int:
    told: list[NoticeSent] = []
    with Journal(
        lab.settings.kafka, lambda event: told.append(event) if isinstance(event, NoticeSent) else None, lambda: None
    ) as journal:
        journal.read()
    return len({event.message_id for event in told if event.status == "sent"})
