"""What happens to pools when lists and operators act: real name servers, broker, HAProxy and processes, little time.

The table of all scenarios, with those that other files show, is docs/scenarios.md.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import dns.message
import pytest
import tomli_w
from kafka import KafkaConsumer, TopicPartition

from collectors.admin import ensure_topics
from embedded.broker import Broker
from schemas import codec
from schemas.events import Event
from schemas.observations import ListHealthObserved, ListingObserved
from schemas.pool_events import IpProbationStarted, IpRestored, IpWithdrawn, PoolEvent, WithdrawalRefused
from schemas.settings import load
from schemas.topics import POOL_EVENTS, POOL_OBSERVATIONS, Topic
from tests.barring_lab import hooks_running
from tests.command.shell import run
from tests.liar import Liar, reply
from tests.parts import require
from tests.rbldns import TEST_POINTS, Rbldnsd
from tests.real.haproxy_lab import HaproxyLab
from tests.waits import until as awaited

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    # kafka-python leaves the sockets of a broker that went away to the garbage collector.
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"),
]
until = partial(awaited, seconds=60)
AGAIN, FULL, SPLIT, HAND = (tuple(f"192.0.2.{ten}{one}" for one in (1, 2, 3)) for ten in (1, 2, 3, 4))
POOLS = {"again": AGAIN, "full": FULL, "split": SPLIT, "hand": HAND}
SERVERS = tuple(f"again{number}" for number in (1, 2, 3))
ZONES = {name: f"{name}.bl.example.test" for name in ("sure", "half", "other_half", "world")}
CODES = {"codes": {"127.0.0.2": "listed"}}
_Decision = TypeVar("_Decision", IpWithdrawn, IpProbationStarted, IpRestored, WithdrawalRefused)


def _pool(name: str, ips: tuple[str, ...], haproxy: HaproxyLab) -> dict[str, object]:
    table: dict[str, object] = {
        "transports": {f"{name}{number}": ip for number, ip in enumerate(ips, 1)},
        "quarantine_minutes": 0.03,
        "probation_minutes": 0.03,
        "stale_minutes": 0.5,
    }
    hooks = {"haproxy": {"socket": haproxy.socket, "backend": "relays"}}
    return table | ({"hooks": hooks} if name == "again" else {})


def _lists(rbldnsd: Rbldnsd, liar: Liar) -> dict[str, object]:
    own = {name: {"zone": zone, "weight": 0.5 if "half" in name else 1.0, **CODES} for name, zone in ZONES.items()}
    for name in ("closed", "rewritten", "for_all"):
        own[name] = {"zone": f"{name}.bl.example.test", "weight": 1.0, **CODES}
    return {
        "own": own,
        "list": {name: {"port": liar.port} for name in ("rewritten", "for_all")},
        "port": rbldnsd.port,
        "interval_seconds": 1.0,
        "timeout_seconds": 1.0,
        "queries_per_second": 0.0,
        "listed_ttl_max_seconds": 1.0,
        "clean_ttl_max_seconds": 1.0,
    }


def _lie(query: dns.message.Message, _number: int) -> Iterator[bytes]:
    """Answer as resolvers do that sell what does not exist, or that a filter sends home; the test point is honest."""
    listed = query.question[0].name.to_text().startswith("2.0.0.127.")
    wrong = "127.0.0.1" if "for_all" in query.question[0].name.to_text() else "203.0.113.9"
    yield reply(query, addresses=["127.0.0.2" if listed else wrong])


class Stage:
    """The servers, and the processes of Relaywarden that run between them."""

    def __init__(self, folder: Path, rbldnsd: Rbldnsd, haproxy: HaproxyLab, liar: Liar) -> None:
        self.haproxy = haproxy
        self.config = folder / "relaywarden.toml"
        self._folder, self._rbldnsd = folder, rbldnsd
        self._broker = Broker(folder / "broker.log")
        self._listed: dict[str, set[str]] = {name: set() for name in ZONES}
        self._processes: list[subprocess.Popen[bytes]] = []
        self._read_by_now: dict[str, tuple[KafkaConsumer, list[Event]]] = {}
        table = {
            "data": str(folder / "state"),
            "tick_seconds": 0.5,
            "kafka": {"bootstrap": [self._broker.bootstrap], "partitions": 1, "session_timeout_seconds": 6.0},
            "dnsbl": _lists(rbldnsd, liar),
            "pool": {name: _pool(name, ips, haproxy) for name, ips in POOLS.items()},
        }
        self.config.write_text(tomli_w.dumps(table))

    def __enter__(self) -> Self:
        self._broker.start()
        ensure_topics(load(self.config))
        for name in ("stream", "collect"):
            with (self._folder / f"{name}.log").open("ab") as log:
                command = [sys.executable, "-m", "relaywarden", name, "--config", str(self.config)]
                self._processes.append(subprocess.Popen(command, stdout=log, stderr=log, env=os.environ))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
        for consumer, _ in self._read_by_now.values():
            consumer.close()
        self._broker.stop()

    def lists(self, name: str, *ips: str) -> None:
        """Let a list name these IPs besides."""
        self._write(name, self._listed[name] | set(ips))

    def delists(self, name: str, *ips: str) -> None:
        """Let a list name these IPs no more."""
        self._write(name, self._listed[name] - set(ips))

    def _write(self, name: str, nets: set[str]) -> None:
        self._listed[name] = nets
        self._rbldnsd.write(ZONES[name], {**TEST_POINTS, **dict.fromkeys(sorted(nets), "test listing")})

    def decided(self, kind: type[_Decision], ip: str) -> list[_Decision]:
        """Return the decisions of a kind about an IP."""
        return [event for event in self._read(POOL_EVENTS) if isinstance(event, kind) and event.ip == ip]

    def all_decided(self) -> set[str]:
        """Return the IPs about which anything was decided."""
        return {event.ip for event in self._read(POOL_EVENTS) if isinstance(event, PoolEvent)}

    def answers(self, name: str, ip: str) -> list[str]:
        """Return what a list answered about an IP."""
        told = (event for event in self._read(POOL_OBSERVATIONS) if isinstance(event, ListingObserved))
        return [event.answer for event in told if event.list == name and event.ip == ip]

    def faults(self, name: str) -> set[str]:
        """Return the kinds of faults that a list was found to have."""
        told = (event for event in self._read(POOL_OBSERVATIONS) if isinstance(event, ListHealthObserved))
        return {event.fault for event in told if event.list == name and not event.healthy}

    def _read(self, topic: Topic) -> list[Event]:
        place = TopicPartition(topic.name, 0)
        if topic.name not in self._read_by_now:
            consumer = KafkaConsumer(
                bootstrap_servers=self._broker.bootstrap, group_id=None, auto_offset_reset="earliest"
            )
            consumer.assign([place])
            self._read_by_now[topic.name] = consumer, []
        consumer, events = self._read_by_now[topic.name]
        end = consumer.end_offsets([place])[place]
        while consumer.position(place) < end:
            events += [codec.decode(record.value) for record in consumer.poll(200).get(place, [])]
        return events


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    rbldnsd, _ = require("rbldnsd", "rbldnsd"), require("haproxy", "haproxy")
    zones = {zone: dict(TEST_POINTS) for zone in ZONES.values()}
    folder = tmp_path_factory.mktemp("scenarios")
    with (
        Rbldnsd(rbldnsd, zones) as lists,
        HaproxyLab(SERVERS) as haproxy,
        Liar(_lie) as liar,
        Stage(folder, lists, haproxy, liar) as running,
        hooks_running(load(running.config)),
    ):
        until(lambda: running.answers("sure", HAND[2]) != [], "the first answers")
        running.lists("sure", AGAIN[0], *FULL, HAND[0])
        running.lists("half", SPLIT[0], SPLIT[1])
        running.lists("other_half", SPLIT[1])
        running.lists("world", "0.0.0.0/0")
        yield running


def _servers(stage: Stage) -> set[str]:
    return set(stage.haproxy.seen(12))


def test_a_listed_ip_is_withdrawn_comes_back_and_relapses(stage: Stage) -> None:
    until(lambda: len(stage.decided(IpWithdrawn, AGAIN[0])) == 1, "the withdrawal")
    until(lambda: _servers(stage) == {"again2", "again3"}, "HAProxy drains its server")
    stage.delists("sure", AGAIN[0])
    until(lambda: len(stage.decided(IpRestored, AGAIN[0])) == 1, "the return")
    assert len(stage.decided(IpProbationStarted, AGAIN[0])) == 2, "a tenth, then half"
    until(lambda: _servers(stage) == set(SERVERS), "HAProxy uses it again")
    stage.lists("sure", AGAIN[0])
    until(lambda: len(stage.decided(IpWithdrawn, AGAIN[0])) == 2, "the relapse")
    first, second = stage.decided(IpWithdrawn, AGAIN[0])
    assert (first.relapse, second.relapse) == (0, 1)
    assert second.until - second.at == 2 * (first.until - first.at)
    until(lambda: _servers(stage) == {"again2", "again3"}, "HAProxy drains it again")


def test_of_a_pool_that_is_listed_whole_one_stays(stage: Stage) -> None:
    until(lambda: len({ip for ip in FULL if stage.decided(WithdrawalRefused, ip)}) == 1, "one must stay")
    (stays,) = (ip for ip in FULL if stage.decided(WithdrawalRefused, ip))
    assert {ip for ip in FULL if stage.decided(IpWithdrawn, ip)} == set(FULL) - {stays}
    assert "min_active" in stage.decided(WithdrawalRefused, stays)[0].reason


def test_where_two_lists_disagree_their_weights_decide(stage: Stage) -> None:
    until(lambda: len(stage.decided(IpWithdrawn, SPLIT[1])) == 1, "both name it")
    said = {item.rule for item in stage.decided(IpWithdrawn, SPLIT[1])[0].evidence}
    assert {"dnsbl/half", "dnsbl/other_half"} <= said
    until(lambda: stage.answers("half", SPLIT[0])[-1:] == ["listed"], "one of them names the other IP")
    assert stage.answers("other_half", SPLIT[0])[-1] == "not_listed"
    assert stage.decided(IpWithdrawn, SPLIT[0]) == []


def test_an_operator_overrules_what_was_decided_and_what_would_be(stage: Stage) -> None:
    until(lambda: len(stage.decided(IpWithdrawn, HAND[0])) == 1, "the withdrawal")
    words = ("--reason", "it is ours", "--operator", "kim", "--config", stage.config)
    assert run("pool", "restore", HAND[0], *words).returncode == 0
    assert run("pool", "pin", HAND[1], *words).returncode == 0
    until(lambda: len(stage.decided(IpRestored, HAND[0])) == 1, "the restoration")
    assert stage.decided(IpRestored, HAND[0])[0].operator == "kim"
    stage.lists("sure", HAND[1], HAND[2])
    until(lambda: len(stage.decided(IpWithdrawn, HAND[2])) == 1, "the withdrawal of what nobody holds")
    assert stage.decided(IpWithdrawn, HAND[1]) == [], "it is pinned"
    assert len(stage.decided(IpWithdrawn, HAND[0])) == 1, "what is listed still counts no more"


def test_lists_that_name_the_world_refuse_or_are_lied_about_move_nobody(stage: Stage) -> None:
    until(lambda: stage.faults("world") == {"lists_most"}, "the list names what none may name")
    until(lambda: stage.faults("closed") == {"refused"}, "the list refuses")
    until(lambda: bool(stage.faults("rewritten")), "the resolver is found out")
    until(lambda: "outside_127" in stage.faults("for_all"), "likewise where all have an address")
    assert stage.faults("rewritten") == {"outside_127"}
    assert stage.faults("for_all") <= {"outside_127", "lists_most"}, (
        "or that it names the test point that none may name"
    )
    for name in ("closed", "rewritten", "for_all"):
        assert set(stage.answers(name, AGAIN[2])) == {"unknown"}, name
    assert stage.all_decided().isdisjoint({AGAIN[1], AGAIN[2], SPLIT[2]})
