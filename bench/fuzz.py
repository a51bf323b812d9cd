"""Inputs that nobody writes, for every parser: `python -m bench.fuzz [--inputs N] [--parser NAME …] [--jobs N]`.

Each parser gets N changed golden inputs (10⁶ if nothing else is said), split among processes. What one raises besides
ValueError is printed with its input, and the exit status is 1.

`--time` measures how the CPU time grows with the input: each part of the golden inputs, and each few parts together,
are repeated in their place up to 16 KB; where that takes more than a millisecond, up to 64 KB, which may take 8 times
as long at most; and the worst of each parser up to a MB, as are the shapes of tests/swollen.py for what is read whole.
A MB may take a log's reader 50 ms, and what reads mails and reports 500 ms. What takes longer is printed, and the
status is 1. Of more grown inputs than N each second, third … is taken.
"""

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import count, repeat
from typing import NamedTuple

from tests.fuzzing import FaultError, Growth, Take, growths, outcomes, targets
from tests.swollen import SHAPES, Swollen

_CHUNK = 20_000
_SMALL, _LARGE, _HUGE = 16 * 1024, 64 * 1024, 1024 * 1024
_MOST_GROWTH = 8  # linear is 4, the square 16
_TOO_SHORT = 0.001  # seconds: what grows with the square takes longer at 16 KB
_MOST_OF_A_LINE, _MOST_OF_A_DOCUMENT = 0.050, 0.500
_CANDIDATES, _WORST = 40, 5
_ANOTHER = count()


def _chunk(name: str, seed: int, inputs: int) -> tuple[Counter[str], str]:
    try:
        return outcomes(targets()[name], seed, inputs), ""
    except FaultError as fault:
        return Counter(), str(fault)


def fuzzed(name: str, inputs: int, pool: ProcessPoolExecutor, seed: int) -> list[str]:
    """Print what became of the inputs of one parser; return what it raised."""
    begun = time.perf_counter()
    sizes = [min(_CHUNK, inputs - at) for at in range(0, inputs, _CHUNK)]
    told: Counter[str] = Counter()
    faults = []
    for outcome, fault in pool.map(_chunk, repeat(name), count(seed), sizes):
        told += outcome
        faults += [fault] if fault else []
    rate = told.total() / (time.perf_counter() - begun)
    kinds = "".join(f"{told[kind]:>11,}" for kind in ("events", "absorbed", "ignored", "unreadable"))
    print(f"{name:<24}{told.total():>11,}{kinds}{rate:>10,.0f}/s  {len(faults)} faults", flush=True)
    return faults


def _seconds(take: Take, growth: Growth | Swollen, size: int, times: int = 3) -> float:
    """Return the CPU time that an input of this size takes at least; none is the one before, as that may be kept."""
    spent = []
    for content in [growth.to(size + 64 * (next(_ANOTHER) % 16)) for _ in range(times)]:
        begun = time.process_time()
        take(content)
        spent.append(time.process_time() - begun)
    return min(spent)


class Timed(NamedTuple):
    """Of one parser: how many inputs were blown up, its longest CPU times at 16 KB and at a MB, and what is wrong."""

    name: str
    tried: int
    small: float
    huge: float
    slow: list[str]


def timed(name: str, inputs: int) -> Timed:
    """Measure one parser."""
    target = targets()[name]
    take, slow, tried = target.begin(), [], 0
    worst: list[tuple[float, int, Growth]] = []
    grown = list(growths(target))
    for growth in grown[:: -(-len(grown) // inputs) or 1]:
        tried += 1
        spent = _seconds(take, growth, _SMALL, times=1)
        if spent >= _TOO_SHORT:
            spent, large = _seconds(take, growth, _SMALL), _seconds(take, growth, _LARGE)
            if large > _MOST_GROWTH * max(spent, _TOO_SHORT):
                slow.append(f"{name}: 16 KB in {spent * 1000:.2f} ms, 64 KB in {large * 1000:.2f} ms: {growth}")
        worst = sorted([*worst, (spent, tried, growth)], reverse=True)[:_CANDIDATES]
    swollen = {} if target.lines else SHAPES
    candidates = sorted(worst, key=lambda each: _seconds(take, each[2], _LARGE, times=2), reverse=True)[:_WORST]
    most = _MOST_OF_A_LINE if target.lines else _MOST_OF_A_DOCUMENT
    huge, shapes = 0.0, list[Growth | Swollen]([growth for _, _, growth in candidates])
    for shape in (*shapes, *swollen.values()):
        spent = _seconds(take, shape, _HUGE)
        huge = max(huge, spent)
        if spent > most:
            slow.append(f"{name}: a MB in {spent * 1000:.1f} ms: {shape}")
    return Timed(name, tried + len(swollen), worst[0][0], huge, slow)


def main() -> int:
    """Run what the arguments say; 1 where a parser raised what it must not, or took too long."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--inputs", type=int, default=1_000_000)
    given.add_argument("--parser", choices=sorted(targets()), nargs="*", default=sorted(targets()))
    given.add_argument("--jobs", type=int, default=2)
    given.add_argument("--seed", type=int, default=1)
    given.add_argument("--time", action="store_true")
    chosen = given.parse_args()
    with ProcessPoolExecutor(chosen.jobs) as pool:
        if chosen.time:
            print(f"{'parser':<24}{'inputs':>11}{'16 KB':>11}{'1 MB':>11}")
            found = []
            for told in pool.map(timed, chosen.parser, repeat(chosen.inputs)):
                longest = "".join(f"{spent * 1000:>8.1f} ms" for spent in (told.small, told.huge))
                print(f"{told.name:<24}{told.tried:>11,}{longest}  {len(told.slow)} faults", flush=True)
                found += told.slow
        else:
            print(f"{'parser':<24}{'inputs':>11}{'events':>11}{'absorbed':>11}{'ignored':>11}{'unreadable':>11}")
            found = [fault for name in chosen.parser for fault in fuzzed(name, chosen.inputs, pool, chosen.seed)]
    print(*found, sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
