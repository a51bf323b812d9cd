"""Whether a letter was taken by the mail server, as the mail log that we read anyway tells."""

from clickhouse_connect.driver.client import Client

from streams.carrying import Proof
from streams.letterbox import Letter

_HOUR = 3_600_000_000
_BEYOND = 120_000_000
_RECENT = 60 * 24 * _HOUR
_TAKEN = """SELECT count() FROM mail_events
WHERE type = 'message_submitted' AND message_id = {message_id:String} AND at > {since:Int64}"""
_CARRIERS = """SELECT host, max(at) FROM mail_events
WHERE at > {since:Int64} AND host IN
(
    SELECT DISTINCT host FROM mail_events
    WHERE type = 'message_submitted' AND at > {since:Int64} AND message_id IN
    (SELECT trim(BOTH '<>' FROM message_id) FROM {table:Identifier} WHERE type = 'notice_sent' AND at > {since:Int64})
)
GROUP BY host"""
_TABLES = ("sunset_events", "mailbox_signals")


def proof(client: Client, letter: Letter) -> Proof:
    """Return what the log says about a letter that was tried.

    The hosts that took earlier letters of ours are those whose log must be read beyond the try; where there are none,
    nobody can tell. ClickHouseError where the warehouse does not answer.
    """
    bare = letter.message_id.strip("<>")
    asked = {"message_id": bare, "since": letter.began - _HOUR}
    if client.query(_TAKEN, parameters=asked).result_rows[0][0]:
        return "taken"
    since = {"since": letter.tried - _RECENT}
    read = [
        int(at)
        for table in _TABLES
        for _, at in client.query(_CARRIERS, parameters=since | {"table": table}).result_rows
    ]
    if not read:
        return "unknowable"
    return "not_taken" if min(read) > letter.tried + _BEYOND else "not_yet"
