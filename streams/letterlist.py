"""What became of each letter of a sunset: taken, delivered, refused, or come back, for customer care to see.

ClickHouse works it out (schemas/clickhouse/038_sunset_letters.sql), for the command and the page alike.
"""

from collections.abc import Iterator

from clickhouse_connect.driver.client import Client

from schemas.moments import rfc3339

FAILED = ("refused", "bounced", "nobody to write to")
_ALL = 2**63
_LETTERS = """
SELECT at, customer, name, recipient, language, kind, number, state, words, message_id, tried
FROM sunset_letters(sunset = {sunset:String}, since = {since:Int64}, mailbox = '')
WHERE empty({states:Array(String)}) OR has({states:Array(String)}, state)
ORDER BY customer, at, id
LIMIT {most:UInt64}
"""


def letters(
    client: Client, sunset: str, since: int, *, failed: bool = False, most: int = 0
) -> Iterator[dict[str, object]]:
    """Yield a row for each letter decided since a moment (µs), or only for those that reached nobody.

    They come by customer, at `most` so many (0: all).
    """
    asked = {"sunset": sunset, "since": since, "states": list(FAILED) if failed else [], "most": most or _ALL}
    answer = client.query(_LETTERS, parameters=asked)
    for at, *known, tried in answer.result_rows:
        row = dict(zip(answer.column_names[1:-1], known, strict=True))
        if row["state"] == "on its way":
            row["words"] = f"last tried at {rfc3339(tried)}; how that ended is not known, or it is tried again"
        yield {"decided": rfc3339(at), **row}
