"""What a mail has to say, held against what is due; only the words that differ from letter to letter are read."""

import re
from datetime import UTC, date, datetime

from babel.dates import format_date

from schemas.sunset_events import LetterDue
from tests.whole.sunset_oracle import Due, Listed, Oracle
from tests.whole.sunset_script import ZONE
from tests.whole.sunset_server import Taken

_UNFIXED = {
    "de": "der Tag steht noch nicht fest",
    "fr": "le jour n'est pas encore fixé",
    "it": "il giorno non è ancora fissato",
    "en": "the day is not fixed yet",
}


def due_of(letter: LetterDue) -> Due:
    """Return what the desk decided, as the oracle would tell it."""
    listed = tuple(
        Listed(use.mailbox, use.last, use.clients[0].ip if use.clients else "", use.messages) for use in letter.uses
    )
    return Due(letter.customer, letter.week, letter.number, letter.of, listed, letter.thanked)


def assert_says(taken: Taken, due: Due, language: str, oracle: Oracle) -> None:
    """Assert that a mail says in its language what is due: mailboxes, their last use and day, the letter's number."""
    mail = taken.mail
    assert (mail["Content-Language"], mail["Auto-Submitted"], mail["To"]) == (
        language,
        "auto-generated",
        taken.recipient,
    )
    text = mail.get_body(("plain",))
    assert text is not None
    words = text.get_content().replace("\r\n", "\n")
    blocks = words.split("\n\n")
    cards = {block.split("\n")[0].strip(): block for block in blocks if re.match(r"    [^:\n]+@\S+\n", block)}
    assert sorted(cards) == [listed.mailbox for listed in due.listed]
    for listed in due.listed:
        _assert_told(cards[listed.mailbox], listed, language)
    thanked = [line.removeprefix("- ") for block in blocks for line in block.split("\n") if line.startswith("- ")]
    assert tuple(thanked) == due.thanked
    _assert_days(words, cards, due, language, oracle, taken.at)
    if due.number:
        assert re.search(
            rf"\b{due.number}\D{{1,20}}\b{due.of}\D{{1,40}}\b{due.week}\b|\b{due.number}\b.*\b{due.week}\b", words
        )


def _assert_told(card: str, listed: Listed, language: str) -> None:
    """Assert that a mailbox's paragraph tells how often, when last, and from where."""
    assert re.search(rf": {listed.messages}\n", card)
    if not listed.last:
        assert not re.search(r"192\.0\.2\.3|\d:\d\d", card)
        return
    assert listed.ip in card
    local = datetime.fromtimestamp(listed.last / 1_000_000, UTC).astimezone(ZONE)
    assert re.search(rf"{_day(local.date(), language)}, \D*{local:%H:%M}", card)


def _assert_days(  # noqa: PLR0913, PLR0917 a mail and what is known of it
    words: str, cards: dict[str, str], due: Due, language: str, oracle: Oracle, at: int
) -> None:
    """Assert that the day of the first is told in the words, and of each where they differ; none that is not fixed."""
    days = {name: oracle.ends(name, at) for name in (cards or due.thanked)}
    dates = {name: _day(oracle.script.day(day), language) for name, day in days.items() if day is not None}
    fixed = [day for day in days.values() if day is not None]
    apart = bool(fixed) and set(days.values()) != {min(fixed)}
    if cards:
        assert bool(fixed and re.search(_day(oracle.script.day(min(fixed)), language), words)) is bool(fixed)
        assert (_UNFIXED[language] in words) is (None in days.values())
        for name, card in cards.items():
            if apart:
                assert re.search(dates[name], card) if name in dates else _UNFIXED[language] in card
    elif fixed:
        told = re.search(_day(oracle.script.day(min(fixed)), language), words)
        assert bool(told) is (not apart and oracle.script.number(at) < min(fixed))


def _day(day: date, language: str) -> str:
    month = format_date(day, "MMMM", locale=language)
    return rf"\b{day.day}(?:\.|er|º)? {month} {day.year}"
