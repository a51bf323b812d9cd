"""How a language says numbers, days and times in customers' mails."""

import re
from datetime import date, datetime
from functools import partial

from babel import Locale
from babel.dates import format_date, format_time, get_timezone, get_timezone_name
from babel.numbers import format_decimal, format_percent

from schemas.moments import moment_of
from streams.notices import Language
from streams.notices.paragraphs import LOCALES

_FIRST = re.compile(r"\b1 ")


class Speech:
    """A language, and the time zone in which it tells times."""

    def __init__(self, language: Language, zone: str) -> None:
        self._locale = Locale.parse(LOCALES[language])
        self._zone = get_timezone(zone)
        percent = "#,##0 %" if language != "en" else None
        self.functions: dict[str, object] = {
            "number": self._number,
            "percent": partial(format_percent, format=percent, locale=self._locale),
            "plural": self._plural,
        }
        """What templates may call."""

    def day(self, day: date) -> str:
        """Return a day without its weekday."""
        return self._ordinal(format_date(day, "long", locale=self._locale))

    def weekday(self, day: date) -> str:
        """Return a day with its weekday."""
        return self._ordinal(format_date(day, "full", locale=self._locale))

    def time(self, at: int) -> str:
        """Return the time (µs) of day."""
        return format_time(self.local(at), "short", locale=self._locale)

    def zone(self, at: int) -> str:
        """Return the zone's short name at a time (µs), in English where the language has but an offset for it."""
        then = self.local(at)
        name = get_timezone_name(then, width="short", locale=self._locale)
        return name if name[:1].isalpha() else then.tzname() or name

    def local(self, at: int) -> datetime:
        """Return a time (µs) in the zone."""
        return moment_of(at).astimezone(self._zone)

    def _ordinal(self, day: str) -> str:
        """Return a day as French writes the first of a month, which CLDR does not."""
        return _FIRST.sub("1er ", day) if self._locale.language == "fr" else day

    def _number(self, value: float) -> str:
        return format_decimal(round(value), locale=self._locale)

    def _plural(self, value: float, one: str, other: str) -> str:
        return one if self._locale.plural_form(round(value)) == "one" else other
