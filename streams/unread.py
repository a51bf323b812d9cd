"""Dead letters on the command line: which there are, which an order names, and what came of it."""

import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from clickhouse_connect.driver.client import Client

from schemas.ordering import now
from schemas.retry_events import MOST_LETTERS, RetryOrdered

_DAY = 86_400_000_000
_LOOK_SECONDS = 0.5
_RECOVERED = """SELECT letter FROM dead_retries
WHERE type = 'letter_tried' AND NOT preview AND outcome = 'recovered'"""
_LISTED = f"""SELECT id, at, fromUnixTimestamp64Micro(at, 'UTC') AS time, name, format, place, reason, text,
id IN ({_RECOVERED}) AS recovered
FROM dead_letters FINAL
WHERE at > {{since:Int64}} AND ({{log:String}} = '' OR name = {{log:String}})
AND (empty({{ids:Array(String)}}) OR has({{ids:Array(String)}}, id))
AND ({{search:String}} = '' OR positionCaseInsensitiveUTF8(concatWithSeparator(' ', reason, text, place), {{search:String}}) > 0)
AND ({{every:Bool}} OR NOT recovered)
ORDER BY at DESC, id LIMIT {{limit:UInt32}}"""  # noqa: S608, E501 our own text, with nothing of anybody's
_ANSWERS = """SELECT letter, name, host, outcome, toInt64(count) AS events, reason, events AS gives
FROM dead_retries FINAL WHERE type = 'letter_tried' AND `order` = {order:String}
ORDER BY outcome = 'recovered' DESC, at DESC, id LIMIT 1 BY letter"""


class Filter(NamedTuple):
    """Which dead letters: of the newest days, of one log, with a text in them; "" is any."""

    days: float = 7.0
    log: str = ""
    search: str = ""


def listed(client: Client, wanted: Filter, *, every: bool = False, limit: int = 1000) -> Iterator[dict[str, object]]:
    """Yield the dead letters, the newest first: those that are not recovered, with `every` all."""
    for identity, _at, *row in _rows(client, wanted, (), every=every, limit=limit):
        names = ("time", "log", "format", "place", "reason", "text", "recovered")
        yield {"id": identity, **dict(zip(names, row, strict=True))}


def chosen(client: Client, wanted: Filter, ids: Sequence[str]) -> tuple[list[str], int, int]:
    """Return the ids that an order shall name, and between which times these lie.

    The given ones, whenever they were, else those of the filter that are not recovered. ValueError where one is none,
    there are none, or too many for one order.
    """
    if ids:
        found = {str(row[0]): int(row[1]) for row in _rows(client, Filter(days=36_500), ids, every=True)}
        strange = [each for each in ids if each not in found]
        if strange:
            raise ValueError(f"{strange[0]!r}: there is no such dead letter (relaywarden dead-letters list)")
    else:
        rows = _rows(client, wanted, (), every=False, limit=MOST_LETTERS)
        found = {str(row[0]): int(row[1]) for row in rows}
        if not found:
            raise ValueError(f"no dead letter of {wanted.days:g} days matches --log {wanted.log!r} {wanted.search!r}")
    return list(found), min(found.values()), max(found.values())


def answers(client: Client, order: RetryOrdered, seconds: float) -> list[dict[str, object]]:
    """Return what each dead letter of an order gave, waiting for all of them so long at most; none for the others."""
    deadline = time.monotonic() + seconds
    while True:
        rows = client.query(_ANSWERS, parameters={"order": order.id}).result_rows
        if len(rows) >= len(order.letters) or time.monotonic() > deadline:
            names = ("letter", "log", "host", "outcome", "events", "reason", "gives")
            return [dict(zip(names, row, strict=True)) for row in rows]
        time.sleep(_LOOK_SECONDS)


def _rows(
    client: Client, wanted: Filter, ids: Sequence[str], *, every: bool, limit: int = MOST_LETTERS
) -> Sequence[Sequence[Any]]:
    values = {
        "since": now() - int(wanted.days * _DAY),
        "log": wanted.log,
        "search": wanted.search,
        "ids": list(ids),
        "every": every,
        "limit": limit,
    }
    rows: Sequence[Sequence[Any]] = client.query(_LISTED, parameters=values).result_rows
    return rows
