"""What a million mailboxes take in a worker's memory: `python -m bench.memory [--mailboxes N] [--write]`.

A simulated town's days are folded; then its mailboxes are read back from their snapshots, as after a restart, as often
as it takes (each under a name of its own), and their last events are folded onto them. What a process that holds
nothing else grows by is their memory: objects, dicts and the allocator's waste. `--write` puts it into docs/memory.md.
"""

import argparse
import gc
import json
import re
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from statistics import mean, quantiles
from typing import TYPE_CHECKING, NamedTuple

from collectors.history import Past, events
from embedded.demo import write_past
from schemas import codec
from schemas.names import partition_of
from schemas.settings import Settings, load
from schemas.topics import MAILBOX_STATE, topic_of
from streams import mailboxes
from streams.partition import Partition
from streams.states import packed

if TYPE_CHECKING:
    from schemas.events import Event
    from streams.mailboxes import MailboxState

DOCUMENT = Path(__file__).parents[1] / "docs" / "memory.md"
BEGIN, END = "<!-- table: python -m bench.memory --write -->\n", "<!-- end -->\n"
SEED = 501
PARTS = (16, 4, 2, 1)  # it is measured at a sixteenth, a quarter, the half, and the whole
PARTITIONS = 8
AIM = 1024
LAST = 2  # of each mailbox's events: folded after it was read back, so that each was at work once
FLUSH = 2000
_SOURCE = re.compile(rb"\b[0-9a-f]{8}([0-9a-f]{8})(?=-[0-9a-f]{12}-)")  # each mailbox has logs of its own: none is old
_CUSTOMER = re.compile(rb"(customer-?)(\d+)")


class Template(NamedTuple):
    """A mailbox of the town: its snapshot as Kafka keeps it ("" where it has few events), and what came after that."""

    name: bytes
    snapshot: bytes
    events: tuple[bytes, ...]


class Memory(NamedTuple):
    """A process' memory in bytes: resident, its share of what is shared, and what is its own only."""

    rss: int
    pss: int
    uss: int


class Row(NamedTuple):
    """By what the process grew with so many mailboxes."""

    mailboxes: int
    grown: Memory


class Town(NamedTuple):
    """The town's mailboxes, and how many names besides have a state: nobody has them, but somebody guessed them."""

    mailboxes: list[Template]
    guessed: int


def folded(residents: int, days: float) -> Town:
    """Fold a town's history but for each mailbox's last events."""
    with tempfile.TemporaryDirectory() as folder:
        town = Path(folder) / "town"
        write_past(town, seed=SEED, days=days, mailboxes=residents, takeovers=residents // 100)
        names = {json.loads(line)["mailbox"] for line in (town / "mailboxes.jsonl").read_text().splitlines()}
        logs = (("postfix", town / "mail.log"), ("dovecot", town / "dovecot.log"))
        settings = load(town / "relaywarden.toml")
        partition = Partition(0, settings.mailboxes, "")
        waiting: dict[str, deque[Event]] = {name: deque() for name in names}
        snapshots: dict[str, bytes] = {}
        others: set[str] = set()
        for number, event in enumerate(events(Past(logs, town / "complaints"), settings, lambda _read: None)):
            subject = mailboxes.subject_of(event)
            its = waiting.get(subject)
            if its is None:
                others.add(subject)
                continue
            its.append(event)
            if len(its) > LAST:
                oldest = its.popleft()
                partition.apply(topic_of(oldest), [oldest])
            if number % FLUSH == 0:
                snapshots |= _flushed(partition)
        snapshots |= _flushed(partition)
    found = [
        Template(name.encode(), snapshots.get(name, b""), tuple(map(codec.encode, its)))
        for name, its in sorted(waiting.items())
        if its
    ]
    return Town(found, len(others - {""}))


def _flushed(partition: Partition) -> Iterator[tuple[str, bytes]]:
    for output in partition.flush(sys.maxsize)[0]:
        if output.topic == MAILBOX_STATE and output.key is not None:
            yield output.key.decode(), output.value


class Fleet:
    """The partitions of a worker that holds all mailboxes."""

    def __init__(self, town: Sequence[Template]) -> None:
        self._town = town
        self._partitions = [Partition(number, Settings().mailboxes, "") for number in range(PARTITIONS)]
        self.count = 0

    def grow(self, count: int) -> None:
        """Bring it to so many mailboxes: the town's again and again, each time of customers of other numbers."""
        while self.count < count:
            again, place = divmod(self.count, len(self._town))
            self._add(self._town[place], again * len(self._town))
            self.count += 1
            if self.count % FLUSH == 0:
                self._flush()
        self._flush()

    def states(self) -> "Iterator[MailboxState]":
        """Yield all states; who rests is unpacked for it."""
        for partition in self._partitions:
            yield from partition.states.values()

    @property
    def at_rest(self) -> int:
        """Return how many mailboxes are packed."""
        return sum(partition.states.at_rest for partition in self._partitions)

    def _add(self, template: Template, shift: int) -> None:
        name = _CUSTOMER.sub(lambda found: found[1] + b"%d" % (int(found[2]) + shift), template.name)
        partition = self._partitions[partition_of(name.decode(), PARTITIONS)]

        def own(text: bytes) -> bytes:
            text = text.replace(b'"%b"' % template.name, b'"%b"' % name)
            return _SOURCE.sub(lambda found: b"%08x%b" % (self.count, found[1]), text)

        if template.snapshot:
            partition.restore(own(template.snapshot))
        for line in template.events:
            event = codec.decode(own(line))
            partition.apply(topic_of(event), [event])

    def _flush(self) -> None:
        for partition in self._partitions:
            partition.flush(sys.maxsize)


def memory() -> Memory:
    """Return what the process takes now."""
    gc.collect()
    found = dict(re.findall(r"^(\w+): +(\d+) kB$", Path("/proc/self/smaps_rollup").read_text(), re.MULTILINE))
    kilobytes = {name: int(value) for name, value in found.items()}
    own = kilobytes["Private_Clean"] + kilobytes["Private_Dirty"]
    return Memory(kilobytes["Rss"] * 1024, kilobytes["Pss"] * 1024, own * 1024)


def measure(fleet: Fleet, count: int) -> Iterator[Row]:
    """Yield by what the process grows up to that many mailboxes."""
    before = memory()
    for part in PARTS:
        fleet.grow(count // part)
        now = memory()
        yield Row(fleet.count, Memory(*(here - there for here, there in zip(now, before, strict=True))))


def fields(states: "Sequence[MailboxState]") -> dict[str, float]:
    """Return the mean bytes of the objects of each field, largest first; "" is the state itself with its pointers."""
    shared = {id(""), id(b""), id(None), id(True), id(False)}
    sizes: dict[str, float] = {"": mean(sys.getsizeof(state) for state in states)}
    for name in states[0].__struct_fields__:
        values = [getattr(state, name) for state in states]
        sizes[name] = sum(0 if id(value) in shared else sys.getsizeof(value) for value in values) / len(states)
    return dict(sorted(sizes.items(), key=lambda item: -item[1]))


def report(rows: Sequence[Row], states: "Sequence[MailboxState]", at_rest: int) -> Iterator[str]:
    """Yield the lines of the table and what is said of a single state."""
    yield "| mailboxes | RSS grows by | PSS | USS | RSS a mailbox |\n|---|---|---|---|---|\n"
    for row in rows:
        megabytes = " | ".join(f"{size / 1e6:,.1f} MB" for size in row.grown)
        yield f"| {row.mailboxes:,} | {megabytes} | {row.grown.rss / row.mailboxes:,.0f} bytes |\n"
    over = rows[-1].grown.rss / rows[-1].mailboxes / AIM - 1
    verdict = f"missed by {over:.0%}" if over > 0 else "met"
    yield f"\nThe aim is at most {AIM:,} bytes on average, all included. It is {verdict}.\n"
    count = rows[-1].mailboxes
    small = mean(len(packed(state)) for state in states if not state.step and state.hold is None)
    yield f"\nOf them {count - at_rest:,} are at work; {at_rest:,} are at rest, in {small:,.0f} bytes each.\n"
    encoded = [len(mailboxes.encode(state)) for state in states]
    cuts = quantiles(encoded, n=100)
    yield (
        f"\nA state as JSON (in `mailbox.state`): {mean(encoded):,.0f} bytes on average, half of them at most "
        f"{cuts[49]:,.0f}, 99 of 100 at most {cuts[98]:,.0f}, the largest {max(encoded):,}.\n"
    )
    sizes = fields(states)
    told = ", ".join(f"{name or 'the struct'} {size:,.0f}" for name, size in sizes.items() if size >= 1)
    yield (
        f"\nBytes of the objects of a state at work (Python's own count): {told}; in all {sum(sizes.values()):,.0f}. "
        "The rest is dicts and allocator.\n"
    )


def main() -> None:
    """Measure and print, or write it into the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mailboxes", type=int, default=1_000_000)
    parser.add_argument("--residents", type=int, default=100)
    parser.add_argument("--days", type=float, default=28)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    with ProcessPoolExecutor(1, get_context("spawn")) as other:  # so that this process has nothing to reuse
        town = other.submit(folded, arguments.residents, arguments.days).result()
    warm = Fleet(town.mailboxes)  # caches are of a process, not of a mailbox; it is kept, so that nothing is reused
    warm.grow(len(town.mailboxes))
    fleet = Fleet(town.mailboxes)
    rows = list(measure(fleet, arguments.mailboxes))
    said = (
        f"A town of {len(town.mailboxes):,} mailboxes after {arguments.days:g} days, as often as it takes. Besides, "
        f"{town.guessed:,} names that nobody has were guessed at in it; each has a state, "
        "too, until it is forgotten, not counted here.\n\n"
    )
    table = said + "".join(report(rows, list(islice(fleet.states(), 20_000)), fleet.at_rest))
    print(table)
    if arguments.write:
        text = DOCUMENT.read_text()
        before, after = text.split(BEGIN)[0], text.split(END)[1]
        DOCUMENT.write_text(f"{before}{BEGIN}{table}{END}{after}")


if __name__ == "__main__":
    main()
