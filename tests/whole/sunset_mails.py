"""What a mail has to say, held against what is due; only the words that differ from letter to letter are read."""

import re
from datetime import UTC, date, datetime

from babel.dates import format_date

from tests.whole.sunset_oracle import Due
from tests.whole.sunset_script import ZONE, Script, Way
from tests.whole.sunset_server import Taken


def assert_says(taken: Taken, due: Due, language: str, way: Way, script: Script) -> None:
    """Assert that a mail says in its language what is due: mailboxes, their last use, their number, the end."""
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
        card = cards[listed.mailbox]
        assert re.search(rf": {listed.messages}\n", card)
        if not listed.last:
            assert not re.search(r"192\.0\.2\.3|\d:\d\d", card)
            continue
        assert listed.ip in card
        local = datetime.fromtimestamp(listed.last / 1_000_000, UTC).astimezone(ZONE)
        assert re.search(rf"{_day(local.date(), language)}, \D*{local:%H:%M}", card)
    thanked = [line.removeprefix("- ") for block in blocks for line in block.split("\n") if line.startswith("- ")]
    assert tuple(thanked) == due.thanked
    assert bool(re.search(_day(script.day(way.ends), language), words)) is (script.number(taken.at) < way.ends)
    if due.number:
        assert re.search(
            rf"\b{due.number}\D{{1,20}}\b{way.letters}\D{{1,40}}\b{due.week}\b|\b{due.number}\b.*\b{due.week}\b", words
        )


def _day(day: date, language: str) -> str:
    month = format_date(day, "MMMM", locale=language)
    return rf"\b{day.day}(?:\.|er|º)? {month} {day.year}"
