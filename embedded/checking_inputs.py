"""What `relaywarden check` finds about the inputs: each is made ready as `relaywarden collect` would, and left at once.

An address that is taken is no fault where a collector works here already, for it may be the one who has it.
"""

import errno
from collections.abc import Iterator
from contextlib import ExitStack

from collectors import collect, inputs
from schemas.inputs.taken import not_with_up
from schemas.settings import Settings


def unready(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each thing that an input lacks, or that it would warn of."""
    yield from (sentence for sentence, is_held in _found(settings) if not is_held)


def held(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each address that the collector has which works here already, or so it seems."""
    for sentence, is_held in _found(settings):
        if is_held:
            yield f"{sentence}, by the collector that works in {settings.data}, it seems"


def piped(settings: Settings) -> Iterator[str]:
    """Yield a sentence where an input is the standard input, and a part `[embedded]` tells that `up` is meant."""
    if "embedded" in settings.model_fields_set:
        yield from not_with_up(settings.input, settings.inputs_by_table)


def _found(settings: Settings) -> list[tuple[str, bool]]:
    """Return what is said, and whether it is of an address that a running collector may have.

    All are open at a time: two that want the same address are seen. The standard input is the collector's own.
    """
    found: list[tuple[str, bool]] = []
    with ExitStack() as opened:
        for name, given in settings.input.items():
            if given.kind == "stdin":
                continue
            try:
                ready = inputs.ready_of(given.kind)
                opened.enter_context(ready(given, f"input.{name}", lambda told: found.append((told, False))))
            except ValueError as error:
                found.append((str(error), _is_taken(error) and _collects(settings)))
    return found


def _is_taken(error: ValueError) -> bool:
    return isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EADDRINUSE


def _collects(settings: Settings) -> bool:
    try:
        return collect.is_running(settings)
    except OSError:
        return False  # whose address it is nobody can tell: then it is a fault
