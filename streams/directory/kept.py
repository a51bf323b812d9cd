"""The directory of a configuration, read anew when it is old; while it cannot be read, the last good one counts."""

import logging
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from schemas.settings import Settings
from streams.directory import DirectoryError, Misfit, Problem, Row, last_count, rows
from streams.directory.found import Directory
from streams.directory.reading import read

_HOUR = 3_600_000_000
_RETRY = 300_000_000
_MOST_TOLD = 20
_log = logging.getLogger("relaywarden.directory")


def load(
    settings: Settings, told: Callable[[Problem], None], advance: Callable[[int], None] = lambda _: None
) -> Directory:
    """Return the directory: `[directory]`, then the customers of the configuration for whom it has none.

    Each problem is told as soon as it is found; `advance` is told of each row. DirectoryError where the source cannot
    be read to its end, or none of its rows: half a directory would make customers strangers.
    """
    directory, number, lost, first = Directory(), 0, 0, ""

    def count(step: int) -> None:
        nonlocal number
        number += step
        advance(step)

    for problem in read(chain(_counted(settings, count), _configured(settings)), directory):
        told(problem)
        lost += problem.left_out
        first = first or f"{problem.place}: {problem.text}"
    if number and lost == number:
        raise DirectoryError(f"none of the {number} rows can be read; the first: {first}")
    return directory


def _counted(settings: Settings, advance: Callable[[int], None]) -> Iterator[tuple[str, Row | Misfit]]:
    if settings.directory is None:
        return
    for place, row in rows(settings.directory):
        advance(int(not isinstance(row, Misfit) or row.left_out))
        yield place, row


def _configured(settings: Settings) -> Iterator[tuple[str, Row]]:
    """Yield a row for each address and domain of `[customers]`; names of networks are none."""
    for name, customer in settings.customers.items():
        for entry in customer.mailboxes:
            if entry not in settings.networks.values():
                contact, language = customer.contact, customer.language
                yield (
                    f"customers.{name}",
                    {
                        "address": entry,
                        "customer": name,
                        "contact": contact,
                        "language": language,
                    },
                )


class Kept:
    """The directory of a process: `at` says what time it is.

    How large it was is kept on disk, unless not to `keep` it: a process that starts compares with that.
    """

    def __init__(self, settings: Settings, *, keep: bool = True) -> None:
        self._settings, self._keep = settings, keep
        self._directory: Directory | None = None
        self._due = 0
        self.failure = ""

    def directory(self, at: int) -> Directory | None:
        """Return the directory, read anew where its time is over; None where it never could be read."""
        if at >= self._due:
            self._read(at)
        return self._directory

    def _read(self, at: int) -> None:
        problems: list[Problem] = []
        source = self._settings.directory
        try:
            directory = load(self._settings, problems.append)
            if source is not None and (before := self._before()) is not None:
                _compare(before, len(directory), source.most_shrink, last_count.place(self._settings))
        except DirectoryError as error:
            self.failure = str(error)
            self._due = at + _RETRY
            kept = "the last good one counts" if self._directory else "there is none yet"
            _log.error("directory: %s; %s", error, kept)
            return
        self.failure = ""
        self._due = at + int((source.reload_hours if source else 24.0) * _HOUR)
        self._directory = directory
        for problem in problems[:_MOST_TOLD]:
            _log.warning("directory: %s: %s", problem.place, problem.text)
        if len(problems) > _MOST_TOLD:
            _log.warning("directory: %d more problems: relaywarden directory check", len(problems) - _MOST_TOLD)
        _log.info("directory: %d addresses and domains", len(directory))
        if source is not None and self._keep:
            self._note(len(directory))

    def _before(self) -> int | None:
        """Return how many addresses and domains there were when it was read last; None where nobody knows."""
        if self._directory is not None:
            return len(self._directory)
        try:
            return last_count.known(self._settings)
        except (OSError, ValueError) as error:
            _log.warning("directory: %s: what is read now can be compared with nothing", error)
            return None

    def _note(self, addresses: int) -> None:
        try:
            last_count.keep(self._settings, addresses)
        except OSError as error:
            _log.warning("directory: the next start can compare with nothing: %s", error)


def _compare(before: int, now: int, most: float, kept: Path) -> None:
    """Raise a DirectoryError where so many addresses are gone that the source is rather broken than smaller."""
    if before - now > most * before:
        raise DirectoryError(
            f"most_shrink: {most:g}: it has {now} addresses and domains, before {before}:"
            f" if that is right, set most_shrink higher until it is read, or delete {kept} and restart"
        )
