"""What is wrong in directory, templates and days has to be told by its exact sentence, while the rest goes on."""

from collections import Counter

from embedded.checking_sunsets import past
from schemas.mailbox_events import NoticeSent
from schemas.sunset_events import SunsetCounted
from tests.whole.sunset_run import UNREADABLE, Weeks
from tests.whole.sunset_script import WAYS
from tests.whole.sunset_setup import HOUSE, PAST, TYPO


def assert_rows_told(weeks: Weeks) -> None:
    """Assert that each row that is wrong is told with file and line, in their order, and that the file was away."""
    said = [each.text for each in weeks.said if each.logger == "relaywarden.directory"]
    odd = weeks.setup.odd_rows()
    assert said[: len(odd)] == odd
    gone = f"directory: {weeks.setup.directory}: No such file or directory"
    assert set(said) - set(odd) == {f"{gone}; the last good one counts", f"{gone}; there is none yet"}


def assert_nothing_decided(weeks: Weeks) -> None:
    """Assert that on the day without a directory the last one counts at eight; who is killed has none, and waits."""
    day = range(weeks.script.moment(UNREADABLE), weeks.script.moment(UNREADABLE + 1))
    counted = {event.at for event in weeks.events if isinstance(event, SunsetCounted) and event.at in day}
    assert counted == {weeks.script.moment(UNREADABLE, 8)}
    assert {event.at for event in weeks.events if event.at in day and not isinstance(event, NoticeSent)} == counted
    told = [each for each in weeks.said if each.logger == "relaywarden.desk" and each.at in day]
    missing = f"no directory: {weeks.setup.directory}: No such file or directory"
    assert [each.text for each in told if "directory" in each.text] == [
        f"{missing}: nothing is decided, it is tried again each minute",
        "letters wait: the directory could not be read yet, so who is exempt is not known",
    ]


def assert_ours_is_taken(weeks: Weeks) -> None:
    """Assert that each desk tells what is wrong with own templates; ours is taken then, and own ones that are sound."""
    said = Counter(each.text for each in weeks.said if ".templates: " in each.text)
    odd = [sentence for way in WAYS for sentence in weeks.setup.odd_templates(way)]
    assert said == dict.fromkeys(odd, weeks.kills + 1), "each desk says it once"
    letters = {each.message_id: each for each in weeks.decided()}
    thanks = [each for each in weeks.relay.taken if letters[each.mail["Message-ID"]].kind == "thanks"]
    texts = {"de": list[str](), "fr": list[str]()}
    for each in thanks:
        body = each.mail.get_body(("plain",))
        assert body is not None
        texts.setdefault(letters[each.mail["Message-ID"]].language, []).append(body.get_content())
    assert min(map(len, texts.values())) >= 2
    assert {(HOUSE in text, TYPO in text) for text in texts["fr"]} == {(True, False)}
    assert {("Guten Tag" in text, TYPO in text) for text in texts["de"]} == {(True, False)}


def assert_past_is_told(weeks: Weeks) -> None:
    """Assert that `check` names the sunset that is past with file and line, the desk too, and that others go on."""
    assert list(past(weeks.settings, weeks.setup.config, weeks.script.moment(0))) == weeks.setup.odd_days()
    said = Counter(each.text for each in weeks.said if each.text.endswith("is past: the sunset is left out"))
    assert said.pop(f"sunset.fax.ends: {PAST} is past: the sunset is left out") > 1
    assert set(said) == {
        f"sunset.{way.name}.ends: {weeks.script.day(max(way.ends, way.last))} is past: the sunset is left out"
        for way in WAYS
    }
    assert {getattr(event, "sunset", "") for event in weeks.events} == {way.name for way in WAYS}
