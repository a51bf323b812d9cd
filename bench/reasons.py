"""What the reasons of refusals cost the reading of a log, on one core: `python -m bench.reasons`.

A day of the simulated hoster is read in pieces, each with and without them by turns, so that what else the machine does
weighs on both alike; each reply is new to the piece, as its ids make it.
"""

import sys
import time
from collections.abc import Callable

from bench.reading import history, read
from collectors.mta import _events
from schemas.reasons import Reason, classify

_PIECES = 40
_RUNS = 8


def _unheard(*_: object) -> Reason:
    """Stand for `classify` where the reading without it is measured."""
    return Reason("unknown", permanent=False)


def timed(piece: bytes, judge: Callable[..., Reason]) -> float:
    """Return the CPU seconds of reading a piece of a log."""
    vars(_events)["classify"] = judge  # the reading has no switch for it
    classify.cache_clear()
    begun = time.process_time()
    read(piece)
    return time.process_time() - begun


def main() -> None:
    """Measure and print: of each piece the fastest run either way."""
    lines = history().splitlines(keepends=True)
    length = len(lines) // _PIECES + 1
    without = heard = 0.0
    for begin in range(0, len(lines), length):
        piece = b"".join(lines[begin : begin + length])
        runs = [(timed(piece, _unheard), timed(piece, classify)) for _ in range(_RUNS)]
        without += min(run[0] for run in runs)
        heard += min(run[1] for run in runs)
    share = 100 * (heard / without - 1)
    sys.stdout.write(
        f"{len(lines):,} lines: {without:.2f} s without reasons, {heard:.2f} s with them: {share:.1f} % more\n"
    )


if __name__ == "__main__":
    main()
