"""Whether a letter was taken by the mail server, as the mail log that we read anyway tells."""

import logging
from collections.abc import Mapping

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from kafka.errors import KafkaError

from schemas.lag import Lag, Offsets
from schemas.settings import Settings
from schemas.topics import MAIL_EVENTS
from streams.carrying import Proof
from streams.letterbox import Letter
from streams.warehouse_client import SOON_SECONDS, connect

LOG = logging.getLogger("relaywarden.desk")

_HOUR = 3_600_000_000
_BEYOND = 120_000_000
_DAY = 24 * _HOUR
_RECENT = 60 * _DAY
_TAKEN = """SELECT count() FROM mail_events
WHERE type = 'message_submitted' AND message_id = {message_id:String} AND at > {since:Int64}"""
_CARRIERS = """SELECT host, max(at) FROM mail_events
WHERE at > {since:Int64} AND type IN ('message_submitted', 'delivery_attempted') AND host IN
(
    SELECT DISTINCT host FROM mail_events
    WHERE type = 'message_submitted' AND at > {since:Int64} AND message_id IN
    (SELECT trim(BOTH '<>' FROM message_id) FROM {table:Identifier} WHERE type = 'notice_sent' AND at > {since:Int64})
)
GROUP BY host"""
_TABLES = ("sunset_events", "mailbox_signals")


def proof(client: Client, letter: Letter, now: int) -> Proof:
    """Return what the log says about a letter that was tried.

    The hosts that took earlier letters of ours are those whose mail log must be read beyond the try; where there are
    none, nobody can tell. ClickHouseError where the warehouse does not answer.
    """
    bare = letter.message_id.strip("<>")
    asked = {"message_id": bare, "since": letter.began - _HOUR}
    if client.query(_TAKEN, parameters=asked).result_rows[0][0]:
        return "taken"
    since = {"since": letter.tried - _RECENT}
    read = {
        str(host): int(at)
        for table in _TABLES
        for host, at in client.query(_CARRIERS, parameters=since | {"table": table}).result_rows
    }
    return _told(letter, read, now)


def _told(letter: Letter, read: Mapping[str, int], now: int) -> Proof:
    """Return what hosts say whose mail logs are read up to these times (µs), and do not tell of the letter.

    A day after the try, a host that had fallen silent a day before it counts no more: it is another's place now. One
    that fell silent since may have taken the letter.
    """
    silent = {host for host, at in read.items() if at <= letter.tried + _BEYOND}
    if silent and now - letter.tried > _DAY:
        gone = {host for host in silent if read[host] < letter.tried - _DAY}
        LOG.warning("letters: %s: nothing is read of the mail log of %s", letter.message_id, ", ".join(sorted(silent)))
        return "not_taken" if silent == gone and len(gone) < len(read) else "unknowable"
    if not read:
        return "unknowable"
    return "not_yet" if silent else "not_taken"


class Proofs:
    """Asks about letters of which nobody knows whether they were taken.

    The lines of one log lie in several partitions, and the sink may be far behind in one of them only. So a letter
    that is not found counts as not taken once the sink has stored all that the topic held by then.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._missed: dict[str, Offsets] = {}

    def proof(self, letter: Letter, now: int) -> Proof:
        """Return what is known of a letter by now; "not_yet" where the warehouse or the broker does not answer."""
        try:
            ends = self._missed.get(letter.message_id) or self._ends()
            stored = self._is_stored(ends)
            with connect(self._settings, answer_seconds=SOON_SECONDS) as client:
                found = proof(client, letter, now)
            if found != "not_taken" or stored:
                self._missed.pop(letter.message_id, None)
                return found
            self._missed[letter.message_id] = ends
        except (ClickHouseError, KafkaError, OSError) as error:
            LOG.warning("letters: nothing is known of %s: %s", letter.message_id, str(error).splitlines()[0])
        return "not_yet"

    def forget(self) -> None:
        """Forget how far the topic was: it is another's now."""
        self._missed.clear()

    def _ends(self) -> Offsets:
        with Lag(self._settings) as lag:
            return lag.ends((MAIL_EVENTS,))

    def _is_stored(self, ends: Offsets) -> bool:
        with Lag(self._settings) as lag:
            return not lag.behind(f"{self._settings.kafka.group}-sink", ends)
