"""A warehouse, a topic, a mail server and desks that send reports, for tests."""

from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from collectors.admin import ensure_topics
from embedded.broker import Broker, free_port
from embedded.clickhouse import ClickHouseServer
from schemas import codec
from schemas.mailbox_events import NoticeSent
from schemas.settings import Settings
from schemas.topics import MAILBOX_SIGNALS
from streams.report_task import Reports
from streams.topiclog import TopicLog
from tests.mail_server import Server
from tests.migrated import migrate
from tests.reports.scene import HOUR, MAIL, NOW, settings

if TYPE_CHECKING:
    from streams.journal import Journal

MINUTE = HOUR // 60


class Office:
    """A warehouse, a topic, a mail server, and a desk whose clock is set by hand."""

    def __init__(self, broker: Broker, clickhouse: ClickHouseServer, database: str, folder: Path) -> None:
        migrate(clickhouse.connect(), database)
        self.client = clickhouse.connect(database)
        self.server = Server(free_port())
        self.server.start()
        self.now = NOW
        self._given = {
            "data": folder,
            "kafka": {"bootstrap": [broker.bootstrap]},
            "clickhouse": {"host": clickhouse.host, "port": clickhouse.port, "database": database},
        }
        ensure_topics(self.settings())

    def settings(self, folder: Path | None = None, more: Any = None, **report: Any) -> Settings:  # noqa: ANN401
        mail = {**MAIL, "port": self.server.port, **report.pop("mail", {})}
        configured = settings(**{"pdf": False, **report, "mail": mail})
        given = {**configured.model_dump(mode="json", exclude_none=True), **self._given}
        return Settings.model_validate(given | ({"data": folder} if folder else {}) | (more or {}))

    def work(self, *moments: int, folder: Path | None = None, dry_run: bool = False, **report: Any) -> None:  # noqa: ANN401
        """Let a desk that starts now have its turn at these moments."""
        desk = self.desk(folder, dry_run=dry_run, **report)
        for self.now in moments:
            turn(desk)
        desk.stop()

    def desk(self, folder: Path | None = None, *, dry_run: bool = False, **report: Any) -> Reports:  # noqa: ANN401
        """Return a desk that starts now; in another folder it is another desk. Stop it."""
        return Reports(self.settings(folder, **report), lambda: self.now, dry_run=dry_run)

    def taken(self) -> list[str]:
        return sorted(recipient for recipient, _ in self.server.taken)

    def told(self) -> list[NoticeSent]:
        """Return what the topic holds of reports, and store it as the sink would."""
        found: list[NoticeSent] = []

        def take(event: object) -> None:
            if isinstance(event, NoticeSent):
                found.append(event)

        with TopicLog[None](self.settings().kafka, MAILBOX_SIGNALS, take) as log:
            log.next()
        lines = b"".join(codec.encode(event) + b"\n" for event in found)
        if lines:
            self.client.raw_insert("mailbox_signals", insert_block=lines, fmt="JSONEachRow")
        return found


def turn(desk: Reports) -> None:
    """Let a desk have its turn."""
    desk.turn(cast("Journal", None))


def text(mail: EmailMessage) -> str:
    """Return what a mail says as plain text, in one line."""
    (plain,) = [part for part in mail.walk() if part.get_content_type() == "text/plain"]
    assert isinstance(plain, EmailMessage)
    return " ".join(str(plain.get_content()).split())
