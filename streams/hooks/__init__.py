"""Pool hooks: each module turns the whole active set into the effects that bring one kind of MTA to it.

The contract is one public function, pure, in `streams/hooks/<name>.py`, where the name is the key under
`[pool.<pool>.hooks]`:

    def effects(active: Mapping[str, float], settings: <its settings>) -> tuple[Effect, ...]

`active` maps the MTA's transport to its share (above 0, up to 1); a withdrawn one is absent. A hook always gets the
whole set, so a repeat after a crash is harmless. ValueError where it cannot express the set, and always for an empty
one: a relay host without any way out would refuse its customers' mail.
"""

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from math import isfinite
from pathlib import Path
from typing import cast

import msgspec
from pydantic import BaseModel

from schemas.pool_settings import Hooks

_TRANSPORT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


class _Effect(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=str.lower):
    """What every effect is: a frozen order to the shell (`streams/effects.py`), safe to perform again."""


class WriteFile(_Effect, frozen=True, kw_only=True):
    """Replace a file in one step, so that a reader sees the old content or the new one, never a part."""

    path: str
    content: str
    mode: int = 0o644


class Run(_Effect, frozen=True, kw_only=True):
    """Run a program without a shell; it failed if it does not end with 0 within the time."""

    command: tuple[str, ...]
    timeout_seconds: float


class Answer(_Effect, frozen=True, kw_only=True):
    """Let the socketmap server answer with these transports from now on, each as often as its share says."""

    shares: dict[str, float]


Effect = WriteFile | Run | Answer
Effects = Callable[[Mapping[str, float], BaseModel], tuple[Effect, ...]]


def names() -> tuple[str, ...]:
    """Return the names of all hooks."""
    return tuple(sorted(file.stem for file in Path(__file__).parent.glob("*.py") if file.stem != "__init__"))


def load(name: str) -> Effects:
    """Return the hook called `name` in the configuration. ValueError lists those that exist."""
    if name not in names():
        raise ValueError(f"no pool hook {name!r}; there are {', '.join(names())}")
    return cast("Effects", import_module(f"{__name__}.{name}").effects)


def configured(hooks: Hooks) -> dict[str, BaseModel]:
    """Return the hooks that a pool's configuration turns on, with the settings of each."""
    chosen = ((name, getattr(hooks, name)) for name in type(hooks).model_fields)
    return {name: settings for name, settings in chosen if settings is not None}


def checked(active: Mapping[str, float]) -> dict[str, float]:
    """Return the active set in the order of its names. ValueError if it is empty or something in it is impossible."""
    if not active:
        raise ValueError("the active set is empty: mail needs at least one transport")
    for transport, share in active.items():
        if not _TRANSPORT.fullmatch(transport):
            raise ValueError(f"{transport!r} is no name of a Postfix transport")
        if not (isfinite(share) and 0 < share <= 1):
            raise ValueError(f"the share {share!r} of {transport} is not above 0 and up to 1")
    return dict(sorted(active.items()))
