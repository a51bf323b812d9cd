"""History through the rules: the same decisions as the fold's, the lists' answers, labels and comparisons."""

import json
from datetime import UTC, datetime
from pathlib import Path
from zlib import crc32

import pytest
from msgspec import structs

from schemas.events import DeliveryAttempted, Event, MailboxAuthenticated
from schemas.mailbox_events import CaseEvent, MailboxFlagged, MailboxReleased
from schemas.mailbox_settings import Mailboxes
from schemas.names import derived_id
from schemas.observations import ListingObserved
from schemas.pool_events import IpWithdrawn
from schemas.pool_settings import Pool
from schemas.settings import Settings
from streams import mailboxes
from streams.backtest import Backtest, kind_of, line
from streams.comparing import differences, tally
from streams.judging import Jury, labels
from streams.leaks import Leaks, leaked
from tests.patterns import MAILBOX, events_of

QUIET = "for=60 messages=2 logins=3 networks=2 known=80 times=72"
THIEF = "for=5 messages=300 recipients=3 unknown=20 networks=40 from=9"
POOL = Pool(transports={"out1": "192.0.2.1", "out2": "192.0.2.2"}, min_active=1)
KEY = b"a key of this test"
START = 1_772_323_200_000_000


def label(start: int, end: int, mailbox: str = MAILBOX, kind: str = "botnet") -> str:
    moments = [datetime.fromtimestamp(at / 1_000_000, UTC).isoformat() for at in (start, end)]
    return json.dumps({"mailbox": mailbox, "kind": kind, "start": moments[0], "end": moments[1]})


def listing(at: int, answer: str) -> ListingObserved:
    return ListingObserved(
        id=f"{answer} {at}",
        at=at,
        ip="192.0.2.1",
        list="spamcop",
        answer=answer,  # type: ignore[arg-type]  # the tests name only answers that exist
        scope="ip",
        weight=1.0,
    )


def test_a_backtest_decides_as_the_fold_does() -> None:
    events = events_of(f"{QUIET}; {THIEF}")
    decided = list(Backtest(Settings(), with_pool=False).run(events))
    assert decided == list(mailboxes.replay(events, Mailboxes())[1])
    assert [each.step for each in decided if isinstance(each, MailboxFlagged)][-1] == "flag"


def test_who_falls_silent_is_released_while_others_go_on() -> None:
    events = events_of(f"{QUIET}; {THIEF}")
    other = [
        structs.replace(event, sender="bob@example.net", id=f"b{event.id[1:]}", at=event.at + 4 * 86_400_000_000)
        for event in events_of("for=60 messages=2 times=48")
    ]
    decided = list(Backtest(Settings(), with_pool=False).run([*events, *other]))
    assert isinstance(decided[-1], MailboxReleased)
    assert decided[-1].mailbox == MAILBOX


def test_the_lists_answers_withdraw_and_restore() -> None:
    answers: list[Event] = [listing(START, "not_listed"), listing(START + 60_000_000, "listed")]
    hour = 3_600_000_000
    answers += [listing(START + number * hour // 4, "not_listed") for number in range(4, 60)]
    settings = Settings(pool={"main": POOL})
    decided = list(Backtest(settings, with_pool=True).run(answers))
    assert [type(each).__name__ for each in decided] == [
        "IpWithdrawn",
        "IpProbationStarted",
        "IpProbationStarted",
        "IpRestored",
    ]
    assert isinstance(decided[0], IpWithdrawn)
    row = json.loads(line(decided[0]))
    assert (row["type"], row["ip"], row["at"]) == ("ip_withdrawn", "192.0.2.1", "2026-03-01T00:01:10+00:00")
    assert row["until"] == "2026-03-01T02:01:10+00:00"


def test_a_line_of_another_century_does_not_take_as_long() -> None:
    century = START + 100 * 365 * 86_400_000_000
    answers: list[Event] = [listing(START, "listed"), listing(START + 60_000_000, "listed")]
    answers += [listing(century + number * 600_000_000, "listed") for number in range(40)]
    decided = [*Backtest(Settings(pool={"main": POOL}, tick_seconds=3600)).run(answers)]
    assert kind_of(decided[0]) == "ip_withdrawn"
    later = [each for each in decided if each.at > START + 36 * 86_400_000_000]
    assert {kind_of(each) for each in later} <= {
        "ip_withdrawn",
        "return_delayed",
        "list_distrusted",
        "withdrawal_refused",
    }
    assert all(each.at >= century - 86_400_000_000 - 3_600_000_000 for each in later)


def test_three_mailboxes_of_a_customer_are_one_case() -> None:
    names = ("anna", "boss", "carl", "dora")
    events: list[Event] = [
        structs.replace(event, id=f"{place}{event.id[1:]}", at=event.at + place * 60_000_000, **_names(event, name))
        for place, name in enumerate(names)
        for event in events_of(f"{QUIET}; {THIEF}")
    ]
    events.sort(key=lambda event: event.at)
    decided = list(Backtest(Settings(), with_pool=False).run(events))
    rows = [json.loads(line(each)) for each in decided if isinstance(each, CaseEvent)]
    assert [(row["type"], row["customer"], len(row["mailboxes"])) for row in rows] == [
        ("case_opened", "club.example", 3),
        ("case_grown", "club.example", 4),
    ]
    flags = [
        json.loads(line(each))["at"] for each in decided if isinstance(each, MailboxFlagged) and each.step == "flag"
    ]
    assert [row["at"] for row in rows] == flags[2:4]
    assert rows[0]["evidence"][0]["text"].startswith("3 mailboxes of club.example were flagged within 2 min")


def _names(event: Event, name: str) -> dict[str, str]:
    field = "mailbox" if isinstance(event, MailboxAuthenticated) else "sender"
    return {field: f"{name}@club.example"}


def test_the_culprits_of_a_listing_and_leaks_reach_their_mailboxes() -> None:
    mail = [
        structs.replace(event, outbound_ip="192.0.2.1")
        for event in events_of("for=30 messages=60")
        if isinstance(event, DeliveryAttempted)
    ]
    end = mail[-1].at + 60_000_000
    events: list[Event] = [*mail, listing(end, "not_listed"), listing(end + 60_000_000, "listed")]
    events.append(listing(end + 120_000_000, "listed"))
    leaks = Leaks(KEY)
    leak = leaked(MAILBOX, KEY, partitions=1, at=0, source="shop")
    for event in (leak, leaked("other@example.net", KEY, partitions=1, at=0, source="shop")):
        leaks.learn(event)
    run = Backtest(Settings(pool={"main": POOL}), with_pool=True, leaks=leaks)
    (withdrawn,) = (each for each in run.run(events) if isinstance(each, IpWithdrawn))
    assert withdrawn.culprits[0].sender == MAILBOX
    wanted = (leak.id, derived_id("culprit", withdrawn.id, MAILBOX))
    assert run.states[MAILBOX].recent == b"".join(crc32(name.encode()).to_bytes(4, "little") for name in wanted)
    assert set(run.states) == {MAILBOX}


def test_a_watched_mailbox_is_not_called_flagged() -> None:
    decided = list(Backtest(Settings(), with_pool=False).run(events_of(f"{QUIET}; {THIEF}")))
    rows = [json.loads(line(each)) for each in decided]
    assert [row["type"] for row in rows][:2] == ["mailbox_watched", "mailbox_flagged"]
    assert rows[1]["at"].startswith("2026-03-04T00:0")
    assert rows[1]["evidence"][0].keys() == {"rule", "text", "value", "usual", "points"}


def test_a_jury_tells_right_from_false() -> None:
    events = events_of(f"{QUIET}; {THIEF}")
    start = events[-1].at - 5 * 60_000_000
    told = labels(label(start, events[-1].at) + "\n" + label(start, start + 1, "bob@example.net", "slow"), "labels")
    jury = Jury(told)
    run = Backtest(Settings(), with_pool=False)
    for decision in run.run(jury.heard(events)):
        jury.decided(decision)  # type: ignore[arg-type]  # there is no pool
    botnet, slow, whole = jury.verdicts()
    assert (botnet.kind, botnet.found, botnet.recall) == ("botnet", 1, 1.0)
    assert botnet.minutes is not None
    assert 0 <= botnet.minutes < 1
    assert botnet.leaked is not None
    assert 1 <= botnet.leaked <= 60
    assert (slow.found, slow.recall, slow.minutes) == (0, 0.0, None)
    assert (whole.takeovers, whole.recall, whole.precision, whole.false_flags) == (2, 0.5, 1.0, 0)
    unlabelled = Jury(())
    for decision in run.run(()):
        unlabelled.decided(decision)  # type: ignore[arg-type]  # likewise
    assert unlabelled.verdicts()[-1].precision is None


def test_a_flag_before_the_first_mail_is_right_once_the_thief_has_the_mailbox() -> None:
    events = events_of(f"{QUIET}; {THIEF}")
    hour = 3_600_000_000
    later = json.loads(label(events[-1].at + hour, events[-1].at + 2 * hour))
    events.append(structs.replace(events[-1], sender="bob@example.net", id="b1", at=events[-1].at + 2 * hour))
    for taken, found, wrong in (({}, None, 1), ({"taken": "2026-03-04T00:00:00Z"}, 0.0, 0)):
        jury = Jury(labels(json.dumps({**later, **taken}), "labels"))
        for decision in Backtest(Settings(), with_pool=False).run(jury.heard(events)):
            jury.decided(decision)  # type: ignore[arg-type]  # there is no pool
        assert len(jury.false_flags()) == wrong
        assert [outcome.minutes for outcome in jury.outcomes()] == [found]


def test_a_flag_that_no_label_explains_is_false() -> None:
    events = events_of(f"{QUIET}; {THIEF}")
    jury = Jury(())
    for decision in Backtest(Settings(), with_pool=False).run(jury.heard(events)):
        jury.decided(decision)  # type: ignore[arg-type]  # there is no pool
    (whole,) = jury.verdicts()
    assert (whole.false_flags, whole.precision, whole.false_a_10000_mailbox_days) == (1, 0.0, 2500.0)
    assert [flag.mailbox for flag in jury.false_flags()] == [MAILBOX]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "labels.jsonl:1: no label: Input data was truncated"),
        ('{"mailbox":"a","kind":"b","start":"2026-01-01T00:00:00Z"}', "missing required field `end`"),
        ('{"mailbox":"a","kind":"b","start":"yesterday","end":"x"}', "Invalid RFC3339"),
        ('{"mailbox":"a","kind":"b","start":"2026-02-02T00:00:00Z","end":"2026-02-01T00:00:00Z"}', "before it starts"),
        ('{"mailbox":"a","kind":"b","start":"2026-01-01T00:00:00","end":"2026-01-02T00:00:00"}', "timezone component"),
        (label(START, START).replace("{", '{"taken": "2030-01-01T00:00:00Z", '), "after it starts"),
    ],
)
def test_a_line_that_is_no_label_is_named(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        labels(text, "labels.jsonl")


def test_two_configurations_are_compared_in_all_that_they_begin() -> None:
    events = [*events_of(f"{QUIET}; {THIEF}"), listing(START, "listed"), listing(START + 60_000_000, "listed")]
    events.sort(key=lambda event: event.at)
    strict = Settings(pool={"main": POOL}, tick_seconds=600)
    lax = Settings(mailboxes=Mailboxes(flag_score=120, throttle_score=400, suspend_score=600))
    one, other = (list(Backtest(settings).run(events)) for settings in (strict, lax))
    rows = {(row.subject, row.decision): row for row in differences(one, other)}
    assert set(rows) == {
        ("192.0.2.1", "ip_withdrawn"),
        (MAILBOX, "mailbox_flagged"),
        (MAILBOX, "mailbox_throttled"),
        (MAILBOX, "mailbox_suspended"),
    }
    flagged, suspended = rows[MAILBOX, "mailbox_flagged"], rows[MAILBOX, "mailbox_suspended"]
    assert flagged.first < flagged.second
    assert "not used before" in flagged.first_why
    assert "not used before" in flagged.second_why
    assert (suspended.second, suspended.second_why) == ("", "")
    assert differences(one, one) == []
    assert tally(one)["mailbox_watched"] == 1


def test_a_pattern_of_ones_own_counts_and_what_hooks_did_is_not_told() -> None:
    mail = [
        structs.replace(
            event,
            id=f"{number}",
            at=START + number * 1_000_000,
            outbound_ip=f"192.0.2.{1 + number % 2}",
            provider="google",
            reply="500 5.7.1 the moon is not right" if number % 2 == 0 else event.reply,
            outcome="bounced" if number % 2 == 0 else "sent",
            enhanced_status="5.7.1" if number % 2 == 0 else "2.0.0",
        )
        for number, event in enumerate(
            event for event in events_of("for=30 messages=600") if isinstance(event, DeliveryAttempted)
        )
    ]
    own = [
        {"name": "moon", "kind": "reputation", "pattern": "the moon is not right", "words": ["moon"], "codes": ["5"]}
    ]
    told = [Settings.model_validate({"pool": {"main": POOL}, "replies": {"own": each}}) for each in ([], own)]
    without, withit = ([kind_of(each) for each in Backtest(settings).run(mail)] for settings in told)
    assert "provider_withdrawn" not in without
    assert withit.count("provider_withdrawn") == 1
    assert not {"provider_drifted", "withdrawal_drifted"} & {*without, *withit}, "who wrote the logs obeyed nobody"


def history(tmp_path: Path) -> Path:
    listings = tmp_path / "listings.jsonl"
    listings.write_text('{"at":"2026-03-01T00:00:00Z","ip":"192.0.2.1","list":"spamcop","answer":"listed"}\n')
    return listings
