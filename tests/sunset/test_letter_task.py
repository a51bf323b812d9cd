"""Letters from the topic through the letterbox to a real SMTP server, and back to the topic."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from collectors.admin import ensure_topics
from embedded.broker import Broker, free_port
from schemas.events import Event
from schemas.mailbox_events import NoticeSent
from schemas.names import derived_id
from schemas.settings import Settings
from schemas.sunset_events import LetterDue
from streams.journal import Journal
from streams.letter_task import Posted
from tests.mail_server import Server
from tests.sunset.scene import MAIL, SUNSET, local, use
from tests.sunset.town import idle

AT = local("2027-02-02 10:00")
HOUR = 3_600_000_000


def _letter(customer: str, due: int, number: int = 1) -> LetterDue:
    identity = derived_id(customer, number)
    return LetterDue(
        id=identity,
        at=AT - HOUR,
        sunset="pop",
        customer=customer,
        name=customer.title(),
        recipient=f"it@{customer}.example",
        language="de",
        kind="letter",
        number=number,
        of=6,
        week=number,
        ends=SUNSET.ends.isoformat(),
        due=due,
        uses=(use(f"a@{customer}.example", AT - HOUR),),
        message_id=f"<{identity}@hoster.example>",
    )


class Office:
    """A topic, a mail server, and a desk whose clock is set by hand."""

    def __init__(self, broker: Broker, server: Server, folder: Path) -> None:
        mail = {**MAIL.model_dump(mode="json", exclude_none=True), "port": server.port}
        sunset = {**SUNSET.model_dump(mode="json", exclude_none=True), "mail": mail}
        self.settings = Settings.model_validate(
            {
                "data": str(folder),
                "kafka": {"bootstrap": [broker.bootstrap]},
                "clickhouse": {"port": free_port()},  # nobody is there: what is not known stays unknown
                "sunset": {"pop": sunset},
            }
        )
        ensure_topics(self.settings)
        self.server, self.now = server, AT
        self.told: list[NoticeSent] = []

    def write(self, *events: Event) -> None:
        with Journal(self.settings.kafka, lambda _: None, idle) as journal:
            journal.append(events)

    def work(self, *moments: int, folder: Path | None = None) -> None:
        """Let a desk that starts now have its turn at these moments; in another folder it is another desk."""
        settings = self.settings.model_copy(update={"data": folder}) if folder else self.settings
        posted = Posted(settings, lambda: self.now)
        self.told = []

        def take(event: Event) -> None:
            posted.take(event)
            if isinstance(event, NoticeSent):
                self.told.append(event)

        with Journal(settings.kafka, take, idle) as journal:
            journal.read()
            for self.now in moments:
                posted.turn(journal)
            journal.rest()

    def taken(self) -> list[str]:
        return [recipient for recipient, _ in self.server.taken]


@pytest.fixture
def office(fresh_broker: Broker, tmp_path: Path) -> Iterator[Office]:
    server = Server(free_port())
    server.start()
    yield Office(fresh_broker, server, tmp_path / "state")
    server.stop()


def test_each_goes_at_its_time_once_through_restarts_and_both_events_are_told(office: Office, tmp_path: Path) -> None:
    soon, later = _letter("acme", AT), _letter("solo", AT + HOUR)
    nobody = msgspec.structs.replace(_letter("mute", AT), recipient="", message_id="", problem="no mail address")
    office.write(soon, later, soon, nobody)
    office.work(AT - 1)
    assert office.taken() == []
    office.work(AT, AT + 1)
    assert office.taken() == ["it@acme.example"]
    office.work(AT + HOUR, AT + HOUR + 1)
    assert office.taken() == ["it@acme.example", "it@solo.example"]
    assert [(each.customer, each.status, each.template, each.sunset) for each in office.told][:2] == [
        ("acme", "intended", "letter", "pop"),
        ("acme", "sent", "letter", "pop"),
    ]
    assert {each.message_id for each in office.told} == {soon.message_id, later.message_id}
    mail = office.server.taken[0][1]
    assert (mail["Message-ID"], mail["To"]) == (soon.message_id, "it@acme.example")
    office.work(AT + 2 * HOUR, folder=tmp_path / "lost")
    assert len(office.taken()) == 2, "the letterbox was lost; the topic knows that they ended"


def test_what_another_desk_began_is_not_begun_again(office: Office, tmp_path: Path) -> None:
    first, second = _letter("acme", AT), _letter("solo", AT + HOUR)
    office.write(first, second)
    office.work(AT - 1)  # both lie in this desk's letterbox
    office.work(AT, folder=tmp_path / "other")
    office.work(AT + 1, AT + 1)
    assert office.taken() == ["it@acme.example"]
    begun = NoticeSent(
        id="x", at=AT + HOUR, sunset="pop", recipient=second.recipient, template="letter", language="de",
        message_id=second.message_id, status="intended",
    )  # fmt: skip
    office.write(begun)
    for folder in (None, tmp_path / "third"):
        office.work(*(AT + HOUR + number * HOUR // 4 for number in range(9)), folder=folder)
    assert office.taken() == ["it@acme.example"], "nobody knows whether the server took the second"


def test_a_letter_that_did_not_go_before_it_ended_is_told_and_does_not(office: Office) -> None:
    letter = _letter("acme", AT)
    office.write(letter)
    office.work(local("2027-03-22 00:01"))
    assert office.taken() == []
    assert [(each.status, each.reply) for each in office.told] == [
        ("intended", ""),
        ("refused", "no mail can be made of it: it did not go before 2027-03-22, when it ended"),
    ]
