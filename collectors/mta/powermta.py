"""PowerMTA 4 and 5: the accounting file (`<acct-file>`), a table whose columns `record-fields` chooses.

Manual: PowerMTA User's Guide, chapters "The Accounting File" and "Accounting records" (not public)

Records: delivered (d), bounced (b), transient (t: deferred) and received (r). Of the columns, those are used that there
are; only `type` and `timeLogged` must be. The outbound IP is dlvSourceIp, the transport the virtual MTA. PowerMTA logs
no login and no queue id: the sender is the customer network of srcMta, else the envelope's originator.
Ignored by decision: attempts of a whole queue (tq), which name no recipient; bounces, statuses and complaints that came
back by mail (rb, rs, f), since the mails themselves are read where they arrive.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from collectors.addresses import ip_or_empty
from collectors.csvlog import Line, Table, time_of
from collectors.mta._replies import enhanced_of, one_line
from collectors.mta.records import UNTOLD, Attempted, Expired, Identified, Queued, Received, Record, Said
from collectors.syslog import Clock

if TYPE_CHECKING:
    from schemas.facts import Outcome

_USUAL = (
    "type,timeLogged,timeQueued,orig,rcpt,orcpt,dsnAction,dsnStatus,dsnDiag,dsnMta,bounceCat,srcType,srcMta,dlvType,"
    "dlvSourceIp,dlvDestinationIp,dlvEsmtpAvailable,dlvSize,vmta,jobId,envId,queue,vmtaPool"
)
_LAYOUTS = (tuple(_USUAL.split(",")), tuple(_USUAL.split(",")[:-2]))  # before 4.0 without queue and vmtaPool
_NEEDED = ("type", "timeLogged")
_TYPE = re.compile(r'\ufeff?"?(type|d|b|t|r|tq|rb|rs|f)"?(?:,|$)')
_OUTCOMES: dict[str, "Outcome"] = {"d": "sent", "b": "bounced", "t": "deferred"}
_IGNORED = frozenset({"tq", "rb", "rs", "f"})
_NAMED = re.compile(r"(.{0,255}?) ?[(\[]([0-9A-Fa-f:.]{2,45})[)\]]", re.DOTALL)
_EXPIRED = re.compile(r"[45]\.4\.7(?!\d)")


def parse(text: str, clock: Clock) -> Said | None:  # noqa: ARG001 the times have their zone
    """Return a line as it stands: its columns are named above it. None for a record of a type that is not wanted."""
    found = _TYPE.match(text)
    if found is not None and found[1] in _IGNORED and text.count('"') % 2 == 0:
        return None
    return Line(0, "", text)


class Fold:
    """The header of the accounting file, and a record that goes on in the next line."""

    def __init__(self, state: bytes) -> None:
        self._table = Table(_LAYOUTS, _NEEDED, state)

    def snapshot(self) -> bytes:
        """Return the state, for the next fold of the same log."""
        return self._table.snapshot()

    def step(self, said: Record | Said) -> tuple[Record, ...] | None:
        """Return what a record says. ValueError where a line is none, or its columns are not known."""
        text = said.text if isinstance(said, Line) else ""
        if not self._table.within:
            found = _TYPE.match(text)
            if found is None:
                raise ValueError("no record of an accounting file")
            if found[1] == "type":
                self._table.head(text)
                return ()
        row = self._table.row(text)
        if row is None:
            return ()
        kind = row.get("type", "")
        if kind in _IGNORED:
            return None
        at = time_of(row.get("timeLogged", ""))
        if kind == "r":
            return _received(row, at, said.host)
        if kind not in _OUTCOMES:
            raise ValueError(f"no record type {kind[:20]!r}")
        return (_ended(row, at, said.host, _OUTCOMES[kind]),)


def _received(row: Mapping[str, str], at: int, host: str) -> tuple[Record, ...]:
    """Return that a message for one recipient entered the queue."""
    name, ip = _named(row.get("srcMta", ""))
    message_id = next((value for column, value in row.items() if column.lower() == "header_message-id"), "")
    return (
        Received(at, host, "", name, ip),
        Identified(at, host, "", message_id.strip().removeprefix("<").removesuffix(">")),
        Queued(at, host, "", row.get("orig", ""), 0, 1),
    )


def _ended(row: Mapping[str, str], at: int, host: str, outcome: "Outcome") -> Record:
    """Return an attempt, or that PowerMTA gave up."""
    sender, status = row.get("orig", ""), row.get("dsnStatus", "")
    if outcome == "bounced" and (row.get("bounceCat") == "message-expired" or _EXPIRED.match(status)):
        return Expired(at, host, "", sender)
    relay_host, relay_ip = _named(row.get("dsnMta", ""))
    _, client_ip = _named(row.get("srcMta", ""))
    began = row.get("timeQueued", "")
    return Attempted(
        at,
        host,
        "",
        row.get("rcpt", ""),
        row.get("orcpt", "").removeprefix("rfc822;"),
        outcome,
        enhanced_of(status),
        one_line(row.get("dsnDiag", "").removeprefix("smtp;")),
        row.get("vmta", ""),
        relay_host,
        ip_or_empty(row.get("dlvDestinationIp", "")) or relay_ip,
        0,
        max(0, at - time_of(began)) // 1000 if began else UNTOLD,
        local=row.get("dlvType", "smtp") not in {"smtp", ""},
        outbound_ip=ip_or_empty(row.get("dlvSourceIp", "")),
        client_ip=client_ip,
        envelope_from=sender,
        has_envelope="orig" in row,
    )


def _named(text: str) -> tuple[str, str]:
    """Return name and address of `mx.example.com (203.0.113.25)`; what is no name stays empty."""
    found = _NAMED.fullmatch(text)
    if found is None:
        return (text, "") if " " not in text else ("", "")
    return found[1], ip_or_empty(found[2])
