"""What the warehouse knows of a sunset: who used the old way when and how, and whose logs were read on which days.

Asked are the tables that ClickHouse keeps by the hour (schemas/clickhouse/032_sunset_uses.sql), never the mail events
themselves. An event that was stored twice counts once; of one hour, client and mailbox more than 65,536 are estimated.
A use within an hour counts as a use from its beginning on: `since` and `until` are taken by the hour.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from zoneinfo import ZoneInfo

import msgspec
from clickhouse_connect.driver.client import Client

from schemas.sunset_events import Use
from schemas.sunset_settings import Sunset
from streams.sunset.told import Told, says_nothing, use_of

_HOUR = 3_600_000_000
_OF_THE_WAY = """way = {way:String}
      AND hour >= toDateTime({since:Int64}, 'UTC') AND hour < toDateTime({until:Int64}, 'UTC')
      AND ({way:String} != 'old_tls' OR has({versions:Array(String)}, tls_version))"""
_USES = f"""
SELECT mailbox, client_ip, helo, message_host, program, messages, first, last, surely, hosts, switched
FROM
(
    SELECT mailbox, client_ip, helo, message_host, program, sum(number) AS messages, min(began) AS first,
           max(ended) AS last, sum(number * confidence) AS surely, groupUniqArray(host) AS hosts
    FROM
    (
        SELECT mailbox, client_ip, helo, message_host,
               if({{way:String}} = 'old_tls', concat(old_ways.program, ', ', tls_version), old_ways.program) AS program,
               confidence, host,
               toInt64(uniqMerge(events)) AS number, min(first) AS began, max(last) AS ended
        FROM old_ways
        WHERE {_OF_THE_WAY}
        GROUP BY mailbox, client_ip, helo, message_host, old_ways.program, tls_version, confidence, host, hour
    )
    GROUP BY mailbox, client_ip, helo, message_host, program
) AS old
LEFT JOIN
(
    SELECT mailbox, max(last) AS switched FROM new_ways
    WHERE way = if({{way:String}} = 'smtp_after_pop', 'smtp_after_pop', 'cleartext_login')
      AND ({{way:String}} != 'old_tls' OR (tls_version != '' AND NOT has({{versions:Array(String)}}, tls_version)))
    GROUP BY mailbox
) AS new USING mailbox
ORDER BY mailbox, last DESC, client_ip, helo, message_host, program
"""  # noqa: S608 the parts are constants
_MESSAGES = f"""
SELECT mailbox, sum(number)
FROM
(
    SELECT mailbox, toInt64(uniqMerge(events)) AS number FROM old_ways
    WHERE {_OF_THE_WAY}
    GROUP BY mailbox, client_ip, helo, message_host, program, tls_version, confidence, host, hour
)
GROUP BY mailbox
"""  # noqa: S608 likewise
_SURE = f"""
SELECT mailbox, maxIf(last, confidence >= {{least:Float64}}), countIf(confidence < {{least:Float64}}) > 0 AS unsure
FROM old_ways WHERE {_OF_THE_WAY}
GROUP BY mailbox
ORDER BY unsure DESC
"""  # noqa: S608 likewise
_HOSTS = f"""
SELECT DISTINCT host, {{way:String}} != 'smtp_after_pop' AND program != 'smtp' FROM old_ways WHERE {_OF_THE_WAY}
UNION DISTINCT
SELECT DISTINCT host, true FROM heard_hosts
WHERE {{way:String}} = 'smtp_after_pop' AND logins
  AND hour >= toDateTime({{since:Int64}}, 'UTC') AND hour < toDateTime({{until:Int64}}, 'UTC')
"""  # noqa: S608 likewise
_TELLS = """
SELECT host, groupUniqArray(tells) FROM heard_hosts
WHERE hour >= toDateTime({since:Int64}, 'UTC') AND hour < toDateTime({until:Int64}, 'UTC')
GROUP BY host
"""
_NEWEST = "SELECT host, logins, max(last) FROM heard_hosts GROUP BY host, logins"
_DAYS = """
SELECT DISTINCT host, logins, toString(toDate(hour, {zone:String})) FROM heard_hosts
WHERE hour >= toDateTime({since:Int64}, 'UTC') AND hour < toDateTime({until:Int64}, 'UTC')
"""


def uses(client: Client, sunset: Sunset, since: int, until: int) -> Iterator[Use]:
    """Yield how each mailbox used the old way between two moments (µs), in the order of their names.

    Its clients are the twenty of the newest uses; its messages are those of all. Of logins, the client's program is the
    service, and its TLS version.
    """
    parameters = _of(sunset, since, until)
    with client.query_rows_stream(_USES, parameters=parameters) as rows:
        for _, told in groupby((msgspec.convert(row, Told) for row in rows), key=attrgetter("mailbox")):
            yield use_of(list(told))


def messages(client: Client, sunset: Sunset, since: int, until: int) -> dict[str, int]:
    """Return how many messages (or logins) of each mailbox went the old way between two moments."""
    with client.query_rows_stream(_MESSAGES, parameters=_of(sunset, since, until)) as rows:
        return {str(mailbox): int(number) for mailbox, number in rows}


def surely(client: Client, sunset: Sunset, since: int, until: int, mailbox_of: Callable[[str], str]) -> dict[str, int]:
    """Return when those who have uses below `least_confidence` were last seen in one that has it (µs).

    Both under any of their names: `mailbox_of` returns the mailbox of an alias.
    """
    found: dict[str, int] = {}
    parameters = _of(sunset, since, until) | {"least": sunset.least_confidence}
    with client.query_rows_stream(_SURE, parameters=parameters) as rows:
        for name, last, unsure in rows:  # those with such uses come first
            own = mailbox_of(str(name))
            if unsure or own in found:
                found[own] = max(int(last), found.get(own, 0))
    return {mailbox: last for mailbox, last in found.items() if last}


def carriers(client: Client, sunset: Sunset, since: int, until: int) -> frozenset[str]:
    """Return the logs that tell of the old way, by name: of SMTP-after-POP also those of the logins that explain it.

    A host has two that may be read each without the other, of its MTA and of its POP and IMAP logins: `mx1` and
    `mx1 (logins)`.
    """
    rows = client.query(_HOSTS, parameters=_of(sunset, since, until)).result_rows
    return frozenset(_log(host, logins) for host, logins in rows)


def untold(client: Client, sunset: Sunset, since: int, until: int) -> list[str]:
    """Return the hosts whose logs have logins, but tell of none what this sunset is about: their users are unknown."""
    rows = client.query(_TELLS, parameters=_between(since, until)).result_rows
    return sorted(str(host) for host, tells in rows if says_nothing(sunset.kind, frozenset(map(str, tells))))


def heard(client: Client, since: int, until: int, zone: str = "UTC") -> dict[str, frozenset[str]]:
    """Return of each day (ISO 8601, in a time zone) the logs that told something of it and of a time after it.

    A log that tells nothing of a day, or nothing yet of what came after, was not heard on it: whether it was read to
    the day's end is not known. Logs are called as `carriers` does.
    """
    newest = {_log(host, logins): int(last) for host, logins, last in client.query(_NEWEST).result_rows}
    found: dict[str, set[str]] = {}
    for host, logins, day in client.query(_DAYS, parameters=_between(since, until) | {"zone": zone}).result_rows:
        if newest[_log(host, logins)] >= _end(str(day), zone):
            found.setdefault(str(day), set()).add(_log(host, logins))
    return {day: frozenset(logs) for day, logs in found.items()}


def _log(host: object, logins: object) -> str:
    return f"{host} (logins)" if logins else str(host)


def _end(day: str, zone: str) -> int:
    begins = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    return int((begins + timedelta(days=1)).astimezone(UTC).timestamp() * 1_000_000)


def _of(sunset: Sunset, since: int, until: int) -> dict[str, object]:
    return _between(since, until) | {"way": sunset.kind, "versions": sorted(sunset.old_tls)}


def _between(since: int, until: int) -> dict[str, object]:
    return {"since": since // _HOUR * 3600, "until": -(-until // _HOUR) * 3600}
