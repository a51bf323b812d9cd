"""From figures to the document that a report is, in the words of its addressee and of the company's templates."""

from collections.abc import Iterator, Mapping, Sequence

from schemas.report_settings import Report, ReportMail
from streams.notices.filling import Filling, TemplateFaultError, subject_and_text
from streams.notices.speech import Speech
from streams.reports.choosing import Addressee
from streams.reports.document import Document
from streams.reports.figures import Figures, Silent
from streams.reports.parts import View, named, section
from streams.reports.periods import Period, slots
from streams.reports.words import Tongue

_MOST_LOGS = 10
OPENING, CLOSING = "opening.txt", "closing.txt"
NAMES = frozenset(
    (
        *("language", "audience", "every", "title", "period", "name", "company", "support"),
        *("number", "percent", "plural"),
    )
)
"""What the texts may name (docs/reports-mailed.md)."""


class Writer:
    """The templates and settings of one report, ready to be filled in."""

    def __init__(self, texts: Mapping[str, str], report: Report, mail: ReportMail) -> None:
        self.filling = Filling(texts)
        self._report, self._mail = report, mail

    def document(self, figures: Figures, period: Period, addressee: Addressee) -> Document:
        """Return the report. TemplateFaultError names a template that cannot be filled in, and why."""
        tongue = Tongue(addressee.language, addressee.rhythm.timezone)
        view = View(audience=self._report.audience, tongue=tongue, period=period, heard=figures.heard)
        title, about = tongue.say(f"title_{view.audience}"), _about(tongue, period)
        context = self._context(addressee, title, about)
        subject, opening = subject_and_text(*self._filled(addressee, OPENING, context))
        age, stale = _age(figures, view)
        return Document(
            language=addressee.language,
            subject=subject,
            title=title,
            about=f"{about} · {named(addressee.name)}" if addressee.customer else about,
            age=age,
            stale=stale,
            opening=opening.strip(),
            sections=tuple(section(name, figures, view) for name in self._report.shown),
            closing=self._filled(addressee, CLOSING, context)[1].strip(),
            company=self._mail.company,
        )

    def faults(self, addressee: Addressee, period: Period) -> Iterator[TemplateFaultError]:
        """Yield what is wrong with the texts of the addressee's language."""
        for name in (f"{addressee.language}/{OPENING}", f"{addressee.language}/{CLOSING}"):
            yield from self.filling.unknown(name, NAMES)
        try:
            self.document(Figures(), period, addressee)
        except TemplateFaultError as error:
            yield error

    def _filled(self, addressee: Addressee, name: str, context: Mapping[str, object]) -> tuple[str, str]:
        place = f"{addressee.language}/{name}"
        return place, self.filling.filled(place, context)

    def _context(self, addressee: Addressee, title: str, about: str) -> dict[str, object]:
        return {
            "language": addressee.language,
            "audience": self._report.audience,
            "every": self._report.every,
            "title": title,
            "period": about,
            "name": named(addressee.name),
            "company": self._mail.company,
            "support": self._mail.support,
            **Speech(addressee.language, addressee.rhythm.timezone).functions,
        }


def _about(tongue: Tongue, period: Period) -> str:
    """Return the period in words."""
    if period.every == "monthly":
        return tongue.month(period.since)
    if period.every == "weekly":
        week = period.name.partition("-W")[2].lstrip("0")
        return tongue.say("period_week", week=week, span=tongue.span(period.since, period.until))
    if "T" in period.name:
        since, until = tongue.time(period.since), tongue.time(period.until)
        return tongue.say("period_hours", day=tongue.day(period.until - 1), since=since, until=until)
    return tongue.say("period_day", day=tongue.day(period.since))


def _age(figures: Figures, view: View) -> tuple[str, bool]:
    """Return how old the data is and what of it is missing, and whether that must be seen."""
    tongue, heard = view.tongue, figures.heard
    if not heard.slots:
        return tongue.say("age_none"), True
    told = []
    if heard.newest < view.period.until:
        told.append(tongue.say("age_short", moment=tongue.moment(heard.newest)))
    if heard.silent:
        told.append(_silent(heard.silent, view))
    missing = sum(slot not in heard.slots for slot in slots(view.period))
    if missing and heard.newest >= view.period.until:
        told.append(tongue.say("age_gaps" if view.period.every == "daily" else "age_gap_days", missing))
    return " ".join(told) or tongue.say("age_whole", moment=tongue.moment(heard.newest)), bool(told)


def _silent(found: Sequence[Silent], view: View) -> str:
    """Return which logs were not read, and until when they were; a customer learns no names of hosts."""
    tongue = view.tongue
    if view.own:
        return tongue.say("silent_own", len(found), moment=tongue.moment(min(each.since for each in found)))
    names = [
        tongue.say(
            "silent_between" if each.until else "silent_from",
            log=named(each.log),
            since=tongue.moment(each.since),
            until=tongue.moment(each.until),
        )
        for each in found[:_MOST_LOGS]
    ]
    left = len(found) - len(names)
    return tongue.say("silent", len(found), names="; ".join([*names, *(["…"] if left else [])]))
