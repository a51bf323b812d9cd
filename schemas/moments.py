"""Times: UTC epoch microseconds in events, aware `datetime` and RFC 3339 at the edges."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def epoch_microseconds(moment: datetime) -> int:
    """Return an aware time as events carry it."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(at: int) -> datetime:
    """Return the time of an event, in UTC."""
    return _EPOCH + at * _MICROSECOND


def rfc3339(at: int) -> str:
    """Return a time as RFC 3339 writes it, in UTC, to the microsecond."""
    return moment_of(at).isoformat()
