"""What the Pipeline page asks of dead letters: grouped, one by one, and what came of those that were tried again."""

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards.queries import frame
from dashboards.span import Span

# One reason names many lines: what stands in quotes, and numbers, tell one line from the next.
_KIND = r"""replaceRegexpAll(reason, '\'[^\']*\'|"[^"]*"|[0-9]+', '…')"""
_TRIED = """
SELECT letter, argMax(outcome, place) AS outcome, argMax(operator, place) AS operator, max(place.2) AS tried,
       argMax(told, place) AS told, argMax(count, place) AS events
FROM
(
    SELECT letter, outcome, operator, reason AS told, count, (outcome = 'recovered', at) AS place
    FROM dead_retries FINAL WHERE type = 'letter_tried' AND NOT preview AND at <= {until:Int64}
)
GROUP BY letter
"""
_LETTERS = f"""
SELECT id, at, name, format, reason, text, place, cut, {_KIND} AS kind, tries.outcome AS outcome,
       tries.operator AS operator, tries.tried AS tried, tries.told AS told, tries.events AS events
FROM (SELECT * FROM dead_letters FINAL WHERE at > {{since:Int64}} AND at <= {{until:Int64}}) AS letters
LEFT JOIN ({_TRIED}) AS tries ON tries.letter = letters.id
"""  # noqa: S608 our own text, with nothing of anybody's

_GROUPS = f"""
SELECT name, format, kind, toInt64(count()) AS letters, toInt64(countIf(outcome = 'recovered')) AS recovered,
       fromUnixTimestamp64Micro(max(at), 'UTC') AS newest, argMax(text, (at, id)) AS sample
FROM ({_LETTERS}) GROUP BY name, format, kind ORDER BY letters - recovered DESC, newest DESC, name, format, kind
LIMIT {{limit:UInt32}}
"""  # noqa: S608 likewise

_WANTED = """
WHERE ({name:String} = '' OR name = {name:String}) AND ({kind:String} = '' OR kind = {kind:String})
  AND ({search:String} = ''
       OR positionCaseInsensitiveUTF8(concatWithSeparator(' ', name, format, reason, place, text), {search:String}) > 0)
"""

_LISTED = f"""
SELECT fromUnixTimestamp64Micro(at, 'UTC') AS time, id, at, name, format, reason, text, place, cut, outcome, operator,
       told, toInt64(events) AS events, if(tried = 0, NULL, fromUnixTimestamp64Micro(tried, 'UTC')) AS tried_at,
       toInt64(count() OVER ()) AS total
FROM ({_LETTERS}) {_WANTED} ORDER BY at DESC, id LIMIT {{limit:UInt32}}
"""  # noqa: S608 likewise

_OPEN = f"""
SELECT id, at, toInt64(count() OVER ()) AS total FROM ({_LETTERS}) {_WANTED}
AND outcome != 'recovered' ORDER BY at DESC, id LIMIT {{limit:UInt32}}
"""  # noqa: S608 likewise

_ONE = """
SELECT fromUnixTimestamp64Micro(at, 'UTC') AS time, id, at, name, format, reason, text, place, cut
FROM dead_letters FINAL WHERE id = {letter:String} AND at <= {until:Int64} LIMIT 1
"""

_ANSWERS = """
SELECT fromUnixTimestamp64Micro(at, 'UTC') AS time, letter, name, host, operator, preview, outcome, reason,
       toInt64(count) AS count, events
FROM dead_retries FINAL
WHERE type = 'letter_tried' AND `order` = {order:String} AND at <= {until:Int64}
ORDER BY outcome = 'recovered', dead_retries.at DESC, id LIMIT 1 BY letter LIMIT {limit:UInt32}
"""

_ORDER = """
SELECT fromUnixTimestamp64Micro(at, 'UTC') AS time, id, operator, reason, preview, toInt64(length(letters)) AS letters
FROM dead_retries FINAL
WHERE type = 'retry_ordered' AND at <= {until:Int64}
  AND ({order:String} = '' OR id = {order:String})
  AND ({letter:String} = '' OR has(dead_retries.letters, {letter:String}))
ORDER BY dead_retries.at DESC, id LIMIT {limit:UInt32}
"""

_LOSSES = """
SELECT fromUnixTimestamp64Micro(at, 'UTC') AS time, name, format, reason, text, place, toInt64(count() OVER ()) AS total
FROM dead_letters FINAL
WHERE at > {since:Int64} AND at <= {until:Int64}
  AND (startsWith(place, 'input.') OR (cut AND endsWith(reason, 'is lost')))
ORDER BY dead_letters.at DESC, id LIMIT {limit:UInt32}
"""


def _range(span: Span) -> dict[str, int]:
    return {"since": span.since, "until": span.until}


def groups(client: Client, span: Span, limit: int = 200) -> pd.DataFrame:
    """Return the dead letters of the span by log, format and kind of reason, those with most unread first."""
    columns = ("name", "format", "kind", "letters", "recovered", "newest", "sample")
    return frame(client, _GROUPS, columns, limit=limit, **_range(span))


def letters(client: Client, span: Span, name: str, kind: str, search: str, limit: int = 200) -> pd.DataFrame:  # noqa: PLR0913, PLR0917 filters
    """Return the newest dead letters, of one log, kind of reason or with a text unless ""; `total` counts all.

    `outcome` is what came of the last try ("" where there was none), a success before all others.
    """
    columns = (
        *("time", "id", "at", "name", "format", "reason", "text", "place", "cut", "outcome", "operator", "told"),
        *("events", "tried_at", "total"),
    )
    return frame(client, _LISTED, columns, name=name, kind=kind, search=search, limit=limit, **_range(span))


def open_ones(client: Client, span: Span, name: str, kind: str, search: str, limit: int = 500) -> pd.DataFrame:  # noqa: PLR0913, PLR0917 filters
    """Return the ids and times of those of `letters` that are not recovered; `total` counts all."""
    columns = ("id", "at", "total")
    return frame(client, _OPEN, columns, name=name, kind=kind, search=search, limit=limit, **_range(span))


def one(client: Client, span: Span, letter: str) -> pd.DataFrame:
    """Return a dead letter by its id, whenever it was."""
    columns = ("time", "id", "at", "name", "format", "reason", "text", "place", "cut")
    return frame(client, _ONE, columns, letter=letter, until=span.until)


def answers(client: Client, span: Span, order: str, limit: int = 500) -> pd.DataFrame:
    """Return what each dead letter of an order gave; of several hosts' answers that which recovered it."""
    columns = ("time", "letter", "name", "host", "operator", "preview", "outcome", "reason", "count", "events")
    return frame(client, _ANSWERS, columns, order=order, until=span.until, limit=limit)


def orders(client: Client, span: Span, order: str, letter: str, limit: int = 20) -> pd.DataFrame:
    """Return the orders to try again, the newest first: one by its id, or those of a dead letter, or all."""
    columns = ("time", "id", "operator", "reason", "preview", "letters")
    return frame(client, _ORDER, columns, order=order, letter=letter, until=span.until, limit=limit)


def losses(client: Client, span: Span, limit: int = 100) -> pd.DataFrame:
    """Return what inputs could not keep and what was cut off a log before it was read; `total` counts all."""
    columns = ("time", "name", "format", "reason", "text", "place", "total")
    return frame(client, _LOSSES, columns, limit=limit, **_range(span))
