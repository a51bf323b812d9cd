"""The desk's topic at Apache Kafka 4: what is too large for it is told, and the rest is read to its end."""

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from collectors.admin import ensure_topics
from schemas.settings import Settings
from schemas.sunset_events import LetterDue, Use
from streams.journal import Journal
from tests.kafka.apache import ApacheKafka, jars

if TYPE_CHECKING:
    from schemas.events import Event


@pytest.fixture(scope="module")
def apache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApacheKafka]:
    with ApacheKafka(tmp_path_factory.mktemp("apache"), jars()) as node:
        yield node


def _letter(number: int, mailboxes: int) -> LetterDue:
    uses = tuple(Use(mailbox=f"{hash((number, place)):x}@example.net", confidence=1.0) for place in range(mailboxes))
    return LetterDue(id=f"{number:05d}", at=1, sunset="pop", customer=f"c{number}", kind="letter", uses=uses)


@pytest.mark.slow
def test_a_letter_larger_than_the_broker_takes_is_told_and_the_others_go_on(
    apache: ApacheKafka, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings.model_validate({"kafka": {"bootstrap": [apache.bootstrap]}})
    ensure_topics(settings)
    events = [_letter(number, 150_000 if number == 500 else 3) for number in range(1000)]
    read: list[Event] = []

    def beat() -> None:
        """Tell nobody that the desk is alive."""

    with (
        Journal(settings.kafka, read.append, beat) as reader,
        Journal(settings.kafka, lambda _: None, beat) as writer,
        caplog.at_level(logging.ERROR),
    ):
        reader.read()
        assert writer.append(iter(events)) == len(events)
        reader.rest()
    assert [event.id for event in read] == [event.id for event in events]
    kept = read[500]
    assert isinstance(kept, LetterDue)
    assert (kept.uses, kept.recipient) == ((), "")
    assert kept.problem.startswith("the letter about 150000 mailboxes is too large for the log: ")
    (told,) = [each.getMessage() for each in caplog.records if each.name == "relaywarden.desk"]
    assert '"id":"00500"' in told
