"""How long the questions about customers' domains take: `python -m bench.domains [DOMAINS [LOOKS]]`.

An embedded ClickHouse is filled with looks at each domain, six days apart, of the sorts that the tests have as zones;
then each question of the page, of `relaywarden domains list` and of `check --online` is asked, the best of five.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from clickhouse_connect.driver.client import Client
from msgspec.structs import replace

from dashboards import queries_domains
from dashboards.span import Span
from embedded.clickhouse import PASSWORD_ENV, ClickHouseServer
from schemas import codec
from schemas.settings import ClickHouse, Settings
from streams import domain_desk
from streams.migrate import migrate
from tests.customer_zones import GOLDEN, look

ZONES = ("01-all_in_order", "02-nothing_published", "04-no_answer", "08-spf_neutral", "15-dkim_cname_wanted")
DAY = 86_400_000_000
_MULTIPLY = """
INSERT INTO domain_checks (type, id, at, domain, customer, outcome, mx, spf, dkim, dmarc, checks, questions)
SELECT type, hex(cityHash64(number, {at:Int64})), {at:Int64} + toInt64(number * 1000),
       concat('d', toString(number), '.example'), concat('customer ', toString(number % 5000)),
       outcome, mx, spf, dkim, dmarc, checks, questions
FROM numbers({domains:UInt64}) AS numbers INNER JOIN kinds ON kinds.at = numbers.number % 5
"""


def fill(client: Client, domains: int, looks: int, now: int) -> None:
    """Store the looks, the newest of them an hour ago, the others six days apart."""
    client.command("CREATE TABLE kinds AS domain_checks ENGINE = Memory")
    for number, zone in enumerate(ZONES):
        event = look((GOLDEN / "customer_domains" / f"{zone}.zone").read_text(encoding="utf-8"))
        client.raw_insert("kinds", insert_block=codec.encode(replace(event, at=number)), fmt="JSONEachRow")
    for back in reversed(range(looks)):
        at = now - 3_600_000_000 - domains * 1000 - back * 6 * DAY
        client.command(_MULTIPLY, parameters={"at": at, "domains": domains})


def best(ask: Callable[[], object]) -> float:
    """Return the seconds of the fastest of five."""
    taken: list[float] = []
    for _ in range(5):
        before = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - before)
    return min(taken)


def main(domains: int, looks: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, ClickHouseServer(Path(folder) / "data") as server:
        os.environ[PASSWORD_ENV] = server.password
        settings = Settings(clickhouse=ClickHouse(host=server.host, port=server.port))
        migrate(server.connect(), "bench")
        client = server.connect("bench")
        now = time.time_ns() // 1000  # noqa: TID251 the pages look at the weeks before now
        fill(client, domains, looks, now)
        ((rows, version),) = client.query("SELECT count(), version() FROM domain_checks").result_rows
        print(f"{rows} looks at {domains} domains, ClickHouse {version}")
        span, back = Span.last(1, now), settings.domains.known_for
        questions: dict[str, Callable[[], object]] = {
            "counts": lambda: queries_domains.counts(client, span, back),
            "listed": lambda: queries_domains.listed(client, span, back, "", ()),
            "failing": lambda: queries_domains.listed(client, span, back, "", ("fail", "absent")),
            "search": lambda: queries_domains.listed(client, span, back, "d9999", ()),
            "seen": lambda: queries_domains.seen(client, span, back),
            "one": lambda: queries_domains.one(client, span, back, "d77.example"),
            "list": lambda: domain_desk.seen(client, settings, now),
            "online": lambda: domain_desk.failing(client, settings, now),
        }
        for name, ask in questions.items():
            print(f"{name:8} {best(ask) * 1000:7.0f} ms")


if __name__ == "__main__":
    main(*map(int, (*sys.argv[1:], *("100000", "4")[len(sys.argv) - 1 :])))
