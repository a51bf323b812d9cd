"""A real Postfix, a real rbldnsd, all processes: listed, withdrawn, confirmed by the log, delisted, back."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

import dns.message
import dns.query
import dns.rcode
import pytest

from embedded.broker import free_port
from embedded.health import PROCESSES, ailments
from tests.parts import require, require_root
from tests.rbldns import TEST_POINTS, Rbldnsd
from tests.real.postfix_lab import PostfixLab
from tests.whole.lab import Lab, until

pytestmark = [pytest.mark.real, pytest.mark.slow]
ZONE = "bl.example.test"
BAD, GOOD = "127.0.1.1", "127.0.1.2"
TRANSPORTS = {"out1": BAD, "out2": GOOD}
INTERVAL = 1.0


class Traffic(Thread):
    """Submits ten mails a second, and notes when mail last reached the sink through each IP."""

    def __init__(self, postfix: PostfixLab) -> None:
        super().__init__(daemon=True)
        self.ended = Event()
        self.last: dict[str, float] = {}
        self.counts: Counter[str] = Counter()
        self._postfix = postfix

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        self.join()

    def run(self) -> None:
        while not self.ended.wait(0.2):
            self._postfix.send(2)
            now = time.monotonic()
            counts = self._postfix.counts()
            self.last.update({ip: now for ip in counts if counts[ip] > self.counts[ip]})
            self.counts = counts


@pytest.fixture
def postfix() -> Iterator[tuple[PostfixLab, int]]:
    """Run a Postfix that asks a socketmap on a free port."""
    require("postfix", "postfix")
    require("smtp-sink", "postfix")
    require_root("Postfix's master")
    port = free_port()
    extra = f"sender_dependent_default_transport_maps = socketmap:inet:127.0.0.1:{port}:main"
    lab = PostfixLab(TRANSPORTS, extra)
    try:
        yield lab, port
    finally:
        lab.stop()


@pytest.fixture
def blocklist() -> Iterator[Rbldnsd]:
    """Run an rbldnsd that lists nothing but its test points."""
    with Rbldnsd(require("rbldnsd", "rbldnsd"), {ZONE: dict(TEST_POINTS)}) as running:
        yield running


def _named(blocklist: Rbldnsd, ip: str) -> bool:
    name = ".".join(reversed(ip.split("."))) + f".{ZONE}."
    answer = dns.query.udp(dns.message.make_query(name, "A"), "127.0.0.1", port=blocklist.port, timeout=2)
    return answer.rcode() == dns.rcode.NOERROR and bool(answer.answer)


@pytest.mark.timeout(240)
def test_a_listed_ip_leaves_the_pool_and_returns(
    tmp_path: Path, postfix: tuple[PostfixLab, int], blocklist: Rbldnsd
) -> None:
    mta, port = postfix
    main = {
        "transports": TRANSPORTS,
        "min_active": 1,
        "quarantine_minutes": 0.1,
        "probation_minutes": 0.1,
        "stale_minutes": 0.5,
        "verify_seconds": 3.0,
        "hooks": {"postfix_socketmap": {"port": port, "state": str(tmp_path / "socketmap.json")}},
    }
    own = {"test": {"zone": ZONE, "weight": 1.0, "codes": {"127.0.0.2": "listed"}}}
    config = {
        "mta": {"mta": {"format": "postfix", "log": str(mta.log)}},
        "dnsbl": {"own": own, "port": blocklist.port, "interval_seconds": INTERVAL, "timeout_seconds": 1.0},
        "pool": {"main": main},
    }
    with Lab(tmp_path, config) as lab:
        for name in ("sink", "stream", "hooks", "collect"):
            lab.run(name)
        mta.start()
        decided = "SELECT countIf(type = '{}' AND ip = '127.0.1.1') FROM pool_events"
        until(
            lambda: lab.value("SELECT count() FROM pool_observations WHERE type = 'listing_observed'") > 0,
            60,
            "answers",
        )
        with Traffic(mta) as traffic:
            until(lambda: min(traffic.counts[BAD], traffic.counts[GOOD]) >= 5, 30, "mail through both")

            for name in PROCESSES:
                until(lambda name=name: ailments(lab.settings, name) == [], 30, f"{name} is healthy")  # type: ignore[misc]
            blocklist.write(ZONE, {**TEST_POINTS, BAD: "test listing"})
            until(lambda: _named(blocklist, BAD), 10, "the list names the IP")
            listed = time.monotonic()
            time.sleep(INTERVAL + 2)
            until(lambda: lab.value(decided.format("withdrawal_verified")) == 1, 30, "the log confirms the withdrawal")
            stopped = traffic.last[BAD] - listed
            assert stopped <= INTERVAL + 2, f"mail left through {BAD} until {stopped:.1f} s after the listing"
            assert traffic.last[GOOD] - listed > INTERVAL + 2, "mail goes on over the other IP"
            assert lab.value(decided.format("ip_withdrawn")) == 1
            assert lab.value(decided.format("withdrawal_drifted")) == 0

            quiet = traffic.counts[BAD]
            blocklist.write(ZONE, dict(TEST_POINTS))
            until(lambda: lab.value(decided.format("ip_restored")) == 1, 60, "the IP is restored")
            until(lambda: traffic.counts[BAD] > quiet + 5, 30, "mail leaves through it again")
            assert lab.value(decided.format("ip_probation_started")) == 2

        sent = "SELECT outbound_ip, uniqExact(id) FROM mail_events WHERE outcome = 'sent' GROUP BY outbound_ip"
        total = mta.wait_for(traffic.counts.total())
        until(lambda: dict(lab.rows(sent)) == dict(total), 20, "the warehouse tells what the sink saw")
        evidence = lab.value("SELECT evidence[1].2 FROM pool_events FINAL WHERE type = 'ip_withdrawn'")
        assert "test" in evidence
        for name in ("collect", "stream", "sink", "hooks"):
            assert lab.end(name) == 0, lab.log(name)
