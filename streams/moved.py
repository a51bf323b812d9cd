"""Mailboxes that came to another customer: out of what is known of the one before, and into what is known of theirs."""

from collections.abc import Iterator
from typing import cast

import msgspec

from schemas.mailbox_events import CaseEvent, StepChanged
from schemas.names import derived_id
from streams import cases
from streams.cases import Attacked, Member, Step, Threshold


def out(known: Attacked, event: StepChanged, limits: Threshold) -> tuple[Attacked, tuple[CaseEvent, ...]]:
    """Return what is known of a customer once a step tells that his mailbox is another's now, and what follows."""
    before = known.members.get(event.mailbox)
    if before is None or not before.since:
        return known, ()
    left = derived_id("moved", known.customer, event.id)
    return cases.step(known, msgspec.structs.replace(event, id=left, step="", score=0.0, rules=()), limits)


def into(owner: str, mailbox: str, member: Member, latest: int) -> Iterator[StepChanged]:
    """Yield the steps that tell of a mailbox that it is this owner's, and to which step it came with another.

    What is of more than a week before `latest` is told as released: it belongs to no attack of the owner's.
    """
    recent = member.since > 0 and member.at > latest - cases.REMEMBERED
    told = StepChanged(
        id=derived_id("moved", owner, mailbox, member.at, *member.told),
        at=member.at,
        mailbox=mailbox,
        customer=owner,
        step=cast("Step", member.step) if recent else "",
        score=member.score if recent else 0.0,
        rules=member.rules if recent else (),
    )
    if recent and member.since < member.at:
        yield msgspec.structs.replace(told, id=derived_id("since", told.id), at=member.since, step="flag")
    yield told
