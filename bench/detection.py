"""How well compromised mailboxes are found, on towns the rules were not tuned to: `python -m bench.detection`.

Writes the table of docs/detection.md (`--write`), or prints it. Each seed is a town of its own. `--towns FOLDER` keeps
the towns' events there, and takes those that lie there already: to write and to read a town takes ten times as long as
to judge it. `--prepare` does no more than that.
"""

import argparse
import gc
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import msgspec

from collectors.history import Past, events
from embedded.demo import write_past
from schemas.events import Event
from schemas.mailbox_events import MailboxDecision
from schemas.settings import Settings, load
from streams.backtest import Backtest
from streams.judging import Jury, Label, Outcome, labels_of, verdicts

DOCUMENT = Path(__file__).parents[1] / "docs" / "detection.md"
BEGIN, END = "<!-- table: python -m bench.detection --write -->\n", "<!-- end -->\n"


class Score:
    """What all seeds gave together."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.false_flags = 0
        self.mailbox_days = 0
        self.events = 0
        self.seconds = 0.0

    def add(self, jury: Jury, count: int, seconds: float) -> None:
        """Add what a jury saw of one town, in so many events and CPU seconds."""
        self.events += count
        self.seconds += seconds
        self.outcomes += jury.outcomes()
        self.false_flags += len(jury.false_flags())
        self.mailbox_days += jury.mailbox_days

    def rows(self) -> Iterator[str]:
        """Yield the lines of the table."""
        yield "| kind | takeovers | found | recall | minutes to the flag (median) | messages that left (median) |\n"
        yield "|---|---|---|---|---|---|\n"
        *kinds, whole = verdicts(self.outcomes)
        for row in kinds:
            told = "- | -" if row.minutes is None else f"{row.minutes:.1f} | {row.leaked:.0f}"
            yield f"| {row.kind} | {row.takeovers} | {row.found} | {row.recall:.2f} | {told} |\n"
        yield f"| **all** | {whole.takeovers} | {whole.found} | {whole.recall:.2f} | | |\n\n"
        precision = whole.found / (whole.found + self.false_flags)
        yield (
            f"Precision {precision:.3f}: {self.false_flags} false flags in {self.mailbox_days:,} mailbox-days, "
            f"{10_000 * self.false_flags / self.mailbox_days:.2f} per 10 000. "
            f"{self.events:,} events, {self.events / self.seconds:,.0f}/s through the rules on one core.\n"
        )


class Many(NamedTuple):
    """How large each town is."""

    days: float
    mailboxes: int
    takeovers: int


class Town(NamedTuple):
    """What the logs of a town tell, and who robbed whom."""

    settings: Settings
    history: list[Event]
    labels: tuple[Label, ...]


_DECODER = msgspec.msgpack.Decoder(list[Event])


def town(seed: int, many: Many, kept: Path | None) -> Town:
    """Return one town's history: as it was kept, else written and read now, and kept where there is a folder for it."""
    with tempfile.TemporaryDirectory() as fresh:
        folder = Path(fresh) / "town"
        if kept is not None:
            folder = kept / f"{seed}-{many.days:g}-{many.mailboxes}-{many.takeovers}"
        file = folder / "events"
        if not file.exists():
            shutil.rmtree(folder, ignore_errors=True)
            write_past(folder, seed=seed, days=many.days, mailboxes=many.mailboxes, takeovers=many.takeovers)
            logs = (("postfix", folder / "mail.log"), ("dovecot", folder / "dovecot.log"))
            settings = load(folder / "relaywarden.toml")
            history = list(events(Past(logs, folder / "complaints"), settings, lambda _read: None))
            whole = folder / "events.part"
            whole.write_bytes(msgspec.msgpack.encode(history))
            whole.rename(file)  # so that no half of it is taken for the whole
            for log in (folder / "mail.log", folder / "dovecot.log", folder / "rspamd.log"):
                log.unlink(missing_ok=True)
            shutil.rmtree(folder / "complaints")
        return Town(
            load(folder / "relaywarden.toml"), _DECODER.decode(file.read_bytes()), labels_of(folder / "labels.jsonl")
        )


def judge(seed: int, many: Many, kept: Path | None) -> tuple[Jury, int, float]:
    """Run one town's history through the rules; return who judges, the events, and their CPU seconds."""
    settings, history, labels = town(seed, many, kept)
    jury = Jury(labels)
    gc.freeze()  # else each collection goes through the whole history
    begun = time.process_time()
    decided = list(Backtest(settings, with_pool=False).run(history))
    seconds = time.process_time() - begun
    for _ in jury.heard(history):
        pass
    for decision in decided:
        if isinstance(decision, MailboxDecision):
            jury.decided(decision)
    return jury, len(history), seconds


def main() -> None:
    """Judge the seeds and print the table, or write it into the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(512, 522)))
    parser.add_argument("--days", type=float, default=28)
    parser.add_argument("--mailboxes", type=int, default=300)
    parser.add_argument("--takeovers", type=int, default=20)
    parser.add_argument("--towns", type=Path)
    parser.add_argument("--prepare", action="store_true")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    score = Score()
    many = Many(arguments.days, arguments.mailboxes, arguments.takeovers)
    if arguments.prepare:
        for seed in arguments.seeds:
            town(seed, many, arguments.towns)
        return
    with ProcessPoolExecutor(arguments.processes, max_tasks_per_child=1) as workers:
        for judged in [workers.submit(judge, seed, many, arguments.towns) for seed in arguments.seeds]:
            score.add(*judged.result())
    table = "".join(score.rows())
    print(table)
    if arguments.write:
        text = DOCUMENT.read_text()
        before, after = text.split(BEGIN)[0], text.split(END)[1]
        seeds = f"Seeds {arguments.seeds[0]} to {arguments.seeds[-1]}"
        said = f"{seeds}, {arguments.days:g} days, {arguments.mailboxes} mailboxes"
        DOCUMENT.write_text(f"{before}{BEGIN}{said}, {arguments.takeovers} takeovers each.\n\n{table}{END}{after}")


if __name__ == "__main__":
    main()
