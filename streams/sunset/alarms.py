"""What the hoster's own people are told by mail: that a stage was paused by itself, or that a host cannot switch."""

import re
from collections.abc import Iterator

from schemas.events import Event
from schemas.moments import moment_of
from schemas.stage_steps import HELD
from schemas.sunset_events import StagesSwitched, StageStepped
from streams.notices.paragraphs import Words
from streams.sunset.ledger import Ledger
from streams.sunset.stepping import is_off, step_of

Alarm = StageStepped | StagesSwitched
ATTEMPTS = 8
"""So many failures in a row, some two minutes of them, are told: what is over sooner is nobody's trouble."""
_ODD = re.compile(r"[^A-Za-z0-9._-]")


def alarm(event: Event, ledger: Ledger) -> Alarm | None:
    """Return an event that is told, by what was known before it; None where it is not.

    That a stage is paused which is held already is no news: two desks at once write it twice.
    """
    match event:
        case StageStepped(step="paused", operator="") if step_of(ledger, event.stage) not in HELD:
            return event
        case StagesSwitched(attempt=attempt, problem=problem) if problem and attempt == ATTEMPTS:
            return event
        case _:
            return None


def words_of(event: Alarm, ledger: Ledger, at: int) -> Words:
    """Return the mail about an event at a moment: plain text, in English."""
    if isinstance(event, StageStepped):
        subject = f"Sunset {event.sunset}: stage {event.stage} was paused"
        return Words(subject, "\n".join((*_paused(event), "", *_standing(ledger, at), "", *_orders(event))) + "\n", "")
    subject = f"Sunset {event.sunset}: {_ODD.sub('?', event.host)[:100]} cannot switch {event.hook}"
    return Words(subject, "\n".join((*_failing(event), "", *_standing(ledger, at))) + "\n", "")


def _paused(event: StageStepped) -> Iterator[str]:
    yield f"Stage {event.stage} of the sunset {event.sunset} was paused at {_moment(event.at)}:"
    yield f"{event.reason}."
    yield ""
    yield from (f"- {each.text}" for each in event.evidence)


def _failing(event: StagesSwitched) -> Iterator[str]:
    wanted = ", ".join(map(str, event.off)) or "none"
    yield f"On the host {event.host} the switch {event.hook} of the sunset {event.sunset} failed {event.attempt} times"
    yield f"in a row, last at {_moment(event.at)}. Of its stages these should be off there: {wanted}."
    yield "What is off there may be what was before. It is tried again; see `relaywarden sunset stages`."
    yield ""
    yield f"- {' '.join(event.problem.split())}"


def _standing(ledger: Ledger, at: int) -> Iterator[str]:
    yield f"By the plan and the orders, at {_moment(at)}:"
    yield ""
    off = [each for each in ledger.stages if is_off(ledger.steps.get(each.number), at)]
    for each in off:
        step = ledger.steps[each.number]
        until = f", until {_moment(step.until)}" if step.step == "brownout" else ""
        yield f"- stage {each.number} is off ({step.step}{until}): {each.mailboxes:,} mailboxes when it was planned"
    if not off:
        yield "- no stage is off"
    for number, step in sorted(ledger.steps.items()):
        if step.step in {"paused", "rolled_back"}:
            what = "paused, and no other goes off" if step.step == "paused" else "rolled back"
            yield f"- stage {number} is {what} until an operator says so"


def _orders(event: StageStepped) -> Iterator[str]:
    which = f'{event.stage} --sunset {event.sunset} --reason "..."'
    yield "What to do:"
    yield ""
    yield f"    relaywarden sunset stages --sunset {event.sunset}"
    yield "        shows where all stages and hosts are"
    yield f"    relaywarden sunset stage resume {which}"
    yield "        it goes on where it was: what had closed is closed again at once"
    yield f"    relaywarden sunset stage rollback {which}"
    yield "        it stays open until it is resumed, the others go on"


def _moment(at: int) -> str:
    return moment_of(at).isoformat(sep=" ", timespec="seconds")
