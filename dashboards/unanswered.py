"""What a page could not read anew, in a sentence: ClickHouse was away, or it answered all but some questions."""

from collections.abc import Sequence

import pandas as pd

from dashboards import words
from dashboards.connection import Reading


def said(stale: Sequence[Reading], clock: int) -> str:
    """Return what was not answered, ClickHouse itself or some of the questions, and how old the values are for that."""
    asked = {id(reading): reading for reading in stale}  # what is read twice in a run is one answer
    old = [reading.read_at for reading in asked.values() if reading.frame is not None]
    away, since = any(reading.away for reading in stale), ""
    if old:
        oldest = pd.Timestamp.fromtimestamp(min(old), tz="UTC")
        since = f"from {oldest:%H:%M:%S} UTC, {words.age(clock / 1_000_000 - min(old))} ago"
    if away and old:
        return f"ClickHouse does not answer. The values are {since}."
    if away:
        return "ClickHouse does not answer; nothing was read yet."
    text = f"{len(asked)} question{' was' if len(asked) == 1 else 's were'} not answered; all others were."
    if never := len(asked) - len(old):
        text += f" Of {words.count(never)} nothing was read yet."
    return f"{text} Their values are {since}." if old else text
