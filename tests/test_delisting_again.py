"""The delisting cases' one writer, begun again: wherever it was ended, in the same cluster and in another."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import codec
from schemas.delisting_events import DelistingClosed, DelistingEvent, DelistingHandled
from schemas.facts import Answer
from schemas.observations import ClockTicked, PoolObservation
from schemas.own_observations import DomainListingObserved
from streams.delisting_cases import place_of
from streams.delistings import Delistings
from streams.pools import Pools
from tests.pool_scene import MINUTE, T0, A, Scene
from tests.test_delisting import ANSWERS, happening, says, short


class Worker:
    """The one writer of pools and cases as the agent runs it; `write` tells which of its outputs come to be written."""

    def __init__(self, states: list[bytes], files: list[bytes], decisions: list[bytes], cluster: str = "one") -> None:
        rules = {"main": Scene(4).rules}
        self.pools, self.delistings = Pools(rules, cluster, 4), Delistings(rules, cluster)
        for value in states:
            self.pools.restore(value)
        for value in files:
            self.delistings.restore(value)
        self.pools.catch_up(())
        self.delistings.catch_up(e for value in decisions if isinstance(e := codec.decode(value), DelistingEvent))
        self.begun = [one.value for one in self.delistings.flush()[1]]

    def run(self, seen: list[PoolObservation], start: int = 0) -> tuple[list[bytes], list[bytes], list[bytes]]:
        for offset, event in enumerate(seen[start:], start):
            self.delistings.apply(offset, [event], self.pools.apply(offset, [event]))
        told, files = self.delistings.flush()
        return [one.value for one in told], [one.value for one in files], [one.value for one in self.pools.flush()[1]]


@settings(max_examples=60, deadline=None)
@given(st.lists(ANSWERS, min_size=1, max_size=30), st.data())
@pytest.mark.parametrize("written", ["nothing", "decisions", "cases", "all"])
def test_ended_anywhere_all_is_told_once_and_the_same(
    written: str, words: list[tuple[str, str, str]], data: st.DataObject
) -> None:
    """However far the writes of the last batch came, the next worker tells what is missing, with the same ids."""
    seen = happening(words)
    whole, _, _ = Worker([], [], []).run(seen)
    first = data.draw(st.integers(0, len(seen)))
    second = data.draw(st.integers(first, len(seen)))
    one = Worker([], [], [])
    log, files, states = one.run(seen[:first])
    files = [*one.begun, *files]
    told, newer_files, newer_states = one.run(seen[:second], first)
    log += told if written != "nothing" else []
    files += newer_files if written in {"cases", "all"} else []
    states += newer_states if written == "all" else []
    more, _, _ = Worker(states, files, log).run(seen, first)
    assert list(dict.fromkeys([*log, *more])) == whole


def test_in_another_cluster_an_open_case_goes_on_from_the_decisions() -> None:
    scene = Scene()
    says(scene, 1, A, "listed")
    log, _, _ = Worker([], [], []).run(scene.seen)
    again = Worker([], [], log, "two")
    assert len(again.delistings) == 1
    known = len(scene.seen)
    says(scene, 16, A, "listed")
    says(scene, 31, A, "not_listed")
    more, _, _ = again.run(scene.seen[known:])
    closed = [event for value in more if isinstance(event := codec.decode(value), DelistingClosed)]
    assert [event.took_seconds for event in closed] == [1800]


def _domain(minute: int, answer: Answer) -> DomainListingObserved:
    return DomainListingObserved(
        id=f"d{minute}", at=T0 + minute * MINUTE, domain="example.net", list="surbl", answer=answer
    )


def test_the_case_of_a_domain_goes_on_from_its_snapshot() -> None:
    case = place_of("", "surbl", "example.net", "domain").case
    asked = DelistingHandled(id="h", at=T0 + 2 * MINUTE, case=case, action="requested", operator="ada")
    seen: list[PoolObservation] = [_domain(1, "listed"), asked, _domain(3, "unknown"), _domain(4, "not_listed")]
    log, files, _ = Worker([], [], []).run(seen[:2])
    again = Worker([], files, log)
    assert len(again.delistings) == 1
    more, _, _ = again.run(seen)
    told = [event for value in [*log, *more] if isinstance(event := codec.decode(value), DelistingEvent)]
    assert short(told) == ["opened example.net surbl", "requested 1", "delisted"]


def test_the_cases_of_a_pool_that_is_configured_no_longer_are_closed() -> None:
    scene = Scene(4)
    says(scene, 1, A, "listed")
    one = Worker([], [], [])
    _, files, _ = one.run(scene.seen)
    gone = Delistings({}, "one")
    for value in files:
        gone.restore(value)
    gone.catch_up(())
    gone.flush()
    tick = ClockTicked(id="t", at=T0 + 5 * MINUTE)
    gone.apply(len(scene.seen), [tick], ())
    assert short(codec.decode(output.value) for output in gone.flush()[0]) == ["not_ours"]  # type: ignore[misc]  # of cases only
    gone.apply(len(scene.seen) + 1, [msgspec.structs.replace(tick, id="u", at=T0 + 6 * MINUTE)], ())
    assert gone.flush() == ([], [])


def test_broken_cases_are_told() -> None:
    with pytest.raises(ValueError, match="no delisting cases"):
        Worker([], [b'{"pool":"main"}'], [])
