"""The mailboxes in question, as the pools know them: whether who spoilt an IP goes on."""

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from schemas.mailbox_events import (
    MailboxDecision,
    MailboxFlagged,
    MailboxReleased,
    MailboxSuspended,
    MailboxThrottled,
)
from schemas.names import derived_id
from schemas.observations import SenderJudged
from streams.window import MINUTE

_MOST = 1000
_QUEUED = 10 * MINUTE


class Suspect(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A mailbox that came to a step at `at`, enforced or only proposed; its mail was last seen at `last_mail`."""

    step: Literal["flag", "throttle", "suspend"]
    at: int
    enforced: bool = False
    last_mail: int = 0

    def goes_on(self, at: int, quiet: int) -> bool:
        """Tell whether it hinders a return: it sent lately, and is neither throttled nor suspended.

        What a suspended mailbox had queued may still leave for ten minutes; later it sends in spite of it all.
        """
        if self.last_mail <= at - quiet or (self.enforced and self.step == "throttle"):
            return False
        return not self.enforced or self.last_mail > self.at + _QUEUED


def judged(decision: MailboxDecision) -> SenderJudged:
    """Return what the pools are told of a decision about a mailbox."""
    step: Literal["", "watch", "flag", "throttle", "suspend"] = ""
    mode: Literal["", "propose", "enforce"] = ""
    match decision:
        case MailboxReleased():
            pass
        case MailboxFlagged():
            step = decision.step
        case MailboxThrottled() | MailboxSuspended():
            step = "throttle" if isinstance(decision, MailboxThrottled) else "suspend"
            mode = "enforce" if decision.mode == "enforce" else "propose"
    identity = derived_id("judged", decision.id)
    return SenderJudged(
        id=identity, at=decision.at, mailbox=decision.mailbox, step=step, mode=mode, decision=decision.id
    )


def learnt(suspects: Mapping[str, Suspect], event: SenderJudged, last_mail: int) -> dict[str, Suspect]:
    """Return the suspects after a step of one; who is released, or only watched, is none. The newest are kept."""
    before = suspects.get(event.mailbox)
    if before is not None and event.at < before.at:
        return dict(suspects)
    others = {name: one for name, one in suspects.items() if name != event.mailbox}
    if event.step in {"", "watch"}:
        return others
    enforced = event.mode == "enforce"
    if before is not None and before.enforced and not enforced:  # more is proposed to who is throttled already
        return {**others, event.mailbox: before}
    known = max(last_mail, before.last_mail if before else 0)
    step: Literal["flag", "throttle", "suspend"] = event.step  # type: ignore[assignment]  # "" and "watch" are gone
    found = {**others, event.mailbox: Suspect(step=step, at=event.at, enforced=enforced, last_mail=known)}
    if len(found) <= _MOST:
        return found
    newest = sorted(found.items(), key=lambda item: (-item[1].at, item[0]))[:_MOST]
    return dict(newest)


def seen(suspects: Mapping[str, Suspect], senders: Iterable[str], at: int) -> dict[str, Suspect]:
    """Return the suspects after these sent at a time."""
    known = dict(suspects)
    for sender in senders:
        suspect = known.get(sender)
        if suspect is not None and at > suspect.last_mail:
            known[sender] = msgspec.structs.replace(suspect, last_mail=at)
    return known
