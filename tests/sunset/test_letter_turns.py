"""Who is left out by a `per_hour` that is too small goes first the next time."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from embedded.broker import Broker
from schemas.mailbox_events import NoticeSent
from streams.letter_turns import Turns
from tests.sunset.office import AT, HOUR, Office, letter_to, working

WEEK = 7 * 24 * HOUR


@pytest.fixture
def office(fresh_broker: Broker, tmp_path: Path) -> Iterator[Office]:
    with working(fresh_broker, tmp_path / "state") as office:
        mail = office.settings.sunset["pop"].mail
        assert mail is not None
        scarce = office.settings.sunset["pop"].model_copy(update={"mail": mail.model_copy(update={"per_hour": 2})})
        office.settings = office.settings.model_copy(update={"sunset": {"pop": scarce}})
        yield office


def test_nobody_is_left_out_twice_while_another_gets_two(office: Office, tmp_path: Path) -> None:
    """Each week four customers have their places in this order, two letters go, and then the desk is off for days.

    In the third week the letterbox is lost: whose turn it is the topic knows.
    """
    for week in range(3):
        begins = AT + week * WEEK
        office.write(*(letter_to(f"c{place}", begins + place, week + 1) for place in range(4)))
        folder = tmp_path / "lost" if week == 2 else None
        office.work(begins + HOUR // 2, begins + 5 * 24 * HOUR, begins + 5 * 24 * HOUR + HOUR, folder=folder)
    assert office.taken() == [f"it@c{place}.example" for place in (0, 1, 2, 3, 0, 1)]


def _ended(number: int, status: str, reply: str = "") -> NoticeSent:
    event = NoticeSent(
        id=f"{number}{status}", at=number, customer="acme", recipient="x@acme.example", template="letter",
        language="de", message_id=f"<{number}>", status="sent", reply=reply, sunset="pop",
    )  # fmt: skip
    return msgspec.structs.replace(event, status=status)


@pytest.mark.parametrize(
    ("events", "missed"),
    [
        ([], 0),
        ([_ended(1, "intended")], 0),
        ([_ended(1, "refused", "withdrawn: it was due")], 1),
        ([_ended(1, "refused", "withdrawn: it was due")] * 2, 1),
        ([_ended(number, "refused", "withdrawn: it was due") for number in range(3)], 3),
        ([_ended(1, "refused", "withdrawn: it was due"), _ended(2, "intended"), _ended(2, "sent")], 0),
        ([_ended(1, "refused", "withdrawn: it was due"), _ended(2, "refused", "RCPT: 550 5.1.1 no such user")], 0),
    ],
)
def test_what_counts_is_how_many_in_a_row_were_withdrawn(events: list[NoticeSent], missed: int) -> None:
    turns = Turns()
    for event in events:
        turns.take(event)
    assert turns.missed("pop", "acme") == missed
    assert turns.missed("pop", "solo") == turns.missed("old", "acme") == 0
    turns.start_over()
    assert turns.missed("pop", "acme") == 0
