"""The templates of reports: those that come along, and a company's own, one by one, as far as they can be used."""

from collections.abc import Iterator

from schemas.names import domain_of
from schemas.report_settings import Report, ReportMail
from schemas.settings import Settings
from streams.notice_files import built_in, folder_of
from streams.notices import LANGUAGES, LAYOUT
from streams.notices.filling import TemplateFaultError
from streams.reports.choosing import Addressee
from streams.reports.document import Chart, Document, Section, Series, Table, Text
from streams.reports.periods import Rhythm, newest
from streams.reports.reading import words
from streams.reports.writing import CLOSING, OPENING, Writer

_PACKAGE = "streams.reports"
_AT = 1_800_000_000_000_000


def writer_of(report: Report, mail: ReportMail, name: str) -> tuple[Writer, list[str]]:
    """Return what writes the report `name`, and what is wrong with its templates, by file and line.

    What is wrong with one of the company's own is told, and the one that comes along is used in its place: reports go.
    """
    place = f"report.{name}.mail.templates"
    texts = built_in(_PACKAGE)
    if mail.templates is None:
        return Writer(texts, report, mail), []
    own, told = folder_of(mail.templates, place)
    for strange in sorted(own.keys() - texts.keys()):
        told.append(f"{place}: {mail.templates}/{strange}: replaces nothing: no template has this name")
        del own[strange]
    for each in sorted(own):
        for fault in _faults(Writer({**texts, each: own[each]}, report, mail), report, each):
            line = f":{fault.line}" if fault.line else ""
            told.append(f"{place}: {mail.templates}/{each}{line}: {fault.why}")
            own.pop(each, None)
    return Writer({**texts, **own}, report, mail), list(dict.fromkeys(told))


def _faults(writer: Writer, report: Report, name: str) -> Iterator[TemplateFaultError]:
    """Yield what is wrong with one template, told by using it."""
    rhythm = Rhythm(every=report.every, hours=report.hours, timezone=report.timezone)
    if name == LAYOUT:
        try:
            words(_EVERYTHING, writer.filling, ["cid:chart"])
        except TemplateFaultError as error:
            yield error
        return
    for language in LANGUAGES:
        if name in {f"{language}/{OPENING}", f"{language}/{CLOSING}"}:
            somebody = Addressee(customer="x", name="x", recipient="", language=language, rhythm=rhythm)
            yield from writer.faults(somebody, newest(rhythm, _AT))


def faults(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each thing that would keep reports from going as they are meant."""
    for name, report in settings.report.items():
        if report.mail is None:
            yield f"report.{name}.mail: none: no report is sent"
        else:
            yield from writer_of(report, report.mail, name)[1]
        if "sunset" in report.parts and not settings.sunset:
            yield f"report.{name}.parts: sunset: no sunset is configured"
        if "reputation" in report.parts and not settings.pool:
            yield f"report.{name}.parts: reputation: no pool is configured"


def addressless(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each customer of the configuration who would get a report, and has no contact."""
    for name, report in settings.report.items():
        if report.audience == "customer" and settings.directory is None and not report.flag:
            without = sorted(each for each, one in settings.customers.items() if not domain_of(one.contact))
            if without:
                yield f"report.{name}: no contact, so no report, for {', '.join(without)}"


_EVERYTHING = Document(
    language="en",
    subject="subject",
    title="title",
    about="about",
    age="age",
    opening="opening",
    sections=(
        Section(
            title="section",
            blocks=(
                Text(text="text"),
                Text(text="call", call=True),
                Table(head=("a", "b"), rows=(("1", "2"),), numbers=1, note="note", less=(1,)),
                Chart(title="chart", alt="alt", labels=("1",), series=(Series("a", "delivered", (1.0,)),)),
            ),
        ),
    ),
    closing="closing",
    company="company",
)
"""A document with every kind of block, for the check of a layout."""
