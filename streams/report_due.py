"""Which reports are due, and what they say: letters for the letterbox, whose names follow from their periods."""

from collections.abc import Callable, Iterator

import msgspec

from schemas.mailbox_events import NoticeSent
from schemas.names import derived_id, domain_of
from schemas.report_settings import Report, ReportMail
from schemas.settings import Settings
from streams.directory.found import Directory
from streams.letterbox import Letter
from streams.reports.asking import ALL, Question, idle
from streams.reports.choosing import Addressee, addressees
from streams.reports.figures import Figures
from streams.reports.periods import Period, Rhythm, newest
from streams.reports.reading import words
from streams.reports.writing import Writer

TEMPLATE = "report"
FAULTS = (LookupError, TypeError, ArithmeticError, RuntimeError)
"""What our code, Babel and Matplotlib raise where figures are such as nobody foresaw."""
_HOUR = 3_600_000_000
_LEAST_PATIENCE = 6 * _HOUR


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


def question(
    settings: Settings, report: Report, batch: Batch, directory: Directory | None, beat: Callable[[], None] = idle
) -> Question:
    """Return what is asked for a batch: the whole, or each customer's own apart; `beat` is called for each row then."""
    if directory is None:
        return Question(settings, batch.period, report.shown)
    customers = frozenset(each.customer for each in batch.addressees)
    return Question(settings, batch.period, report.shown, directory, customers, beat)


def letters(batch: Batch, mail: ReportMail, writer: Writer, figures: dict[str, Figures], at: int) -> Iterator[Letter]:
    """Yield the letters of a batch: the same whenever they are made, but for what the figures say.

    One that cannot be written holds up no other: it has no content, and why stands in its reply. So it waits as long as
    its period is the newest, `give_up_hours` at most; then it is refused.
    """
    for each in batch.addressees:
        try:
            document = writer.document(figures[each.customer or ALL], batch.period, each)
            words(document, writer.filling, ["cid:chart"] * len(document.charts))
        except (ValueError, *FAULTS) as error:
            why = str(error) if isinstance(error, ValueError) else f"please report this: {error!r}"
            patience = min(int(mail.give_up_hours * _HOUR), batch.period.until - batch.period.since)
            until = max(batch.period.due + patience, at + _LEAST_PATIENCE)
            yield msgspec.structs.replace(letter(batch, mail, each, b"", at), reply=why, again=until)
        else:
            yield letter(batch, mail, each, msgspec.json.encode(document), at)


def letter(batch: Batch, mail: ReportMail, to: Addressee, content: bytes, at: int) -> Letter:
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
    return Letter(route=batch.name, notice=notice, content=content, due=batch.period.due)


def identity_of(batch: Batch, to: Addressee) -> str:
    """Return the name of a report: of a customer the same, wherever he is written to."""
    return derived_id(TEMPLATE, batch.name, to.key, batch.period.name)


def among(batch: Batch, wanted: Callable[[Addressee], bool]) -> Batch:
    """Return a batch with those of its addressees who are wanted."""
    return msgspec.structs.replace(batch, addressees=tuple(filter(wanted, batch.addressees)))
