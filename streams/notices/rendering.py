"""From a notice and the templates to the words of a mail: subject, text and HTML.

Numbers of decisions are filled in, never a text of a stranger: each rule has its sentence in each language.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

from babel import Locale
from babel.dates import format_date, format_time, get_timezone, get_timezone_name
from babel.numbers import format_decimal, format_percent
from jinja2 import TemplateError

from schemas.facts import Evidence
from schemas.mailbox_hooks import CustomerMailHook
from schemas.moments import moment_of
from streams.notices import LANGUAGES, LAYOUT, REASONS, TEMPLATES, Language, Notice, Texts, visible
from streams.notices.paragraphs import LIST, LOCALES, Words, blocks, environment, parted

_MOST_REASONS = 4
_NOT_SHOWN = frozenset(("score", "password"))
_MARKS = (LIST, ("ol", re.compile(r"[0-9]{1,2}\. ")))


class Renderer:
    """The templates of one configuration, ready to be filled in."""

    def __init__(self, texts: Texts, settings: CustomerMailHook) -> None:
        self._settings = settings
        self._names = frozenset(texts)
        self._environment = environment(texts)

    def words(self, notice: Notice) -> Words:
        """Return the words of a mail. ValueError names a template that cannot be filled in, and why."""
        place = f"{notice.language}/{notice.template}"
        context = self._context(notice)
        subject, text = _parted(f"{place}.txt", self._filled(f"{place}.txt", context))
        context |= {"subject": subject, "blocks": blocks(text, _MARKS)}
        html = self._filled(f"{place}.html" if f"{place}.html" in self._names else LAYOUT, context)
        return Words(subject, text, html)

    def wrong(self, examples: Iterable[Notice]) -> list[str]:
        """Return what is wrong with the templates, told by filling each of them in."""
        missing = sorted(
            name
            for language in LANGUAGES
            for name in (f"{language}/{REASONS}", *(f"{language}/{template}.txt" for template in TEMPLATES))
            if name not in self._names
        )
        found = [f"{name}: is missing" for name in missing]
        for notice in examples:
            try:
                self.words(notice)
            except ValueError as error:
                found.append(str(error))
        return list(dict.fromkeys(found))

    def _filled(self, name: str, context: dict[str, Any]) -> str:
        try:
            return self._environment.get_template(name).render(context)
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
            raise ValueError(f"{name}{_line(error)}: {getattr(error, 'message', None) or error}") from error

    def _context(self, notice: Notice) -> dict[str, Any]:
        locale = Locale.parse(LOCALES[notice.language])
        zone = get_timezone(self._settings.timezone)
        began = moment_of(notice.since).astimezone(zone)
        context: dict[str, Any] = {
            "language": notice.language,
            "mailbox": visible(notice.mailbox),
            "customer": visible(notice.customer),
            "company": self._settings.company,
            "support": self._settings.support,
            "website": self._settings.website,
            "day": format_date(began, "long", locale=locale),
            "time": format_time(began, "short", locale=locale),
            "zone": _zone(began, locale),
            "recipients_per_hour": notice.recipients_per_hour,
            "number": partial(_number, locale=locale),
            "percent": partial(format_percent, format="#,##0 %" if notice.language != "en" else None, locale=locale),
            "plural": partial(_plural, locale=locale),
        }
        return context | {"reasons": self._reasons(notice.evidence, notice.language, context)}

    def _reasons(self, evidence: tuple[Evidence, ...], language: Language, context: dict[str, Any]) -> list[str]:
        """Return the strongest reasons as sentences; a rule for which a language has none is left out."""
        strongest = sorted(evidence, key=lambda each: -each.points)
        said = (
            self._filled(f"{language}/{REASONS}", {**context, **_facts(each)}).strip()
            for each in strongest
            if each.points >= 0 and each.rule not in _NOT_SHOWN
        )
        return list(dict.fromkeys(filter(None, said)))[:_MOST_REASONS]


def _line(error: Exception) -> str:
    """Return where in the template it happened, as Jinja writes it into the traceback."""
    told: int | None = getattr(error, "lineno", None)
    frame = error.__traceback__
    while frame is not None:
        told = frame.tb_lineno if frame.tb_frame.f_code.co_filename == "<template>" else told
        frame = frame.tb_next
    return f" line {told}" if told else ""


def _facts(evidence: Evidence) -> dict[str, object]:
    return {"rule": evidence.rule, "value": evidence.value, "usual": evidence.usual}


def _zone(began: datetime, locale: Locale) -> str:
    """Return the zone's short name in this language, else in English where the language has but an offset."""
    name = get_timezone_name(began, width="short", locale=locale)
    return name if name[:1].isalpha() else began.tzname() or name


def _number(value: float, *, locale: Locale) -> str:
    return format_decimal(round(value), locale=locale)


def _plural(value: float, one: str, other: str, *, locale: Locale) -> str:
    return one if locale.plural_form(round(value)) == "one" else other


def _parted(name: str, filled: str) -> tuple[str, str]:
    first, text = parted(filled)
    if not first.startswith("Subject: ") or not first.removeprefix("Subject: ").strip():
        raise ValueError(f"{name}: its first line is no 'Subject: …'")
    return visible(first.removeprefix("Subject: ").strip(), 250), text
