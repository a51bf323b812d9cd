"""Pages on which orders are given: a broker that takes them, the scene's warehouse, and what answers an order."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar, get_args

import msgspec
import pytest
from kafka import KafkaConsumer, TopicPartition

from dashboards.access import Deed
from embedded.broker import Broker, free_port
from embedded.clickhouse import ClickHouseServer
from embedded.eventlog import broker_with_topics
from schemas import codec
from schemas.facts import Fact
from schemas.mailbox_settings import Mailboxes
from schemas.names import derived_id
from schemas.observations import ClockTicked, ListOrdered, OperatorActed
from schemas.settings import load
from schemas.topics import MAILBOX_SIGNALS, POOL_OBSERVATIONS, SUNSET_EVENTS
from streams.habits import MailboxState
from streams.orders import obey
from streams.pools import Pools
from tests.pages.conftest import Hall, fill, furnish, store
from tests.pages.serving import serving

Told = TypeVar("Told", bound=Fact)
SECRET = "between the proxy and the pages"
SECRET_ENV = "RELAYWARDEN_TEST_PROXY_SECRET"
LOCAL = '[dashboard.access]\nname = "kim"\nrole = "{role}"\n'
PROOF = ("X-Relaywarden-Secret", SECRET)
HEADER = f"""[dashboard.access]
mode = "header"
hosts = ["noc.example.net"]
proxies = ["{{proxy}}"]
secret_env = "{SECRET_ENV}"
groups_header = "X-Forwarded-Groups"
[dashboard.access.roles]
viewer = ["vera@example.net"]
operator = ["kim@example.net", "group:noc"]
admin = ["ada@example.net"]
"""


def deeds() -> set[Deed]:
    """Return all that somebody may do on the pages, as the type says."""
    return {deed for part in get_args(Deed) for deed in get_args(part)}


def by_name(name: str, *more: tuple[str, str]) -> list[tuple[str, str]]:
    """Return the headers of a proxy by which somebody of this name comes."""
    return [("X-Forwarded-User", name), PROOF, *more]


@dataclass(frozen=True)
class Desk:
    """A hall whose orders reach a broker."""

    hall: Hall
    broker: Broker

    def given(self) -> list[OperatorActed]:
        """Return all orders about IPs and mailboxes in the log, in their order by topic."""
        return self.said(OperatorActed)

    def said(self, kind: type[Told]) -> list[Told]:
        """Return all events of a kind that pages write, in their order by topic."""
        found: list[Told] = []
        for topic in (POOL_OBSERVATIONS.name, MAILBOX_SIGNALS.name, SUNSET_EVENTS.name):
            consumer = KafkaConsumer(bootstrap_servers=self.broker.bootstrap, enable_auto_commit=False)
            places = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
            consumer.assign(places)
            consumer.seek_to_beginning(*places)
            ends = consumer.end_offsets(places)
            events = []
            while any(consumer.position(place) < ends[place] for place in places):
                polled = consumer.poll(timeout_ms=1000)
                events += [codec.decode(record.value) for records in polled.values() for record in records]
            consumer.close()
            found += sorted((one for one in events if isinstance(one, kind)), key=lambda one: one.at)
        return found

    def answer(self, *orders: OperatorActed | ListOrdered) -> None:
        """Have the pools and the mailboxes answer these orders, and the warehouse keep what they decide."""
        settings = load(self.hall.config)
        pools = Pools(settings.pool, "test", settings.kafka.partitions)
        for offset, event in enumerate(orders):
            pools.apply(offset, [ClockTicked(id=derived_id("tick", event.id), at=event.at), event])
            if isinstance(event, OperatorActed) and not event.pool:
                for decision in obey(MailboxState(mailbox=event.subject), event, Mailboxes()):
                    store(self.hall.client, "mailbox_events", [decision])
        outputs, states = pools.flush()
        for each in outputs:
            store(self.hall.client, "pool_events", [codec.decode(each.value)])
        for each in states:
            row = msgspec.json.decode(each.value, type=dict[str, msgspec.Raw])
            told = {name: msgspec.json.decode(raw) for name, raw in row.items() if name != "state"}
            line = json.dumps({**told, "state": bytes(row["state"]).decode(), "kafka_offset": time.time_ns()})
            self.hall.client.raw_insert("pool_state", insert_block=line.encode(), fmt="JSONEachRow")


@contextmanager
def desk(server: ClickHouseServer, folder: Path, name: str, ago: int = 0) -> Iterator[Desk]:
    """Give pages of the scene, in a database of this name, with a broker of their own; `ago` (µs) it ended."""
    hall = furnish(server, folder, name)
    fill(hall.client, hall.now - ago)
    port = free_port()
    kafka = f'[kafka]\nbootstrap = ["127.0.0.1:{port}"]\n'
    hall.config.write_text(kafka + hall.config.read_text())
    broker = broker_with_topics(load(hall.config), folder / "broker.log")
    try:
        yield Desk(hall, broker)
    finally:
        broker.kill()


def configured(hall: Hall, access: str, name: str) -> Hall:
    """Return the hall with another configuration file: with this table, and a port of its own."""
    text = hall.config.read_text()
    port = load(hall.config).dashboard.port
    config = hall.config.with_name(f"{name}.toml")
    config.write_text(text.replace(f"port = {port}\n", f"port = {free_port()}\n") + access)
    return replace(hall, config=config)


def guarded(hall: Hall, access: str, name: str) -> Hall:
    """Return the hall with another configuration file, by which the pool has no IP to spare."""
    made = configured(hall, access, name)
    made.config.write_text(made.config.read_text().replace("min_active = 3", "min_active = 5"))
    return made


@contextmanager
def served(noc: Desk, clickhouse: ClickHouseServer, access: str, name: str) -> Iterator[tuple[int, Path]]:
    """Serve the pages with this access; give their port and their log."""
    log = noc.hall.config.with_name(f"{name}.log")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SECRET_ENV, SECRET)
        with serving(configured(noc.hall, access, name), clickhouse.password, log) as (_process, port):
            yield port, log
