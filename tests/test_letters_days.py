"""Letters whose mailboxes do not all end on one day, or on none that is fixed: the words, in each language."""

from datetime import date

import msgspec
import pytest

from schemas.sunset_events import LetterDue
from streams.letters.examples import example
from streams.letters.sound import sound
from streams.notice_files import built_in
from streams.notices import LANGUAGES, Language
from streams.notices.speech import Speech
from tests.sunset_letters import NAME, letters, sunset

SOON = {
    "de": "bald; der Tag steht noch nicht fest",
    "fr": "prochainement ; le jour n'est pas encore fixé",
    "it": "presto; il giorno non è ancora fissato",
    "en": "soon; the day is not fixed yet",
}


def _due(language: Language, *days: str, number: int = 1, **more: object) -> LetterDue:
    made, _ = sunset()
    due = example(made, NAME, "customer@example.net", language, number=number)
    return msgspec.structs.replace(due, days=days, ends=min(filter(None, days), default="2027-03-01"), **more)


@pytest.mark.parametrize(
    ("language", "subject", "call", "cards"),
    [
        ("de", "vor dem 1. März 2027 ", "Am Montag, 1. März 2027 ", ("vor dem 1. März 2027", "vor dem 8. März 2027")),
        ("fr", "avant le 1er mars 2027", "le lundi 1er mars 2027.", ("avant le 1er mars 2027", "avant le 8 mars 2027")),
        (
            "it",
            "prima del 1 marzo 2027",
            " lunedì 1 marzo 2027.",
            ("prima del 1 marzo 2027", "prima dell'8 marzo 2027"),
        ),
        ("en", "before 1 March 2027", "on Monday, 1 March 2027.", ("before 1 March 2027", "before 8 March 2027")),
    ],
)
def test_the_first_day_stands_above_and_each_mailbox_has_its_own(
    language: Language, subject: str, call: str, cards: tuple[str, str]
) -> None:
    words = letters().words(_due(language, "2027-03-08", "2027-03-01", ""))
    assert subject in f"{words.subject} "
    assert call in words.text.partition("==> ")[2].partition("\n")[0]
    told = [line.partition(": ")[2] for line in words.text.splitlines() if line.startswith(_label(language))]
    assert told == [cards[1], cards[0], SOON[language]]
    assert all(words.html.count(card.replace("'", "&#39;")) >= 1 for card in (*cards, SOON[language]))


def _label(language: Language) -> str:
    return {"de": "    Umzustellen:", "fr": "    À adapter :", "it": "    Da adeguare:", "en": "    To be changed:"}[
        language
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", [1, 6])
def test_where_no_day_is_fixed_none_is_told(language: Language, number: int) -> None:
    made, _ = sunset()
    words = letters().words(_due(language, "", "", "", number=number))
    day = Speech(language, made.timezone).day(date(2027, 3, 1))
    assert day not in words.subject + words.text + words.html
    assert SOON[language].partition(";")[2].strip() in words.text
    assert _label(language) not in words.text, "the beginning says it"


def test_the_last_letter_counts_the_days_only_to_a_day_that_all_have() -> None:
    left = "You then have"
    for days, expected in (((), True), (("2027-03-01", "2027-03-08", ""), False), (("", "", ""), False)):
        text = letters().words(_due("en", *days, number=6)).text
        assert ("This is our last letter about this." in text, left in text) == (True, expected)


def test_a_letter_that_goes_later_than_it_was_due_counts_the_days_from_its_own() -> None:
    made, _ = sunset()
    due = example(made, NAME, "customer@example.net", "en", number=6)
    assert "You then have 6 days left." in letters().words(due).text
    body = letters().mail(due, due.due + 4 * 86_400_000_000).get_body(("plain",))
    assert body is not None
    assert "You then have 2 days left." in body.get_content()


def test_a_letter_whose_day_was_taken_back_is_not_called_the_last() -> None:
    told = letters().words(_due("en", "", number=1, of=1)).text
    assert "This is our last letter" not in told
    assert "letter 1 of 6" in told
    assert "This is our last letter" in letters().words(_due("en", number=1, of=1)).text


def test_thanks_tell_no_day_that_is_not_fixed() -> None:
    made, _ = sunset()
    thanks = example(made, NAME, "customer@example.net", "en", kind="thanks")
    assert "When we switch off SMTP after POP on Monday, 22 February 2027, nothing" in letters().words(thanks).text
    held = letters().words(msgspec.structs.replace(thanks, days=("",))).text
    assert "When we switch" not in held
    assert "Should a device with the old settings turn up later" in held


def test_what_a_letter_has_no_room_for_is_counted() -> None:
    words = letters().words(_due("en", more=1997))
    assert words.subject.startswith("Please update 2,000 mailboxes before")
    assert "1,997 more mailboxes are concerned, for which this letter has no room." in words.text
    assert "no room" not in letters().words(_due("en")).text


def test_a_template_that_knows_only_the_day_goes_on_to_tell_one() -> None:
    made, mail = sunset()
    own = {"en/smtp_after_pop.txt": "Subject: until {{ ends_day }}\n\n{{ ends }}: {{ count }}\n"}
    writer, wrong = sound(own, built_in("streams.letters"), made, mail, NAME)
    assert wrong == []
    words = writer.words(_due("en", "", "", ""))
    assert (words.subject, words.text) == ("until 1 March 2027", "Monday, 1 March 2027: 3\n")
