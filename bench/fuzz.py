"""Inputs that nobody writes, for every parser: `python -m bench.fuzz [--inputs N] [--parser NAME …] [--jobs N]`.

Each parser gets N changed golden inputs (10⁶ if nothing else is said), split among processes. What one raises besides
ValueError is printed with its input, and the exit status is 1.

`--time` measures how the CPU time grows with the input: each part of each golden input in turn blown up to 64 KB, and
to a MB where a MB could take long. A line of a log must take less than 50 ms then; of a mail or report, whose parser
may well take longer, 16 times the bytes at most 40 times the time. What does not is printed, and the status is 1.
"""

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from itertools import count, repeat

from tests.fuzzing import FaultError, Target, grown, growths, outcomes, targets

_CHUNK = 20_000
_SMALL, _LARGE = 64 * 1024, 1024 * 1024
_MOST = 0.050
_TOO_SHORT = _MOST / (_LARGE // _SMALL) ** 2  # even the square of the growth would be less than the most
_MOST_GROWTH = 40


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


def _seconds(target: Target, content: bytes) -> float:
    begun = time.process_time()
    with suppress(ValueError):
        target.parse(content)
    return time.process_time() - begun


def timed(name: str) -> tuple[str, int, float, list[str]]:
    """Return of one parser how many inputs were blown up, the longest CPU time, and which took too long."""
    target = targets()[name]
    tried, longest, slow = 0, 0.0, []
    for parts, at, filler in growths(target):
        tried += 1
        small = grown(parts, at, filler, _SMALL)
        before = spent = _seconds(target, small)
        if before < _TOO_SHORT:
            continue
        before = spent = min(before, *(_seconds(target, small) for _ in range(3)))
        bad = before > _MOST  # a larger one might take minutes
        if _TOO_SHORT <= before <= _MOST:
            large = grown(parts, at, filler, _LARGE)
            spent = min(_seconds(target, large) for _ in range(3))
            bad = spent > _MOST and (target.lines or spent > _MOST_GROWTH * before)
        longest = max(longest, spent)
        if bad:
            told = f"{before * 1000:.1f}, {spent * 1000:.1f} ms: {filler[:40]!r} at {at} in {b''.join(parts)[:300]!r}"
            slow.append(f"{name}: {told}")
    return name, tried, longest, slow


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
            found = []
            for name, tried, longest, slow in pool.map(timed, chosen.parser):
                print(f"{name:<24}{tried:>9,} inputs{longest * 1000:>9.1f} ms at most", flush=True)
                found += slow
        else:
            print(f"{'parser':<24}{'inputs':>11}{'events':>11}{'absorbed':>11}{'ignored':>11}{'unreadable':>11}")
            found = [fault for name in chosen.parser for fault in fuzzed(name, chosen.inputs, pool, chosen.seed)]
    print(*found, sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
