"""DMARC failure reports: feedback reports about one mail that failed (RFC 6591, RFC 7489 section 7.3, RFC 9991).

Each makes a complaint of the type `auth-failure`, which blames nobody, with what failed in it.
Manual: https://www.rfc-editor.org/rfc/rfc9991
Ignored by decision: the signed header and body that a report may quote (DKIM-Canonicalized-*), the DNS records.
"""

from collectors import reports
from collectors.complaints import arf
from schemas.events import Event

_KIND = "auth-failure"


def parse(data: bytes) -> tuple[Event, ...]:
    """Return the complaint that a mail makes, none where it is no such report. ValueError where it is unreadable."""
    report = arf.read(data)
    if report is None or report.kind != _KIND:
        return ()
    return (reports.complaint(report),)
