"""Which mailboxes of a directory nobody uses any more, and which are in use that it does not know."""

from collections.abc import Iterator

from clickhouse_connect.driver.client import Client

from schemas.moments import rfc3339
from streams.directory.found import Directory

_DAY = 86_400_000_000
_OLDEST = "SELECT min(at) FROM mail_events WHERE at > 0 AND type = 'mailbox_authenticated' AND service != 'smtp'"
_SEEN = """SELECT DISTINCT name FROM
(
    SELECT lower(mailbox) AS name FROM mail_events
    WHERE type = 'mailbox_authenticated' AND outcome = 'succeeded' AND at > {since:Int64}
    UNION ALL
    SELECT lower(sender) AS name FROM mail_events
    WHERE type = 'message_submitted' AND sender_kind IN ('sasl', 'pop') AND at > {since:Int64}
)
WHERE name != ''"""


def seen(client: Client, now: int, days: int) -> set[str]:
    """Return the mailboxes that logged in or sent within these days. ValueError where the log is younger.

    That is the log of POP and IMAP logins: without it, who only reads would be called stale.
    """
    since = now - days * _DAY
    oldest = int(client.query(_OLDEST).result_rows[0][0])
    if not 0 < oldest <= since:
        begins = rfc3339(oldest) if oldest else "nowhere"
        raise ValueError(
            f"--stale-days {days}: the log of logins begins {begins}; who was not seen before is not stale"
        )
    with client.query_row_block_stream(_SEEN, parameters={"since": since}) as blocks:
        return {str(name) for block in blocks for (name,) in block}


def stale(directory: Directory, names: set[str]) -> Iterator[str]:
    """Yield the mailboxes that were seen by none of their addresses."""
    for mailbox in directory.mailboxes():
        if mailbox not in names and names.isdisjoint(directory.aliases(mailbox)):
            yield mailbox


def unknown(directory: Directory, names: set[str]) -> Iterator[str]:
    """Yield what was seen and neither stands there nor has a domain that does."""
    yield from sorted(name for name in names if directory.of(name) is None)
