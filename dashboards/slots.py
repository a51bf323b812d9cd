"""What the questions ask of the counts that are kept of each five minutes, in place of the rows, and what of the rows.

`mail_slots` counts mail_events, `pool_slots` pool_observations (schemas/clickhouse/051_mail_slots.sql and
057_pool_slots.sql).
"""

SLOT = 300_000_000
WEEK = 604_800_000_000
AGE = "concat(leftPad(hex(last_at), 16, '0'), id)"  # sorts as (last_at, id) does: texts are compared faster than tuples
_ALWAYS = 7_200_000_001  # so much longer is a time that has counts even if the one that is asked about is short


def slots_of(since: str, until: str, table: str = "mail_slots", *, short: bool = False) -> str:
    """Return a subquery: from which slot to before which the counts may be taken of a time after `since`, to `until`.

    Of two hours or less they are not, since its charts are finer, unless that does not matter: `short`.
    """
    width = f", width = {SLOT}" if table == "pool_slots" else ""
    begin = f"{since} - {_ALWAYS}" if short else since
    first = f"greatest(first, intDiv({since} + {SLOT}, {SLOT}) * {SLOT})"
    return f"(SELECT ({first}, next) FROM {table}_of(since = {begin}, until = {until}{width}))"  # noqa: S608 our own text


def within(slots: str) -> str:
    """Return the condition that a slot is one of those."""
    return f"(at >= {slots}.1 AND at < {slots}.2)"


def beside(slots: str, since: str, until: str) -> str:
    """Return the condition that a row is of the time, but of none of those slots."""
    return f"(at > {since} AND at <= {until} AND (at < {slots}.1 OR at >= {slots}.2))"


def whole(since: str, until: str) -> str:
    """Return the condition, for a projection by slots, that a slot lies wholly in the time."""
    slot = f"intDiv(at, {SLOT})"
    return f"({slot} >= intDiv({since} + {SLOT}, {SLOT}) AND {slot} < intDiv({until} + 1, {SLOT}))"


def cut(since: str, until: str) -> str:
    """Return the condition that a row is of the time, but of a slot that its ends cut."""
    first, end = f"intDiv({since} + {SLOT}, {SLOT}) * {SLOT}", f"intDiv({until} + 1, {SLOT}) * {SLOT}"
    return f"(at > {since} AND at <= {until} AND (at < {first} OR at >= {end}))"
