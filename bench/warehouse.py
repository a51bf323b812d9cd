"""What ClickHouse takes to answer a sunset's questions: `python -m bench.warehouse [EVENTS] [FOLDER]`.

A week of mail events, seven in eight of them logins, is made by ClickHouse itself, and passes its views as the sink's
would; the letters, days and ends of eight weeks are those of one mailbox in ten. Each question is asked three times:
told are the medians. FOLDER (of the system's temporary ones if there is none) takes some 100 bytes an event.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import psutil
from clickhouse_connect.driver.client import Client

from embedded.clickhouse import ClickHouseServer
from schemas.sunset_events import Stage
from schemas.sunset_settings import Sunset, SunsetKind
from schemas.sunset_stages import Stages
from streams.letterlist import letters
from streams.migrate import migrate
from streams.sunset.ledger import Ledger
from streams.sunset.load_seen import load_of
from streams.sunset.measure import burndown, forecasts, responses
from streams.sunset.uses import carriers, heard, messages, untold, uses

HOUR = 3_600_000_000
WEEK = 168 * HOUR
RUNS = 3
_CHUNK = 1_000_000
_MAILS = """
INSERT INTO mail_events (type, id, at, host, mailbox, sender, sender_kind, envelope_from, service, outcome, tls,
    tls_version, cleartext, client_ip, queue_id, message_id, helo, mailer, candidates, reply)
WITH number % 40 AS kind, cityHash64(number) % {boxes:UInt64} AS box, box % 10 AS habit,
     concat('user', toString(box), '@example.net') AS name, kind < 35 AS login, kind IN (35, 36) AS old_way,
     login AND kind > 1 AS good
SELECT multiIf(login, 'mailbox_authenticated', kind < 38, 'message_submitted', kind = 38, 'delivery_attempted',
               'message_rejected'),
       hex(sipHash128(number)), {begin:Int64} + intDiv(toInt128(number) * 604800000000, {events:Int64}),
       if(login, concat('pop', toString(number % 4)), concat('mx', toString(number % 4))), if(login, name, ''), name,
       multiIf(old_way, 'pop', kind = 37, 'sasl', ''), name, ['imap', 'pop3', 'smtp'][number % 3 + 1],
       if(good, 'succeeded', 'failed'), good AND habit > 0,
       multiIf(NOT good OR habit = 0, '', habit = 1, 'TLSv1', habit < 5, 'TLSv1.2', 'TLSv1.3'), login AND habit = 0,
       concat('198.51.', toString(box % 256), '.', toString(number % 2)), hex(number),
       concat(hex(number), '@pc', toString(box % 50)), 'pc', 'Outlook',
       if(old_way, [(name, 0.75), (concat('user', toString((box + 1) % {boxes:UInt64}), '@example.net'), 0.25)], []),
       '550 5.7.1 Log in with SMTP AUTH'
FROM numbers({first:UInt64}, {count:UInt64})
"""
_LETTERS = """
INSERT INTO sunset_events (type, id, at, sunset, customer, language, kind, number, of, week, due, recipient, message_id,
    uses)
SELECT 'letter_due', concat('l', toString(number)), {now:Int64} - (8 - week) * 604800000000, 'pop',
       concat('c', toString(customer)), ['de', 'en', 'fr', 'it'][customer % 4 + 1], 'letter', week, 8, week,
       {now:Int64} - (8 - week) * 604800000000, 'x@example.net', concat('<', toString(number), '@example.net>'),
       arrayMap(one -> (concat('user', toString(customer * 3 + one), '@example.net'), 1, 0, 0, 1., 0, [], []), range(3))
FROM (SELECT number, intDiv(number, 8) AS customer, number % 8 + 1 AS week FROM numbers({count:UInt64} * 8))
"""
_DONE = """
INSERT INTO sunset_events (type, id, at, sunset, mailbox, last)
SELECT 'user_done', concat('d', toString(number)), {now:Int64} - number % 7 * 604800000000, 'pop',
       concat('user', toString(number * 2), '@example.net'), {now:Int64} - (number % 7 + 1) * 604800000000
FROM numbers({count:UInt64})
"""
_COUNTED = """
INSERT INTO sunset_events (type, id, at, sunset, day, language, found, open, done)
SELECT 'sunset_counted', concat('s', toString(number)), {now:Int64} - intDiv(number, 4) * 86400000000, 'pop',
       toString(today() - intDiv(number, 4)), ['de', 'en', 'fr', 'it'][number % 4 + 1], 100000, 1000 + number * 100, 0
FROM numbers(240)
"""


def fill(client: Client, events: int, now: int) -> None:
    """Make a week of mail events that ends now, of a mailbox a hundred events, and eight weeks of letters."""
    boxes = max(events // 100, 1000)
    span = {"boxes": boxes, "events": events, "begin": now - WEEK}
    for first in range(0, events, _CHUNK):
        client.command(_MAILS, parameters={**span, "first": first, "count": min(_CHUNK, events - first)})
    customers = boxes // 10 // 3
    for statement, count in ((_LETTERS, customers), (_DONE, customers * 3 // 2), (_COUNTED, 240)):
        client.command(statement, parameters={"now": now, "count": count})


def of_a_kind(client: Client, sunset: Sunset, now: int) -> dict[str, Callable[[], object]]:
    """Return what the desk asks about a sunset: each week, each minute, and where it names hosts."""
    span, ledger = (now - WEEK, now), Ledger(stages=(Stage(number=1),))

    def look() -> tuple[int, frozenset[str]]:
        return sum(1 for _ in uses(client, sunset, *span)), carriers(client, sunset, *span)

    asked: dict[str, Callable[[], object]] = {
        "the look of a week": look,
        "its messages": lambda: len(messages(client, sunset, *span)),
        "the load of a minute": lambda: load_of(client, sunset, ledger, {1: now - HOUR}, now),
        "hosts that do not tell": lambda: untold(client, sunset, *span),
    }
    return {f"{sunset.kind}, {name}": ask for name, ask in asked.items()}


def questions(client: Client, now: int) -> dict[str, Callable[[], object]]:
    """Return what is asked, by what a person or the desk asks it for."""
    asked: dict[str, Callable[[], object]] = {}
    kinds: tuple[SunsetKind, ...] = ("smtp_after_pop", "cleartext_login", "old_tls")
    for kind in kinds:
        sunset = Sunset(kind=kind, begins=date(2026, 1, 1), ends=date(2027, 1, 1), stages=Stages())
        asked |= of_a_kind(client, sunset, now)
    asked["hosts heard"] = lambda: len(heard(client, now - 4 * WEEK, now))
    asked["sunset status --weeks"] = lambda: len(burndown(client))
    asked["sunset status --responses"] = lambda: len(responses(client))
    asked["the forecasts"] = lambda: forecasts(client)
    asked["sunset letters"] = lambda: sum(1 for _ in letters(client, "pop", 0))
    return asked


def main(events: int, folder: Path) -> None:
    """Fill and ask; print seconds, and CPU seconds of ClickHouse."""
    now = time.time_ns() // 1000  # noqa: TID251 the tables forget what is old
    with ClickHouseServer(folder / "data") as server:
        process = psutil.Process(server.pid)
        migrate(server.connect(), "bench")
        client = server.connect("bench")
        begun = time.monotonic()
        fill(client, events, now)
        size = sum(file.stat().st_size for file in (folder / "data").rglob("*") if file.is_file()) / 1e6
        print(f"{events} events made in {time.monotonic() - begun:.0f} s, {size:.0f} MB", flush=True)
        for name, ask in questions(client, now).items():
            took, cpu = [], []
            for _ in range(RUNS):
                begun, before = time.monotonic(), sum(process.cpu_times()[:2])
                answer = ask()
                took.append(time.monotonic() - begun)
                cpu.append(sum(process.cpu_times()[:2]) - before)
            shown = f"{statistics.median(took):.2f} s, {statistics.median(cpu):.2f} s of CPU"
            print(f"{name}: {shown}: {answer!s:.90}", flush=True)
        print(f"memory of ClickHouse: {process.memory_info().rss / 1e6:.0f} MB")


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    if len(sys.argv) > 2:  # noqa: PLR2004 a folder is named
        main(wanted, Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as made:
            main(wanted, Path(made))
