"""The desk's topic at a real broker: written in pieces that it takes, read to its end by whoever decides."""

import logging
import random
from typing import TYPE_CHECKING, Self

import pytest
from kafka.errors import KafkaTimeoutError
from prometheus_client import REGISTRY

from collectors.admin import ensure_topics
from embedded.broker import Broker
from schemas.settings import Settings
from schemas.sunset_events import LetterDue, SunsetEvent, Use
from streams.journal import Journal
from streams.topiclog import LogAwayError
from tests.sunset.town import idle

if TYPE_CHECKING:
    from schemas.events import Event


def _settings(broker: Broker) -> Settings:
    settings = Settings.model_validate({"kafka": {"bootstrap": [broker.bootstrap]}})
    ensure_topics(settings)
    return settings


def _letter(number: int, mailboxes: int = 1, noise: int = 0) -> LetterDue:
    uses = tuple(Use(mailbox=f"m{place}@example.net", confidence=1.0) for place in range(mailboxes))
    text = random.Random(number).randbytes(noise).hex()
    return LetterDue(
        id=f"{number:05d}", at=1, sunset="pop", customer=f"c{number}", kind="letter", uses=uses, problem=text
    )


def test_large_and_small_are_written_in_order_and_read_by_another(fresh_broker: Broker) -> None:
    settings = _settings(fresh_broker)
    events = [_letter(number, mailboxes=20_000 if number % 500 == 7 else 3) for number in range(1200)]
    read: list[Event] = []
    with Journal(settings.kafka, read.append, idle) as reader, Journal(settings.kafka, lambda _: None, idle) as writer:
        reader.read()
        assert writer.append(iter(events)) == 1200
        reader.rest()
        assert [event.id for event in read] == [event.id for event in events]
        reader.rest()
        assert writer.append(()) == 0
    again: list[str] = []
    with Journal(settings.kafka, lambda event: again.append(event.id), idle) as late:
        late.read()
    assert again == [event.id for event in events]


def counted(kind: str) -> float:
    labels = {"type": kind, "status": ""}
    return REGISTRY.get_sample_value("relaywarden_desk_events_total", labels) or 0.0


class Deaf:
    """A producer whose broker never acknowledges."""

    def send(self, *_: object, **__: object) -> Self:
        return self

    def get(self, _seconds: float) -> None:
        raise KafkaTimeoutError("no acknowledgement")


def test_what_the_broker_took_is_counted_and_nothing_else(fresh_broker: Broker) -> None:
    settings = _settings(fresh_broker)
    before = counted("letter_due")
    journal = Journal(settings.kafka, lambda _: None, idle)
    journal._producer = Deaf()  # noqa: SLF001 the outside
    for _ in range(3):
        with pytest.raises(LogAwayError, match="did not take a decision"):
            journal.append([_letter(1), _letter(2)])
    assert counted("letter_due") == before
    with Journal(settings.kafka, lambda _: None, idle) as writer:
        assert writer.append([_letter(1), _letter(2), _letter(3, noise=9_000_000)]) == 3
    assert counted("letter_due") == before + 3, "the third is the one that stands for what was too large"


def test_one_that_is_too_large_is_told_and_the_others_go_on(
    fresh_broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    settings = _settings(fresh_broker)
    events: list[SunsetEvent] = [_letter(1), _letter(2, noise=9_000_000), _letter(3)]
    read: list[Event] = []
    with Journal(settings.kafka, read.append, idle) as journal, caplog.at_level(logging.ERROR):
        assert journal.append(events) == 3
        journal.rest()
    assert [event.id for event in read] == ["00001", "00002", "00003"]
    lesser = read[1]
    assert isinstance(lesser, LetterDue)
    assert (lesser.customer, lesser.uses, lesser.recipient) == ("c2", (), "")
    assert lesser.problem.startswith("the letter about 1 mailboxes is too large for the log: 18")
    (told,) = [each.getMessage() for each in caplog.records if each.name == "relaywarden.desk"]
    assert told.startswith("sunset.events does not take ")
    assert '"id":"00002"' in told


def test_a_log_that_goes_away_is_told(fresh_broker: Broker) -> None:
    settings = _settings(fresh_broker)
    with Journal(settings.kafka, lambda _: None, idle) as journal:
        journal.read()
        fresh_broker.kill()
        with pytest.raises(LogAwayError):
            journal.rest()
    with pytest.raises(LogAwayError, match="no broker"), Journal(settings.kafka, lambda _: None, idle):
        pass
