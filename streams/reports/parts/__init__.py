"""The parts of a report: each module makes a section of the figures, in the words of a language, for an audience.

A module's name is that in the configuration, and its public name is `section(figures, view)`. What strangers chose
(names of providers, mailboxes, customers) goes through `named`.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import Protocol, cast

import msgspec

from schemas.report_settings import Audience, ReportPart
from streams.letters import shown
from streams.reports.document import AnyBlock, Section, Table, Text
from streams.reports.figures import Figures, Heard
from streams.reports.periods import Period
from streams.reports.words import NONE, Tongue

_MOST_ROWS: dict[Audience, int] = {"noc": 20, "management": 5, "customer": 20}
_LONGEST = 80


class View(msgspec.Struct, frozen=True, kw_only=True):
    """How a report is seen: by whom, in which language, of which period, by the logs that were read of it."""

    audience: Audience
    tongue: Tongue
    period: Period
    heard: Heard

    @property
    def whole(self) -> bool:
        """Tell whether all logs of the period were read."""
        return self.heard.whole(self.period.until)

    @property
    def compares(self) -> bool:
        """Tell whether a share may be compared with the time before: all logs of both were read."""
        return self.whole and self.heard.before

    def count(self, number: int) -> str:
        """Return how many were seen: none is only none where all was read, else a dash."""
        return self.tongue.number(number) if number or self.whole else NONE

    def none(self, name: str) -> tuple[AnyBlock, ...]:
        """Return the sentence that there is none of something; where not all was read, that nobody knows."""
        return said(self, name if self.whole else "not_all_read")

    @property
    def own(self) -> bool:
        """Tell whether it is on a customer's own."""
        return self.audience == "customer"

    def table(
        self, head: tuple[str, ...], rows: Sequence[tuple[str, ...]], numbers: int = 0, less: tuple[int, ...] = ()
    ) -> Table:
        """Return the first rows as a table, which says how many more there are; `head` are names of sentences."""
        most = _MOST_ROWS[self.audience]
        left = len(rows) - most
        return Table(
            head=tuple(map(self.tongue.say, head)),
            rows=tuple(rows[:most]),
            numbers=numbers,
            note=self.tongue.say("more", left) if left > 0 else "",
            less=less,
        )


class Part(Protocol):
    """What a module of this folder offers."""

    def __call__(self, figures: Figures, view: View, /) -> Section:
        """Return the section."""
        ...


def section(name: ReportPart, figures: Figures, view: View) -> Section:
    """Return a part's section."""
    return cast("Part", import_module(f"{__name__}.{name}").section)(figures, view)


def named(text: str) -> str:
    """Return a name that somebody chose as it may stand in a report: one short line of visible signs, and no URL."""
    name = shown(text)
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def said(view: View, *names: str) -> tuple[AnyBlock, ...]:
    """Return a paragraph for each of these sentences."""
    return tuple(Text(text=view.tongue.say(name)) for name in names)
