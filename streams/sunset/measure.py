"""How a sunset goes, as ClickHouse counts it (schemas/clickhouse/036_sunset_measures.sql): all of it from the events.

The burn-down is the newest count of each week and language. A letter's response is the share of the mailboxes it asked
that stopped within a week. The forecast is a straight line through the logarithms of the open mailboxes of the last 28
days whose logs were all read: they fall by a constant share a day, and nothing is left below half a mailbox.
"""

from collections.abc import Iterator

import msgspec
from clickhouse_connect.driver.client import Client

_WEEKS = "SELECT * FROM sunset_burndown WHERE {name:String} IN ('', sunset) ORDER BY sunset, monday, language"
_RESPONSES = "SELECT * FROM sunset_responses WHERE {name:String} IN ('', sunset) ORDER BY sunset, number, language"
_FORECASTS = "SELECT sunset, counted, open, days, nothing_left FROM sunset_forecasts ORDER BY sunset"

_CLOSES = """
SELECT sunset, arrayMax(arrayMap(stage -> stage.closes, argMax(stages, at))) FROM sunset_events
WHERE type = 'stages_planned' GROUP BY sunset
"""


class Week(msgspec.Struct, frozen=True):
    """Where a sunset stood at the end of a week (`monday` is its first day), counted on the day `counted`."""

    sunset: str
    monday: str
    language: str
    counted: str
    found: int
    open: int
    done: int
    exempt: int
    relapsed: int
    customers: int
    messages: int
    unheard: int


class Response(msgspec.Struct, frozen=True):
    """What the letters with a number brought: of the mailboxes asked, those that stopped within a week, and the share.

    Of the letters that were decided, `sent` is how many the mail server took.
    """

    sunset: str
    number: int
    language: str
    letters: int
    sent: int
    mailboxes: int
    stopped: int
    share: float


class Forecast(msgspec.Struct, frozen=True):
    """When nothing is left, by the `days` counted; None where that cannot be told, the day it was where nothing is."""

    sunset: str
    counted: str
    open: int
    days: int
    nothing_left: str | None


def burndown(client: Client, name: str = "") -> list[Week]:
    """Return the weeks of a sunset, or (unless given) of all, each language a row."""
    return [msgspec.convert(row, Week, strict=False) for row in _rows(client, _WEEKS, name)]


def responses(client: Client, name: str = "") -> list[Response]:
    """Return what each letter brought, each language a row."""
    return [msgspec.convert(row, Response, strict=False) for row in _rows(client, _RESPONSES, name)]


def forecasts(client: Client) -> dict[str, Forecast]:
    """Return the forecast of each sunset that was ever counted."""
    found = (msgspec.convert(row, Forecast, strict=False) for row in _rows(client, _FORECASTS, ""))
    return {each.sunset: each for each in found}


def closes(client: Client) -> dict[str, int]:
    """Return when the last stage closes (µs) of each sunset whose stages were planned, by its newest plan."""
    return {str(name): int(at) for name, at in client.query(_CLOSES).result_rows}


def _rows(client: Client, asked: str, name: str) -> Iterator[dict[str, object]]:
    answer = client.query(asked, parameters={"name": name})
    for row in answer.result_rows:
        yield {
            column: value.isoformat() if hasattr(value, "isoformat") else value
            for column, value in zip(answer.column_names, row, strict=True)
        }
