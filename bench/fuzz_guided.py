"""Inputs led by coverage, for one parser: `python -m bench.fuzz_guided NAME [--inputs N]`.

Beside `bench.fuzz`, whose changes of golden inputs it makes on what found new code; atheris tells that, and is no
dependency of ours: `pip install atheris`. What a parser raises besides ValueError ends the run, with its input.
"""

import argparse
import sys
import tempfile
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any


def _atheris() -> Any:  # noqa: ANN401 the library ships no types
    try:
        return import_module("atheris")
    except ImportError as error:
        raise SystemExit("atheris is not installed: pip install atheris") from error


def main() -> None:
    """Run one parser until the inputs are used up, or one of them is a fault."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("parser")
    given.add_argument("--inputs", type=int, default=1_000_000)
    given.add_argument("--seed", type=int, default=1)
    chosen = given.parse_args()
    atheris = _atheris()
    with atheris.instrument_imports(include=["collectors"]):
        fuzzing = import_module("tests.fuzzing")
    if chosen.parser not in fuzzing.targets():
        raise SystemExit(f"no parser {chosen.parser!r}; there are {', '.join(fuzzing.targets())}")
    target = fuzzing.targets()[chosen.parser]
    take, told = target.begin(), Counter[str]()

    def one(content: bytes) -> None:
        with fuzzing.Watched(chosen.parser, content):
            told[take(content)] += 1
        if told.total() in {chosen.inputs // 10 * tenth for tenth in range(1, 11)}:
            print(f"{told.total():,}: {dict(told)}", flush=True)

    def changed(content: bytes, largest: int, seed: int) -> bytes:
        return bytes(fuzzing.changed_by(seed, target, content)[:largest])

    with tempfile.TemporaryDirectory() as folder:
        for number, parts in enumerate(target.samples):
            (Path(folder) / str(number)).write_bytes(b"".join(parts))
        options = [f"-runs={chosen.inputs}", f"-seed={chosen.seed}", "-max_len=100000", "-verbosity=0"]
        atheris.Setup([sys.argv[0], *options, folder], one, custom_mutator=changed)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
