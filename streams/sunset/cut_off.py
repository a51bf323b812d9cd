"""Whose silence tells nothing: while his stage is closed he is refused, whatever he tries, and so is not seen."""

from datetime import timedelta

from schemas.sunset_settings import Sunset
from streams.sunset.ledger import Ledger
from streams.sunset.stages import stage_of
from streams.sunset.weeks import day_of, start_of


def cut_off(sunset: Sunset, ledger: Ledger, mailbox: str, last: int, since: int) -> bool:
    """Tell whether a mailbox that was seen `last`, and not `since` (µs), may be silent because its stage is closed.

    That is so of one that was seen within the `quiet_days` before it closed, until it was silent for as many days after
    its stage came back.
    """
    if not ledger.shut:
        return False
    begin, end = ledger.shut.get(stage_of(ledger.stages, mailbox).number, (0, 0))
    return bool(begin) and not 0 < end <= since and last >= _before(sunset, begin)


def before_shut(sunset: Sunset, ledger: Ledger) -> int:
    """Return from when on it must be known who was seen last (µs), to tell who was cut off; where nobody was, ever."""
    return min((_before(sunset, begin) for begin, _ in ledger.shut.values()), default=2**63 - 1)


def _before(sunset: Sunset, begin: int) -> int:
    return start_of(sunset, day_of(sunset, begin) - timedelta(days=sunset.quiet_days))
