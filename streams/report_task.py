"""The desk's task for reports: what is due is written from the warehouse into a letterbox, and out of it handed over.

Each report has a Message-ID that follows from its name, its customer and its period. Which were sent already the
letterbox knows, and where that was lost, the warehouse. Of the periods that passed while the desk was down, the last is
made up for; what was due before a report was configured is not.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from functools import partial

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from fpdf.errors import FPDFException

from schemas.events import Event
from schemas.report_settings import Report, ReportMail
from schemas.settings import Settings
from streams.carrying import Carrier, Route
from streams.directory.found import Directory
from streams.directory.kept import Kept
from streams.journal import Journal
from streams.letterbox import Letter, Letterbox
from streams.letterproof import Proofs
from streams.operating import publish
from streams.report_due import TEMPLATE, Batch, batches, idle, letters, missing, question
from streams.report_figures import told
from streams.report_files import writer_of
from streams.report_since import since
from streams.reports.document import Document
from streams.reports.posting import Poster
from streams.reports.questions import NEWEST
from streams.reports.writing import Writer
from streams.warehouse_client import connect

LOG = logging.getLogger("relaywarden.desk")
FILE = "reports.db"
_MINUTE = 60_000_000
_PATIENCE = 15 * _MINUTE
_DAY = 86_400_000_000
_TURN_SECONDS = 5.0
_ENDED = """SELECT message_id, argMax(status, (status != 'intended', at)), toInt64(max(at)) FROM mailbox_signals
WHERE type = 'notice_sent' AND template = {template:String} AND at > {since:Int64} GROUP BY message_id"""
_FAULTS = (LookupError, TypeError, ArithmeticError, RuntimeError)
"""What our code, Babel and Matplotlib raise where figures are such as nobody foresaw."""
_DOCUMENT: msgspec.json.Decoder[Document] = msgspec.json.Decoder(Document)


class Reports:
    """The reports of a configuration; `clock` tells the time in µs, `beat` says that the work goes on.

    OSError where the letterbox cannot be used.
    """

    def __init__(
        self, settings: Settings, clock: Callable[[], int], beat: Callable[[], None] = idle, *, dry_run: bool = False
    ) -> None:
        self._settings, self._clock, self._beat, self._dry_run = settings, clock, beat, dry_run
        self._directory = Kept(settings, keep=not dry_run)
        self._mails = {name: report.mail for name, report in settings.report.items() if report.mail is not None}
        self._writers = _writers(settings, self._mails)
        self._box = Letterbox(settings.data / FILE)
        self._carrier = Carrier(self._box, self._routes(), partial(publish, settings), Proofs(settings).proof, clock)
        self._since = since(settings.data, self._mails, clock(), keep=not dry_run)
        self._written: set[str] = set()
        self._told: set[str] = set()
        self._looked = self._cleared = 0
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
        try:
            self._carry()
            self._clear(at)
            self._told.discard("carry")
        except (sqlite3.Error, OSError) as error:
            self._once("carry", f"reports wait: {error}")

    def _carry(self) -> None:
        if self._dry_run:
            return
        if not self._begun:
            self._carrier.begin()
            self._begun = True
        until = time.monotonic() + _TURN_SECONDS
        while self._carrier.turn() and time.monotonic() < until:
            pass

    def _clear(self, at: int) -> None:
        if not self._dry_run and not 0 <= at - self._cleared < _DAY:
            self._box.forget(at)
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
            except _FAULTS as error:
                self._once(name, f"report {name}: cannot be written, please report this: {error!r}")

    def _write_one(self, name: str, report: Report, mail: ReportMail, at: int) -> None:
        directory: Directory | None = None
        if report.audience == "customer":
            directory = self._directory.directory(at)
            if directory is None:
                raise OSError(f"no directory: {self._directory.failure}")
        for batch in batches(name, report, directory, at):
            if batch.key in self._written:
                continue
            new = batch.period.due >= self._since[name] and not self._taken(batch, mail)
            if not new or self._asked(report, batch, mail, directory, at):
                self._written.add(batch.key)

    def _taken(self, batch: Batch, mail: ReportMail) -> bool:
        """Tell whether a batch is in the letterbox: it is taken as a whole; who came later waits for the next.

        Who has the report already because he was written to at another hour says nothing of the others.
        """

        def known(identity: str) -> bool:
            letter = self._box.letter(identity)
            return letter is not None and letter.due == batch.period.due

        return len(missing(batch, mail, known).addressees) < len(batch.addressees)

    def _asked(self, report: Report, batch: Batch, mail: ReportMail, directory: Directory | None, at: int) -> bool:
        """Write a batch into the letterbox; return whether it could be yet."""
        with connect(self._settings) as client:
            sent = _sent(client, batch)
            left = missing(batch, mail, lambda identity: sent.get(identity, ("", 0))[0] in {"sent", "refused"})
            if not left.addressees:
                return True
            if not self._complete(client, batch, at):
                return False
            figures = told(client, question(self._settings, report, left, directory, self._beat), directory, at)
        made = letters(left, mail, self._writers[batch.name], figures, at)
        if self._dry_run:
            LOG.info("report %s of %s: %d would be written", batch.name, batch.period.name, sum(1 for _ in made))
            return True
        taken = self._box.take(self._resumed(each, sent) for each in made)
        LOG.info("report %s of %s: %d written", batch.name, batch.period.name, taken)
        return True

    def _resumed(self, letter: Letter, sent: Mapping[str, tuple[str, int]]) -> Letter:
        """Return a letter; of one that was begun, and that this letterbox does not know, nobody knows how it ended."""
        self._beat()
        status, at = sent.get(letter.message_id, ("", 0))
        if status != "intended":
            return letter
        return msgspec.structs.replace(letter, status="unsure", began=at, tried=at, attempts=1)

    def _complete(self, client: Client, batch: Batch, at: int) -> bool:
        """Tell whether the period is stored to its end; after a quarter of an hour the report says where data ends."""
        asked = {"before": batch.period.before}
        newest = int(client.query(NEWEST, parameters=asked).result_rows[0][0])
        return newest >= batch.period.until or at - batch.period.due >= _PATIENCE

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


def _sent(client: Client, batch: Batch) -> dict[str, tuple[str, int]]:
    """Return how the reports since a batch was due ended, by Message-ID, and when that was told."""
    asked = {"template": TEMPLATE, "since": batch.period.until}
    return {
        str(identity): (str(status), int(at))
        for identity, status, at in client.query(_ENDED, parameters=asked).result_rows
    }


def _composed(poster: Poster, letter: Letter, at: int) -> EmailMessage:
    """Return the mail of a report. ValueError where none can be made of it: a letter is refused then, others go on."""
    try:
        return poster.mail(_DOCUMENT.decode(letter.content), letter.notice.recipient, letter.message_id, at)
    except (*_FAULTS, FPDFException, OSError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
