"""The hoster as it happens: logs written in real time, DNSBL zones on loopback, feedback reports into a Maildir.

The transport of each mail is asked of the real socketmap hook, as Postfix would. First some hours of quiet history are
written, so that the mailboxes have habits; then, every few minutes, a mailbox is taken over. The one who runs the
demo's block list lists the IP through which most spam hit its traps, and delists it when the spam has stopped.
"""

import logging
import os
import socket
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from heapq import heappop, heappush, merge
from pathlib import Path
from random import Random
from typing import Protocol, TextIO

from embedded.hoster.activity import HOUR, MINUTE, SECOND, Activity, Happening
from embedded.hoster.feedback import report
from embedded.hoster.lines import Line
from embedded.hoster.past import in_order, label
from embedded.hoster.postfix import Scribe, Sent
from embedded.hoster.resident import Horizon
from embedded.hoster.thieves import Thieves
from embedded.hoster.town import Town
from embedded.hoster.weather import Weather

LOG = logging.getLogger("relaywarden.hoster")
_COMPLAIN = 0.15  # of whom a thief's mail reached; of 0.05 one show in sixty had no complaint at all
_CALM = 25 * SECOND
_TRAP_HITS = 15
_BUSY = 4.0


class Zone(Protocol):
    """A DNSBL zone whose listed IPs can be changed while it answers."""

    def list_ip(self, ip: str, reason: str) -> None:
        """List an IP, with the reason that the TXT record gives."""

    def delist_ip(self, ip: str) -> None:
        """Take an IP off the list."""


@dataclass(frozen=True)
class Stage:
    """What the demo is set to: where to write, the pool, the socketmap's port, and the pace of the thieves."""

    folder: Path
    ips: dict[str, str]
    socketmap: tuple[str, int]
    seed: int = 1
    history_hours: float = 6.0
    first_takeover_seconds: float = 15.0
    takeover_seconds: float = 40.0
    every_minutes: float = 4.0


@dataclass
class Postmaster:
    """Who runs the block list: counts trap hits per IP, lists the worst, delists when the spam has stopped."""

    zone: Zone
    hits: Counter[str] = field(default_factory=Counter)
    listed: dict[str, int] = field(default_factory=dict)
    last_hit: int = 0

    def trapped(self, ip: str, at: int) -> None:
        """Note a mail that hit a trap through this IP; enough of them list the IP that sent most."""
        self.last_hit = at
        if self.listed:
            return
        self.hits[ip] += 1
        if self.hits.total() >= _TRAP_HITS:
            worst = self.hits.most_common(1)[0][0]
            self.zone.list_ip(
                worst, f"{worst} sent to {self.hits[worst]} spamtraps; see https://lookup.trapnet.example/"
            )
            self.listed[worst] = at
            LOG.info("the demo's block list lists %s", worst)

    def passed(self, at: int) -> None:
        """Delist what is listed once no trap was hit for a while."""
        if at - self.last_hit > _CALM:
            self.hits.clear()
            for ip in list(self.listed):
                self.zone.delist_ip(ip)
                del self.listed[ip]
                LOG.info("the demo's block list delists %s", ip)


def ask_socketmap(address: tuple[str, int], sender: str) -> str:
    """Return the transport that the pool's socketmap answers for a sender (socketmap_table(5)), "" if none."""
    query = f"main {sender}".encode()
    with suppress(OSError), socket.create_connection(address, timeout=2) as connection:
        connection.sendall(b"%d:%s," % (len(query), query))
        answer = connection.recv(4096).partition(b":")[2].rstrip(b",").decode(errors="replace")
        status, _, value = answer.partition(" ")
        return value.partition(":")[0] if status == "OK" else ""
    return ""


class Show:
    """The running demo: writes history, then follows the clock until the process is ended."""

    def __init__(self, stage: Stage, zone: Zone) -> None:
        self._stage = stage
        self._postmaster = Postmaster(zone)
        self._town = Town(stage.seed)
        self._thieves = Thieves(self._town, stage.seed)
        self._rng = Random(f"show {stage.seed}")
        self._live = False
        self._told_last = ""
        self._scribe = Scribe(stage.seed, self._transport, stage.ips, Weather(stage.seed, 0, 0, sorted(stage.ips)))
        self._reports: list[tuple[int, bytes]] = []
        self._spam: list[tuple[int, str]] = []
        self._reported = 0

    def _transport(self, sender: str) -> str:
        """Return by which transport a mail leaves: as the pool says, or said last where it does not answer in time."""
        if self._live:
            self._told_last = ask_socketmap(self._stage.socketmap, sender) or self._told_last
        return self._told_last or self._rng.choice(sorted(self._stage.ips))

    def _told(self, happening: Happening) -> list[Line]:
        sent, lines = self._scribe.write(happening)
        if sent and sent.mail.kind != "honest":
            self._consequences(sent)
        return lines

    def _consequences(self, sent: Sent) -> None:
        ip = self._stage.ips[sent.transport]
        for recipient in sent.reached:
            if recipient.trap:
                heappush(self._spam, (sent.mail.at + SECOND, ip))
            elif self._rng.random() < _COMPLAIN:
                at = sent.mail.at + int(self._rng.uniform(5, 20) * SECOND)
                heappush(self._reports, (at, report(sent, recipient, ip, at)))

    def _pace(self, at: int) -> None:
        """Wait until it is `at`, and let happen what is due by then."""
        while self._live:
            now = time.time_ns() // 1000
            self._due(min(now, at))
            if now >= at:
                return
            time.sleep(min(0.2, (at - now) / SECOND))

    def _due(self, now: int) -> None:
        while self._spam and self._spam[0][0] <= now:
            at, ip = heappop(self._spam)
            self._postmaster.trapped(ip, at)
        while self._reports and self._reports[0][0] <= now:
            self._deliver(heappop(self._reports)[1])
        self._postmaster.passed(now)

    def _deliver(self, text: bytes) -> None:
        self._reported += 1
        name = f"{time.time_ns() // 1_000_000_000}.M{self._reported}P{os.getpid()}.demo"
        maildir = self._stage.folder / "complaints"
        (maildir / "tmp" / name).write_bytes(text)
        (maildir / "tmp" / name).rename(maildir / "new" / name)

    def run(self) -> None:
        """Write the history, then go with the clock, for ever."""
        now = time.time_ns() // 1000
        for part in ("new", "cur", "tmp"):
            (self._stage.folder / "complaints" / part).mkdir(parents=True, exist_ok=True)
        with (
            (self._stage.folder / "mail.log").open("a", buffering=1 << 16) as mail_log,
            (self._stage.folder / "dovecot.log").open("a", buffering=1 << 16) as login_log,
        ):
            logs = {"mail": mail_log, "dovecot": login_log}
            start = now - int(self._stage.history_hours * HOUR)
            self._write(in_order(self._town.activity(start, now, Horizon(start, now, _BUSY)), self._told), logs, now)
            self._live = True
            self._write(in_order(self._from(now), self._told, self._pace), logs)

    def _from(self, start: int) -> Iterator[Activity]:
        """Yield the activity from `start` on, for ever: the town's days, and a takeover every few minutes."""
        first = start + int(self._stage.first_takeover_seconds * SECOND)
        step = int(self._stage.every_minutes * MINUTE)
        while True:
            end = start + HOUR
            starts = list(range(first, end - step // 2, step))
            first = starts[-1] + step
            jobs = self._thieves.plan(starts, self._stage.takeover_seconds / 60)
            with (self._stage.folder / "labels.jsonl").open("a") as labels:
                labels.writelines(label(job) for job in jobs)
            honest = self._town.activity(start, end, Horizon(start, end, _BUSY))
            yield from merge(honest, self._thieves.activity(jobs), key=lambda item: item.at)
            start = end

    def _write(self, lines: Iterator[Line], logs: Mapping[str, TextIO], until: int = 0) -> None:
        for line in lines:
            if until and line.at > until:
                continue
            logs[line.log].write(line.text)
            if self._live:
                logs[line.log].flush()
        for log in logs.values():
            log.flush()
