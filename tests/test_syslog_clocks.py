"""Lines of several hosts in one log: whatever stands between, a stamp with its year and zone is the time it names."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.syslog import Clock, split
from schemas.moments import epoch_microseconds

NOW = datetime(2026, 11, 29, 13, tzinfo=UTC)
SECONDS = st.sampled_from(["2026-11-29T12:00:01", "2020-01-01T00:00:07", "2026-11-29 12:00:02"])
FRACTIONS = st.sampled_from(["", ".123", ".000001", ".500000", ",2500001"])  # few, so that they meet
ZONES = st.sampled_from(["+00:00", "Z", "-0500"])
ZONED = st.tuples(SECONDS, FRACTIONS, ZONES).map("".join)
BEFORE_1970 = st.just("1969-12-31T23:59:59.000001+00:00")
WITHOUT_ZONE = st.tuples(SECONDS, FRACTIONS).map("".join)
TRADITIONAL = st.sampled_from(["Nov 29 12:00:01", "Nov 29 12:00:01.500000", "Jan  1 00:00:07", "Nov 31 12:00:01"])
FORMS = st.sampled_from(
    ["<22>1 {} mx1 postfix/qmgr 7 - - x", "<22>{} mx1 postfix/qmgr[7]: x", "{} mx1 postfix/qmgr[7]: x"]
)


def clock() -> Clock:
    return Clock(NOW, "UTC")


def time_of(line: str, clock: Clock) -> int | None:
    """Return the time that a line is given, None where it is refused."""
    try:
        return split(line, clock).at
    except ValueError:
        return None


def test_a_host_with_a_wrong_clock_moves_no_other_hosts_lines() -> None:
    shared = clock()
    stamps = ["2026-11-29T12:00:01.000001+00:00", "2020-01-01T00:00:07.123Z", "2026-11-29T12:00:01.500000+00:00"]
    found = [time_of(f"{stamp} mx{number} postfix/qmgr[7]: x", shared) for number, stamp in enumerate(stamps)]
    assert found == [epoch_microseconds(datetime.fromisoformat(stamp)) for stamp in stamps]


@settings(max_examples=400)
@given(st.lists(st.tuples(FORMS, ZONED | BEFORE_1970 | WITHOUT_ZONE | TRADITIONAL), max_size=12), FORMS, ZONED)
def test_a_zoned_stamp_has_the_time_that_it_has_alone(before: list[tuple[str, str]], form: str, stamp: str) -> None:
    shared, line = clock(), form.format(stamp)
    for other, of_it in before:
        time_of(other.format(of_it), shared)
    assert time_of(line, shared) == time_of(line, clock())
