"""What Kafka's and Faust's own loggers and threads say, without the flood: each message once in a while, in one line.

The Kafka client calls every lost connection an error; the worker itself warns once of a broker that is away.
"""

import logging
import threading
import time

_EVERY_SECONDS = 60.0


class Calm(logging.Handler):
    """Hands a record on, at a level of `most`, unless the same message came within the last minute."""

    def __init__(self, to: logging.Logger, most: int = logging.CRITICAL) -> None:
        super().__init__(logging.WARNING)
        self._to = to
        self._most = most
        self._last: dict[tuple[str, str], float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Hand the record on, or not."""
        key = (record.name, str(record.msg))
        level = min(record.levelno, self._most)
        moment = time.monotonic()
        if self._to.isEnabledFor(level) and moment - self._last.get(key, -_EVERY_SECONDS) >= _EVERY_SECONDS:
            self._last[key] = moment
            lowered = {"levelno": level, "levelname": logging.getLevelName(level)}
            self._to.handle(logging.makeLogRecord(record.__dict__ | lowered))


def thread_ended(ended: threading.ExceptHookArgs) -> None:
    """Tell in one line by which error a thread ended, and at the level DEBUG where (threading.excepthook)."""
    name = ended.thread.name if ended.thread is not None else "?"
    logger = logging.getLogger("relaywarden.stream")
    logger.error("the thread %s ended: %r", name, ended.exc_value)
    if ended.exc_value is not None:
        logger.debug("where the thread %s ended", name, exc_info=ended.exc_value)


def quieten() -> None:
    """Let the loggers of the Kafka client and of Faust speak through `Calm`, and threads that end tell it in a line."""
    threading.excepthook = thread_ended
    to = logging.getLogger("relaywarden")
    for name, most in (
        ("aiokafka", logging.DEBUG),  # it tells each try of a broker that is away, which `EventLog` tells once
        ("faust", logging.CRITICAL),
        ("mode", logging.CRITICAL),
        ("streams.transport", logging.CRITICAL),  # Faust's services log under their class's module
    ):
        logger = logging.getLogger(name)
        logger.handlers = [Calm(to, most)]
        logger.propagate = False
    logging.getLogger("mode.timers").setLevel(logging.ERROR)  # a late timer under load is no news
