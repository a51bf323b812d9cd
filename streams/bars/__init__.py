"""Suspension hooks: each module turns what is barred on this host into the effects that carry it out.

The contract is one public function, pure, in `streams/bars/<name>.py`, where the name is the key under
`[mailboxes.hooks]` and the settings are its part of `schemas/mailbox_hooks.py`:

    def effects(barred: Mapping[str, Bar], changed: Mapping[str, Bar], settings: <its settings>) -> tuple[Effect, ...]

`barred` is everything that is barred now, by mailbox; no bar in it has the step "". `changed` is what this hook has not
carried out yet: a mailbox's bar, or, with the step "", its release (whose `decision` and `reason` are the release's).
A hook that keeps a whole (a file, the policy server's answers) returns bare effects that follow from `barred` alone:
they are performed at every start and every change, first, and if one fails nothing is carried out. A hook that acts on
single mailboxes returns a `ForMailbox` per mailbox of `changed`: each succeeds or fails by itself, and is performed
again with a longer pause until it succeeds, also after a crash (`streams/barring.py` remembers on disk), so repeating
it must be harmless. At a start `changed` is often empty. Effects are performed in the order in which they stand.

What a hook does not do by design (a step it has no orders for) it passes with `Pass`; what it cannot do for a mailbox
(a name that no map can hold) it refuses with `Refuse`, which is reported. A mailbox of `changed` with neither counts
as carried out once the bare effects are. ValueError where nothing at all can be done. A mailbox's name is a login or an
envelope sender that a stranger may have chosen: it must never end a line, an argument's meaning or a statement.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Literal, cast

import msgspec

from schemas.facts import Evidence
from schemas.mailbox_hooks import MailboxHooks
from schemas.part import Part
from streams.deeds import Deed, HttpCall, Run, RunWith, Secret, SqlStatement, WriteFile

Step = Literal["", "throttle", "suspend"]


class Bar(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why and how a mailbox is barred since the time `since` (µs), or ("") that it was released then."""

    step: Step
    since: int
    decision: str
    reason: str = ""
    recipients_per_hour: int = 0
    evidence: tuple[Evidence, ...] = ()

    @property
    def word(self) -> str:
        """Return the step as a program is told it: "throttle", "suspend", or "release"."""
        return self.step or "release"


class LdapModify(Deed, frozen=True, kw_only=True):
    """Replace attributes of one entry; an attribute without values is removed."""

    url: str
    bind_dn: str
    password: Secret
    dn: str
    attributes: dict[str, tuple[str, ...]]
    starttls: bool = False
    timeout_seconds: float


class Policy(Deed, frozen=True, kw_only=True):
    """Let the policy server answer by these bars from now on; `suspended` and `throttled` are the answers' texts."""

    barred: dict[str, Bar]
    suspended: str
    throttled: str


class HoldQueue(Deed, frozen=True, kw_only=True):
    """Keep what these mailboxes have in this host's queue on hold from now on; `released` are suspended no more."""

    suspended: dict[str, Bar]
    released: dict[str, Bar]


class TellCustomers(Deed, frozen=True, kw_only=True):
    """Mail the customers of these mailboxes what was decided about them."""

    bars: dict[str, Bar]


class ForMailbox(Deed, frozen=True, kw_only=True):
    """Perform these for one mailbox of `changed`, apart from all others."""

    mailbox: str
    effects: "tuple[Single, ...]"


class Pass(Deed, frozen=True, kw_only=True):
    """Leave a mailbox of `changed` as it is: this hook has nothing to do there, and so nothing to undo later."""

    mailbox: str
    reason: str


class Refuse(Deed, frozen=True, kw_only=True):
    """Report that this hook cannot do it for a mailbox of `changed`; it is asked again when the mailbox changes."""

    mailbox: str
    reason: str


Single = WriteFile | Run | RunWith | HttpCall | SqlStatement | LdapModify
Whole = Single | Policy | HoldQueue | TellCustomers
Effect = Whole | ForMailbox | Pass | Refuse
Effects = Callable[[Mapping[str, Bar], Mapping[str, Bar], Part], tuple[Effect, ...]]


def names() -> tuple[str, ...]:
    """Return the names of all suspension hooks."""
    return tuple(sorted(file.stem for file in Path(__file__).parent.glob("*.py") if not file.stem.startswith("_")))


def load(name: str) -> Effects:
    """Return the hook called `name` in the configuration. ValueError lists those that exist."""
    if name not in names():
        raise ValueError(f"no suspension hook {name!r}; there are {', '.join(names())}")
    return cast("Effects", import_module(f"{__name__}.{name}").effects)


def configured(hooks: MailboxHooks) -> dict[str, Part]:
    """Return the suspension hooks that the configuration turns on, with the settings of each."""
    chosen = ((name, getattr(hooks, name)) for name in type(hooks).model_fields)
    return {name: settings for name, settings in chosen if isinstance(settings, Part)}


def printable(text: str) -> bool:
    """Tell whether a mailbox's name is one line of visible characters without blanks: what a map file can hold."""
    return bool(text) and text.isprintable() and not any(character.isspace() for character in text)
