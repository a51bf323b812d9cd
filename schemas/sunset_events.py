"""Events about what is going away (SMTP-after-POP, cleartext logins, old TLS): who uses it, who was told, what ended.

A sunset is a table of the configuration, `[sunset.NAME]`; `sunset` is its name in every event. Days are dates of the
sunset's time zone, as ISO 8601 (`2027-02-22`). The same rules hold as in `schemas.events`.
"""

from typing import Literal

import msgspec

from schemas.facts import Evidence, Fact

LetterKind = Literal["letter", "thanks"]
LetterOutcome = Literal["again", "sent", "refused"]
"""What an operator may say of a letter of which nobody knows: hand it over again; it was taken; give it up."""
StageAction = Literal["open", "close", "pause", "resume", "rollback"]
"""What an operator may order of a stage: end its brown-out, switch it off, hold it and all others, let it go on again,
or open it until he lets it go on.
"""
StageStep = Literal["open", "brownout", "closed", "paused", "rolled_back"]
"""`open`: the old way works; `brownout`: it is off for some hours; `closed`: it is off. A stage that is paused or
rolled back is open, and stays so until an operator says otherwise.
"""


class ClientUse(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A client of a mailbox: its address, how it names itself (EHLO), the host in its Message-IDs, and its program.

    The program is what the mail's `User-Agent` or `X-Mailer` said, where that is logged. All but the address is a
    stranger's text. Of its last use, `first` and `last` are µs.
    """

    ip: str
    helo: str = ""
    message_host: str = ""
    program: str = ""
    messages: int = 0
    first: int = 0
    last: int = 0


class Use(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a mailbox used the old way within some days: messages (or logins), first and last time (µs), its clients.

    `confidence` (0 to 1): how sure it is that it was this mailbox, where several logged in from one address.
    Of a message that several may have sent, each has it among its `messages`. `switched` is when it was last seen doing
    it the new way (µs, 0: not seen), `hosts` whose logs told of it.
    """

    mailbox: str
    messages: int = 0
    first: int = 0
    last: int = 0
    confidence: float
    switched: int = 0
    clients: tuple[ClientUse, ...] = ()
    hosts: tuple[str, ...] = ()


class UserFound(Fact, frozen=True, kw_only=True):
    """A mailbox uses the old way; `relapse`: it had been counted as done."""

    sunset: str
    mailbox: str
    customer: str = ""
    language: str = ""
    relapse: bool = False
    use: Use


class UserDone(Fact, frozen=True, kw_only=True):
    """A mailbox was not seen using the old way for `quiet_days`, on each of which its logs were read; `last` is µs."""

    sunset: str
    mailbox: str
    customer: str = ""
    language: str = ""
    last: int = 0
    switched: int = 0
    quiet_days: int = 0


class LetterDue(Fact, frozen=True, kw_only=True):
    """A letter to a customer was decided, with all that it will say: the `number`th of `of`, on its mailboxes' uses.

    `due` (µs) is when it is to go at the earliest, `week` the number of the week since the sunset began, `ends` the
    day it ends: the first of its mailboxes' days where these differ, or are not fixed. Then `days` has that of each of
    `uses` (of thanks, of `thanked`), "" where its stage is held. `more` counts the mailboxes that it asks for besides
    `uses`, for which it has no room. `thanked` are the mailboxes that are done since a letter named them: all that a
    letter of thanks is about, and what a letter on others says besides. `recipient` "" is nobody to write to, and
    `problem` says why: customer care has to call; it counts as none of the letters.
    """

    sunset: str
    customer: str
    name: str = ""
    recipient: str = ""
    language: str = ""
    kind: LetterKind
    number: int = 0
    of: int = 0
    week: int = 0
    ends: str = ""
    due: int = 0
    uses: tuple[Use, ...] = ()
    thanked: tuple[str, ...] = ()
    message_id: str = ""
    problem: str = ""
    days: tuple[str, ...] = ()
    more: int = 0


class LetterSettled(Fact, frozen=True, kw_only=True):
    """An operator decides what is to become of a letter that was tried before, and of which nobody knows more."""

    sunset: str
    message_id: str
    status: LetterOutcome
    operator: str = ""
    reason: str = ""


class UserExempted(Fact, frozen=True, kw_only=True):
    """An operator exempts a mailbox, a customer or a domain (`@example.net`) until a day, or (`ended`) no longer."""

    sunset: str
    subject: str
    until: str = ""
    ended: bool = False
    operator: str = ""
    reason: str = ""


class Brownout(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Some hours in which a stage is off to be noticed: from `begins` to `ends` (µs)."""

    begins: int
    ends: int


class Stage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of the mailboxes, by how their names begin: from `first` up to before `beyond` ("": to the end).

    `share` (0 to 1) of the mailboxes that used the old way when it was planned, `mailboxes` in number. It is off in
    `brownouts`, and for good from `closes` (µs).
    """

    number: int
    first: str = ""
    beyond: str = ""
    share: float = 0.0
    mailboxes: int = 0
    brownouts: tuple[Brownout, ...] = ()
    closes: int = 0


class StagesPlanned(Fact, frozen=True, kw_only=True):
    """The stages of a sunset, made from how the names of its users begin; a later plan replaces an earlier one.

    Without an `operator` the desk moved it, because what was due could not be begun; `reason` says what, and `follows`
    is the id of the plan that it knew: where another was made since, by an operator, it is none.
    """

    sunset: str
    stages: tuple[Stage, ...]
    operator: str = ""
    reason: str = ""
    follows: str = ""


class StageStepped(Fact, frozen=True, kw_only=True):
    """A stage came to a step, with the evidence where a limit was passed, or by an operator with a reason.

    `until_at` (µs) is when a brown-out is over, 0 where the step has no end of its own; `answers` is the id of the
    `StageOrdered` that it follows.
    """

    sunset: str
    stage: int
    step: StageStep
    until_at: int = 0
    evidence: tuple[Evidence, ...] = ()
    operator: str = ""
    reason: str = ""
    answers: str = ""


class StageOrdered(Fact, frozen=True, kw_only=True):
    """An operator orders something of a stage where nobody knows the log to its end, as on a page: the desk decides."""

    sunset: str
    stage: int
    action: StageAction
    operator: str
    reason: str


class StageRefused(Fact, frozen=True, kw_only=True):
    """The order with the id `answers` is not followed: it is impossible or of no effect, as `reason` says."""

    sunset: str
    stage: int
    action: StageAction
    answers: str
    operator: str = ""
    reason: str = ""


class StagesSwitched(Fact, frozen=True, kw_only=True):
    """A switch of a relay host brought in force that these stages are off, or (`problem`) could not.

    `decision` is the event that it followed; `attempt` counts the failures in a row.
    """

    sunset: str
    hook: str
    host: str
    off: tuple[int, ...] = ()
    decision: str = ""
    problem: str = ""
    attempt: int = 0


class TicketOpened(Fact, frozen=True, kw_only=True):
    """The ticket system told of a question to support, as far as it knows of which customer or mailbox."""

    sunset: str
    ticket: str
    customer: str = ""
    mailbox: str = ""


class SunsetCounted(Fact, frozen=True, kw_only=True):
    """Where a sunset stands on a day, for one language: the mailboxes `found` so far are open, done or exempt.

    `messages` went the old way within the week before; `unheard` days of that week had a log that was not read, so
    that `done` may be too small then.
    """

    sunset: str
    day: str
    language: str = ""
    found: int = 0
    open: int = 0
    done: int = 0
    exempt: int = 0
    relapsed: int = 0
    customers: int = 0
    messages: int = 0
    unheard: int = 0


SunsetEvent = (
    UserFound
    | UserDone
    | LetterDue
    | LetterSettled
    | UserExempted
    | StagesPlanned
    | StageStepped
    | StageOrdered
    | StageRefused
    | StagesSwitched
    | TicketOpened
    | SunsetCounted
)
