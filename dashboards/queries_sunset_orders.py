"""What the Sunset page asks about an order: whom it concerns before it is given, and what became of it."""

import pandas as pd
from clickhouse_connect.driver.client import Client

from dashboards.queries import as_of, frame, patient
from dashboards.span import Span

# A mailbox is in a stage by how its address begins, as streams/sunset/stages.py spells it; exempt as in the ledger. Of
# the hour in which the span ends, the counts of hours tell what comes after it, too: the rows themselves are asked.
_CONCERNED = r"""
WITH
exempt AS
(
    SELECT subject FROM
    (
        SELECT subject, argMax(ended, (at, kafka_offset)) AS over, argMax(until, (at, kafka_offset)) AS last_day
        FROM sunset_events WHERE type = 'user_exempted' AND sunset = {name:String} AND at <= {until:Int64}
        GROUP BY subject
    )
    WHERE NOT over AND (last_day = '' OR last_day >= {today:String})
),
using AS
(
    SELECT mailbox, whose, open FROM
    (
        SELECT mailbox, argMax(customer, at) AS whose, argMax(type, (at, type = 'user_done')) != 'user_done' AS open,
               concat('@', arrayElement(splitByChar('@', lower(mailbox)), -1)) AS domain,
               lower(replaceRegexpAll(trim(mailbox), '[^!-~]', '\x7f')) AS key
        FROM sunset_events
        WHERE type IN ('user_found', 'user_done') AND sunset = {name:String} AND at <= {until:Int64}
        GROUP BY mailbox
    )
    WHERE key >= {first:String} AND ({beyond:String} = '' OR key < {beyond:String})
      AND if({subject:String} != '', {subject:String} IN (mailbox, domain, whose),
             NOT (mailbox IN (exempt) OR domain IN (exempt) OR whose IN (exempt)))
),
sent AS
(
    WITH intDiv({until:Int64}, 3600000000) * 3600000000 AS begun
    SELECT mailbox, sum(number) AS messages
    FROM
    (
        SELECT mailbox, toInt64(uniqMerge(events)) AS number FROM old_ways
        WHERE way = {way:String} AND hour >= toDateTime(intDiv({until:Int64}, 1000000) - 604800, 'UTC')
          AND hour < toDateTime(intDiv(begun, 1000000), 'UTC')
          AND ({way:String} != 'old_tls' OR has({versions:Array(String)}, tls_version))
        GROUP BY mailbox, client_ip, helo, message_host, program, tls_version, confidence, host, hour
        UNION ALL
        SELECT arrayJoin(if(type = 'message_submitted', candidates.mailbox, [mail_events.mailbox])) AS mailbox,
               toInt64(uniqExact(id))
        FROM mail_events
        WHERE at >= begun AND at <= {until:Int64}
          AND ((type = 'message_submitted' AND sender_kind = 'pop' AND {way:String} = 'smtp_after_pop')
            OR (type = 'mailbox_authenticated' AND outcome = 'succeeded' AND mail_events.mailbox != ''
                AND (({way:String} = 'cleartext_login' AND cleartext)
                  OR ({way:String} = 'old_tls' AND has({versions:Array(String)}, tls_version)))))
        GROUP BY mailbox
    )
    GROUP BY mailbox
)
SELECT toInt64(count()) AS found, toInt64(countIf(open)) AS open,
       toInt64(uniqExactIf(whose, using.open AND whose != '')) AS customers,
       toInt64(sumIf(sent.messages, using.open)) AS messages, toInt64(countIf(using.open AND sent.messages > 0)) AS busy
FROM using LEFT JOIN sent USING mailbox
"""

_ANSWER = """
SELECT type, step, reason FROM sunset_events
WHERE type IN ('stage_stepped', 'stage_refused') AND sunset = {name:String} AND answers = {id:String}
      AND at <= {horizon:Int64}
ORDER BY at, id LIMIT 1
"""

_STORED = """
SELECT toInt64(count()) AS stored FROM sunset_events
WHERE sunset = {name:String} AND id = {id:String} AND at <= {horizon:Int64}
"""

_ENDED = """
SELECT argMax(status, at) AS state, argMax(reply, at) AS words FROM sunset_events
WHERE type = 'notice_sent' AND sunset = {name:String} AND message_id = {message_id:String}
      AND at >= {ordered:Int64} AND at <= {horizon:Int64} AND status != 'intended'
GROUP BY message_id
"""

_HELD = """
SELECT fromUnixTimestamp64Micro(tried, 'UTC') AS last, customer, recipient, toString(kind) AS kind, number, message_id,
       toInt64(count() OVER ()) AS total
FROM sunset_letters(sunset = {name:String}, since = {since:Int64}, mailbox = '')
WHERE state = 'on its way' ORDER BY tried, id LIMIT {limit:UInt32}
"""


def concerned(  # noqa: PLR0913, PLR0917 whom an order concerns has that many sides
    client: Client,
    span: Span,
    name: str,
    way: str,
    versions: tuple[str, ...],
    today: str,
    subject: str = "",
    first: str = "",
    beyond: str = "",
) -> pd.DataFrame:
    """Return, in one row, whom a subject covers, or a stage from `first` to before `beyond` has that are not exempt.

    Mailboxes `found`, of these `open`, of how many `customers`, their `messages` within a week, and how many (`busy`)
    sent any.
    """
    columns = ("found", "open", "customers", "messages", "busy")
    said = {"subject": subject, "first": first, "beyond": beyond, "way": way, "versions": list(versions)}
    return patient(client, _CONCERNED, columns, name=name, today=today, until=span.until, **said)


def answer(client: Client, span: Span, name: str, identity: str) -> pd.DataFrame:
    """Return the step or the refusal that answers an order of a stage; no row where there is none (yet)."""
    return frame(client, _ANSWER, ("type", "step", "reason"), name=name, id=identity, horizon=span.horizon)


def stored(client: Client, span: Span, name: str, identity: str) -> pd.DataFrame:
    """Return, in one row, whether an event came as far as here."""
    return frame(client, _STORED, ("stored",), name=name, id=identity, horizon=span.horizon)


def ended(client: Client, span: Span, name: str, message_id: str, ordered: int) -> pd.DataFrame:
    """Return how a letter ended since it was settled; no row where it did not (yet)."""
    values = {"name": name, "message_id": message_id, "ordered": ordered, "horizon": span.horizon}
    return frame(client, _ENDED, ("state", "words"), **values)


def held(client: Client, span: Span, name: str, limit: int = 200) -> pd.DataFrame:
    """Return the letters that were tried, and of which no more is known, the oldest first; `total` counts all."""
    columns = ("last", "customer", "recipient", "kind", "number", "message_id", "total")
    return as_of(client, _HELD, columns, span, name=name, since=span.since, limit=limit)
