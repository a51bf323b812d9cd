"""The load of the stages at work as the warehouse knows it; nothing where a log was not read up to now."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from clickhouse_connect.driver.client import Client

from schemas.sunset_settings import Sunset
from schemas.sunset_stages import Stages
from streams.sunset.ledger import Ledger
from streams.sunset.load import Load, Refused, by_stage
from streams.sunset.load_heard import Log, unheard
from streams.sunset.stages import stage_of
from streams.sunset.weeks import HOUR, day_of

_HOURS_OF_A_WEEK = 168
_DAY = 24
_HEARD = """
SELECT host, logins, max(last), toInt64(toUnixTimestamp(min(hour))) * 1000000, uniqExact(hour) FROM heard_hosts
WHERE hour >= toDateTime(intDiv({week:Int64}, 1000000), 'UTC') AND last <= {now:Int64}
GROUP BY host, logins ORDER BY host, logins
"""
_FAILED = """
SELECT uniqIf(id, at > {begin:Int64}), toInt64(uniqIf(id, at <= {hour:Int64})) +
(
    SELECT toInt64(sum(number))
    FROM
    (
        SELECT uniqCombinedMerge(14)(failed) AS number FROM heard_hosts
        WHERE hour >= toDateTime(intDiv({first:Int64}, 1000000), 'UTC')
          AND hour < toDateTime(intDiv({beyond:Int64}, 1000000), 'UTC')
        GROUP BY hour
    )
)
FROM mail_events
WHERE type = 'mailbox_authenticated' AND outcome = 'failed' AND host != '' AND at <= {now:Int64}
  AND (at >= {week:Int64} AND at < {first:Int64} OR at >= {beyond:Int64})
"""
_REFUSED = """
SELECT lower(envelope_from), max(at) FROM mail_events
WHERE type = 'message_rejected' AND at > {begin:Int64} AND at <= {now:Int64} AND position(reply, {told:String}) > 0
GROUP BY lower(envelope_from)
"""
_IN_THE_CLEAR = """
SELECT mailbox, max(at), uniqIf(id, at > {begin:Int64}), uniqIf(id, at <= {hour:Int64}) FROM mail_events
WHERE type = 'mailbox_authenticated' AND outcome = 'failed' AND at > {week:Int64} AND at <= {now:Int64}
  AND NOT tls AND tls_version = '' AND NOT startsWith(client_ip, '127.') AND client_ip != '::1'
  AND mailbox IN (SELECT mailbox FROM old_ways WHERE way = 'cleartext_login')
GROUP BY mailbox
"""
_NO_DAY = "less than a day of logs is there to compare failed logins with"


class _Asking(NamedTuple):
    """What is asked of the warehouse, and about what; `hours` that failed logins are compared with, 0: too few."""

    client: Client
    sunset: Sunset
    ledger: Ledger
    begins: Mapping[int, int]
    moments: dict[str, int]
    hours: float

    def rows(self, query: str, told: str = "") -> Sequence[Sequence[Any]]:
        return self.client.query(query, parameters={**self.moments, "told": told}).result_rows

    def load(self, refused: dict[int, int], failed: int, before: int, whom: str) -> Load:
        usual = before / self.hours if self.hours else None
        return Load(refused=refused, failed=failed, usual=usual, whom=whom, why="" if self.hours else _NO_DAY)


def heard(client: Client, at: int) -> list[Log]:
    """Return the logs that were heard within a week. ClickHouseError."""
    moments = {"now": at, "week": at - _HOURS_OF_A_WEEK * HOUR}
    return [Log(*row) for row in client.query(_HEARD, parameters=moments).result_rows]


def load_of(client: Client, sunset: Sunset, ledger: Ledger, begins: Mapping[int, int], at: int) -> Load:
    """Return the load of the stages at work since it counts of each, but the tickets. ClickHouseError where it is away.

    Refused are different senders: a client that tries again each minute is one. Where a log that was heard within a
    week was not for an hour, what was refused or failed is not known, but of hosts that are said to be gone. What is
    usual is not known before a day of logs of logins, or of mails (SASL) where there are no such.
    """
    moments = {
        "now": at,
        "begin": min(begins.values(), default=at - HOUR),
        "hour": at - HOUR,
        "day": at - _DAY * HOUR,
        "week": at - _HOURS_OF_A_WEEK * HOUR,
        "first": -(-at // HOUR) * HOUR - _HOURS_OF_A_WEEK * HOUR,
        "beyond": at // HOUR * HOUR - HOUR,
    }
    logs = heard(client, at)
    gone = (sunset.stages or Stages()).hosts_gone
    if why := unheard([log for log in logs if log.host not in gone], at):
        return Load(why=why)
    logins = [log for log in logs if log.logins]
    oldest = min(log.oldest for log in logins or logs)
    hours = (at - HOUR - max(oldest, moments["week"])) / HOUR
    asking = _Asking(client, sunset, ledger, begins, moments, hours if hours >= _DAY else 0.0)
    return _in_the_clear(asking) if sunset.kind == "cleartext_login" else _relayed(asking)


def _relayed(asking: _Asking) -> Load:
    """Return who was refused with the sunset's reply, and the failed logins of the house."""
    reply = (asking.sunset.stages or Stages()).reply
    senders = (Refused(str(sender), int(last)) for sender, last in asking.rows(_REFUSED, reply.partition(" ")[2]))
    failed, before = asking.rows(_FAILED)[0]
    return asking.load(by_stage(asking.ledger, asking.begins, senders), int(failed), int(before), "senders")


def _in_the_clear(asking: _Asking) -> Load:
    """Return the mailboxes of the stages at work whose logins failed, and were not over TLS as far as is known.

    A refused login has no words of its own: of the mailboxes that were found to log in in the clear, and are not
    exempt, each whose login failed counts. What strangers try at other names is nobody's call to support.
    """
    ledger, day = asking.ledger, day_of(asking.sunset, asking.moments["now"]).isoformat()
    refused, failed, before = [], 0, 0
    for mailbox, last, lately, earlier in asking.rows(_IN_THE_CLEAR):
        box = ledger.boxes.get(str(mailbox))
        if box is None or ledger.exempt(str(mailbox), box.customer, day):
            continue
        refused.append(Refused(str(mailbox), int(last)))
        if stage_of(ledger.stages, str(mailbox)).number in asking.begins:
            failed, before = failed + int(lately), before + int(earlier)
    return asking.load(by_stage(ledger, asking.begins, refused), failed, before, "mailboxes")
