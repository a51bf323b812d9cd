"""Which reports are due, and what they say: letters for the letterbox, whose names follow from their periods."""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from schemas.mailbox_events import NoticeSent
from schemas.names import derived_id, domain_of
from schemas.report_settings import Report, ReportMail
from schemas.settings import Settings
from streams.directory.found import Directory
from streams.letterbox import Letter
from streams.reports.asking import ALL, Question
from streams.reports.choosing import Addressee, addressees
from streams.reports.document import Document
from streams.reports.figures import Figures
from streams.reports.periods import Period, Rhythm, newest
from streams.reports.writing import Writer

TEMPLATE = "report"


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """The reports of one name that are on the same time, and who gets them."""

    name: str
    rhythm: Rhythm
    period: Period
    addressees: tuple[Addressee, ...]

    @property
    def key(self) -> str:
        """Return what tells the batch from all others."""
        return f"{self.name}\0{self.rhythm}\0{self.period.name}"


def batches(name: str, report: Report, directory: Directory | None, at: int) -> list[Batch]:
    """Return the newest batches of a report at a moment; `directory` is that of customers, None for our own people."""
    by_rhythm: dict[Rhythm, list[Addressee]] = {}
    for each in addressees(report, directory.accounts() if directory else ()):
        if each.recipient:
            by_rhythm.setdefault(each.rhythm, []).append(each)
    return [
        Batch(name=name, rhythm=rhythm, period=newest(rhythm, at), addressees=tuple(found))
        for rhythm, found in by_rhythm.items()
    ]


def idle() -> None:
    """Tell nobody that the work goes on."""


def question(
    settings: Settings, report: Report, batch: Batch, directory: Directory | None, beat: Callable[[], None] = idle
) -> Question:
    """Return what is asked for a batch: the whole, or each customer's own apart; `beat` is called for each row then."""
    if directory is None:
        return Question(settings, batch.period, report.shown)

    def owner(mailbox: str) -> str:
        beat()
        account = directory.of(mailbox)
        return account.customer if account else ""

    customers = frozenset(each.customer for each in batch.addressees)
    return Question(settings, batch.period, report.shown, owner, customers)


def letters(batch: Batch, mail: ReportMail, writer: Writer, figures: dict[str, Figures], at: int) -> Iterator[Letter]:
    """Yield the letters of a batch: the same whenever they are made, but for what the figures say."""
    for each in batch.addressees:
        document = writer.document(figures[each.customer or ALL], batch.period, each)
        yield letter(batch, mail, each, document, at)


def letter(batch: Batch, mail: ReportMail, to: Addressee, document: Document, at: int) -> Letter:
    """Return a report for the letterbox, due at its hour."""
    identity = identity_of(batch, to)
    message_id = f"<{identity}@{domain_of(mail.sender)}>"
    notice = NoticeSent(
        id=derived_id("notice", message_id, "intended"),
        at=at,
        customer=to.customer,
        recipient=to.recipient,
        template=TEMPLATE,
        language=to.language,
        message_id=message_id,
        status="intended",
        decision=identity,
    )
    return Letter(route=batch.name, notice=notice, content=msgspec.json.encode(document), due=batch.period.due)


def identity_of(batch: Batch, to: Addressee) -> str:
    """Return the name of a report: of a customer the same, wherever he is written to."""
    return derived_id(TEMPLATE, batch.name, to.customer or to.recipient, batch.period.name)


def missing(batch: Batch, mail: ReportMail, known: Callable[[str], bool]) -> Batch:
    """Return a batch without those whose report is known by its Message-ID."""
    left: Sequence[Addressee] = [
        each for each in batch.addressees if not known(f"<{identity_of(batch, each)}@{domain_of(mail.sender)}>")
    ]
    return msgspec.structs.replace(batch, addressees=tuple(left))
