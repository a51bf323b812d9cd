"""The input `kafka` on Apache Kafka 4: what rsyslog's omkafka brings, what retention deletes, what is made anew."""

import re
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition

from collectors.inputs import Outlet, kafka
from embedded.broker import free_port
from schemas.events import DeliveryAttempted
from schemas.inputs.kafka import KafkaInput
from tests.kafka.apache import ApacheKafka, jars
from tests.line_inputs import events, kept, line, losses, outlet
from tests.mail_inputs import running
from tests.parts import absent, require
from tests.waits import until

pytestmark = [pytest.mark.real, pytest.mark.slow]
MANUAL = Path(__file__).resolve().parents[2] / "docs" / "inputs.md"
CONF = """
global(workDirectory="{folder}")
module(load="imudp")
input(type="imudp" address="127.0.0.1" port="{port}")
{action}
action(type="omfile" file="{folder}/all.log" template="RSYSLOG_FileFormat")
template(name="json" type="string" string="%jsonmesg%")
mail.* action(type="omkafka" broker=["{broker}"] topic="json" template="json")
"""


@pytest.fixture(scope="module")
def apache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApacheKafka]:
    with ApacheKafka(tmp_path_factory.mktemp("apache"), jars()) as running_node:
        yield running_node


def topic(broker: ApacheKafka, name: str, partitions: int = 1) -> None:
    with closing(KafkaAdminClient(bootstrap_servers=[broker.bootstrap])) as admin:
        for_ever = {"retention.ms": "-1"}  # the stamps of the lines are of the past, and so would be the records
        wanted = {"num_partitions": partitions, "replication_factor": 1, "configs": for_ever}
        admin.create_topics({name: wanted}, timeout_ms=20_000, wait_for_metadata=True)


def send(broker: ApacheKafka, name: str, values: list[tuple[int, int]]) -> None:
    with closing(KafkaProducer(bootstrap_servers=[broker.bootstrap])) as producer:
        for sent in [producer.send(name, line(number), partition=at) for at, number in values]:
            sent.get(60)


def settings(broker: ApacheKafka, name: str, decode: str = "line") -> KafkaInput:
    given = {"kind": "kafka", "topic": name, "bootstrap": [broker.bootstrap], "decode": decode}
    return KafkaInput.model_validate(given)


@contextmanager
def rsyslogd(folder: Path, broker: ApacheKafka) -> Iterator[socket.socket]:
    """Run rsyslogd with the manual's action; give a socket that sends to it."""
    program = require("rsyslogd", "rsyslog")
    if not list(Path("/usr/lib").glob("*/rsyslog/omkafka.so")):
        absent("omkafka is not installed: apt-get install --no-install-recommends rsyslog-kafka")
    blocks: list[str] = re.findall(r"```rsyslog\n(.*?)```", MANUAL.read_text(), re.DOTALL)
    (action,) = (each for each in blocks if "omkafka" in each)
    action = action.replace("kafka1.example.net:9092", broker.bootstrap)
    port = free_port()
    conf = folder / "rsyslog.conf"
    conf.write_text(CONF.format(folder=folder, port=port, action=action, broker=broker.bootstrap))
    command = [program, "-n", "-f", str(conf), "-i", str(folder / "pid")]
    with (folder / "said").open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said) as process:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.connect(("127.0.0.1", port))
            until((folder / "pid").exists, "rsyslogd")
            yield sender
        process.terminate()
        process.kill()
        process.wait()


def told(to: Outlet, host: str) -> list[str]:
    """Return the recipients of a host's deliveries, in the order in which they are read."""
    return [each.recipient for each in events(to) if isinstance(each, DeliveryAttempted) and each.host == host]


def burst(sender: socket.socket, numbers: range) -> None:
    """Send lines of two hosts, no faster than rsyslogd takes them."""
    for number in numbers:
        text = line(number).decode().partition(" mx1 ")[2]
        sender.send(f"<22>Nov 21 14:02:04 mx{number % 2} {text}".encode())
        time.sleep(0.002)


@pytest.mark.timeout(300)
def test_what_rsyslog_sends_comes_in_the_order_of_each_host_also_after_an_outage(
    tmp_path: Path, apache: ApacheKafka
) -> None:
    to, of_json = outlet(tmp_path / "lines", "kafka"), outlet(tmp_path / "json", "kafka")
    topic(apache, "maillog", 3)
    topic(apache, "json")
    with (
        rsyslogd(tmp_path, apache) as sender,
        running(kafka.run, settings(apache, "maillog"), to),
        running(kafka.run, settings(apache, "json", "json"), of_json),
    ):
        burst(sender, range(100))
        until(lambda: len(kept(to)) >= 100, "100 lines", 60)
        until(lambda: len(kept(of_json)) >= 100, "100 objects", 60)
        assert sorted(kept(of_json)) == sorted(kept(to)) == sorted((tmp_path / "all.log").read_bytes().splitlines())
        apache.kill()
        burst(sender, range(100, 200))
        apache.start()
        burst(sender, range(200, 250))
        until(lambda: len(set(kept(to))) == 250, "250 lines", 90)
    for host in (0, 1):
        assert list(dict.fromkeys(told(to, f"mx{host}"))) == [
            f"u{number}@example.com" for number in range(host, 250, 2)
        ]
    doubled = [text for text, count in Counter(kept(to)).items() if count > 1]
    assert len(doubled) <= 2, "omkafka repeats the message at which it notices that there is no broker"
    assert losses(to) == losses(of_json) == []


@pytest.mark.timeout(300)
def test_deleted_records_are_counted_and_what_is_made_anew_is_read(tmp_path: Path, apache: ApacheKafka) -> None:
    to = outlet(tmp_path, "kafka")
    topic(apache, "grows", 1)
    send(apache, "grows", [(0, number) for number in range(10)])
    given = settings(apache, "grows")
    with closing(KafkaAdminClient(bootstrap_servers=[apache.bootstrap])) as admin:
        with running(kafka.run, given, to):
            until(lambda: len(kept(to)) == 10, "10 lines")
        send(apache, "grows", [(0, number) for number in range(10, 30)])
        admin.delete_records({TopicPartition("grows", 0): 25})
        with running(kafka.run, given, to):
            until(lambda: len(kept(to)) == 15, "5 more lines")
            admin.create_partitions({"grows": 2})
            send(apache, "grows", [(1, 30)])
            until(lambda: len(kept(to)) == 16, "the line of the new partition")
            admin.delete_topics(["grows"])
            until(lambda: "grows" not in admin.list_topics(), "the topic to be gone")
            topic(apache, "grows", 1)
            send(apache, "grows", [(0, 31)])
            until(lambda: len(kept(to)) == 17, "the line of the new topic", 60)
    assert kept(to) == [line(number) for number in (*range(10), *range(25, 32))]
    (letter,) = losses(to)
    assert letter.reason == "partition 0: 15 records, offsets 10 to 24, were deleted before they were read (15 times)"
