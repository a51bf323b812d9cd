"""Reports for tests: made-up figures of a week, and the golden mails of each audience and language."""

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

from schemas.domain_events import CustomerDomainChecked, DomainCheck
from schemas.report_settings import Audience, Report, ReportMail
from streams.directory import Account
from streams.notice_files import built_in
from streams.notices import LANGUAGES, Language
from streams.reports.choosing import Addressee, addressees
from streams.reports.document import Document
from streams.reports.figures import (
    Asked,
    Cases,
    CaseSeen,
    Checked,
    Counts,
    Delisted,
    Domains,
    Ending,
    Figures,
    Heard,
    Listing,
    Reputation,
    Step,
    Traffic,
    Using,
    WeekOpen,
)
from streams.reports.periods import Period, named, slots
from streams.reports.posting import Poster
from streams.reports.writing import Writer

HOUR = 3_600_000_000
DAY = 24 * HOUR
IDENTITY = "<0123456789abcdef@isp.example>"
MAIL: dict[str, object] = {
    "sender": "reports@isp.example",
    "reply_to": "help@isp.example",
    "company": "Example ISP",
    "support": "+41 44 000 00 00",
}


def settings(audience: Audience, language: Language = "en", **more: object) -> tuple[Report, ReportMail]:
    """Return a weekly report in Zurich's time, and its mail."""
    given: dict[str, object] = {
        "audience": audience,
        "every": "weekly",
        "timezone": "Europe/Zurich",
        "language": language,
        "mail": MAIL,
    }
    if audience != "customer":
        given["recipients"] = ["boss@isp.example"]
    made = Report.model_validate(given | more)
    assert made.mail is not None
    return made, made.mail


def written(
    audience: Audience,
    language: Language,
    figures: Figures | None = None,
    name: str = "Bäckerei Muster",
    **more: object,
) -> tuple[Document, Poster, Addressee]:
    """Return a report of the 47th week of 2026, what makes a mail of it, and to whom it goes."""
    report, mail = settings(audience, language, **more)
    (to,) = addressees(report, [Account(customer="4711", name=name, contact="it@bakery.example")])
    period = named(to.rhythm, "2026-W47" if report.every == "weekly" else "2026-11-18")
    writer = Writer(built_in("streams.reports"), report, mail)
    found = writer.document(figures or made_up(period, own=audience == "customer"), period, to)
    return found, Poster(writer.filling, mail, with_pdf=report.pdf), to


def made_up(period: Period, *, own: bool = False) -> Figures:
    """Return figures of a period: one bar without data, a listing, a case; or of a customer, his own."""
    since, bars = period.since, slots(period)
    known = [bar for number, bar in enumerate(bars) if number != 2]
    return Figures(
        heard=Heard(newest=period.until + HOUR, slots=frozenset(known), before=True),
        traffic=Traffic(
            providers={
                "google": Counts(91_234, 812, 305),
                "microsoft": Counts(50_321, 4_012, 905),
                "united_internet": Counts(8_000, 1, 0),
                "smtp.some-very-long-name-of-a-company.example": Counts(5, 0, 1),
            },
            before={"google": Counts(90_000, 700, 200), "microsoft": Counts(52_000, 400, 100)},
            slots={
                bar: Counts(20_000 + 1_500 * number, 600 + 40 * number, 150 + 20 * number)
                for number, bar in enumerate(known)
            },
            reasons={
                "user_unknown": Counts(0, 0, 700),
                "blocked_ip": Counts(0, 3_000, 200),
                "rate": Counts(0, 1_500, 0),
            },
        ),
        reputation=Reputation() if own else _reputation(since),
        cases=_own_cases(since) if own else _cases(since),
        endings=(_own_ending(since),) if own else (_ending(),),
        domains=_domains(since),
    )


def _reputation(since: int) -> Reputation:
    return Reputation(
        ips=("192.0.2.1", "192.0.2.2", "2001:db8::3"),
        lists=(Asked("spamhaus_zen", 50, 0), Asked("barracuda", 20, 20)),
        listings=(
            Listing("192.0.2.2", "spamhaus_zen", since + 30 * HOUR, still=False),
            Listing("2001:db8::3", "spamhaus_zen", since + 5 * DAY, still=True),
        ),
        delisted=(Delisted("spamhaus_zen", "192.0.2.2", "delisted", 95_400),),
        hours={"192.0.2.2": 26.5, "2001:db8::3": 48.25},
        traffic={"192.0.2.1": Counts(70_000, 500, 100), "192.0.2.2": Counts(40_000, 3_000, 900)},
    )


def _cases(since: int) -> Cases:
    return Cases(
        steps=(
            Step("bob@example.net", since + 40 * HOUR, "mailbox_suspended", "enforce"),
            Step("ann@example.net", since + 41 * HOUR, "mailbox_suspended", "propose"),
            Step("eve@example.net", since + 42 * HOUR, "mailbox_flagged", ""),
        ),
        before=3,
        cases=(CaseSeen("customer-4711", 4, since + 40 * HOUR, closed=False),),
    )


def _own_cases(since: int) -> Cases:
    return Cases(steps=(Step("shop@bakery.example", since + 40 * HOUR, "mailbox_suspended", "enforce"),))


def _ending() -> Ending:
    weeks = ("2026-11-02", 1_000, 990), ("2026-11-09", 1_000, 800), ("2026-11-16", 1_010, 500)
    told = tuple(WeekOpen(*each) for each in weeks)
    return Ending(name="pop", kind="smtp_after_pop", ends="2027-02-22", weeks=told, nothing_left="2027-01-20")


def _own_ending(since: int) -> Ending:
    using = (Using("shop@bakery.example", since + 50 * HOUR), Using("till@bakery.example", since + 90 * HOUR))
    return Ending(name="pop", kind="smtp_after_pop", ends="2027-02-22", using=using, done=1)


def _domains(since: int) -> Domains:
    spf = DomainCheck(
        name="spf", outcome="absent", code="spf_absent", text="", publish="v=spf1 include:spf.isp.example -all"
    )
    look = CustomerDomainChecked(id="d", at=since, domain="bakery.example", outcome="absent", checks=(spf,))
    return Domains(
        seen=(
            Checked("bakery.example", "absent", "pass", "absent", "pass", "advice"),
            Checked("bakery.swiss.example", "pass", "pass", "pass", "pass", "pass"),
        ),
        looks=(look,),
        unseen=("new.bakery.example",),
    )


def mail_of(document: Document, poster: Poster, to: Addressee) -> EmailMessage:
    return poster.mail(document, to.recipient, IDENTITY, 1_795_413_600_000_000)


def parts(mail: EmailMessage, kind: str) -> list[EmailMessage]:
    """Return the parts of a content type, in their order."""
    return [part for part in mail.walk() if isinstance(part, EmailMessage) and part.get_content_type() == kind]


def golden(folder: Path) -> Iterator[tuple[Path, str]]:
    """Give each audience's mail in each language as it is read: headers and text, of the English ones the HTML, too."""
    audiences: tuple[Audience, ...] = ("noc", "management", "customer")
    for audience in audiences:
        for language in LANGUAGES:
            mail = mail_of(*written(audience, language, pdf=False))
            head = "".join(f"{field}: {value}\n" for field, value in mail.items())
            (text,), (html,) = parts(mail, "text/plain"), parts(mail, "text/html")
            shown = [text.get_content(), html.get_content()] if language == "en" else [text.get_content()]
            yield folder / f"{audience}-{language}.eml", "\n".join((head, *shown))
