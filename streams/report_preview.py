"""Reports on the command line: who gets which when, how one reads, and one to oneself."""

from collections.abc import Iterator

import msgspec
from clickhouse_connect.driver.client import Client

from schemas.moments import moment_of
from schemas.names import derived_id, domain_of
from schemas.report_settings import Report, ReportMail
from schemas.settings import Settings
from streams.directory import DirectoryError
from streams.directory.found import Directory
from streams.directory.kept import load
from streams.notices.filling import TemplateFaultError
from streams.report_due import Batch, question
from streams.report_figures import told
from streams.report_files import writer_of
from streams.reports.asking import ALL
from streams.reports.charts import drawn
from streams.reports.choosing import Addressee, addressees
from streams.reports.document import Document
from streams.reports.figures import Figures
from streams.reports.pdf import pdf
from streams.reports.periods import Period, named, newest
from streams.reports.posting import Poster, inline
from streams.reports.reading import text
from streams.reports.writing import Writer
from streams.smtp import handed_over

_SECONDS = "seconds"


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """Which report somebody wants to see; "" is the newest period, and of customers' reports the first customer."""

    customer: str = ""
    period: str = ""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A report that somebody wants to see: to whom it goes and on which period, and the directory that it asks."""

    report: Report
    mail: ReportMail
    directory: Directory | None
    batch: Batch


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A report as it would go, and what is wrong with its templates."""

    to: str
    document: Document
    writer: Writer
    wanted: Wanted
    faults: list[str]


def _report_of(settings: Settings, name: str) -> tuple[Report, ReportMail]:
    """Return a report that is sent. ValueError where there is none of the name, or it has no mail."""
    if name not in settings.report:
        there = ", ".join(settings.report) or "none"
        raise ValueError(f"no report {name!r}; configured is {there}")
    report = settings.report[name]
    if report.mail is None:
        raise ValueError(f"report.{name}.mail: none: say from whom the report is")
    return report, report.mail


def directory_of(settings: Settings, report: Report) -> Directory | None:
    """Return the directory for a report on customers, None for one on all. OSError where it cannot be read."""
    if report.audience != "customer":
        return None
    try:
        return load(settings, lambda _: None)
    except DirectoryError as error:
        raise OSError(f"directory: {error}") from error


def rows(settings: Settings, at: int) -> Iterator[dict[str, object]]:
    """Yield who gets which report, the newest period, and what is in the way. OSError as `directory_of`."""
    for name, report in settings.report.items():
        directory = directory_of(settings, report)
        writer = writer_of(report, report.mail, name)[0] if report.mail else None
        for each in addressees(report, directory.accounts() if directory else ()):
            period = newest(each.rhythm, at)
            yield {
                "report": name,
                "audience": report.audience,
                "every": report.every,
                "customer": each.customer,
                "to": each.recipient or "nobody",
                "language": each.language,
                "hours": " ".join(map(str, each.rhythm.hours)),
                "timezone": each.rhythm.timezone,
                "newest": period.name,
                "due": moment_of(period.due).isoformat(timespec=_SECONDS),
                "problem": each.problem or (_fault(writer, each, period) if writer else "no mail is configured"),
            }


def _fault(writer: Writer, to: Addressee, period: Period) -> str:
    """Return why nothing can be written to somebody, "" where it can: a template may fail for him alone."""
    try:
        writer.document(Figures(), period, to)
    except TemplateFaultError as error:
        return f"cannot be written: {error}"
    return ""


def wanted(settings: Settings, name: str, wish: Wish, at: int) -> Wanted:
    """Return which report is meant. ValueError where there is no such report, customer or period."""
    report, mail = _report_of(settings, name)
    directory = directory_of(settings, report)
    to = _addressee(name, report, directory, wish.customer)
    period = named(to.rhythm, wish.period) if wish.period else newest(to.rhythm, at)
    batch = Batch(name=name, rhythm=to.rhythm, period=period, addressees=(to,))
    return Wanted(report=report, mail=mail, directory=directory, batch=batch)


def shown(settings: Settings, client: Client, wanted: Wanted, at: int) -> Shown:
    """Return a report as it would go. ClickHouseError; ValueError where a template cannot be filled in."""
    batch, directory = wanted.batch, wanted.directory
    figures = told(client, question(settings, wanted.report, batch, directory), directory, at)
    writer, faults = writer_of(wanted.report, wanted.mail, batch.name)
    (to,) = batch.addressees
    document = writer.document(figures[to.customer or ALL], batch.period, to)
    return Shown(to=to.recipient, document=document, writer=writer, wanted=wanted, faults=faults)


def _addressee(name: str, report: Report, directory: Directory | None, customer: str) -> Addressee:
    if customer and directory is None:
        raise ValueError(f"--customer {customer!r}: the report {name} is for {report.audience}, on all customers")
    found = [
        each
        for each in addressees(report, directory.accounts() if directory else ())
        if customer in {"", each.customer}
    ]
    if not found:
        whom = f"--customer {customer!r}: he gets" if customer else "nobody gets"
        raise ValueError(f"{whom} no report {name}: he is not in the directory, or has not the flag {report.flag!r}")
    return found[0]


def as_text(found: Shown) -> str:
    """Return the report as text."""
    return text(found.document)


def as_html(found: Shown) -> str:
    """Return the report as an HTML page with its charts in it."""
    return inline(found.document, found.writer.filling)


def as_pdf(found: Shown, at: int) -> bytes:
    """Return the report as PDF, dated `at` (µs)."""
    return pdf(found.document, drawn(found.document), at)


def send_test(found: Shown, to: str, at: int) -> dict[str, str]:
    """Send a report to an address (`recipient_of`), marked as a test, and return how it ended.

    OSError, with the server's words, where the server does not take it.
    """
    name, mail = found.wanted.batch.name, found.wanted.mail
    identity = f"<{derived_id('report-test', name, to, at)}@{domain_of(mail.sender)}>"
    document = msgspec.structs.replace(found.document, subject=f"[Test] {found.document.subject}")
    made = Poster(found.writer.filling, mail, with_pdf=found.wanted.report.pdf).mail(document, to, identity, at)
    reply = handed_over(made, to, mail.sender, mail, f"report.{name}.mail")
    if reply.status != "sent":
        raise OSError(f"report.{name}.mail: {reply.words}")
    return {"to": to, "message_id": identity, "reply": reply.words}
