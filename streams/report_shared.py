"""What the desks tell each other of reports on `mailbox.signals`: who has which, and how each ended."""

from collections.abc import Callable

from schemas.events import Event
from schemas.mailbox_events import NoticeSent
from schemas.settings import Settings
from schemas.topics import MAILBOX_SIGNALS
from streams.letter_claims import Claims
from streams.letterbox import Letterbox
from streams.metrics import written
from streams.operating import publish
from streams.report_due import TEMPLATE
from streams.topiclog import LogAwayError, TopicLog

_DAY = 86_400_000_000
_KEEP = 40 * _DAY
_MS = 1000


class Shared:
    """The topic, followed from a day before the oldest report that has not ended was due; `clock` tells the time in µs.

    OSError where the topic is away.
    """

    def __init__(self, settings: Settings, box: Letterbox, clock: Callable[[], int]) -> None:
        self._settings, self._box = settings, box
        self._claims = Claims(box, clock)
        self._over: dict[str, int] = {}
        self._log: TopicLog[None] | None = None
        self._since = 0

    def over(self, decision: str) -> bool:
        """Tell whether a report is known to have ended, here or at another desk."""
        return decision in self._over

    def publish(self, event: NoticeSent) -> None:
        """Put an event on the topic. ClaimedError where it is an intention, and the report another desk's."""
        if event.status == "intended":
            self._claims.claim(event, self._write, self.read_on)
        else:
            self._write(event)

    def read_on(self) -> None:
        """Take in all that the topic holds by now, and bring the letterbox to where it is."""
        try:
            self._opened().rest()
        except LogAwayError as error:
            self.close()
            raise OSError(str(error)) from error
        self._claims.settle()

    def forget(self, now: int) -> None:
        """Forget what ended 40 days ago: the warehouse knows it long since."""
        self._over = {decision: at for decision, at in self._over.items() if at > now - _KEEP}

    def close(self) -> None:
        """Close the connections; they are opened again when they are needed."""
        log, self._log = self._log, None
        if log is not None:
            log.close()

    def _opened(self) -> TopicLog[None]:
        since = self._box.oldest_due() - _DAY
        if self._log is not None and since >= self._since:
            return self._log
        self.close()
        self._log = TopicLog[None](self._settings.kafka, MAILBOX_SIGNALS, self._take, since // _MS)
        self._since = since
        return self._log.__enter__()

    def _take(self, event: Event) -> None:
        if isinstance(event, NoticeSent) and event.template == TEMPLATE:
            if event.status != "intended":
                self._over[event.decision] = event.at
            self._claims.take(event)

    def _write(self, event: NoticeSent) -> None:
        publish(self._settings, event)
        written(event)
