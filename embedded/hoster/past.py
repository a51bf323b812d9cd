"""History at once: a stretch of days as log files, feedback reports and labels (`relaywarden demo --write DIR`)."""

import heapq
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from pathlib import Path
from random import Random

from embedded.hoster.activity import DAY, SECOND, Happening, Login, Mail, Takeover
from embedded.hoster.background import background
from embedded.hoster.feedback import complaints, report
from embedded.hoster.lines import Line, stamp
from embedded.hoster.postfix import Scribe, Sent
from embedded.hoster.resident import Horizon
from embedded.hoster.scores import Filter
from embedded.hoster.takeovers import Theft
from embedded.hoster.thieves import Thieves, carried_out
from embedded.hoster.town import Town
from embedded.hoster.weather import Weather

_JULY_2025 = 20_270


@dataclass(frozen=True)
class Plan:
    """What history to write: `start` in epoch microseconds, `ips` maps each transport to its outbound IP.

    `kinds` are those of the takeovers, all where empty; `busy` multiplies what bulk senders send.
    """

    seed: int
    start: int
    days: float
    ips: dict[str, str]
    mailboxes: int = 200
    takeovers: int = 3
    kinds: tuple[str, ...] = ()
    busy: float = 1.0

    @property
    def end(self) -> int:
        """Return when the history ends."""
        return self.start + int(self.days * DAY)


@dataclass
class Written:
    """How much was written, and the networks that a configuration must name."""

    mails: int = 0
    logins: int = 0
    complaints: int = 0
    lines: int = 0
    takeovers: tuple[Takeover, ...] = field(default=())
    networks: dict[str, str] = field(default_factory=dict)


def start_of(seed: int) -> int:
    """Return when a seed's history begins if nobody says: 30 days before a day of its own, July 2025 to June 2026."""
    return (_JULY_2025 + seed * 61 % 365 - 30) * DAY


def write(folder: Path, plan: Plan) -> Written:
    """Write `mail.log`, `dovecot.log`, `rspamd.log`, `complaints/` and both `.jsonl` files into a new folder.

    A line of the labels: `{"mailbox", "kind", "taken", "start", "end"}` with RFC 3339 times: the thief's first login or
    mail, his first mail, and his last one. FileExistsError where the folder holds files already; ValueError where the
    takeovers cannot be planned.
    """
    town = Town(plan.seed, plan.mailboxes)
    horizon = Horizon(plan.start, plan.end, plan.busy)
    thefts = Thieves(town, plan.seed).thefts(horizon, plan.takeovers, plan.kinds)
    _lay_out(folder)
    happenings = heapq.merge(
        town.activity(plan.start, plan.end, horizon),
        background(town, plan.start, plan.end),
        carried_out(thefts),
        key=lambda item: item.at,
    )
    history = _History(folder, plan, town, {(theft.resident.mailbox, theft.kind): theft for theft in thefts})
    history.written.networks = town.networks
    with (
        (folder / "mail.log").open("w", buffering=1 << 20) as mail_log,
        (folder / "dovecot.log").open("w", buffering=1 << 20) as login_log,
        (folder / "rspamd.log").open("w", buffering=1 << 20) as filter_log,
    ):
        logs = {"mail": mail_log, "dovecot": login_log, "rspamd": filter_log}
        until = (item for item in happenings if plan.start <= item.at < plan.end)
        for line in in_order(until, history.told):
            if line.at >= plan.end:
                break
            logs[line.log].write(line.text)
            history.written.lines += 1
    history.write_labels(town)
    return history.written


class _History:
    """What is noted while a history is written: counts, complaints, and when each thief really sent."""

    def __init__(self, folder: Path, plan: Plan, town: Town, thefts: dict[tuple[str, str], Theft]) -> None:
        self.written = Written()
        self._folder = folder
        self._plan = plan
        self._thefts = thefts
        self._rng = Random(f"past {plan.seed}")
        self._sent: dict[tuple[str, str], Takeover] = {}
        self._taken: dict[tuple[str, str], int] = {}
        self._filter = Filter(plan.seed, {each.mailbox: each.habit for each in town.residents})
        transports = sorted(plan.ips)
        weather = Weather(plan.seed, plan.start, plan.end, transports)
        self._scribe = Scribe(plan.seed, lambda _sender: self._rng.choice(transports), plan.ips, weather)

    def told(self, happening: Happening) -> list[Line]:
        """Return the lines of what happens, and keep count."""
        sent, lines = self._scribe.write(happening)
        if isinstance(happening, Login):
            self.written.logins += 1
            if happening.kind != "honest" and happening.succeeded:
                self._taken.setdefault((happening.mailbox, happening.kind), happening.at)
        elif isinstance(happening, Mail) and sent:
            self.written.mails += 1
            lines.append(self._filter.judged(sent))
            if happening.kind != "honest":
                key = (happening.mailbox, happening.kind)
                begun = self._sent[key].start if key in self._sent else happening.at
                self._sent[key] = Takeover(*key, begun, happening.at, self._taken.setdefault(key, happening.at))
            if happening.complaints:
                self._complain(sent)
        return lines

    def _complain(self, sent: Sent) -> None:
        for at, recipient in complaints(sent, self._rng):
            if at < self._plan.end:
                text = report(sent, recipient, self._plan.ips[sent.transport], at)
                self.written.complaints += 1
                name = f"{at // SECOND}.M{self.written.complaints}.demo"
                (self._folder / "complaints" / "new" / name).write_bytes(text)

    def write_labels(self, town: Town) -> None:
        """Write what is true of the mailboxes: the takeovers, and each one's habit."""
        self.written.takeovers = tuple(sorted(self._sent.values(), key=lambda job: (job.start, job.mailbox)))
        (self._folder / "labels.jsonl").write_text("".join(label(job) for job in self.written.takeovers))
        rows = ({"mailbox": each.mailbox, "habit": each.habit, "country": each.country} for each in town.residents)
        (self._folder / "mailboxes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def _lay_out(folder: Path) -> None:
    """Make the folder with a Maildir for the complaints. FileExistsError where it holds files already."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"{folder}: not empty; name a new folder")
    for part in ("new", "cur", "tmp"):
        (folder / "complaints" / part).mkdir(parents=True)


def label(job: Takeover) -> str:
    """Return the label line of a takeover."""
    row = {"mailbox": job.mailbox, "kind": job.kind, "taken": stamp(job.taken)}
    return json.dumps({**row, "start": stamp(job.start), "end": stamp(job.end)}) + "\n"


def in_order(
    happenings: Iterable[Happening],
    told: Callable[[Happening], list[Line]],
    pace: Callable[[int], None] = lambda _at: None,
) -> Iterator[Line]:
    """Yield the lines of all that happens in time order; `pace(at)` is called before each is told or written."""
    waiting: list[Line] = []
    for item in happenings:
        while waiting and waiting[0].at <= item.at:
            pace(waiting[0].at)
            yield heappop(waiting)
        pace(item.at)
        for line in told(item):
            heappush(waiting, line)
    while waiting:
        pace(waiting[0].at)
        yield heappop(waiting)
