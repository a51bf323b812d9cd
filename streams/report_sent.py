"""What the warehouse tells before a report is written: which were sent already, and whether its period is stored."""

from typing import NamedTuple

import msgspec
from clickhouse_connect.driver.client import Client

from streams.letterbox import Letter
from streams.report_due import TEMPLATE, Batch
from streams.reports.hearing import silent
from streams.reports.periods import Period
from streams.reports.questions import NEWEST

_ENDED = """SELECT decision, argMax(message_id, place), argMax(status, place), toInt64(max(at))
FROM (SELECT *, (status != 'intended', at) AS place FROM mailbox_signals
      WHERE type = 'notice_sent' AND template = {template:String} AND at > {since:Int64})
GROUP BY decision"""


class Sent(NamedTuple):
    """How a report went on: its Message-ID, its newest status, and when that was told (µs)."""

    message_id: str
    status: str
    at: int

    @property
    def ended(self) -> bool:
        """Tell whether it is done with."""
        return self.status != "intended"


def sent(client: Client, batch: Batch) -> dict[str, Sent]:
    """Return how the reports since a batch's period was over went on, by `decision`. ClickHouseError."""
    asked = {"template": TEMPLATE, "since": batch.period.until}
    return {
        str(decision): Sent(str(message_id), str(status), int(at))
        for decision, message_id, status, at in client.query(_ENDED, parameters=asked).result_rows
    }


def complete(client: Client, period: Period, at: int) -> bool:
    """Tell whether every log that is read is stored to the end of a period, and there is one. ClickHouseError."""
    asked = {"before": period.before, "now": at}
    newest = int(client.query(NEWEST, parameters=asked).result_rows[0][0])
    return newest >= period.until and all(each.until for each in silent(client, period, at))


def called(letter: Letter, message_id: str) -> Letter:
    """Return a letter under the Message-ID that it has already: the sender's domain may have changed since."""
    return msgspec.structs.replace(letter, notice=msgspec.structs.replace(letter.notice, message_id=message_id))


def resumed(letter: Letter, begun: Sent) -> Letter:
    """Return a letter that was begun, and that no letterbox knows: nobody knows how it ended."""
    known = called(letter, begun.message_id)
    return msgspec.structs.replace(known, status="unsure", began=begun.at, tried=begun.at, attempts=1)
