"""Reads a log for ever, from its beginning whenever it was away, and gives what it tells to those who keep it."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from schemas.readiness import READINESS
from streams.topiclog import LogAwayError, TopicLog

_PAUSE_SECONDS = 1.0
_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_T_contra = TypeVar("_T_contra", contravariant=True)


class Taker(Protocol[_T_contra]):
    """Who is given what a log tells."""

    def start_over(self) -> None:
        """Await a log from its beginning."""

    def take(self, events: tuple[_T_contra, ...], quiet_seconds: float, *, fresh: bool) -> None:
        """Take what came, nothing now and then; `quiet_seconds` is how long nothing came."""


def follow(what: str, opened: Callable[[], TopicLog[_T]], takers: Sequence[Taker[_T]], stop: threading.Event) -> None:
    """Read until `stop` is set; say once that the log is away and once that not. `what` names the log."""
    away = False
    while not stop.is_set():
        try:
            with opened() as log:
                READINESS.has(f"the {what}' log")
                if away:
                    _log.warning("the %s' log is back", what)
                    away = False
                _read(log, takers, stop)
        except LogAwayError as error:
            if not away:
                _log.warning("the %s' log is away, the last good state stays: %s", what, error)
            away = True
            READINESS.waits(f"the {what}' log", str(error))
            stop.wait(_PAUSE_SECONDS)


def _read(log: TopicLog[_T], takers: Sequence[Taker[_T]], stop: threading.Event) -> None:
    for taker in takers:
        taker.start_over()
    heard = time.monotonic()
    while not stop.is_set():
        news = log.next()
        now = time.monotonic()
        heard = now if news else heard
        for taker in takers:
            taker.take(news.events if news else (), now - heard, fresh=bool(news and news.fresh))
