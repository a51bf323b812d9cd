"""Exchange Server 2007 to 2019 and SE: logins in the protocol log of receive connectors, a table with `#Fields:`.

Manual: https://learn.microsoft.com/exchange/mail-flow/connectors/protocol-logging

A login that succeeded is told with its name (`*`, context "authenticated"); of one that failed only the server's answer
535 and the client's address are told, so it is nobody's. `local-endpoint` tells the port: 465 is TLS.
Ignored by decision: all else that the session says, and logins of servers among each other (names that end in `$`,
NT AUTHORITY); what became of the mails is in the message tracking log (`exchange_tracking`).
"""

from collections.abc import Mapping

from collectors import exchange
from collectors.addresses import ip_or_empty
from collectors.csvlog import parts_of, time_of
from collectors.exchange import parse
from collectors.mta.records import LoginTried, Record

__all__ = ["Fold", "parse"]

_NAMES = "date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,event,data,context"
_LAYOUTS = (_NAMES,)
_NEEDED = ("date-time", "remote-endpoint", "event", "data")
_REFUSED = "535 "
_SMTPS = 465
_LONGEST = 200


def Fold(state: bytes) -> exchange.Fold:  # noqa: N802 a format's fold has this name
    """Return the fold of a log's columns and records."""
    return exchange.Fold(_LAYOUTS, _NEEDED, _told, state)


def _told(row: Mapping[str, str], host: str) -> tuple[Record, ...] | None:
    tried = _login(row, time_of(row.get("date-time", "")), host)
    return (tried,) if tried is not None else None


def _login(row: Mapping[str, str], at: int, host: str) -> LoginTried | None:
    event, data = row.get("event", ""), row.get("data", "")
    succeeded = event == "*" and row.get("context") == "authenticated" and bool(data)
    if not succeeded and not (event == ">" and data.startswith(_REFUSED)):
        return None
    if succeeded and (data.endswith("$") or data.upper().startswith("NT AUTHORITY\\")):
        return None
    _, port = parts_of(row.get("local-endpoint", ""))
    return LoginTried(
        at,
        host,
        data if succeeded else "",
        "smtp",
        "succeeded" if succeeded else "failed",
        ip_or_empty(parts_of(row.get("remote-endpoint", ""))[0]),
        "",
        "" if succeeded else data[:_LONGEST],
        port == _SMTPS,
    )
