"""How well compromised mailboxes are found, on towns the rules were not tuned to: `python -m bench.detection`.

Writes the table of docs/detection.md (`--write`), or prints it. Each seed is a town of its own.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from collectors.history import Past, events
from embedded.demo import write_past
from schemas.mailbox_events import MailboxDecision
from schemas.settings import load
from streams.backtest import Backtest
from streams.judging import Jury, Outcome, labels_of, verdicts

if TYPE_CHECKING:
    from schemas.events import Event

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


def judge(seed: int, days: float, mailboxes: int, takeovers: int) -> tuple[Jury, int, float]:
    """Write one town's history and run it through the rules; return who judges, the events, and their CPU seconds."""
    with tempfile.TemporaryDirectory() as folder:
        town = Path(folder) / "town"
        write_past(town, seed=seed, days=days, mailboxes=mailboxes, takeovers=takeovers)
        logs = (("postfix", town / "mail.log"), ("dovecot", town / "dovecot.log"))
        settings = load(town / "relaywarden.toml")
        history: list[Event] = list(events(Past(logs, town / "complaints"), settings, lambda _read: None))
        jury = Jury(labels_of(town / "labels.jsonl"))
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
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(511, 521)))
    parser.add_argument("--days", type=float, default=28)
    parser.add_argument("--mailboxes", type=int, default=300)
    parser.add_argument("--takeovers", type=int, default=20)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    score = Score()
    many = (arguments.days, arguments.mailboxes, arguments.takeovers)
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        for jury, count, seconds in workers.map(
            judge, arguments.seeds, *([each] * len(arguments.seeds) for each in many)
        ):
            score.add(jury, count, seconds)
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
