"""By the minute, that somebody looks for alerts: no page may say "no alert" while nobody does. Pure."""

from schemas.names import derived_id
from schemas.observations import AlertsLooked

_MINUTE = 60_000_000
_AHEAD = 5 * _MINUTE


class Minutes:
    """The minutes of which it was told that somebody looked, by this desk and by others."""

    def __init__(self) -> None:
        self._own: int | None = None
        self._others = 0

    def heard(self, event: AlertsLooked) -> None:
        """Know that it was told of a minute."""
        self._others = event.at

    def told(self, at: int) -> AlertsLooked | None:
        """Return what is to be told at a time (µs), None where it was told of this minute, or a little ahead.

        Desks whose clocks differ do not take turns at telling; one whose clock is far ahead silences no other. What
        two desks tell of the same minute is the same event.
        """
        minute = at - at % _MINUTE
        if minute == self._own or 0 <= self._others - minute < _AHEAD:
            return None
        self._own = minute
        return AlertsLooked(id=derived_id("alerts looked", minute), at=minute)
