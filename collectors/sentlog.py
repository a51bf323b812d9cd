"""What we sent, asked from ClickHouse (the views of schemas/clickhouse/011_complaint_confidence.sql)."""

from collections.abc import Mapping, Sequence

from clickhouse_connect import get_client
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from msgspec import convert

from collectors.again import Submission
from collectors.attribution import Delivered, Submitted
from schemas.events import DeadLetter
from schemas.settings import ClickHouse

_CONNECT_SECONDS = 5
_ANSWER_SECONDS = 30
_PERIOD = "since = {since:Int64}, until = {until:Int64}"
_SUBMITTED = f"SELECT * FROM submitted_by_message_id(message_id = {{message_id:String}}, {_PERIOD})"  # noqa: S608 our own
_BY_QUEUE_ID = f"(queue_ids = {{queue_ids:Array(String)}}, recipient = {{recipient:String}}, {_PERIOD})"
_DELIVERED = "SELECT * FROM delivered_by_queue_id" + _BY_QUEUE_ID  # noqa: S608 likewise
_ATTEMPTED = "SELECT * FROM attempted_by_queue_id" + _BY_QUEUE_ID  # noqa: S608 likewise
_UNDER_QUEUE_IDS = f"SELECT * FROM submitted_by_queue_id(queue_ids = {{queue_ids:Array(String)}}, {_PERIOD})"  # noqa: S608 likewise
_LETTERS = """SELECT id, at, name, format, reason, text, place, cut FROM dead_letters FINAL
WHERE type = 'dead_letter' AND at >= {since:Int64} AND at <= {until:Int64} AND has({ids:Array(String)}, id)"""
_HOSTS = """SELECT source, argMax(host, at) FROM mail_events
WHERE type = 'source_opened' AND has({sources:Array(String)}, source) GROUP BY source"""


class ClickHouseLog:
    """The log of what was sent (`collectors.attribution.SentLog`); it connects when it is first asked.

    With `attempts` it also tells of the deliveries that were not accepted.
    ValueError where the file of the password cannot be read.
    """

    def __init__(self, settings: ClickHouse, *, attempts: bool = False) -> None:
        self._by_queue_id = _ATTEMPTED if attempts else _DELIVERED
        self._settings = settings
        self._password = settings.password
        self._client: Client | None = None

    def submitted(self, message_id: str, since: int, until: int) -> Sequence[Submitted]:
        """Return the messages with a Message-ID, the newest first. OSError where ClickHouse does not answer."""
        values = {"message_id": message_id, "since": since, "until": until}
        return convert(self._rows(_SUBMITTED, values), list[Submitted])

    def delivered(self, queue_ids: Sequence[str], recipient: str, since: int, until: int) -> Sequence[Delivered]:
        """Return the deliveries under these queue ids, those to `recipient` first. OSError as before."""
        values = {"queue_ids": list(queue_ids), "recipient": recipient, "since": since, "until": until}
        return convert(self._rows(self._by_queue_id, values), list[Delivered])

    def submitted_under(self, queue_ids: Sequence[str], since: int, until: int) -> Sequence[Submission]:
        """Return the messages with these queue ids, the newest first. OSError as before."""
        values = {"queue_ids": list(queue_ids), "since": since, "until": until}
        return convert(self._rows(_UNDER_QUEUE_IDS, values), list[Submission])

    def letters(self, ids: Sequence[str], since: int, until: int) -> Sequence[DeadLetter]:
        """Return the dead letters of these ids, of those that lie between two times. OSError as before."""
        values = {"ids": list(ids), "since": since, "until": until}
        names = ("id", "at", "name", "format", "reason", "text", "place", "cut")
        rows = self._rows(_LETTERS, values)
        return [convert(dict(zip(names, row, strict=True)) | {"type": "dead_letter"}, DeadLetter) for row in rows]

    def hosts(self, sources: Sequence[str]) -> Mapping[str, str]:
        """Return the configured host of each source that was opened. OSError as before."""
        rows = self._rows(_HOSTS, {"sources": list(sources)}) if sources else ()
        return {str(source): str(host) for source, host in rows}

    def _rows(self, sql: str, values: Mapping[str, object]) -> Sequence[Sequence[object]]:
        try:
            return self._connected().query(sql, parameters=dict(values)).result_rows
        except ClickHouseError as error:
            where = f"{self._settings.host}:{self._settings.port}"
            said = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            raise OSError(f"ClickHouse at {where}: {said}") from error

    def _connected(self) -> Client:
        if self._client is None:
            self._client = get_client(
                host=self._settings.host,
                port=self._settings.port,
                secure=self._settings.secure,
                username=self._settings.user,
                password=self._password,
                database=self._settings.database,
                autogenerate_session_id=False,
                connect_timeout=_CONNECT_SECONDS,
                send_receive_timeout=_ANSWER_SECONDS,
                query_retries=0,
                client_name="relaywarden-complaints",
            )
        return self._client
