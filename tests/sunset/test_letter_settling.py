"""What an operator says of a letter of which nobody knows: `relaywarden sunset settle`, and the desk that follows."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli_w

from embedded.broker import Broker
from schemas import codec
from schemas.mailbox_events import NoticeSent
from schemas.sunset_events import LetterDue, LetterOutcome, LetterSettled
from streams.journal import Journal
from tests.command.shell import Done, refusal, run
from tests.sunset.office import AT, HOUR, Office, letter_to, working
from tests.sunset.town import idle


@pytest.fixture
def office(fresh_broker: Broker, tmp_path: Path) -> Iterator[Office]:
    with working(fresh_broker, tmp_path / "state") as office:
        yield office


@pytest.fixture
def held(office: Office) -> LetterDue:
    """Return a letter that a desk of which nothing is left began: nobody knows whether the server took it."""
    letter = letter_to("acme", AT)
    begun = NoticeSent(
        id="x", at=AT, sunset="pop", recipient=letter.recipient, template="letter", language="de",
        message_id=letter.message_id, status="intended",
    )  # fmt: skip
    office.write(letter, begun)
    office.work(AT + 1, AT + HOUR)
    assert office.taken() == []
    return letter


def _said(letter: LetterDue, status: LetterOutcome, at: int) -> LetterSettled:
    return LetterSettled(
        id=f"s-{at}", at=at, sunset="pop", message_id=letter.message_id, status=status, operator="ada", reason="#7"
    )


@pytest.mark.parametrize(
    ("status", "words"),
    [("sent", "ada says that it was taken: #7"), ("refused", "ada gives it up: #7")],
)
def test_a_letter_ends_as_the_operator_says_and_the_topic_tells_it_once(
    office: Office, held: LetterDue, status: LetterOutcome, words: str
) -> None:
    office.write(_said(held, status, AT + HOUR))
    office.work(AT + HOUR + 1, AT + HOUR + 2)
    office.work(AT + 2 * HOUR, AT + 9 * HOUR)
    ends = [(each.status, each.reply, each.at, each.customer) for each in office.told if each.status != "intended"]
    assert ends == [(status, words, AT + HOUR, "acme")]
    assert office.taken() == []


def test_a_letter_goes_again_as_the_operator_says_once_also_over_restarts(office: Office, held: LetterDue) -> None:
    """The desk that began it was silent for less than two hours: the operator's word frees it."""
    office.write(_said(held, "again", AT + HOUR))
    office.server.answers = ["451 4.3.0 later"]
    office.work(AT + HOUR + 1)
    assert (office.server.tried, office.taken()) == (1, [])
    office.work(AT + HOUR + 2)
    assert office.server.tried == 1, "it waits for its pause"
    office.work(AT + 2 * HOUR, AT + 2 * HOUR + 1)
    assert office.taken() == ["it@acme.example"]
    office.work(AT + 3 * HOUR)
    assert office.server.tried == 2


@pytest.mark.parametrize("answer", ["451 4.3.0 later", "550 5.7.1 blocked"])
def test_a_letter_that_waits_for_its_next_try_or_is_in_doubt_goes_at_once(office: Office, answer: str) -> None:
    letter = letter_to("acme", AT)
    office.write(letter)
    office.server.answers = [answer]
    office.work(AT)
    office.work(AT + 1)
    assert (office.server.tried, office.taken()) == (1, [])
    office.write(_said(letter, "again", AT + 2))
    office.work(AT + 3, AT + 4)
    assert office.taken() == ["it@acme.example"]


def test_of_two_desks_that_are_told_to_hand_a_letter_over_again_one_does(
    office: Office, held: LetterDue, tmp_path: Path
) -> None:
    office.work(AT + HOUR, folder=tmp_path / "other")
    office.write(_said(held, "again", AT + HOUR))
    for folder in (None, tmp_path / "other", None):
        office.work(AT + HOUR + 1, AT + HOUR + 2, folder=folder)
    assert office.taken() == ["it@acme.example"]


def test_a_word_of_before_the_last_try_is_not_followed(office: Office, held: LetterDue) -> None:
    office.write(_said(held, "again", AT - 1), _said(held, "refused", AT - 1))
    office.work(AT + HOUR, AT + HOUR + 1)
    assert [each.status for each in office.told] == ["intended"]
    assert office.taken() == []


def _settle(office: Office, *words: str) -> Done:
    path = office.settings.data.parent / "relaywarden.toml"
    path.write_text(tomli_w.dumps(office.config))
    return run("sunset", "settle", *words, "--config", path)


def _written(office: Office) -> list[LetterSettled]:
    found: list[LetterSettled] = []

    def take(event: object) -> None:
        if isinstance(event, LetterSettled):
            found.append(event)

    with Journal(office.settings.kafka, take, idle) as journal:
        journal.read()
    return found


def test_the_command_writes_who_said_what_and_why(office: Office, held: LetterDue) -> None:
    given = ("--again", "--reason", "#7", "--operator", "ada")
    shown = _settle(office, held.message_id, *given, "--dry-run")
    assert (shown.returncode, _written(office)) == (0, [])
    assert shown.stdout == f"would be written: {held.message_id}: ada has it handed over again: #7\n"
    done = _settle(office, held.message_id.strip("<>"), *given, "--json")
    assert done.returncode == 0
    (event,) = _written(office)
    assert codec.decode(done.stdout.encode()) == event
    expected = LetterSettled(
        id=event.id, at=event.at, sunset="pop", message_id=held.message_id, status="again", operator="ada", reason="#7"
    )
    assert event == expected
    office.work(event.at)
    assert office.taken() == [], "by then it is withdrawn: it was due more than four days ago"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--reason", "x"), "none of them: say one of --again, --sent and --refused"),
        (("--again", "--sent", "--reason", "x"), "--again and --sent: say one of --again, --sent and --refused"),
        (("--again", "--reason", " "), "--reason ' ': say why; it is kept with the letter"),
    ],
)
def test_a_word_that_says_nothing_is_refused(
    office: Office, held: LetterDue, words: tuple[str, ...], error: str
) -> None:
    assert error in refusal(_settle(office, held.message_id, *words))
    assert _written(office) == []


def test_a_letter_that_is_not_there_waits_or_has_ended_is_refused(office: Office, held: LetterDue) -> None:
    given = ("--refused", "--reason", "x")
    assert "MESSAGE_ID '<no@such>': no letter of pop has it" in refusal(_settle(office, "no@such", *given))
    waits = letter_to("solo", AT + 9 * HOUR)
    office.write(waits)
    assert f"MESSAGE_ID '{waits.message_id}': it waits, and was not tried yet" in refusal(
        _settle(office, waits.message_id, *given)
    )
    office.write(_said(held, "sent", AT + HOUR))
    office.work(AT + HOUR + 1, AT + HOUR + 2)
    error = refusal(_settle(office, held.message_id, *given))
    assert f"MESSAGE_ID '{held.message_id}': it has ended, sent at 2027-02-02T10:00:00+00:00: ada says that" in error
    assert len(_written(office)) == 1
