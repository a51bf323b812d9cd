"""The syslog input by TCP and UDP on loopback: what comes is kept, and what a stranger can do stays his own."""

import re
import socket
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from collectors import checkpoint
from collectors.checkpoint import Checkpoint
from collectors.follow import Follower
from collectors.inputs import Outlet, _gathered, _syslog_datagrams, _syslog_streams, syslog
from collectors.losses import Losses
from collectors.spool import Spool
from schemas.events import DeadLetter, DeliveryAttempted
from schemas.inputs.syslog import SyslogInput
from schemas.settings import SettingsError, parse
from tests.syslog_lab import HOST, STAMP, connected, delivery, events_of, running
from tests.waits import until


def test_what_came_before_the_end_is_kept(tmp_path: Path) -> None:
    with running(tmp_path) as lab:
        client = connected(lab)
        client.sendall(b"".join(delivery(b"%d" % number) + b"\n" for number in range(1000)))
        lab.stop.set()
        assert client.recv(1) == b""  # a sender that looks learns of the end
        client.close()
    assert len(lab.lines()) == 1000


def test_who_may_not_send_is_not_heard_and_that_is_told(tmp_path: Path) -> None:
    with running(tmp_path, settings={"allow": ["192.0.2.0/24"]}) as lab:
        with connected(lab) as tcp:
            assert tcp.recv(1) == b""
        with socket.socket(type=socket.SOCK_DGRAM) as udp:
            udp.sendto(delivery(b"udp"), (HOST, lab.ports["udp"]))
        until(lambda: len(lab.letters) == 2, "two refusals")
    assert lab.lines() == []
    allow = "this address is in no network of `allow`"
    assert {(letter.reason, letter.text) for letter in lab.letters} == {
        (f"127.0.0.1/tcp: a connection is refused: {allow}", ""),
        (f"127.0.0.1/udp: {allow}", delivery(b"udp").decode()),
    }


@pytest.mark.parametrize(
    ("settings", "host"),
    [({}, "mx1"), ({"host": "peer"}, HOST), ({"host": "peer", "hosts": {HOST: "mx7"}}, "mx7")],
)
def test_a_host_that_a_message_names_counts_unless_the_peer_shall(
    tmp_path: Path, settings: dict[str, object], host: str
) -> None:
    with running(tmp_path, ("tcp",), settings=settings) as lab, connected(lab) as client:
        client.sendall(delivery(b"bob") + b"\n")
        until(lambda: len(lab.lines()) == 1, "the line")
        (event,) = events_of(lab.lines())
        assert isinstance(event, DeliveryAttempted)
        assert event.host == host


def test_both_families_come_to_one_place_and_each_sender_by_his_own_address(tmp_path: Path) -> None:
    with running(tmp_path, settings={"host": "peer"}, address="[::]") as lab:
        for host, family in ((HOST, socket.AF_INET), ("::1", socket.AF_INET6)):
            with connected(lab, host=host) as tcp, socket.socket(family, socket.SOCK_DGRAM) as udp:
                tcp.sendall(delivery(b"bob") + b"\n")
                udp.sendto(delivery(b"bob"), (host, lab.ports["udp"]))
        until(lambda: len(lab.lines()) == 4, "four lines")
        hosts = sorted(event.host for event in events_of(lab.lines()) if isinstance(event, DeliveryAttempted))
        assert hosts == [HOST, HOST, "::1", "::1"]


def test_a_stranger_begins_no_second_line_and_is_skipped_where_he_is_endless(tmp_path: Path) -> None:
    forged = delivery(b"forged")
    with running(tmp_path) as lab, connected(lab) as client:
        inside = b"<22>%b mx1 postfix/smtpd[1]: warning: a\n%b" % (STAMP, forged)
        client.sendall(b"%d %b" % (len(inside), inside))
        client.sendall(b"900000 <22>" + b"\n" * 899_996 + b"<22>" + b"x" * 200_000 + b"\n" + delivery(b"after") + b"\n")
        with socket.socket(type=socket.SOCK_DGRAM) as udp:
            udp.sendto(inside, (HOST, lab.ports["udp"]))
        until(lambda: len(lab.lines()) == 3, "three lines")
        found = [event for event in events_of(lab.lines()) if isinstance(event, DeliveryAttempted)]
        assert [event.recipient for event in found] == ["after@gmail.com"]
        assert sum(b"a#012<22>" in line for line in lab.lines()) == 2
        until(lambda: bool(lab.letters), "the dead letters")
    assert {letter.reason.partition(" (")[0] for letter in lab.letters} == {
        "127.0.0.1/tcp: a frame longer than 65536 bytes is skipped"
    }
    assert lab.letters[0].text.startswith("900000 <22>")


def test_an_address_holds_a_quarter_of_the_connections_and_no_slow_one_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_syslog_streams, "FRAME_SECONDS", 0.1)
    with running(tmp_path, ("tcp",), settings={"connections": 12}) as lab, ExitStack() as stack:
        slow, idle, third = (stack.enter_context(connected(lab)) for _ in range(3))
        with connected(lab) as fourth:
            assert fourth.recv(1) == b""
        until(lambda: lab.told("this address has 3, a quarter"), "the refusal")
        idle.sendall(delivery(b"whole") + b"\n")
        slow.sendall(b"<22>%b mx1 postfix/smtp[1]: half" % STAMP)
        assert slow.recv(1) == b""
        until(lambda: lab.told("a frame that did not end"), "the end of the slow one")
        third.sendall(b"70 <22>half a frame, and gone")
        third.close()
        until(lambda: lab.told("the connection ended within a frame"), "the loss")
        idle.sendall(delivery(b"later") + b"\n")
        until(lambda: len(lab.lines()) == 2, "the two whole lines")
        assert any(letter.text.endswith("half a frame, and gone") for letter in lab.letters)


def numbered(count: int) -> list[bytes]:
    return [b"<22>%b mx1 a: %06d %b" % (STAMP, number, b"x" * 900) for number in range(count)]


def test_while_the_spool_is_full_tcp_waits_at_its_sender_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(_gathered, "_MOST_BYTES", 200_000)
    monkeypatch.setattr(_gathered, "_GATHER_BYTES", 100_000)
    reader = tmp_path / "mta-mx1.json"
    spool = Spool(tmp_path / "spool", 2_000_000, [reader])
    sent = numbered(6000)
    with running(tmp_path, ("tcp",), spool) as lab, connected(lab) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 100_000)
        sender = threading.Thread(target=client.sendall, args=(b"".join(line + b"\n" for line in sent),))
        sender.start()
        follower, found = Follower(spool.file, "mx1", begin="oldest", settle_seconds=0), []

        def read() -> bool:
            while (batch := follower.read()) is not None:
                found.extend(batch.lines)
            checkpoint.save(reader, Checkpoint(str(spool.file), follower.position))
            return len(found) >= len(sent)

        until(lambda: "no more are taken" in caplog.text, "a full spool")
        sender.join(0.3)
        assert sender.is_alive()
        until(read, "all lines")
        sender.join(60)
    assert found == [line[4:] for line in sent]
    assert lab.letters == []


def test_what_the_kernel_drops_while_nobody_can_be_read_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_gathered, "_MOST_BYTES", 100_000)
    monkeypatch.setattr(_syslog_datagrams, "BUFFER_BYTES", 100_000)
    reader = tmp_path / "mta-mx1.json"
    spool = Spool(tmp_path / "spool", 400_000, [reader])
    sent = numbered(4000)
    with running(tmp_path, ("udp", "tcp"), spool) as lab:
        connected(lab).close()  # it listens
        with socket.socket(type=socket.SOCK_DGRAM) as client:
            for message in sent:
                client.sendto(message, (HOST, lab.ports["udp"]))
        follower, kept = Follower(spool.file, "mx1", begin="oldest", settle_seconds=0), []

        def accounted() -> bool:
            while (batch := follower.read()) is not None:
                kept.extend(batch.lines)
            checkpoint.save(reader, Checkpoint(str(spool.file), follower.position))
            lost = [re.search(r"had no room for(?: \((\d+) times\))?", letter.reason) for letter in lab.letters]
            return len(kept) + sum(int(found[1] or 1) for found in lost if found) == len(sent)

        until(accounted, "as many lines and losses as were sent")
        assert 0 < len(kept) < len(sent)


WRONG = {
    "": "one of udp, tcp and tls is needed",
    'tcp = "localhost:514"': "no address:port",
    'tcp = "::1:514"': "no address:port",
    'udp = "192.0.2.10:0"': "no address:port",
    'tcp = "127.0.0.1:514"\ntls = "127.0.0.1:514"': "tcp and tls cannot share a place",
    'tls = "127.0.0.1:6514"': "tls needs certificate and key",
    'tcp = "127.0.0.1:514"\nca = "x"': "certificate, key and ca are for tls",
    'tcp = "127.0.0.1:514"\nallow = []': "allow",
    'tcp = "127.0.0.1:514"\nallow = ["192.0.2.1/24"]': "no network",
    'tcp = "127.0.0.1:514"\nhosts = { "mx1" = "192.0.2.1" }': "no IP address",
    'tcp = "127.0.0.1:514"\nhosts = { "192.0.2.1" = "a b" }': "hosts.192.0.2.1",
}


@pytest.mark.parametrize("given", WRONG)
def test_a_wrong_setting_is_told_with_its_place(given: str) -> None:
    with pytest.raises(SettingsError, match=f"input.relays.*{WRONG[given]}"):
        parse(f'[input.relays]\nkind = "syslog"\n{given}', "relaywarden.toml")


def test_a_place_that_another_has_is_told_and_nothing_is_taken(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as other:
        place = f"{HOST}:{other.getsockname()[1]}"
        settings = SyslogInput(kind="syslog", udp=place, tcp=place)
        spool = Spool(tmp_path / "spool", 1 << 20)
        outlet = Outlet("relays", spool, None, Losses("relays", "syslog"), tmp_path / "state.json")
        with pytest.raises(ValueError, match=rf"input\.relays\.tcp: '{place}': Address already in use"):
            syslog.run(settings, outlet, threading.Event())
    with socket.socket(type=socket.SOCK_DGRAM) as again:
        again.bind((HOST, int(place.rpartition(":")[2])))  # it was let go of
        assert again.getsockname()[0] == HOST


@pytest.mark.parametrize("why", ["full", "broken"])
def test_lines_that_the_end_finds_without_a_place_on_disk_are_told(why: str, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", 1 if why == "full" else 1 << 20)
    if why == "broken":
        spool.close()
    losses, stop = Losses("relays", "syslog"), threading.Event()
    gathered = _gathered.Gathered("relays", spool, losses, stop)
    thread = threading.Thread(target=gathered.run)
    thread.start()
    assert gathered.put([b"one", b"two"]) == 0.0
    stop.set()
    gathered.put([b"three"])
    gathered.close()
    thread.join(60)
    letters: list[object] = []
    losses.run(letters.extend, stop)
    (letter,) = letters
    assert isinstance(letter, DeadLetter)
    assert letter.reason == "ended while there was no room in the spool: lines that were taken are lost (3 times)"
    assert letter.text == "one"
