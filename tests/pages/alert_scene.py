"""Alerts as the desk writes them: open ones of each severity, one that got worse, one that flapped and ended."""

from collections.abc import Iterator

from schemas.alert_events import (
    AlertAcknowledged,
    AlertDelivered,
    AlertEvent,
    AlertRaised,
    AlertResolved,
    AlertWorsened,
    DeliveryStatus,
    Severity,
    Telling,
)
from schemas.facts import Evidence
from schemas.observations import AlertsLooked
from tests.pages.scene import MINUTE, RUDE, THIEF, WITHDRAWN

GONE, WORSE, THEFT, QUIET, OVER = (letter * 12 for letter in "abcde")
GHOST = "f" * 12
CONFIG = """
[alert]
dashboard_url = "https://rw.example"
[alert.channel.noc]
url_env = "NOC"
repeat_hours = 1
escalate_to = ["boss"]
[alert.channel.boss]
url_env = "BOSS"
severities = []
"""


def looked(now: int) -> list[AlertsLooked]:
    """Return that a desk looked for alerts by the minute, up to `now` (µs)."""
    return [AlertsLooked(id=f"looked {ago}", at=now - ago * MINUTE) for ago in range(3)]


def alerts(now: int) -> list[AlertEvent]:
    """Return the events of the six hours before `now` (µs)."""
    return list(_events(now))


def _raised(  # noqa: PLR0913, PLR0917 an alert has this many sides
    now: int, alert: str, minutes: int, rule: str, subject: str, severity: Severity, text: str, **more: object
) -> AlertRaised:
    at = now - minutes * MINUTE
    return AlertRaised(
        id=alert, at=at, alert=alert, rule=rule, subject=subject, severity=severity, text=text, since=at, **more  # type: ignore[arg-type]
    )  # fmt: skip


def _told(  # noqa: PLR0913, PLR0917 likewise
    now: int, minutes: int, alert: str, channel: str, telling: Telling, status: DeliveryStatus, answer: str = ""
) -> Iterator[AlertDelivered]:
    for number, each in enumerate(("begun", status)):
        yield AlertDelivered(
            id=f"{alert}{channel}{telling}{minutes}{number}", at=now - minutes * MINUTE + number,
            message=f"{telling}{channel}{alert}{minutes}", channel=channel, telling=telling, alerts=(alert,),
            status=each, answer=answer if number else "", attempt=1, desk="d",
        )  # fmt: skip


def _events(now: int) -> Iterator[AlertEvent]:
    listed = (Evidence(rule="dnsbl/zen", text="zen lists the IP since 2 h ('spam')", value=1.0),)
    yield _raised(
        now, GONE, 100, "ip_withdrawn", WITHDRAWN, "warning", f"{WITHDRAWN} was taken out of the pool main",
        evidence=listed, page="pool", shown=WITHDRAWN,
    )  # fmt: skip
    yield from _told(now, 99, GONE, "noc", "raised", "sent", "taken")
    yield from _told(now, 69, GONE, "boss", "escalated", "failed", "HTTP 503")
    yield from _told(now, 40, GONE, "noc", "repeated", "sent", "taken")
    # Another desk raised the same cause at the same time: its number is no alert.
    yield _raised(now, GHOST, 99, "ip_withdrawn", WITHDRAWN, "warning", f"{WITHDRAWN} was taken out, said twice")
    yield _raised(
        now, WORSE, 80, "pool_at_minimum", "main", "warning", "4 of 6 IPs carry mail", page="pool",
        shown="other",
    )  # fmt: skip
    yield AlertAcknowledged(id="k1", at=now - 79 * MINUTE, alert=WORSE, operator="ada", reason="one to spare")
    yield AlertWorsened(
        id="w1", at=now - 30 * MINUTE, alert=WORSE, rule="pool_at_minimum", subject="main", severity="critical",
        text="3 of 6 IPs of the pool main carry mail, min_active is 3",
    )  # fmt: skip
    yield _raised(
        now, THEFT, 20, "mailbox_flagged", THIEF, "warning", f"{THIEF} looks compromised, score 155",
        page="mailboxes", shown=THIEF,
    )  # fmt: skip
    yield AlertAcknowledged(id="k2", at=now - 15 * MINUTE, alert=THEFT, operator="eve", reason=f"called {RUDE}")
    yield _raised(
        now, QUIET, 10, "list_distrusted", "zen in main", "notice", f"zen has no vote ({RUDE})", page="lists",
        shown="zen",
    )  # fmt: skip
    yield _raised(now, OVER, 300, "hook_drift", "exim of main on mx1", "warning", "exim on mx1 was changed by others")
    yield AlertResolved(
        id="r1", at=now - 200 * MINUTE, alert=OVER, rule="hook_drift", subject="exim of main on mx1",
        text="exim on mx1 has in force what was decided", count=100, until=now - 210 * MINUTE,
    )  # fmt: skip
