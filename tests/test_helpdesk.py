"""A mailbox in words: to what it is held, by whom, since and until when."""

import pytest

from streams.habits import Hold, MailboxState, Step
from streams.helpdesk import in_words

START = 1_772_323_200_000_000
UNTIL = START + 7_200_000_000


def held(step: str, operator: str = "", until: int = 0) -> Hold:
    return Hold(step=step, at=START, operator=operator, until=until)  # type: ignore[arg-type]  # only what exists is named


@pytest.mark.parametrize(
    ("step", "hold", "words"),
    [
        ("", None, "in order"),
        ("watch", None, "watched"),
        ("flag", None, "flagged"),
        ("throttle", None, "a throttle is proposed"),
        ("suspend", None, "a suspension is proposed"),
        ("throttle", held("throttle"), "throttled: by the rules since 2026-03-01 00:00:00 UTC"),
        ("suspend", held("suspend", "ada"), "suspended: by ada since 2026-03-01 00:00:00 UTC"),
        (
            "suspend",
            held("throttle", "ada", UNTIL),
            "throttled: by ada since 2026-03-01 00:00:00 UTC until 2026-03-01 02:00:00 UTC; a suspension is proposed",
        ),
        ("watch", held("watch", "ada"), "watched: by ada since 2026-03-01 00:00:00 UTC"),
        ("flag", held("watch", "ada"), "watched: by ada since 2026-03-01 00:00:00 UTC; flagged"),
        (
            "throttle",
            held("watch", "ada"),
            "watched: by ada since 2026-03-01 00:00:00 UTC; a throttle is proposed",
        ),
        (
            "",
            held("release", "ada", UNTIL),
            "no rule may bar it: by ada since 2026-03-01 00:00:00 UTC until 2026-03-01 02:00:00 UTC",
        ),
        (
            "flag",
            held("release", "ada", UNTIL),
            "no rule may bar it: by ada since 2026-03-01 00:00:00 UTC until 2026-03-01 02:00:00 UTC; flagged",
        ),
    ],
)
def test_a_mailbox_in_words(step: Step, hold: Hold | None, words: str) -> None:
    assert in_words(MailboxState(mailbox="a@example.net", step=step, hold=hold)) == words
