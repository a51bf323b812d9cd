"""A line of a log, and the stamps that lines begin with."""

from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from embedded.hoster.activity import SECOND

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Line(NamedTuple):
    """A log line, to be written at its time into its log; `number` keeps lines of the same time in order."""

    at: int
    number: int
    log: Literal["mail", "dovecot", "rspamd"]
    text: str


def stamp(at: int) -> str:
    """Return a time as rsyslog's RSYSLOG_FileFormat writes it."""
    return (_EPOCH + timedelta(microseconds=at)).isoformat(timespec="microseconds")


def date_of_mail(at: int) -> str:
    """Return a time as a mail's header writes it."""
    return (_EPOCH + timedelta(microseconds=at)).strftime("%a, %d %b %Y %H:%M:%S +0000")


class Clerk:
    """Puts stamp, host and number before the texts of one host's lines."""

    def __init__(self, host: str) -> None:
        self.host = host
        self._second = -1
        self._head = ""
        self._number = 0

    def line(self, at: int, log: Literal["mail", "dovecot"], text: str) -> Line:
        """Return a line; `text` begins with the program."""
        second, micro = divmod(at, SECOND)
        if second != self._second:
            self._second = second
            self._head = (_EPOCH + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S")
        self._number += 1
        return Line(at, self._number, log, f"{self._head}.{micro:06d}+00:00 {self.host} {text}\n")
