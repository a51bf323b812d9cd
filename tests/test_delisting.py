"""Delisting cases: what opens one, what belongs into it, what ends it; whatever happens, and through any restart."""

from collections.abc import Iterable
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import codec
from schemas.delisting_events import (
    DelistingClosed,
    DelistingEvent,
    DelistingHandled,
    DelistingNoted,
    DelistingOpened,
    DelistingRequested,
    DelistingTakenBack,
)
from schemas.observations import ClockTicked, ListingObserved, PoolObservation
from schemas.own_observations import DomainListingObserved
from schemas.pool_settings import Pool as Rules
from streams import delisting, pool
from streams.delisting_cases import Files, place_of
from tests.pool_scene import MINUTE, T0, A, B, C, D, Scene

DAY = 24 * 60
SPAMCOP = place_of("main", "spamcop", A, "ip").case


def folded(
    seen: Iterable[PoolObservation], rules: Rules, files: Files | None = None
) -> tuple[Files, list[DelistingEvent]]:
    """Return the cases of a pool after all that it saw, and what was told."""
    known, files = pool.initial("main", rules), files or Files(pool="main")
    told: list[DelistingEvent] = []
    for event in seen:
        known, decided = pool.step(known, event)
        files, more = delisting.step(files, known, event, decided)
        told.extend(more)
    return files, told


def short(told: Iterable[DelistingEvent]) -> list[str]:
    """Return each event in a word or two."""
    return [_word(event) for event in told]


def _word(event: DelistingEvent) -> str:
    match event:
        case DelistingOpened():
            return f"opened {event.subject} {event.list}" + (f" relapse {event.relapse}" if event.relapse else "")
        case DelistingNoted():
            return event.kind
        case DelistingRequested():
            return f"requested {event.requests}"
        case DelistingClosed():
            return event.outcome
        case DelistingTakenBack():
            return f"took back {event.what}"


def says(scene: Scene, minute: float, *said: Any, **more: Any) -> None:  # noqa: ANN401 as the scene takes it
    """Let a list answer; a tick follows, as always within seconds."""
    scene.says(minute, *said, **more)
    scene.tick(minute + 0.2)


def of(scene: Scene) -> list[DelistingEvent]:
    return folded(scene.seen, scene.rules)[1]


def does(scene: Scene, minute: float, action: str, **more: str) -> None:
    """Let an operator do something about the case of A on SpamCop."""
    event = {"id": f"h{minute}", "at": T0 + int(minute * MINUTE), "case": SPAMCOP, "action": action, "operator": "ada"}
    scene.seen.append(msgspec.convert(event | more, DelistingHandled))


def test_a_listing_is_a_case_with_its_evidence_and_ends_with_it() -> None:
    scene = Scene()
    scene.sends(0, A, 900)
    says(scene, 1, A, "listed")
    scene.judged(2, "eve@example.net", "suspend", "enforce")
    does(scene, 3, "requested", how="form", reference="T-17", note="the mailbox is suspended")
    does(scene, 4, "noted", note="they answer within a day")
    says(scene, 60, A, "unknown")
    says(scene, 24 * 60 + 1, A, "not_listed")
    told = of(scene)
    assert short(told) == ["opened 192.0.2.1 spamcop", "culprit", "requested 1", "operator", "delisted"]
    opened, culprit, requested, note, closed = told
    assert isinstance(opened, DelistingOpened)
    assert [one.sender for one in opened.culprits] == ["eve@example.net"]
    assert [item.text for item in opened.evidence] == [
        "spamcop lists the IP 192.0.2.1 since 2026-03-01 10:01:00 UTC",
        "192.0.2.1 is withdrawn since 2026-03-01 10:01:00 UTC",
    ]
    assert isinstance(culprit, DelistingNoted)
    assert culprit.evidence[0].text == "eve@example.net suspended at 2026-03-01 10:02:00 UTC"
    assert isinstance(requested, DelistingRequested)
    assert (requested.how, requested.reference, requested.operator) == ("form", "T-17", "ada")
    assert isinstance(note, DelistingNoted)
    assert note.evidence[0].text == "they answer within a day"
    assert isinstance(closed, DelistingClosed)
    assert (closed.took_seconds, closed.waited_seconds, closed.requests) == (86_400, 86_400 - 120, 1)


def test_what_nobody_asked_for_expired_and_what_comes_again_is_a_relapse_of_the_same_case() -> None:
    scene = Scene()
    for minute in (1, 40, 80):
        says(scene, minute, A, "listed")
        says(scene, minute + 20, A, "not_listed")
    told = of(scene)
    assert [word for word in short(told) if word not in {"withdrawn", "stopped"}] == [
        "opened 192.0.2.1 spamcop",
        "expired",
        "opened 192.0.2.1 spamcop relapse 1",
        "expired",
        "opened 192.0.2.1 spamcop relapse 2",
        "expired",
    ]
    assert len({event.case for event in told}) == 1
    assert [event.relapse for event in told if isinstance(event, DelistingClosed)] == [0, 1, 2]


def test_a_pool_in_shadow_mode_claims_no_withdrawal() -> None:
    scene = Scene(mode="shadow")
    says(scene, 1, A, "listed", "zen", weight=0.5)
    says(scene, 2, A, "listed")
    told = of(scene)
    assert short(told) == ["opened 192.0.2.1 zen", "stays", "opened 192.0.2.1 spamcop"]
    texts = [
        item.text for event in told if isinstance(event, DelistingOpened | DelistingNoted) for item in event.evidence
    ]
    assert not any("is withdrawn" in text or "was withdrawn" in text for text in texts)
    assert sum("but only says what it would do" in text for text in texts) == 2


def test_after_the_memory_of_relapses_a_listing_is_the_first() -> None:
    scene = Scene(relapse_memory_days=2)
    says(scene, 1, A, "listed")
    says(scene, 20, A, "not_listed")
    scene.tick(4 * DAY)
    says(scene, 4 * DAY + 1, A, "listed")
    assert short(of(scene))[-1] == "opened 192.0.2.1 spamcop"


def test_a_list_without_a_vote_opens_no_case_until_it_has_one() -> None:
    scene = Scene(4)
    scene.round(0, "spamcop", [])
    scene.round(15, "spamcop", [A, B, C])  # most of the pool at once
    assert scene.lists == ["ListDistrusted spamcop lists_most"]
    assert short(of(scene)) == []
    for minute in (30, 45, 60, 75):
        scene.round(minute, "spamcop", [A, B, C])
    scene.tick(76)
    assert sorted(word for word in short(of(scene)) if word.startswith("opened")) == [
        f"opened {ip} spamcop" for ip in (A, B, C)
    ]


def test_a_list_of_no_weight_and_an_unknown_answer_open_none() -> None:
    scene = Scene()
    says(scene, 1, A, "listed", "fabel", weight=0.0)
    says(scene, 2, A, "unknown")
    scene.tick(3)
    assert of(scene) == []


def test_a_network_is_one_case_of_all_its_ips() -> None:
    scene = Scene(3)
    says(scene, 1, A, "listed", "uceprotect_2", weight=0.2, scope="network")
    says(scene, 16, B, "listed", "uceprotect_2", weight=0.2, scope="network")
    says(scene, 31, A, "not_listed", "uceprotect_2", scope="network")
    told = of(scene)
    assert short(told) == ["opened 192.0.2.0/24 uceprotect_2", "joined"]
    says(scene, 46, B, "not_listed", "uceprotect_2", scope="network")
    assert short(of(scene))[-1] == "expired"
    says(scene, 60, A, "listed", "uceprotect_3", weight=0.2, scope="as")
    assert short(of(scene))[-1] == "opened AS of main uceprotect_3"


def test_what_an_operator_closed_opens_again_at_a_new_listing_only() -> None:
    scene = Scene()
    says(scene, 1, A, "listed")
    does(scene, 2, "closed", outcome="given_up", note="they want money")
    says(scene, 16, A, "listed")
    scene.tick(17)
    assert short(of(scene))[:2] == ["opened 192.0.2.1 spamcop", "given_up"]
    assert len([word for word in short(of(scene)) if word.startswith("opened")]) == 1
    says(scene, 31, A, "not_listed")
    says(scene, 46, A, "listed")
    assert short(of(scene))[-1] == "opened 192.0.2.1 spamcop relapse 1"


def test_what_an_operator_did_is_taken_back_and_the_case_is_as_if_it_had_not_been() -> None:
    scene = Scene()
    says(scene, 1, A, "listed")
    does(scene, 2, "requested")
    does(scene, 3, "taken_back", takes_back="h2", note="it was another list")
    does(scene, 4, "closed", outcome="given_up")
    says(scene, 5, A, "listed")
    does(scene, 6, "taken_back", takes_back="h4")
    does(scene, 7, "taken_back", takes_back="h4")
    does(scene, 8, "taken_back", takes_back="nothing")
    says(scene, 60, A, "not_listed")
    told = short(of(scene))
    assert told[1:] == ["requested 1", "took back requested", "given_up", "took back closed", "expired"]


def test_an_end_is_not_taken_back_once_the_list_names_it_no_more() -> None:
    scene = Scene()
    says(scene, 1, A, "listed")
    does(scene, 2, "closed", outcome="given_up")
    says(scene, 3, A, "not_listed")
    does(scene, 4, "taken_back", takes_back="h2")
    assert short(of(scene))[1:] == ["given_up"]


def test_an_order_that_comes_twice_counts_once_and_one_about_no_case_not_at_all() -> None:
    scene = Scene()
    does(scene, 0, "requested")
    says(scene, 1, A, "listed")
    does(scene, 2, "requested")
    does(scene, 2, "requested")
    assert short(of(scene)) == ["opened 192.0.2.1 spamcop", "requested 1"]


def test_an_ip_that_leaves_the_configuration_is_none_of_ours() -> None:
    scene = Scene()
    says(scene, 1, A, "listed")
    files, _ = folded(scene.seen, scene.rules)
    fewer = pool.initial("main", Rules.model_validate({"transports": {"out2": B}}))
    tick = ClockTicked(id="t", at=T0 + 5 * MINUTE)
    known, decided = pool.step(fewer, tick)
    files, told = delisting.step(files, known, tick, decided)
    assert short(told) == ["not_ours"]
    assert delisting.step(files, known, ClockTicked(id="u", at=T0 + 6 * MINUTE)) == (files, ())


def test_a_domain_has_a_case_too() -> None:
    files = Files(pool="")
    told: list[DelistingEvent] = []
    for minute, answer in ((1, "unknown"), (2, "listed"), (3, "unknown"), (4, "listed"), (5, "not_listed")):
        event = DomainListingObserved(
            id=str(minute),
            at=T0 + minute * MINUTE,
            domain="example.net",
            list="surbl",
            answer=answer,  # type: ignore[arg-type]  # the test names only answers that exist
            removal="https://www.surbl.org/surbl-analysis",
        )
        files, more = delisting.step(files, None, event)
        told += more
    assert short(told) == ["opened example.net surbl", "expired"]
    assert isinstance(told[0], DelistingOpened)
    assert (told[0].scope, told[0].removal) == ("domain", "https://www.surbl.org/surbl-analysis")


ANSWERS = st.tuples(
    st.sampled_from(("listed", "not_listed", "unknown", "requested", "noted", "closed", "tick")),
    st.sampled_from((A, B, C, D)),
    st.sampled_from(("spamcop", "zen")),
)


def happening(words: list[tuple[str, str, str]]) -> list[PoolObservation]:
    """Return observations a minute apart; a list says always the same about how far its entries reach."""
    scene = Scene(4)
    for minute, (word, ip, name) in enumerate(words, 1):
        if word in {"requested", "noted", "closed"}:
            case = place_of("main", name, ip, "ip" if name == "spamcop" else "network").case
            does(scene, minute, word, case=case, note="x")
        elif word == "tick":
            scene.tick(minute)
        else:
            event = {"id": f"l{minute}", "at": T0 + minute * MINUTE, "ip": ip, "list": name, "answer": word}
            reach = "ip" if name == "spamcop" else "network"
            scene.seen.append(msgspec.convert({**event, "scope": reach, "weight": 1.0}, ListingObserved))
    return scene.seen


@settings(max_examples=150, deadline=None)
@given(st.lists(ANSWERS, max_size=40))
def test_whatever_happens_a_case_is_opened_and_closed_in_turn(words: list[tuple[str, str, str]]) -> None:
    rules = Scene(4).rules
    seen = happening(words)
    files, told = folded(seen, rules)
    is_open: dict[str, bool] = {}
    for event in told:
        assert codec.decode(codec.encode(event)) == event
        if isinstance(event, DelistingOpened):
            assert not is_open.get(event.case)
            is_open[event.case] = True
        else:
            assert is_open[event.case]
        if isinstance(event, DelistingClosed):
            is_open[event.case] = False
            assert event.took_seconds >= event.waited_seconds >= 0
    assert len({event.id for event in told}) == len(told)
    assert {case for case, it in is_open.items() if it} == {c for c, file in files.cases.items() if file.opened}
    assert folded(seen, rules) == (files, told)
    again = Files(pool="main")
    for event in told:
        again = delisting.evolve(again, event)
    assert {case: (file.opened, file.requests) for case, file in again.cases.items()} == {
        case: (file.opened, file.requests) for case, file in files.cases.items()
    }
