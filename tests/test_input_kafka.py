"""A Kafka topic of lines: each record once, whatever dies; what is gone or no line is told; no topic is ever made."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaProducer

from collectors.inputs import Outlet, _offsets, kafka
from collectors.inputs._offsets import Bounds, Cursor, Lost
from embedded.broker import Broker
from schemas.events import DeadLetter, DeliveryAttempted
from schemas.inputs.kafka import KafkaInput
from schemas.settings import SettingsError, parse
from tests.line_inputs import events, kept, line, losses, no_file_above, outlet
from tests.mail_inputs import running
from tests.waits import until

RUN = """
import sys, threading
from pathlib import Path
from collectors.inputs import kafka
from schemas.inputs.kafka import KafkaInput
from tests.line_inputs import outlet
kafka.run(KafkaInput.model_validate_json(sys.argv[1]), outlet(Path(sys.argv[2]), "kafka"), threading.Event())
"""


def topic(broker: Broker, name: str, partitions: int = 1) -> str:
    with closing(KafkaAdminClient(bootstrap_servers=[broker.bootstrap])) as admin:
        wanted = {"num_partitions": partitions, "replication_factor": 1}
        admin.create_topics({name: wanted}, timeout_ms=10_000, wait_for_metadata=True)
    return name


def topics(broker: Broker) -> list[str]:
    with closing(KafkaAdminClient(bootstrap_servers=[broker.bootstrap])) as admin:
        return [found["name"] for found in admin.describe_topics()]


def send(broker: Broker, name: str, values: Iterable[tuple[int, bytes]]) -> None:
    with closing(KafkaProducer(bootstrap_servers=[broker.bootstrap])) as producer:
        for sent in [producer.send(name, value, partition=number) for number, value in values]:
            sent.get(60)


def settings(broker: Broker, name: str, **more: str) -> KafkaInput:
    return KafkaInput.model_validate({"kind": "kafka", "topic": name, "bootstrap": [broker.bootstrap], **more})


def read(given: KafkaInput, to: Outlet, count: int) -> list[bytes]:
    """Let the input work until so many lines are kept, and return them."""
    with running(kafka.run, given, to):
        until(lambda: len(kept(to)) >= count, f"{count} lines")
    return kept(to)


def test_lines_of_all_partitions_come_in_their_order_and_become_events(broker: Broker, tmp_path: Path) -> None:
    name, to = topic(broker, "lines", 3), outlet(tmp_path, "kafka")
    batch = b"\r\n".join(line(number) for number in (900, 901)) + b"\n"
    send(broker, name, [(number % 3, line(number)) for number in range(30)] + [(0, batch), (1, b"")])
    lines = read(settings(broker, name), to, 32)
    for partition in range(3):
        of_it = [each for each in lines if each in {line(number) for number in range(partition, 30, 3)}]
        assert of_it == [line(number) for number in range(partition, 30, 3)]
    found = [each for each in events(to) if isinstance(each, DeliveryAttempted)]
    assert {each.recipient for each in found} == {f"u{number}@example.com" for number in (*range(30), 900, 901)}
    send(broker, name, [(2, line(999))])
    assert read(settings(broker, name), outlet(tmp_path, "kafka"), 33) == [*lines, line(999)]


def test_json_of_shippers_becomes_lines_and_what_is_none_is_told_with_its_place(broker: Broker, tmp_path: Path) -> None:
    name, to = topic(broker, "shipped"), outlet(tmp_path, "kafka")
    sent = '{"message":"' + line(1).decode() + '","file":"/var/log/mail.log"}'
    forged = b'{"message":"x\\n' + line(2) + b'","host":"mx1"}'
    mixed = b'{"log":"' + line(3) + b'\\n"}\n{"level":"info"}\n'
    values = [sent.encode(), forged, b"\x00\xffnothing", mixed, b'{"a":' * 3000, b'["' + line(4) + b'",{"message":5}]']
    send(broker, name, [(0, each) for each in values])
    lines = read(settings(broker, name, decode="json"), to, 5)
    assert lines == [line(1), b"x#012" + line(2), line(3), line(4), b"5"]
    told = {each.reason: each.text for each in losses(to)}
    assert list(told) == [
        "partition 0, offset 2, item 1: no JSON: JSON is malformed: invalid character (byte 0)",
        "partition 0, offset 3, item 2: it has neither message nor MESSAGE, log or msg",
        "partition 0, offset 4, item 1: JSON that is nested too deep",
    ]
    assert (
        told["partition 0, offset 2, item 1: no JSON: JSON is malformed: invalid character (byte 0)"]
        == "\x00\ufffdnothing"
    )
    attempts = [each for each in events(to) if not isinstance(each, DeadLetter)]
    assert [getattr(each, "recipient", "") for each in attempts] == [
        "u1@example.com",
        "u3@example.com",
        "u4@example.com",
    ]


def test_killed_in_the_middle_it_keeps_each_line_once(broker: Broker, tmp_path: Path) -> None:
    name, to = topic(broker, "killed", 2), outlet(tmp_path, "kafka")
    given = settings(broker, name)
    every = [line(number) for number in range(5000)]
    ended = threading.Event()

    def trickle() -> None:
        for at in range(0, len(every), 50):
            send(broker, name, [(number % 2, each) for number, each in enumerate(every[at : at + 50])])
            if at < 4000:
                ended.wait(0.05)

    sender = threading.Thread(target=trickle)
    sender.start()
    for _ in range(2):
        process = subprocess.Popen([sys.executable, "-c", RUN, given.model_dump_json(), str(tmp_path)])
        before = len(kept(to))
        until(lambda start=before: len(kept(to)) > start + 400, "some lines")  # type: ignore[misc]  # its start is an int
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert len(kept(to)) < len(every)
    ended.set()
    sender.join()
    assert sorted(read(given, outlet(tmp_path, "kafka"), len(every))) == sorted(every)


def test_a_topic_that_is_not_there_is_waited_for_and_not_made(
    fresh_broker: Broker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    to = outlet(tmp_path, "kafka")
    with running(kafka.run, settings(fresh_broker, "later"), to):
        until(lambda: "the broker has no topic later" in caplog.text, "the warning")
        assert topics(fresh_broker) == []
        send(fresh_broker, topic(fresh_broker, "later"), [(0, line(1))])
        until(lambda: kept(to) == [line(1)], "the line")


def test_in_another_cluster_the_topic_is_begun_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    to = outlet(tmp_path, "kafka")
    with Broker(tmp_path / "one.log", cluster_id="one") as broker:
        send(broker, topic(broker, "t"), [(0, line(number)) for number in range(5)])
        given = settings(broker, "t")
        read(given, to, 5)
    with Broker(tmp_path / "two.log", broker.port, cluster_id="two") as other:
        send(other, topic(other, "t"), [(0, line(number)) for number in (7, 8)])
        read(given, to, 7)
    assert kept(to)[5:] == [line(7), line(8)]
    assert "another topic (of cluster two) is in the place of the one that was read" in caplog.text
    assert _offsets.read(to.lines.position if to.lines else b"") == Cursor("two", _topic_of(to), {0: 2})


def _topic_of(to: Outlet) -> str:
    at = _offsets.read(to.lines.position if to.lines else b"")
    return at.topic if at else ""


def test_begun_at_the_end_it_goes_on_there_after_a_restart(broker: Broker, tmp_path: Path) -> None:
    name, to = topic(broker, "from-end"), outlet(tmp_path, "kafka")
    send(broker, name, [(0, line(1))])
    given = settings(broker, name, start="end")
    spool = to.lines
    assert spool is not None
    with running(kafka.run, given, to):
        until(lambda: spool.position != b"", "a position")
    send(broker, name, [(0, line(2))])
    assert read(given, outlet(tmp_path, "kafka"), 1) == [line(2)]


def test_a_full_spool_lets_the_topic_wait(broker: Broker, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    name, to = topic(broker, "full"), outlet(tmp_path, "kafka", most_bytes=40_000)
    send(broker, name, [(0, line(number)) for number in range(400)])
    with running(kafka.run, settings(broker, name), to):
        until(lambda: "lines wait there" in caplog.text, "the warning")
    at = _offsets.read(to.lines.position if to.lines else b"")
    assert at is not None
    assert len(kept(to)) == at.offsets[0] < 400
    assert len(read(settings(broker, name), outlet(tmp_path, "kafka"), 400)) == 400


def test_a_disk_that_refuses_is_waited_for_and_each_line_kept_once(
    broker: Broker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    name, to = topic(broker, "refused"), outlet(tmp_path, "kafka")
    send(broker, name, [(0, line(number)) for number in range(50)])
    assert len(read(settings(broker, name), to, 50)) == 50
    with running(kafka.run, settings(broker, name), to):
        with no_file_above(12_000):  # the redo record of 40 lines fits, the file of 90 does not
            send(broker, name, [(0, line(number)) for number in range(50, 89)])
            until(lambda: "what is to be written there is kept" in caplog.text, "the spool's warning")
            send(broker, name, [(0, line(89))])
            until(lambda: "waits, since its lines cannot be kept" in caplog.text, "the warning")
        until(lambda: len(kept(to)) >= 90, "90 lines")
        send(broker, name, [(0, line(90))])
        until(lambda: len(kept(to)) >= 91, "one more")
    assert kept(to) == [line(number) for number in range(91)]


AT = Cursor("c", "t", {0: 500, 1: 7})


@pytest.mark.parametrize(
    ("topic_now", "first", "end", "more", "expected", "lost", "said"),
    [
        (("c", "t"), {0: 0, 1: 0}, {0: 600, 1: 7}, {}, {0: 500, 1: 7}, (), ""),
        (("c", "t"), {0: 1700, 1: 0}, {0: 2000, 1: 7}, {}, {0: 1700, 1: 7}, (Lost(0, 500, 1699),), ""),
        (("c", "t"), {0: 0, 1: 0, 2: 3}, {0: 600, 1: 7, 2: 9}, {}, {0: 500, 1: 7, 2: 3}, (Lost(2, 0, 2),), ""),
        (("c", "t"), {0: 0, 1: 0}, {0: 90, 1: 7}, {}, {0: 500, 1: 7}, (), ""),  # an end that nobody asked for
        (
            ("c", "t"),
            {0: 0, 1: 0},
            {0: 90, 1: 7},
            {"beyond": frozenset({0})},
            {0: 90, 1: 7},
            (),
            "cut off at offset 90",
        ),
        (("c", "u"), {0: 4, 1: 0}, {0: 9, 1: 7}, {"from_end": True}, {0: 4, 1: 0}, (), "another topic (of cluster c)"),
        (("d", "t"), {0: 0}, {0: 9}, {}, {0: 0}, (), "another topic (of cluster d)"),
    ],
)
def test_where_reading_goes_on(  # noqa: PLR0913, PLR0917 the columns of the table
    topic_now: tuple[str, str],
    first: Mapping[int, int],
    end: Mapping[int, int],
    more: Mapping[str, bool],
    expected: dict[int, int],
    lost: tuple[Lost, ...],
    said: str,
) -> None:
    plan = _offsets.plan(AT, topic_now, Bounds(first, end), **more)  # type: ignore[arg-type]  # two kinds of values
    assert (plan.cursor, plan.lost) == (Cursor(*topic_now, expected), lost)
    assert said in "".join(plan.said)
    assert bool(said) == bool(plan.said)


def test_what_is_lost_to_retention_is_told_in_words() -> None:
    assert (
        str(Lost(3, 500, 1699)) == "partition 3: 1200 records, offsets 500 to 1699, were deleted before they were read"
    )


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ('topic = "a b"', "input.k.kafka.topic"),
        ('bootstrap = ["kafka1"]', "'kafka1' is no host:port"),
        ('protocol = "SASL_SSL"', "protocol 'SASL_SSL' needs user, and password_env or password_file"),
        ('user = "rw"', "protocol 'PLAINTEXT' has no use for user and password"),
        ('ca = "/ca.pem"', "protocol 'PLAINTEXT' has no use for ca"),
        ('protocol = "SSL"\ncertificate = "/c.pem"', "certificate and key go together"),
        ('password_env = "hunter2"', "password_env"),
    ],
)
def test_a_wrong_setting_is_named(more: str, expected: str) -> None:
    topic_line = "" if more.startswith("topic") else 'topic = "t"\n'
    with pytest.raises(SettingsError, match=expected) as raised:
        parse(f'[input.k]\nkind = "kafka"\n{topic_line}{more}\n', "t.toml")
    assert "hunter2" not in str(raised.value)


def test_brokers_and_secrets_come_from_where_they_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        '[kafka]\nbootstrap = ["k1:9092"]\n[input.k]\nkind = "kafka"\ntopic = "t"\nprotocol = "SASL_SSL"\nuser = "rw"\n'
    )
    given = parse(f'{text}password_env = "RW_TEST"\nca = "{tmp_path}/ca.pem"\n', "t.toml").input["k"]
    assert isinstance(given, KafkaInput)
    assert given.bootstrap == ("k1:9092",)
    stop = threading.Event()
    with pytest.raises(ValueError, match=r"input\.t\.password_env: the environment has no RW_TEST"):
        kafka.run(given, outlet(tmp_path, "kafka"), stop)
    monkeypatch.setenv("RW_TEST", "secret")
    with pytest.raises(ValueError, match=rf"input\.t\.ca: {tmp_path}/ca\.pem: No such file"):
        kafka.run(given, outlet(tmp_path, "kafka"), stop)
