"""How fast the Customers page is answered: `python -m bench.customers [MAILBOXES] [MAILS] [TIMES]`.

An embedded ClickHouse holds a directory of a million mailboxes of 100,000 customers, and ten million deliveries of
seven days by all of them, with complaints and flagged mailboxes. Told is what each question takes: the median, the 95th
percentile, the slowest of so many times, and the CPU of ClickHouse a question.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import psutil
from clickhouse_connect.driver.client import Client

from dashboards import queries_customer, queries_customers
from dashboards.span import Span
from embedded.clickhouse import ClickHouseServer
from streams.migrate import migrate

_DAY = 86_400_000_000
_BOX = """concat('user', toString(number % {boxes:UInt64}), '@d', toString(intDiv(number % {boxes:UInt64}, 10)),
              '.example')"""
_FILL = (
    f"""INSERT INTO customer_addresses
        SELECT {_BOX}, 1, 0, concat('K', toString(intDiv(number, 10))), 'mailbox', '' FROM numbers({{boxes:UInt64}})""",  # noqa: S608 our own text
    """INSERT INTO customer_addresses
       SELECT concat('@d', toString(number), '.example'), 1, 0, concat('K', toString(number)), 'domain', ''
       FROM numbers(intDiv({boxes:UInt64}, 10))""",
    """INSERT INTO customer_accounts
       SELECT concat('K', toString(number)), 1, 0, concat('Customer number ', toString(number)), 'en', '', '', true
       FROM numbers(intDiv({boxes:UInt64}, 10))""",
    """INSERT INTO complaints (type, id, at, feedback_type, sender, attribution)
        SELECT 'complaint_received', toString(number), {now:Int64} - rand64() % {week:Int64}, 'abuse',
               concat('user', toString(rand64(1) % {boxes:UInt64}), '@d', toString(number), '.example'), 'verp'
        FROM numbers(2000)""",
    f"""INSERT INTO mailbox_events (type, id, at, mailbox, score, step)
        SELECT 'mailbox_flagged', toString(number), {{now:Int64}} - rand64() % {{week:Int64}}, {_BOX}, 100, 'flag'
        FROM numbers(500)""",  # noqa: S608 likewise
)
_MAILS = """
INSERT INTO mail_events (type, id, at, host, sender, sender_kind, recipient, provider, outcome, reply, outbound_ip)
SELECT 'delivery_attempted', hex(sipHash128(number)),
       {now:Int64} - {week:Int64} + intDiv(number * {week:Int64}, {mails:UInt64}), 'mx1',
       concat('user', toString(box), '@d', toString(intDiv(box, 10)), '.example'), 'sasl', 'x@example.org',
       concat('provider', toString(number % 12)), ['sent', 'sent', 'sent', 'deferred', 'bounced'][number % 5 + 1],
       '250 2.0.0 ok', concat('192.0.2.', toString(number % 8))
FROM (SELECT number + {first:UInt64} AS number, cityHash64(number) % {boxes:UInt64} AS box
      FROM numbers({block:UInt64}))
"""
_BLOCK = 200_000


def fill(client: Client, boxes: int, mails: int, now: int) -> None:
    """Store the directory, and the week before `now`; mails by blocks, as the sink does."""
    values = {"boxes": boxes, "mails": mails, "now": now, "week": 7 * _DAY}
    for sql in _FILL:
        client.command(sql, parameters=values)
    for first in range(0, mails, _BLOCK):
        client.command(_MAILS, parameters={**values, "first": first, "block": min(_BLOCK, mails - first)})


def _rest(client: Client) -> None:
    """Wait until what was stored is merged, as far as ClickHouse does by itself."""
    while client.command("SELECT count() FROM system.merges"):
        time.sleep(0.5)


def told(name: str, pid: int, times: int, ask: Callable[[], pd.DataFrame]) -> None:
    """Print what a question takes."""
    process = psutil.Process(pid)
    took, rows = [], 0
    before = process.cpu_times()
    for _ in range(times):
        begun = time.perf_counter()
        rows = len(ask())
        took.append(time.perf_counter() - begun)
    after = process.cpu_times()
    cpu = (after.user + after.system - before.user - before.system) / times
    p95 = statistics.quantiles(took, n=20, method="inclusive")[-1]
    print(
        f"| {name} | {rows} | {1000 * statistics.median(took):.0f} | {1000 * p95:.0f} | {1000 * max(took):.0f} |"
        f" {1000 * cpu:.0f} |",
        flush=True,
    )


def main(boxes: int = 1_000_000, mails: int = 10_000_000, times: int = 20) -> None:
    """Fill a ClickHouse, and ask it what the page asks."""
    now = time.time_ns() // 1000  # noqa: TID251 the tables forget what is old
    with tempfile.TemporaryDirectory() as folder, ClickHouseServer(Path(folder)) as server:
        migrate(server.connect(), "bench")
        client = server.connect("bench")
        fill(client, boxes, mails, now)
        _rest(client)
        pid = server.pid
        print("| question | rows | median, ms | p95, ms | slowest, ms | CPU, ms |\n|---|---:|---:|---:|---:|---:|")
        for hours in (1, 6, 24):
            span = Span.last(hours, now)
            told(f"all, {hours} h", pid, times, lambda span=span: queries_customers.needy(client, span, ""))  # type: ignore[misc]
        span = Span.last(6, now)
        for search in ("number 77", "user77777@", "d777.example", "nobody at all"):
            told(f"search {search!r}, 6 h", pid, times, lambda s=search: queries_customers.needy(client, span, s))  # type: ignore[misc]
        week = Span.last(168, now)
        one: dict[str, Callable[[Client, Span, str], pd.DataFrame]] = {
            "his mailboxes": queries_customer.boxes,
            "his traffic": queries_customer.traffic,
            "his complaints": queries_customer.complaints,
            "his cases": queries_customer.cases,
        }
        for name, ask in one.items():
            told(f"{name}, 7 d", pid, times, lambda ask=ask: ask(client, week, "K777"))  # type: ignore[misc]
        told("whose a mailbox is", pid, times, lambda: queries_customers.whose(client, span, "user7@d0.example"))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
