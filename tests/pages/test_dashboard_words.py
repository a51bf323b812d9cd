"""What the pages say in words, and how the pools stand: pure functions."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards import palette, pools, words
from schemas.pool_settings import Pool

NOW = pd.Timestamp("2026-03-01 12:00", tz="UTC")
POOL = Pool(transports={"out1": "192.0.2.1", "out2": "192.0.2.2", "out3": "192.0.2.3"}, min_active=2)
NOTHING = {
    "type": "ip_withdrawn",
    "pool": "main",
    "subject": "192.0.2.1",
    "until": 0,
    "relapse": 0,
    "share": 0.0,
    "score": 0.0,
    "step": "",
    "mode": "",
    "operator": "",
    "reason": "",
    "reasons": [],
    "culprits": [],
}
HALF_PAST_TWO = int(pd.Timestamp("2026-03-01 14:30", tz="UTC").timestamp() * 1_000_000)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s"),
        (-30, "0 s"),  # clocks differ by a little
        (89, "89 s"),
        (90, "2 min"),
        (3600, "60 min"),
        (7200, "2 h"),
        (3 * 86_400, "3 days"),
        (-3600, "60 min ahead"),
    ],
)
def test_ages(seconds: float, expected: str) -> None:
    assert words.age(seconds) == expected


def test_numbers() -> None:
    assert words.count(1234567) == "1\u2009234\u2009567"
    assert words.percent(1, 8) == "12.5 %"
    assert words.percent(0, 8) == "0.0 %"
    assert words.percent(0, 0) == "no data"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"until": HALF_PAST_TWO, "relapse": 2}, "■ 192.0.2.1 withdrawn until 14:30, relapse 2"),
        ({"operator": "kim"}, "■ 192.0.2.1 withdrawn until further notice, ordered by kim"),
        (
            {"type": "ip_probation_started", "share": 0.1, "until": HALF_PAST_TWO},
            "◆ 192.0.2.1 on probation with 10% of an IP's traffic until 14:30",
        ),
        ({"type": "withdrawal_refused"}, "▲ 192.0.2.1 should leave but stays"),
        ({"type": "clock_distrusted"}, "▲ what pool main was told is dated ahead of the other clocks"),
        ({"type": "list_distrusted", "subject": "spamcop"}, "▲ the list spamcop lost its vote"),
        ({"type": "list_trusted", "subject": "spamcop"}, "● the list spamcop has its vote again"),
        ({"type": "withdrawal_drifted"}, "▲ 192.0.2.1 still sends although withdrawn"),
        ({"type": "provider_drifted", "step": "google"}, "▲ 192.0.2.1 still sends to google although barred there"),
        ({"type": "pool_stilled"}, "■ nothing leaves through the pool since the change of 192.0.2.1"),
        (
            {"type": "hook_drifted", "subject": "relay1", "step": "haproxy"},
            "▲ hook haproxy on relay1 made good what was no longer in force",
        ),
        ({"type": "mailbox_flagged", "subject": "a@b", "step": "flag", "score": 110.4}, "▲ a@b flagged, score 110"),
        ({"type": "mailbox_suspended", "subject": "a@b", "mode": "propose"}, "■ a@b should be suspended, score 0"),
        ({"type": "mailbox_suspended", "subject": "a@b", "mode": "enforce"}, "■ a@b suspended, score 0"),
        ({"type": "mailbox_throttled", "subject": "a@b", "mode": "propose"}, "■ a@b should be throttled, score 0"),
        ({"type": "mailbox_throttled", "subject": "a@b", "mode": "enforce"}, "■ a@b throttled, score 0"),
        ({"type": "operator_acted", "operator": "kim", "step": "pin"}, "● kim ordered: pin 192.0.2.1"),
        ({"type": "some_later_event"}, "· some_later_event 192.0.2.1"),
    ],
)
def test_decisions_in_words(change: dict[str, object], expected: str) -> None:
    assert words.decision({**NOTHING, **change}, NOW) == expected


@given(st.text())
def test_inert_text_leaves_nothing_for_markdown(text: str) -> None:
    shown = words.inert(text)
    bare = shown.replace("\\\\", "")
    for place, letter in enumerate(bare):
        if letter in "*_[]()<>#`$:~|!@/&":
            assert bare[place - 1] == "\\"
    assert "\n" not in shown


def _states(*rows: dict[str, object]) -> pd.DataFrame:
    usual = {"pool": "main", "until": pd.NaT, "share": 0.0, "relapse": 0, "reasons": [], "refusal": ""}
    return pd.DataFrame([{**usual, "since": NOW, "confirmed": 0, "drifting": 0, **row} for row in rows])


def test_an_ip_without_a_decision_is_active_and_unread_ones_are_unknown() -> None:
    assert [ip.state for ip in pools.standings({"main": POOL}, _states())] == ["active"] * 3
    assert [ip.state for ip in pools.standings({"main": POOL}, None)] == ["unknown"] * 3


def test_the_note_says_what_the_logs_say() -> None:
    out = {"ip": "192.0.2.1", "type": "ip_withdrawn"}
    for more, note in (
        ({}, "the logs are not yet heard"),
        ({"confirmed": 1}, "the logs confirm it stopped"),
        ({"confirmed": 1, "drifting": 1}, "still sends although withdrawn"),
    ):
        first = pools.standings({"main": POOL}, _states({**out, **more}))[0]
        assert (first.state, first.share, first.note) == ("withdrawn", 0.0, note)


@pytest.mark.parametrize(
    ("types", "age", "level", "begins"),
    [
        ({}, 1, "good", "yes: 3 of 3 IPs send, never fewer than 2"),
        ({}, None, "unknown", "not known: no data of the worker"),
        ({}, 600, "warn", "not known, for the worker told nothing for 10 min; as of its last word 3 of 3 IPs send"),
        ({}, -600, "warn", "not known, for the clock of the worker is 10 min ahead; as of its last word 3 of 3 IPs"),
        (
            {1: "ip_withdrawn"},
            600,
            "bad",
            "not known, for the worker told nothing for 10 min; as of its last word 2 of",
        ),
        ({1: "ip_probation_started"}, 1, "good", "yes: 3 of 3 IPs send, 1 of them on probation"),
        ({1: "ip_withdrawn"}, 1, "bad", "yes, but with no IP to spare: 2 of 3 IPs send, 1 withdrawn"),
        ({1: "ip_withdrawn", 2: "ip_withdrawn", 3: "ip_withdrawn"}, 1, "bad", "no: 0 of 3 IPs send"),
    ],
)
def test_the_verdict(types: dict[int, str], age: float | None, level: str, begins: str) -> None:
    rows: list[dict[str, object]] = [{"ip": f"192.0.2.{number}", "type": kind} for number, kind in types.items()]
    says = pools.verdict(POOL, pools.standings({"main": POOL}, _states(*rows)), age)
    assert says.level == level
    assert says.text.startswith(begins)


def test_shades_follow_the_shape() -> None:
    assert palette.shade("■ listed") != palette.shade("▲ flag") != ""
    assert palette.shade("no shape") == ""
    assert palette.shade("▲ flag", alarm=True) == ""
    assert palette.shade("■ listed", alarm=True) == palette.shade("■ listed")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"type": "provider_withdrawn", "step": "google", "until": HALF_PAST_TWO, "relapse": 2},
            "■ 192.0.2.1 sends nothing to google until 14:30, relapse 2",
        ),
        ({"type": "provider_restored", "step": "google"}, "● 192.0.2.1 sends to google again"),
        ({"type": "provider_refused", "step": "google"}, "▲ google blocks 192.0.2.1, which sends there all the same"),
        (
            {"type": "provider_refused", "step": "google", "subject": ""},
            "▲ google blocks the pool, which sends there all the same",
        ),
        (
            {"type": "probation_set_back", "share": 0.1, "until": HALF_PAST_TWO},
            "▲ 192.0.2.1 set back to 10% of an IP's traffic until 14:30",
        ),
        (
            {"type": "return_delayed", "until": HALF_PAST_TWO},
            "▲ 192.0.2.1 must wait: a culprit goes on, or lists name it, until 14:30 at most",
        ),
        ({"type": "return_delayed", "until": 0}, "▲ 192.0.2.1 must wait: a culprit goes on, or lists name it"),
        (
            {"type": "ip_restored", "mode": "shadow", "operator": "ada"},
            "● 192.0.2.1 fully back in the pool, ordered by ada (shadow: nothing follows)",
        ),
    ],
)
def test_decisions_of_the_pool_in_words(fields: dict[str, object], expected: str) -> None:
    now = pd.Timestamp("2026-03-01 12:00", tz="UTC")
    assert words.decision({**NOTHING, **fields}, now) == expected


def test_in_shadow_mode_an_ip_is_shown_as_sending_on() -> None:
    row: dict[str, object] = {"ip": "192.0.2.1", "type": "ip_withdrawn", "mode": "shadow"}
    first = pools.standings({"main": POOL}, _states(row))[0]
    assert (first.state, first.note) == ("withdrawn", "shadow: sends on, withdrawn is only decided")
    shadow = Pool(min_active=2, transports=POOL.transports, mode="shadow")
    says = pools.verdict(shadow, pools.standings({"main": shadow}, _states(row)), 1)
    assert says == pools.Verdict("warn", "yes: 3 of 3 IPs send, 1 withdrawn, in shadow, where all send on")


def test_culprits_in_question_are_marked_and_come_first_whatever_they_sent() -> None:
    given = [
        ("", "busy@a", 900),
        ("flag", "taken@a", 40),
        ("watch", "odd@a", 35),
        ("suspend", "thief@a", 3),
        ("", "b", 1),
    ]
    assert words.culprits(given) == (
        "■ suspend thief@a: 3 messages; ▲ flag taken@a: 40 messages; ◆ watch odd@a: 35 messages; "
        "busy@a: 900 messages; b: 1 message"
    )
    assert not words.culprits([])
