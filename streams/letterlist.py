"""What became of each letter of a sunset: taken, delivered, refused, or come back, for customer care to see."""

from collections.abc import Iterator, Sequence

from clickhouse_connect.driver.client import Client

from schemas.moments import rfc3339

FAILED = frozenset(("refused", "bounced", "nobody to write to"))
_OUTCOMES = {"bounced": "bounced", "sent": "delivered"}
_LETTERS = """WITH
due AS
(
    SELECT id, at, customer, name, recipient, language, kind, number, message_id, problem FROM sunset_events FINAL
    WHERE type = 'letter_due' AND sunset = {sunset:String} AND at > {since:Int64}
),
told AS
(
    SELECT message_id, argMax((status, reply), (status != 'intended', at)) AS end, end.1 AS state, end.2 AS words,
        max(at) AS last
    FROM sunset_events FINAL
    WHERE type = 'notice_sent' AND sunset = {sunset:String} AND at > {since:Int64}
    GROUP BY message_id
),
queued AS
(
    SELECT DISTINCT message_id, host, queue_id FROM mail_events
    WHERE type = 'message_submitted' AND at > {since:Int64}
        AND message_id IN (SELECT trim(BOTH '<>' FROM message_id) FROM due WHERE message_id != '')
),
tried AS
(
    SELECT queued.message_id AS message_id, argMax(outcome, attempts.at) AS state, argMax(reply, attempts.at) AS words
    FROM mail_events AS attempts
    INNER JOIN queued ON attempts.host = queued.host AND attempts.queue_id = queued.queue_id
    WHERE attempts.type = 'delivery_attempted' AND attempts.at > {since:Int64}
        AND (attempts.host, attempts.queue_id) IN (SELECT host, queue_id FROM queued)
    GROUP BY message_id
),
returned AS
(
    SELECT message_id, argMax(reply, at) AS words FROM bounces FINAL
    WHERE action = 'failed' AND at > {since:Int64}
        AND message_id IN (SELECT trim(BOTH '<>' FROM message_id) FROM due WHERE message_id != '')
    GROUP BY message_id
)
SELECT due.at, due.customer, due.name, due.recipient, due.language, due.kind, due.number, due.problem, due.message_id,
    told.state, told.words, told.last, tried.state, tried.words, returned.message_id, returned.words
FROM due
LEFT JOIN told ON told.message_id = due.message_id
LEFT JOIN tried ON tried.message_id = trim(BOTH '<>' FROM due.message_id)
LEFT JOIN returned ON returned.message_id = trim(BOTH '<>' FROM due.message_id)
ORDER BY due.customer, due.at, due.id
SETTINGS join_use_nulls = 0"""


def letters(client: Client, sunset: str, since: int, *, failed: bool = False) -> Iterator[dict[str, object]]:
    """Yield a row for each letter decided since a moment (µs), or only for those that reached nobody."""
    rows = client.query(_LETTERS, parameters={"sunset": sunset, "since": since}).result_rows
    for at, customer, name, recipient, language, kind, number, problem, message_id, *known in rows:
        state, words = _became(str(recipient), str(problem), known)
        if failed and state not in FAILED:
            continue
        yield {
            "decided": rfc3339(at),
            "customer": customer,
            "name": name,
            "recipient": recipient,
            "language": language,
            "kind": kind,
            "number": number,
            "state": state,
            "words": words,
            "message_id": message_id,
        }


def _became(recipient: str, problem: str, known: Sequence[object]) -> tuple[str, str]:
    """Return what became of a letter, and who says so in which words; the last word counts."""
    status, reply, last, outcome, attempt, returned, bounce = map(str, known)
    if not recipient:
        return "nobody to write to", problem
    if returned:
        return "bounced", bounce
    if outcome in _OUTCOMES:
        return _OUTCOMES[outcome], attempt
    if status == "sent":
        return "sent", attempt or reply
    if status == "intended":
        return "on its way", f"last tried at {rfc3339(int(last))}; how that ended is not known, or it is tried again"
    return status or "waiting", reply
