"""Of which time the logs were read: all together, and each host's for itself.

A host has two logs that may be read each without the other, of its MTA and of its POP and IMAP logins, as in
`streams.sunset.uses`: `mx1` and `mx1 (logins)`. One that talks says nothing of another's.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from clickhouse_connect.driver.client import Client

from streams.reports import questions
from streams.reports.figures import Silent
from streams.reports.periods import Period, bars, compared_with

_THREE_WEEKS = 21 * 86_400_000_000
Log = tuple[str, Sequence[int]]
"""A log's name, and when it was heard (µs), the newest last."""


def silent(client: Client, period: Period, now: int) -> tuple[Silent, ...]:
    """Return the logs that were heard before the period's end, and not throughout it. ClickHouseError.

    Heard are those that told anything in the three weeks before the period, or in it; one that was silent for longer is
    another's place now. What is dated after `now` (µs) tells of nothing that was read.
    """
    return tuple(_silences(_logs(client, period, now), period))


def heard_before(client: Client, period: Period, now: int) -> bool:
    """Tell whether the time that a period is compared with was read from its first hour or day on, and by all logs.

    By the same rule as `silent`. ClickHouseError.
    """
    before = compared_with(period)
    spans = bars(before)
    if not spans:  # the clock jumped over these hours on the day before
        return False
    logs = _logs(client, before, now)
    return any(heard[0] < spans[0][1] for _, heard in logs) and not any(_silences(logs, before))


def _logs(client: Client, period: Period, now: int) -> list[Log]:
    asked = {"since": period.since - _THREE_WEEKS, "until": period.until, "now": now}
    return [(str(log), sorted(map(int, heard))) for log, heard in client.query(questions.LOGS, asked).result_rows]


def _silences(logs: Iterable[Log], period: Period) -> Iterator[Silent]:
    units = [(period.since, period.until)] if period.every == "daily" else bars(period)
    for log, heard in logs:
        found = _silence(log, heard, units)
        if found is not None:
            yield found


def _silence(log: str, heard: Sequence[int], units: Sequence[tuple[int, int]]) -> Silent | None:
    """Return since when a log was not heard to the end, else its first day without a line; None where there is none.

    A log is written and read in its order: what it told after a quiet hour says that the hour was read.
    """
    if heard[-1] < units[-1][1]:
        return Silent(log, heard[-1])
    for begins, ends in units:
        place = bisect_left(heard, begins)
        if place and heard[place] >= ends:
            return Silent(log, heard[place - 1], heard[place])
    return None
