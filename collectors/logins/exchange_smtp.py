"""Exchange Server 2007 to 2019 and SE: logins in the protocol log of receive connectors, a table with `#Fields:`.

Manual: https://learn.microsoft.com/exchange/mail-flow/connectors/protocol-logging

A login that succeeded is told with its name (`*`, context "authenticated"); of one that failed only the server's answer
535 and the client's address are told, so it is nobody's. `local-endpoint` tells the port: 465 is TLS.
Ignored by decision: all else that the session says, and logins of servers among each other (names that end in `$`,
NT AUTHORITY); what became of the mails is in the message tracking log (`exchange_tracking`).
"""

from collections.abc import Mapping

from collectors.addresses import ip_or_empty
from collectors.csvlog import Line, Table, is_stamped, parts_of, time_of
from collectors.mta.records import LoginTried, Record, Said
from collectors.syslog import Clock

_NAMES = "date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,event,data,context"
_LAYOUTS = (tuple(_NAMES.split(",")),)
_NEEDED = ("date-time", "remote-endpoint", "event", "data")
_FIELDS = "#Fields: "
_REFUSED = "535 "
_SMTPS = 465
_LONGEST = 200


def parse(text: str, clock: Clock) -> Said | None:  # noqa: ARG001 the times are UTC
    """Return a line as it stands: its columns are named above it. None for what the file says of itself."""
    head = text.removeprefix("\ufeff")
    if head.startswith("#") and not head.startswith(_FIELDS) and head.count('"') % 2 == 0:
        return None
    return Line(0, "", text)


class Fold:
    """The `#Fields:` of the log, and a record that goes on in the next line."""

    def __init__(self, state: bytes) -> None:
        self._table = Table(_LAYOUTS, _NEEDED, state)

    def snapshot(self) -> bytes:
        """Return the state, for the next fold of the same log."""
        return self._table.snapshot()

    def step(self, said: Record | Said) -> tuple[Record, ...] | None:
        """Return the login that a line tells of. ValueError where it is no record, or its columns are not known."""
        text = said.text if isinstance(said, Line) else ""
        if not self._table.within:
            head = text.removeprefix("\ufeff")
            if head.startswith(_FIELDS):
                self._table.head(head[len(_FIELDS) :])
                return ()
            if not is_stamped(text):
                raise ValueError("no record of Exchange: it begins with no time")
        row = self._table.row(text)
        if row is None:
            return ()
        tried = _login(row, time_of(row.get("date-time", "")), said.host)
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
