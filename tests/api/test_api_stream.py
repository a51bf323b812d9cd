"""The stream of decisions: each once, whoever is killed, and also where the log was replaced."""

import socket
from pathlib import Path

import pytest

from embedded.eventlog import broker_with_topics
from schemas.mailbox_events import CaseOpened, MailboxReleased
from schemas.pool_events import IpRestored
from schemas.sunset_events import StageStepped, UserDone
from streams.api.position import Position
from streams.api.told import Place
from tests.api.counter import NOW, SECRETS, Counter, Follower, restored, settle
from tests.whole.lab import until


def _came(follower: Follower, ids: list[str]) -> None:
    until(lambda: len(follower.ids) >= len(ids) or not follower.is_alive(), 30, f"{ids[-1]}")
    assert follower.ids == ids, follower.said


def _ids(begin: int, end: int, prefix: str) -> list[str]:
    return [restored(number, prefix).id for number in range(begin, end)]


def test_decisions_of_all_topics_come_and_nothing_else(counter: Counter) -> None:
    follower = Follower(counter).begun()
    mailbox = MailboxReleased(id="kinds-m", at=NOW, mailbox="a@example.net", score=0.0, operator="ada")
    case = CaseOpened(id="kinds-c", at=NOW, case="c1", customer="x", mailboxes=("a@example.net",))
    done = UserDone(id="kinds-d", at=NOW, sunset="old_tls", mailbox="a@example.net", customer="x", last=NOW)
    step = StageStepped(id="kinds-s", at=NOW, sunset="old_tls", stage=1, step="brownout")
    counter.publish([restored(0, "kinds"), mailbox, case, done, step])
    until(lambda: len(follower.ids) >= 4, 30, "four decisions")
    settle()
    assert sorted(follower.ids) == ["kinds-0000", "kinds-c", "kinds-m", "kinds-s"]
    assert {event["type"] for event in follower.events} == {
        *("ip_restored", "mailbox_released", "case_opened", "stage_stepped")
    }
    follower.stop()


def test_a_client_that_is_killed_goes_on_where_it_was(counter: Counter) -> None:
    first = Follower(counter).begun()
    counter.publish([restored(number, "client") for number in range(20)])
    until(lambda: len(first.ids) >= 20, 30, "the first twenty")
    last = first.stop()
    counter.publish([restored(number, "client") for number in range(20, 40)])
    second = Follower(counter, last)
    _came(second, _ids(20, 40, "client"))
    counter.publish([restored(39, "client"), restored(40, "client")])  # a worker that crashed repeats itself
    _came(second, _ids(20, 41, "client"))
    settle()
    assert first.ids + second.ids == _ids(0, 41, "client")
    second.stop()


def test_kill_9_of_the_api_loses_and_doubles_nothing(counter: Counter) -> None:
    follower = Follower(counter).begun()
    ids: list[str] = []
    for turn in range(3):
        begin = turn * 10
        counter.publish([restored(begin + number, "killed") for number in range(5)])
        _came(follower, _ids(begin - 5 if turn else 0, begin + 5, "killed"))
        counter.kill("api")
        follower.join(60)
        ids += follower.ids
        counter.publish([restored(begin + number, "killed") for number in range(5, 10)])
        counter.serve()
        follower = Follower(counter, follower.last)
    _came(follower, _ids(25, 30, "killed"))
    settle()
    assert ids + follower.ids == _ids(0, 30, "killed")
    follower.stop()


def test_a_position_between_two_records_is_exact(counter: Counter) -> None:
    follower = Follower(counter).begun()
    counter.publish([restored(number, "exact") for number in range(3)])
    until(lambda: len(follower.ids) == 3, 30, "three")
    end = Position.of(follower.stop())
    place = ("pool.events", 0)
    for back in range(4):
        offsets = {**end.offsets, place: end.offsets[place] - back}
        again = Follower(counter, str(Position(end.cluster, offsets))).begun()
        _came(again, _ids(3 - back, 3, "exact")) if back else settle(1)
        assert again.ids == _ids(3 - back, 3, "exact")
        again.stop()


@pytest.mark.parametrize("last", [";y:0=1", "a;pool.events:0=x", "a;pool.events:0", "a b", "'; DROP TABLE x", "%00"])
def test_an_id_that_is_none_of_ours_is_refused(counter: Counter, last: str) -> None:
    follower = Follower(counter, last)
    follower.join(60)
    assert follower.status == 422
    assert "Last-Event-ID" in follower.said


def test_of_another_log_nothing_is_made_up(counter: Counter) -> None:
    follower = Follower(counter, "MkU3OEVBNTcwNTJENDM2Qk;pool.events:0=5")
    follower.join(60)
    assert (follower.status, "begin anew and ask /v1/decisions" in follower.said) == (409, True)


def test_more_clients_than_places_are_refused_and_places_come_back(counter: Counter) -> None:
    held = [Follower(counter).begun() for _ in range(4)]
    fifth = Follower(counter)
    fifth.join(60)
    assert (fifth.status, "api.streams" in fifth.said) == (429, True)
    for follower in held:
        follower.stop()
    until(lambda: bool(Follower(counter).begun().stop()), 30, "a place")


def test_positions_are_told_and_read_alike() -> None:
    for position in (
        Position(),
        Position("embedded-1", {("pool.events", 0): 7, ("mailbox.events", 2): 0, ("mailbox.events", 10): 3}),
        Position("embedded-1", {("pool.events", 0): 7}, Place(12, "id.with:signs=")),
    ):
        assert Position.of(str(position)) == position
    assert (
        str(Position("c", {("pool.events", 0): 1, ("mailbox.events", 2): 5})) == "c;mailbox.events:2=5;pool.events:0=1"
    )


@pytest.mark.slow
def test_a_replaced_broker_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """As `relaywarden up` does: the broker goes, an empty one comes, refilled with what ClickHouse keeps."""
    stored = "SELECT uniqExact(id) FROM pool_events"
    with Counter(tmp_path) as lab:
        lab.run("sink")
        lab.serve()
        live, gone = Follower(lab).begun(), Follower(lab).begun()
        lab.publish([restored(number, "old") for number in range(10)])
        until(lambda: len(live.ids) == len(gone.ids) == 10, 30, "ten")
        last = gone.stop()
        lab.publish([restored(number, "old") for number in range(10, 15)])
        until(lambda: lab.value(stored) == 15 and len(live.ids) == 15, 30, "fifteen are stored")
        lab.broker.stop()
        lab.broker = broker_with_topics(lab.settings, tmp_path / "broker2.log")
        lab.publish([restored(number, "old") for number in range(15)], refilled=True)
        lab.publish([restored(number, "new") for number in range(5)])
        again = Follower(lab, last)
        _came(again, _ids(10, 15, "old") + _ids(0, 5, "new"))
        everything = Follower(lab, begin="beginning")
        _came(everything, _ids(0, 15, "old") + _ids(0, 5, "new"))
        until(lambda: len(live.ids) >= 20, 60, "who followed all along goes on")
        settle()
        assert live.ids == _ids(0, 15, "old") + _ids(0, 5, "new")
        assert again.ids == _ids(10, 15, "old") + _ids(0, 5, "new")
        further = Follower(lab, again.stop()).begun()
        settle()
        assert further.ids == []
        for follower in (live, everything, further):
            follower.stop()


def test_who_does_not_read_is_cut_and_others_are_served(counter: Counter) -> None:
    assert "did not read for 30 s and is cut" not in counter.log("api")
    head = f"GET /v1/events?from=beginning HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SECRETS['viewer']}\r\n\r\n"
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", counter.port))
        deaf.sendall(head.encode())
        evidence = "x" * 200_000
        large = [
            IpRestored(id=f"large-{number}", at=NOW, pool="main", ip="192.0.2.11", operator=evidence)
            for number in range(40)
        ]
        counter.publish(large)
        until(lambda: "127.0.0.1 did not read for 30 s and is cut" in counter.log("api"), 90, "it is cut")
        assert counter.get("/healthz", "").status_code == 200
