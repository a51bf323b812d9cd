"""Inputs: what brings lines and mails from elsewhere than a log file or a Maildir; one module a kind (docs/inputs.md).

A kind is a module here with `ready` and `run`, and its settings in schemas/inputs/.

`ready(settings, place, warn)` is a context manager that opens what has to be there at the start: sockets, certificates,
secrets. ValueError, naming `input.NAME.KEY` and the value, where its configuration cannot be used; `warn` is told what
is amiss and tried again, or used nevertheless. `relaywarden check` enters it and leaves at once, so it changes nothing.

`run(settings, outlet, stop)` enters it first where it opens something, and returns soon after `stop`. What fails later
it tries again for ever, and says so once. What a stranger sends never ends it, and never fills memory without bound.
"""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from collectors.losses import Losses
from collectors.spool import Spool
from schemas.inputs import LineInput
from schemas.inputs.taken import spool_of
from schemas.maildrop import Maildrop
from schemas.settings import Settings


@dataclass(frozen=True)
class Outlet:
    """Where an input, `name` by its configuration, puts what it brings: None where nobody takes the kind.

    `state` is a file of its own beside the checkpoints, for what it remembers; a `lines` spool keeps its position
    itself.
    """

    name: str
    lines: Spool | None
    mails: Maildrop | None
    losses: Losses
    state: Path


Run = Callable[[Any, Outlet, threading.Event], None]
Ready = Callable[[Any, str, Callable[[str], None]], AbstractContextManager[object]]


def load(kind: str) -> Run:
    """Return what runs an input of this kind; settings know no other kinds."""
    return cast("Run", import_module(f"collectors.inputs.{kind}").run)


def ready_of(kind: str) -> Ready:
    """Return what an input of this kind needs at its start."""
    return cast("Ready", import_module(f"collectors.inputs.{kind}").ready)


def outlet_of(settings: Settings, name: str) -> Outlet:
    """Return where the input puts what it brings. OSError or ValueError where its folders cannot be used."""
    checkpoints = settings.data / "checkpoints"
    readers = [
        checkpoints / f"{place.replace('.', '-', 1)}.json"
        for place, taken in settings.inputs_by_table.items()
        if taken == name and not place.startswith("complaints.")
    ]
    boxes = [box.maildir for box in settings.complaints.values() if box.input == name]
    for box in boxes:
        box.parent.mkdir(parents=True, exist_ok=True)
    given = settings.input[name]
    lines = None
    if readers and isinstance(given, LineInput):
        lines = Spool(spool_of(settings.data, name), given.spool_max_mb << 20, readers)
    mails = Maildrop(boxes[0]) if boxes else None
    return Outlet(name, lines, mails, Losses(name, given.kind), checkpoints / f"input-{name}.json")
