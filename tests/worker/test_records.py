"""A stamp from the future: a clock that runs ahead must not hide a theft, nor what an IP sends."""

from dataclasses import replace

import msgspec
import pytest

from schemas import codec, topics
from schemas.events import DeliveryAttempted, Event, MessageSubmitted
from schemas.mailbox_events import MailboxFlagged
from schemas.mailbox_settings import Mailboxes
from schemas.names import event_id, source_id
from streams.mailboxes import MailboxState, step
from streams.records import Place, read

NOW = 1_790_000_000_000_000
SECOND = 1_000_000
HOUR = 3600 * SECOND
PLACE = Place("c", topics.MAIL_EVENTS, 0, 0)


def _theft() -> list[Event]:
    """Two mails a second for five minutes, of ten recipients each, nearly all unknown users."""
    source = source_id("mx1")
    found: list[Event] = []
    for number in range(600):
        at, queue_id = NOW + number * SECOND // 2, f"Q{number}"
        found.append(
            MessageSubmitted(
                id=event_id(source, number * 400),
                at=at,
                host="mx1",
                queue_id=queue_id,
                sender="eve@example.net",
                recipients=10,
            )
        )
        found.append(
            DeliveryAttempted(
                id=event_id(source, number * 400 + 200),
                at=at,
                host="mx1",
                queue_id=queue_id,
                sender="eve@example.net",
                recipient=f"nobody{number}@example.org",
                outcome="bounced",
                enhanced_status="5.1.1",
            )
        )
    return found


def _flagged_at(stream: list[Event]) -> int:
    """Fold as the worker does, each event in a record written when it happened; return when the flag came."""
    state: MailboxState | None = None
    for number, event in enumerate(stream):
        written = NOW + number // 2 * SECOND // 2
        (found,), dead = read(codec.encode(event), replace(PLACE, offset=number), written)
        assert dead == []
        state, decided = step(state, found, Mailboxes())
        flags = [one for one in decided if isinstance(one, MailboxFlagged) and one.step == "flag"]
        if flags:
            return flags[0].at
    return 0


@pytest.mark.parametrize("ahead", [HOUR, 24 * HOUR, 365 * 24 * HOUR, -HOUR])
def test_one_wrong_stamp_changes_no_flag(ahead: int) -> None:
    honest = _theft()
    undisturbed = _flagged_at(honest)
    assert NOW < undisturbed < NOW + 120 * SECOND
    wrong = [*honest[:3], msgspec.structs.replace(honest[3], at=honest[3].at + ahead), *honest[4:]]
    assert abs(_flagged_at(wrong) - undisturbed) <= 2 * SECOND


def test_a_stamp_a_little_ahead_stays_as_the_log_told_it() -> None:
    event: Event = _theft()[0]
    (found,), _ = read(codec.encode(event), PLACE, event.at - 30 * SECOND)
    assert found.at == event.at
    (found,), _ = read(codec.encode(event), PLACE, event.at - HOUR)
    assert found.at == event.at - HOUR
