"""What the Sunset page asks the warehouse: where a sunset stands, how it goes, its stages, and its letters.

What is worked out stands in views that the command line asks too (schemas/clickhouse/036_sunset_measures.sql,
038_sunset_letters.sql). Days are text (`2027-02-22`), of the sunset's time zone.
"""

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards.queries import as_of, frame
from dashboards.span import Span

_SUNSETS = """
SELECT DISTINCT toString(sunset) AS name FROM sunset_events
WHERE type = 'sunset_counted' AND at <= {until:Int64} ORDER BY name LIMIT 100
"""

_NEWEST = """
SELECT toString(date) AS day, toInt64(sum(mailboxes_found)) AS found, toInt64(sum(mailboxes_open)) AS open,
       toInt64(sum(mailboxes_done)) AS done, toInt64(sum(mailboxes_exempt)) AS exempt,
       toInt64(sum(mailboxes_relapsed)) AS relapsed, toInt64(sum(customers_open)) AS customers,
       toInt64(sum(messages_week)) AS messages, toInt64(max(days_unheard)) AS unheard,
       (SELECT fromUnixTimestamp64Micro(max(at), 'UTC') FROM sunset_events
        WHERE type = 'sunset_counted' AND sunset = {name:String}) AS time
FROM sunset_days WHERE sunset = {name:String} GROUP BY date ORDER BY date DESC LIMIT 1
"""

_WEEKS = """
SELECT toString(monday) AS monday, toString(language) AS language, toString(counted) AS counted, found, open, done,
       exempt, relapsed, customers, messages, unheard
FROM sunset_burndown WHERE sunset = {name:String} ORDER BY monday, language LIMIT 2000
"""

_FORECAST = """
SELECT toString(counted) AS counted, toInt64(open) AS open, toInt64(days) AS days, slope, level,
       ifNull(toString(nothing_left), '') AS nothing_left
FROM sunset_forecasts WHERE sunset = {name:String} LIMIT 1
"""

_RESPONSES = """
SELECT number, toString(language) AS language, toInt64(letters) AS letters, toInt64(sent) AS sent,
       toInt64(mailboxes) AS mailboxes, toInt64(stopped) AS stopped, gone
FROM sunset_responses
INNER JOIN
(
    SELECT number, language, max(due) AS gone FROM sunset_events
    WHERE type = 'letter_due' AND sunset = {name:String} AND kind = 'letter' AND recipient != ''
    GROUP BY number, language
) AS newest USING (number, language)
WHERE sunset = {name:String} ORDER BY number, language LIMIT 1000
"""

_STEPS = """
SELECT type, at, stage, step, until_at, operator, reason, arrayMap(e -> e.text, evidence) AS reasons,
       if(type = 'stages_planned', toJSONString(stages), '') AS plan, id, follows
FROM sunset_events FINAL
WHERE type IN ('stages_planned', 'stage_stepped') AND sunset = {name:String} AND at <= {until:Int64}
ORDER BY at, kafka_offset, type = 'stage_stepped' LIMIT 20000
"""

_SWITCHES = """
SELECT host, hook, argMax(off, (at, kafka_offset)) AS stages_off, argMax(problem, (at, kafka_offset)) AS trouble,
       fromUnixTimestamp64Micro(max(at), 'UTC') AS time
FROM sunset_events WHERE type = 'stages_switched' AND sunset = {name:String} AND at <= {until:Int64}
GROUP BY host, hook ORDER BY host, hook LIMIT 1000
"""

_TICKETS = """
SELECT toInt64(countIf(first > {until:Int64} - 3600000000)) AS hour,
       toInt64(countIf(first > {until:Int64} - 86400000000)) AS day, toInt64(count()) AS ever
FROM
(
    SELECT min(at) AS first FROM sunset_events
    WHERE type = 'ticket_opened' AND sunset = {name:String} AND at <= {until:Int64} GROUP BY ticket
)
"""

_LETTER_WEEKS = """
SELECT week, min(due) AS first, state,
       toInt64(count()) AS letters
FROM sunset_letters(sunset = {name:String}, since = {since:Int64}, mailbox = '')
GROUP BY week, state ORDER BY week, state LIMIT 2000
"""

_FAILED = """
SELECT fromUnixTimestamp64Micro(at, 'UTC') AS decided, customer, name, recipient, toString(language) AS language,
       toString(kind) AS kind, number, state, words, arrayStringConcat(arraySlice(mailboxes, 1, 20), ', ') AS boxes,
       message_id, toInt64(count() OVER ()) AS total
FROM sunset_letters(sunset = {name:String}, since = {since:Int64}, mailbox = '')
WHERE state IN ('refused', 'bounced', 'nobody to write to')
ORDER BY at DESC, customer, id LIMIT {limit:UInt32}
"""

# A decision that stands twice in the log, as two desks at once would write it, counts where it stands first.
_FOUND = """
WITH
told AS
(
    SELECT type, mailbox, customer, language, relapse, at, if(type = 'user_found', use.last, last) AS seen,
           use.messages AS messages, use.confidence AS confidence, switched
    FROM sunset_events
    WHERE type IN ('user_found', 'user_done') AND sunset = {name:String} AND at <= {until:Int64}
      AND (positionCaseInsensitiveUTF8(mailbox, {search:String}) > 0
           OR positionCaseInsensitiveUTF8(customer, {search:String}) > 0)
    ORDER BY at LIMIT 1 BY id
)
SELECT mailbox, argMax(customer, at) AS customer, toString(argMaxIf(language, at, type = 'user_found')) AS language,
       argMax(type, (at, type = 'user_done')) = 'user_done' AS done, argMaxIf(relapse, at, type = 'user_found') AS back,
       fromUnixTimestamp64Micro(max(at), 'UTC') AS since, fromUnixTimestamp64Micro(max(seen), 'UTC') AS seen,
       argMaxIf(confidence, at, type = 'user_found') AS confidence, toInt64(count() OVER ()) AS total
FROM told GROUP BY mailbox ORDER BY mailbox LIMIT {limit:UInt32}
"""

_EXEMPT = """
SELECT subject, argMax(until, (at, kafka_offset)) AS until_day, argMax(reason, (at, kafka_offset)) AS why
FROM sunset_events WHERE type = 'user_exempted' AND sunset = {name:String} AND at <= {until:Int64}
GROUP BY subject HAVING NOT argMax(ended, (at, kafka_offset)) ORDER BY subject LIMIT 10000
"""

_USES = """
SELECT fromUnixTimestamp64Micro(told, 'UTC') AS told, one.confidence AS confidence, client.ip AS ip,
       client.helo AS helo, client.message_host AS message_host, client.program AS program, client.messages AS messages,
       if(client.last = 0, NULL, fromUnixTimestamp64Micro(client.last, 'UTC')) AS last
FROM
(
    SELECT told, one FROM
    (
        SELECT at AS told, use AS one FROM sunset_events
        WHERE type = 'user_found' AND sunset = {name:String} AND mailbox = {mailbox:String} AND at <= {until:Int64}
        UNION ALL
        SELECT at, arrayFirst(each -> each.mailbox = {mailbox:String}, uses) FROM sunset_events
        WHERE type = 'letter_due' AND sunset = {name:String} AND has(uses.mailbox, {mailbox:String})
              AND at <= {until:Int64}
    )
    ORDER BY notEmpty(one.clients) DESC, told DESC LIMIT 1
)
ARRAY JOIN one.clients AS client ORDER BY last DESC, ip LIMIT 200
"""

_LETTERS = """
SELECT fromUnixTimestamp64Micro(due, 'UTC') AS goes, toString(kind) AS kind, number, of, customer, recipient,
       toString(language) AS language, state, words,
       has(thanked, {mailbox:String}) AS thanks
FROM sunset_letters(sunset = {name:String}, since = 0, mailbox = {mailbox:String})
ORDER BY due DESC, id LIMIT 200
"""


def sunsets(client: Client, span: Span) -> pd.DataFrame:
    """Return the names of all sunsets that were ever counted."""
    return frame(client, _SUNSETS, ("name",), until=span.until)


def newest(client: Client, span: Span, name: str) -> pd.DataFrame:
    """Return, in one row, where a sunset stood on the newest day that was counted, and when that was; else no row."""
    columns = ("day", "found", "open", "done", "exempt", "relapsed", "customers", "messages", "unheard", "time")
    return as_of(client, _NEWEST, columns, span, name=name)


def weeks(client: Client, span: Span, name: str) -> pd.DataFrame:
    """Return the burn-down: where it stood at the end of each week, for each language."""
    counts = ("found", "open", "done", "exempt", "relapsed", "customers", "messages", "unheard")
    return as_of(client, _WEEKS, ("monday", "language", "counted", *counts), span, name=name)


def forecast(client: Client, span: Span, name: str) -> pd.DataFrame:
    """Return, in one row, the line through the logarithms of the open mailboxes; `nothing_left` "": it cannot be told.

    `level` is the line at the day `counted`, `slope` what it changes a day, `days` how many it is made of.
    """
    columns = ("counted", "open", "days", "slope", "level", "nothing_left")
    return as_of(client, _FORECAST, columns, span, name=name)


def responses(client: Client, span: Span, name: str) -> pd.DataFrame:
    """Return what the letters of each number and language brought; `gone` is when the newest of them was due (µs)."""
    columns = ("number", "language", "letters", "sent", "mailboxes", "stopped", "gone")
    return as_of(client, _RESPONSES, columns, span, name=name)


def steps(client: Client, span: Span, name: str) -> pd.DataFrame:
    """Return all plans (`plan`, JSON) and steps of the stages, in the order of the log."""
    columns = ("type", "at", "stage", "step", "until_at", "operator", "reason", "reasons", "plan", "id", "follows")
    return frame(client, _STEPS, columns, name=name, until=span.until)


def switches(client: Client, span: Span, name: str) -> pd.DataFrame:
    """Return which stages each switch of each relay host has off, as it told last, or its trouble."""
    return frame(client, _SWITCHES, ("host", "hook", "stages_off", "trouble", "time"), name=name, until=span.until)


def tickets(client: Client, span: Span, name: str) -> pd.DataFrame:
    """Return, in one row, how many tickets came in the last hour, the last day and ever."""
    return frame(client, _TICKETS, ("hour", "day", "ever"), name=name, until=span.until)


def letter_weeks(client: Client, span: Span, name: str) -> pd.DataFrame:
    """Return how many letters of each week (`first`: the first was due then, µs) came to each state."""
    return as_of(client, _LETTER_WEEKS, ("week", "first", "state", "letters"), span, name=name, since=span.since)


def failed(client: Client, span: Span, name: str, limit: int = 1000) -> pd.DataFrame:
    """Return the letters that reached nobody, the newest first; `total` counts all."""
    columns = ("decided", "customer", "name", "recipient", "language", "kind", "number", "state", "words", "boxes")
    asked = {"name": name, "since": span.since, "limit": limit}
    return as_of(client, _FAILED, (*columns, "message_id", "total"), span, **asked)


def found(client: Client, span: Span, name: str, search: str, limit: int = 200) -> pd.DataFrame:
    """Return the mailboxes in whose name or whose customer's a text stands: done or not, since when, last seen when."""
    columns = ("mailbox", "customer", "language", "done", "back", "since", "seen", "confidence", "total")
    return frame(client, _FOUND, columns, name=name, until=span.until, search=search, limit=limit)


def exempt(client: Client, span: Span, name: str) -> pd.DataFrame:
    """Return what is exempt (a mailbox, `@domain` or customer), until which day ("": till it ends), and why."""
    return frame(client, _EXEMPT, ("subject", "until_day", "why"), name=name, until=span.until)


def uses(client: Client, span: Span, name: str, mailbox: str) -> pd.DataFrame:
    """Return the clients of a mailbox as the newest decision that names any told them (`told`), the newest first."""
    columns = ("told", "confidence", "ip", "helo", "message_host", "program", "messages", "last")
    return frame(client, _USES, columns, name=name, until=span.until, mailbox=mailbox)


def letters(client: Client, span: Span, name: str, mailbox: str) -> pd.DataFrame:
    """Return the letters that name a mailbox, or thank for it, the newest first, with what became of each."""
    columns = ("goes", "kind", "number", "of", "customer", "recipient", "language", "state", "words", "thanks")
    return as_of(client, _LETTERS, columns, span, name=name, mailbox=mailbox)
