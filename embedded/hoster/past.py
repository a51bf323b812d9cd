"""History at once: a stretch of days as log files, feedback reports and labels (`relaywarden demo --write DIR`)."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush, merge
from pathlib import Path
from random import Random

from embedded.hoster.activity import DAY, SECOND, Activity, Login, Mail, Takeover
from embedded.hoster.lines import Line, Scribe, Sent, report, stamp
from embedded.hoster.thieves import Thieves
from embedded.hoster.town import Town


@dataclass(frozen=True)
class Plan:
    """What history to write: `start` in epoch microseconds, `ips` maps each transport to its outbound IP."""

    seed: int
    start: int
    days: float
    ips: dict[str, str]
    mailboxes: int = 200
    takeovers: int = 3
    takeover_minutes: float = 20.0


@dataclass
class Written:
    """How much was written."""

    mails: int = 0
    logins: int = 0
    complaints: int = 0
    takeovers: tuple[Takeover, ...] = field(default=())


def write(folder: Path, plan: Plan) -> Written:
    """Write `mail.log`, `dovecot.log`, `complaints/` and `labels.jsonl` into a new folder.

    A line of the labels: `{"mailbox", "kind", "start", "end"}` with RFC 3339 times. FileExistsError where the folder
    holds files already.
    """
    _lay_out(folder)
    town = Town(plan.seed, plan.mailboxes)
    thieves = Thieves(town, plan.seed)
    end = plan.start + int(plan.days * DAY)
    rng = Random(f"past {plan.seed}")
    starts = sorted(rng.randrange(plan.start + (end - plan.start) // 3, end) for _ in range(plan.takeovers))
    written = Written(takeovers=thieves.plan(starts, plan.takeover_minutes))
    scribe = Scribe(plan.seed, lambda _sender: rng.choice(sorted(plan.ips)))

    def mailed(mail: Mail) -> list[Line]:
        sent, lines = scribe.mail(mail)
        written.mails += 1
        for text in _reports(sent, plan.ips[sent.transport], rng):
            name = f"{mail.at // SECOND}.{written.complaints}.demo"
            (folder / "complaints" / "new" / name).write_bytes(text)
            written.complaints += 1
        return lines

    activity = merge(town.activity(plan.start, end), thieves.activity(written.takeovers), key=lambda item: item.at)
    with (folder / "mail.log").open("w") as mail_log, (folder / "dovecot.log").open("w") as login_log:
        for item in in_order(activity, mailed):
            if isinstance(item, Login):
                login_log.write(scribe.login(item).text + "\n")
                written.logins += 1
            else:
                mail_log.write(item.text + "\n")
    (folder / "labels.jsonl").write_text("".join(label(job) for job in written.takeovers))
    return written


def _lay_out(folder: Path) -> None:
    """Make the folder with a Maildir for the complaints. FileExistsError where it holds files already."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"{folder}: not empty; name a new folder")
    for part in ("new", "cur", "tmp"):
        (folder / "complaints" / part).mkdir(parents=True)


def _reports(sent: Sent, outbound_ip: str, rng: Random) -> Iterator[bytes]:
    """Yield what recipients complain of: seldom of an honest mail, more often of a thief's."""
    chance = 0.00005 if sent.mail.kind == "honest" else 0.01
    for recipient in sent.mail.recipients:
        if recipient.fate == "sent" and rng.random() < chance:
            yield report(sent, recipient, outbound_ip, sent.mail.at + 60 * SECOND)


def label(job: Takeover) -> str:
    """Return the label line of a takeover."""
    row = {"mailbox": job.mailbox, "kind": job.kind, "start": stamp(job.start), "end": stamp(job.end)}
    return json.dumps(row) + "\n"


def in_order(
    activity: Iterable[Activity], mailed: Callable[[Mail], list[Line]], pace: Callable[[int], None] = lambda _at: None
) -> Iterator[Line | Login]:
    """Yield the lines of all mails in time order, and the logins among them; `pace(at)` is called before each."""
    waiting: list[Line] = []
    for item in activity:
        while waiting and waiting[0].at <= item.at:
            pace(waiting[0].at)
            yield heappop(waiting)
        pace(item.at)
        if isinstance(item, Login):
            yield item
            continue
        for line in mailed(item):
            heappush(waiting, line)
    while waiting:
        pace(waiting[0].at)
        yield heappop(waiting)
