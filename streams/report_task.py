"""The desk's task for reports: what is due is written from the warehouse into a letterbox, and out of it handed over.

Each report is known by its name, its customer and its period (`decision`). Which were sent already the letterbox
knows, the topic, and where both were lost, the warehouse. Of the periods that passed while the desk was down, the last
is made up for; what was due before a report was configured, or somebody got it, is not.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from clickhouse_connect.driver.exceptions import ClickHouseError
from fpdf.errors import FPDFException

from schemas.events import Event
from schemas.moments import rfc3339
from schemas.report_settings import Report, ReportMail
from schemas.settings import Settings
from streams.carrying import Carrier, Route
from streams.directory.found import Directory
from streams.directory.kept import Kept
from streams.journal import Journal
from streams.letterbox import OPEN, Letter, Letterbox
from streams.letterproof import Proofs
from streams.report_due import FAULTS, Batch, among, batches, identity_of, letters, question
from streams.report_figures import told
from streams.report_files import writer_of
from streams.report_sent import Sent, called, complete, resumed, sent
from streams.report_shared import Shared
from streams.report_since import Since
from streams.reports.asking import idle
from streams.reports.choosing import Addressee
from streams.reports.document import Document
from streams.reports.posting import Poster
from streams.reports.writing import Writer
from streams.sqlite_file import copied
from streams.warehouse_client import awake

LOG = logging.getLogger("relaywarden.desk")
FILE = "reports.db"
_MINUTE = 60_000_000
_PATIENCE = 15 * _MINUTE
_PAUSE = 15_000_000
_DAY = 86_400_000_000
_TURN_SECONDS = 5.0
_DOCUMENT: msgspec.json.Decoder[Document] = msgspec.json.Decoder(Document)


class Reports:
    """The reports of a configuration; `clock` tells the time in µs, `beat` says that the work goes on.

    With `dry_run` it works on a copy of its letterbox, hands nothing over, and leaves everything as it is. OSError
    where the letterbox cannot be used.
    """

    def __init__(
        self, settings: Settings, clock: Callable[[], int], beat: Callable[[], None] = idle, *, dry_run: bool = False
    ) -> None:
        self._settings, self._clock, self._beat, self._dry_run = settings, clock, beat, dry_run
        self._directory = Kept(settings, keep=not dry_run)
        self._mails = {name: report.mail for name, report in settings.report.items() if report.mail is not None}
        self._writers = _writers(settings, self._mails)
        self._copy = TemporaryDirectory(prefix="relaywarden-") if dry_run else None
        path = settings.data / FILE
        self._box = Letterbox(copied(path, Path(self._copy.name)) if self._copy else path)
        self._shared = Shared(settings, self._box, clock)
        self._carrier = Carrier(self._box, self._routes(), self._shared.publish, Proofs(settings).proof, clock)
        self._since = Since(settings.data, self._mails, clock(), keep=not dry_run)
        self._written: set[str] = set()
        self._told: set[str] = set()
        self._looked = self._cleared = self._pause = 0
        self._begun = False

    def start_over(self) -> None:
        """Nothing: what reports know is not on the desk's topic."""

    def take(self, event: Event) -> None:
        """Take nothing: see `start_over`."""

    def turn(self, journal: Journal) -> None:  # noqa: ARG002 a task has one
        """Write what is due, each minute, hand over for a few seconds what waits; each day forget what is old."""
        at = self._clock()
        if not 0 <= at - self._looked < _MINUTE:
            self._looked = at
            self._write(at)
        if self._dry_run or 0 < self._pause - at <= _PAUSE:
            return
        try:
            self._carry(at)
            self._clear(at)
            self._told.discard("carry")
        except (sqlite3.Error, OSError) as error:
            self._pause = at + _PAUSE
            self._once("carry", f"reports wait: {error}")

    def stop(self) -> None:
        """Close the connections."""
        self._shared.close()
        self._box.close()
        if self._copy is not None:
            self._copy.cleanup()

    def _carry(self, at: int) -> None:
        if not self._begun:
            self._carrier.begin()
            self._begun = True
        if 0 < self._box.next_due() <= at:
            self._shared.read_on()  # another desk may have begun one
        until = time.monotonic() + _TURN_SECONDS
        while self._carrier.turn() and time.monotonic() < until:
            pass

    def _clear(self, at: int) -> None:
        if not 0 <= at - self._cleared < _DAY:
            self._box.forget(at)
            self._shared.forget(at)
            self._cleared = at

    def _write(self, at: int) -> None:
        for name, mail in self._mails.items():
            try:
                self._write_one(name, self._settings.report[name], mail, at)
                self._told.discard(name)
            except ClickHouseError as error:
                self._once(name, f"report {name}: ClickHouse does not answer: {str(error).splitlines()[0]}")
            except (ValueError, OSError, sqlite3.Error) as error:
                self._once(name, f"report {name}: cannot be written: {error}")
            except FAULTS as error:
                self._once(name, f"report {name}: cannot be written, please report this: {error!r}")

    def _write_one(self, name: str, report: Report, mail: ReportMail, at: int) -> None:
        directory: Directory | None = None
        if report.audience == "customer":
            directory = self._directory.directory(at)
            if directory is None:
                raise OSError(f"no directory: {self._directory.failure}")
        found = batches(name, report, directory, at)
        self._since.note(name, (each for batch in found for each in batch.addressees), at)
        for batch in found:
            if batch.key in self._written:
                continue
            left = among(batch, partial(self._wanted, batch))
            if not left.addressees or self._asked(report, left, mail, directory, at):
                self._written.add(batch.key)

    def _wanted(self, batch: Batch, to: Addressee) -> bool:
        """Tell whether a report is due to somebody and was not written yet, or could not be."""
        identity = identity_of(batch, to)
        if batch.period.due < self._since.of(batch.name, to) or self._shared.over(identity):
            return False
        known = self._box.decided(identity)
        return known is None or (not known.content and known.status in OPEN)

    def _asked(self, report: Report, batch: Batch, mail: ReportMail, directory: Directory | None, at: int) -> bool:
        """Write a batch into the letterbox; return whether it could be yet."""
        with awake(self._settings) as client:
            known = sent(client, batch)
            ended = {decision for decision, each in known.items() if each.ended}
            left = among(batch, lambda each: identity_of(batch, each) not in ended)
            if not left.addressees:
                return True
            if at - batch.period.due < _PATIENCE and not complete(client, batch.period, at):
                return False
            figures = told(client, question(self._settings, report, left, directory, self._beat), directory, at)
        made = letters(left, mail, self._writers[batch.name], figures, at)
        taken = self._box.take(map(partial(self._resumed, known), made))
        word = "would be written" if self._dry_run else "written"
        LOG.info("report %s of %s: %d %s", batch.name, batch.period.name, taken, word)
        return True

    def _resumed(self, known: Mapping[str, Sent], letter: Letter) -> Letter:
        """Return a letter as far as it is known to be; one that cannot be written is told of."""
        self._beat()
        before = self._box.decided(letter.notice.decision)
        if before is not None:
            letter = called(letter, before.message_id)
        if not letter.content:
            LOG.error(
                "report %s to %s: cannot be written: %s; mend it and start the desk anew before %s, else it is refused",
                letter.route, letter.notice.recipient, letter.reply, rfc3339(letter.again),
            )  # fmt: skip
        begun = known.get(letter.notice.decision)
        return letter if begun is None else resumed(letter, begun)

    def _routes(self) -> Mapping[str, Route]:
        return {
            name: Route(mail, mail.sender, f"report.{name}.mail", self._composing(name, mail))
            for name, mail in self._mails.items()
        }

    def _composing(self, name: str, mail: ReportMail) -> Callable[[Letter, int], EmailMessage]:
        poster = Poster(self._writers[name].filling, mail, with_pdf=self._settings.report[name].pdf)
        return partial(_composed, poster)

    def _once(self, subject: str, sentence: str) -> None:
        if subject not in self._told:
            LOG.warning("%s", sentence)
        self._told.add(subject)


def reports(settings: Settings, clock: Callable[[], int], beat: Callable[[], None], *, dry_run: bool) -> list[Reports]:
    """Return the task; none, with an error, where its files cannot be used: all else of the desk goes on."""
    try:
        return [Reports(settings, clock, beat, dry_run=dry_run)]
    except OSError as error:
        LOG.error("no report is sent: %s", error)  # noqa: TRY400 no trace helps
        return []


def _writers(settings: Settings, mails: Mapping[str, ReportMail]) -> dict[str, Writer]:
    found: dict[str, Writer] = {}
    for name, mail in mails.items():
        found[name], faults = writer_of(settings.report[name], mail, name)
        for fault in faults:
            LOG.error("%s", fault)
    return found


def _composed(poster: Poster, letter: Letter, at: int) -> EmailMessage:
    """Return the mail of a report. ValueError where none can be made of it: a letter is refused then, others go on."""
    if not letter.content:
        raise ValueError(letter.reply)
    try:
        return poster.mail(_DOCUMENT.decode(letter.content), letter.notice.recipient, letter.message_id, at)
    except (*FAULTS, FPDFException, OSError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
