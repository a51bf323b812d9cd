"""What a pool carries, hour by hour, and what each IP was seen to carry well: how many IPs its traffic needs."""

import msgspec

from streams.window import DAY, HOUR, MINUTE

AHEAD_HOURS = 3
_DAY_HOURS = 24
_WEEK_HOURS = 7.0 * 24
_MONTH_HOURS = 30.0 * 24
_WELL = 0.25
_TIMES_BEFORE = 2.0
_HOUR_MINUTES = 60
_HOUR_BITS = 2**_HOUR_MINUTES - 1


class Peak(msgspec.Struct, frozen=True):
    """The most messages of an hour, and the hour (counted since the epoch) that had them."""

    messages: float
    hour: int

    def faded(self, hour: int, half_life: float) -> float:
        """Return the messages as they count in another hour: half after each half-life, in hours."""
        return float(self.messages * 0.5 ** (max(0, hour - self.hour) / half_life))


class Carried(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one IP carries: the messages of the present hour, those not delivered, and the best hour it carried well."""

    hour: int = 0
    messages: int = 0
    failed: int = 0
    best: Peak | None = None

    def counting(self, at: int, messages: int, failed: int) -> "Carried":
        """Return it with one count more; an hour with a quarter or more not delivered was not carried well."""
        hour = at // HOUR
        if hour <= self.hour:
            return msgspec.structs.replace(self, messages=self.messages + messages, failed=self.failed + failed)
        best = self.best
        if self.messages and self.failed < _WELL * self.messages and self.messages >= self.likely(self.hour):
            best = Peak(float(self.messages), self.hour)
        return Carried(hour=hour, messages=messages, failed=failed, best=best)

    def likely(self, hour: int) -> float:
        """Return what it is known to carry well in an hour; half as much a month later; 0: nothing."""
        return self.best.faded(hour, _MONTH_HOURS) if self.best else 0.0


class Load(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a pool carries: the messages of this hour, how many hours were seen, and the peak of each of a day.

    `minute` is the last one with mail, `recent` has a bit for each of the hour up to it: the lowest is that one.
    """

    hour: int = 0
    messages: int = 0
    hours: int = 0
    peaks: dict[str, Peak] = {}
    minute: int = 0
    recent: int = 0

    @property
    def is_known(self) -> bool:
        """Tell whether a whole day was seen."""
        return self.hours >= _DAY_HOURS

    @property
    def busy_minutes(self) -> int:
        """Return how many of the sixty minutes up to the last mail had mail."""
        return self.recent.bit_count()

    def counting(self, at: int, messages: int) -> "Load":
        """Return it with one count more.

        An hour doubles what is expected at most, so that a thief's wave does not bind the pool for weeks.
        """
        hour = at // HOUR
        minute, recent = self._minutes(at // MINUTE) if messages else (self.minute, self.recent)
        if hour <= self.hour:
            return msgspec.structs.replace(self, messages=self.messages + messages, minute=minute, recent=recent)
        if not self.hour:
            return Load(hour=hour, messages=messages, minute=minute, recent=recent)
        slot = _slot(self.hour)
        usual = self.usual(slot, self.hour)
        most = min(float(self.messages), _TIMES_BEFORE * usual) if usual >= 1 else float(self.messages)
        peaks = {**self.peaks, slot: Peak(most, self.hour)} if most >= usual else self.peaks
        hours = min(self.hours + 1, _DAY_HOURS)
        return Load(hour=hour, messages=messages, hours=hours, peaks=peaks, minute=minute, recent=recent)

    def _minutes(self, minute: int) -> tuple[int, int]:
        """Return the last minute with mail, and the bits of its hour, with mail in this minute, too."""
        if minute > self.minute:
            return minute, (self.recent << min(_HOUR_MINUTES, minute - self.minute) | 1) & _HOUR_BITS
        ago = self.minute - minute
        return self.minute, self.recent | 1 << ago if ago < _HOUR_MINUTES else self.recent

    def expected(self, at: int) -> float:
        """Return the most messages of one of the next three hours, this one included; 0 where nothing is known.

        The hour just over counts, too: it may be all that is known, or a day unlike those before.
        """
        hour = at // HOUR
        known = self.counting(at, 0) if hour > self.hour else self
        return max(known.usual(_slot(hour + ahead), hour) for ahead in range(-1, AHEAD_HOURS))

    def usual(self, slot: str, hour: int) -> float:
        """Return what is usual for an hour of the day: half of what it was each week after."""
        peak = self.peaks.get(slot)
        return peak.faded(hour, _WEEK_HOURS) if peak else 0.0


def _slot(hour: int) -> str:
    """Return the hour of the day (UTC)."""
    return str(hour * HOUR % DAY // HOUR)
