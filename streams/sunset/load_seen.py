"""The load of a stage as the warehouse knows it; nothing where a log was not read up to now."""

from clickhouse_connect.driver.client import Client

from schemas.sunset_events import Stage
from streams.sunset.load import Load
from streams.sunset.weeks import HOUR

_HOURS_OF_A_WEEK = 168
_DAY = 24
_HEARD = """
SELECT min(newest), toInt64(toUnixTimestamp(min(oldest))) * 1000000
FROM (
    SELECT host, max(last) AS newest, min(hour) AS oldest FROM heard_hosts
    WHERE hour >= toDateTime(intDiv({week:Int64}, 1000000), 'UTC') AND last <= {now:Int64} GROUP BY host
)
WHERE newest > {day:Int64}
"""
_FAILED = """
SELECT uniqIf(id, at > {begin:Int64}), uniqIf(id, at <= {hour:Int64}) FROM mail_events
WHERE type = 'mailbox_authenticated' AND outcome = 'failed' AND at > {week:Int64} AND at <= {now:Int64}
"""
_REFUSED = """
SELECT uniqExact(lower(envelope_from)) FROM mail_events
WHERE type = 'message_rejected' AND at > {begin:Int64} AND at <= {now:Int64} AND position(reply, {told:String}) > 0
  AND lower(envelope_from) >= {first:String} AND ({beyond:String} = '' OR lower(envelope_from) < {beyond:String})
"""


def load_of(client: Client, stage: Stage, reply: str, begin: int, at: int) -> Load:
    """Return the load of a stage between two moments, but its tickets. ClickHouseError where the warehouse is away.

    Refused senders are different ones: a client that tries again each minute is one. Where a host that was heard within
    a day was not heard for an hour, what was refused or failed is not known; what is usual is not before a day of logs.
    """
    moments = {
        "now": at,
        "begin": begin,
        "hour": at - HOUR,
        "day": at - _DAY * HOUR,
        "week": at - _HOURS_OF_A_WEEK * HOUR,
    }
    newest, oldest = client.query(_HEARD, parameters=moments).result_rows[0]
    if at - newest > HOUR:
        return Load()
    cut = {"told": reply.partition(" ")[2], "first": stage.first, "beyond": stage.beyond}
    refused = client.query(_REFUSED, parameters=moments | cut).result_rows[0][0]
    failed, before = client.query(_FAILED, parameters=moments).result_rows[0]
    hours = (at - HOUR - max(oldest, moments["week"])) / HOUR
    return Load(
        refused=int(refused),
        failed=int(failed),
        usual=before / hours if hours >= _DAY else None,
    )
