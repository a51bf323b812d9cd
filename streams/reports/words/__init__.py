"""The words of reports; each module is a language. A sentence is picked by its name, and by how many it is about."""

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib import import_module
from typing import cast

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent

from streams.notices import Language
from streams.notices.paragraphs import LOCALES
from streams.notices.speech import Speech

NONE = "\N{EN DASH}"
"""What stands where nothing is known."""
_NO_BREAK = "\N{NO-BREAK SPACE}"
_BEFORE_SIGN = re.compile(" (?=[:;?!])")
_MINUS = "\N{MINUS SIGN}"
Sentences = Mapping[str, str | tuple[str, str]]


@cache
def sentences(language: Language) -> Sentences:
    """Return all sentences of a language; a pair is one for the singular and one for the plural."""
    return cast("Sentences", import_module(f"{__name__}.{language}").SENTENCES)


class Tongue:
    """A language and a time zone: what reports say in it."""

    def __init__(self, language: Language, zone: str) -> None:
        self.language = language
        self._sentences = sentences(language)
        self._locale = Locale.parse(LOCALES[language])
        self._speech = Speech(language, zone)

    def say(self, name: str, n: float | None = None, **values: object) -> str:
        """Return a sentence with its values; `n` is how many it is about, and stands in it as {n}."""
        found = self._sentences[name]
        if not isinstance(found, str):
            one, many = found
            found = one if self._locale.plural_form(n or 0) == "one" else many
        told = found.format(n=self.number(n or 0), **values)
        return _BEFORE_SIGN.sub(_NO_BREAK, told) if self.language == "fr" else told

    def number(self, value: float, digits: int = 0) -> str:
        """Return a number with at most so many digits behind the point."""
        return format_decimal(round(value, digits), locale=self._locale)

    def percent(self, share: float | None) -> str:
        """Return a share with one digit, rounded so that what is not all is not called all; None is a dash."""
        if share is None:
            return NONE
        floored = int(share * 1000) / 1000
        form = "#,##0.0 %" if self.language != "en" else "#,##0.0%"
        return format_percent(floored, form, locale=self._locale)

    def change(self, now: float | None, before: float | None) -> str:
        """Return the change of a share in percentage points; a dash where one of the two is not known."""
        if now is None or before is None:
            return NONE
        points = round((now - before) * 100, 1)
        sign = "±" if not points else "+" if points > 0 else _MINUS
        return f"{sign}{format_decimal(abs(points), '#,##0.0', locale=self._locale)}"

    def day(self, at: int) -> str:
        """Return the day of a moment (µs), with its weekday."""
        return self._speech.weekday(self._speech.local(at).date())

    def short_day(self, at: int) -> str:
        """Return a day as charts and tables have it: day and month."""
        return format_skeleton("Md", self._speech.local(at), locale=self._locale)

    def span(self, since: int, until: int) -> str:
        """Return the first and the last day of a time that ends at midnight."""
        days = [format_date(self._speech.local(at).date(), "long", locale=self._locale) for at in (since, until - 1)]
        return f" {NONE} ".join(dict.fromkeys(days))

    def month(self, at: int) -> str:
        """Return month and year."""
        return format_skeleton("yMMMM", self._speech.local(at), locale=self._locale)

    def moment(self, at: int) -> str:
        """Return day, time and zone of a moment."""
        local = self._speech.local(at)
        return f"{format_date(local.date(), 'medium', locale=self._locale)}, {self.time(at)}"

    def time(self, at: int) -> str:
        """Return time and zone."""
        return f"{self._speech.time(at)} {self._speech.zone(at)}"

    def hour(self, at: int) -> str:
        """Return the hour of day, as charts have it."""
        return f"{self._speech.local(at).hour:02}"

    def written(self, day: str) -> str:
        """Return a day that is written as ISO 8601 has it."""
        return format_date(date.fromisoformat(day), "long", locale=self._locale)

    def week(self, monday: str) -> str:
        """Return day and month of a week's Monday."""
        return format_skeleton("Md", date.fromisoformat(monday), locale=self._locale)

    def listed(self, items: list[str]) -> str:
        """Return an enumeration."""
        return format_list(items, locale=self._locale)
