"""Keeps this host's suspension hooks at what the log says is barred: the shell of `streams/barred.py`."""

import logging
import socket
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import msgspec

from schemas.mailbox_events import MailboxSignal
from schemas.mailbox_hooks import PostfixPolicyHook
from schemas.settings import Settings
from streams import bars
from streams.barred import NOTHING, Decision, Kept, Standing
from streams.bars import Bar, HoldQueue, Policy, TellCustomers
from streams.carried import Carried
from streams.carrier import Carrier, Wanted
from streams.effects import EffectError, write
from streams.following import follow
from streams.mailboxlog import mailbox_log
from streams.mailing import Mailer
from streams.performing import Tools
from streams.policy import PolicyServer, Senders
from streams.queueing import QueueKeeper

_log = logging.getLogger(__name__)
_DECODER = msgspec.json.Decoder(Kept)
_KEPT = "barred.json"


class Barring:
    """What is barred on this host, kept on disk, and the hooks that carry it out."""

    def __init__(self, configuration: Settings) -> None:
        """Read what is known. ValueError where a state is damaged, OSError where it cannot be read or written."""
        self._configuration = configuration
        self._settings = configuration.mailboxes.hooks
        self._folder = configuration.data / "bars"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._kept = _read(self._folder / _KEPT)
        self._standing, self._told = Standing(self._kept), False
        self._policy: PolicyServer | None = None
        self._hooks = {} if self._settings.dry_run else bars.configured(self._settings)
        self._carried = {name: self._loaded(name) for name in self._hooks}
        self._carriers: list[Carrier] = []
        self._parts: list[QueueKeeper | Mailer] = []

    def begin(
        self,
        sockets: Mapping[tuple[str, int], socket.socket],
        host: str,
        report: Callable[[MailboxSignal], None],
        stop: threading.Event,
    ) -> None:
        """Give what was barred last to every hook, answer on the policy's socket, and follow the log until `stop`."""
        hook = self._settings.postfix_policy
        if hook is not None:
            self._policy = self._policy_server(hook)
            self._policy.start([sockets[hook.host, hook.port]])
            _log.info("policy: listening on %s port %d", hook.host, hook.port)
        self._warn_of_others()
        tools = Tools(
            policy=self._answer,
            queue=self._keeper(host, report),
            notices=self._mailer(report),
            report=report,
            host=host,
        )
        for name, settings in self._hooks.items():
            self._carriers.append(Carrier(name, settings, self._carried[name], tools))
            self._carriers[-1].start()
        self._want()
        opened = partial(mailbox_log, self._configuration.kafka)
        self._thread = threading.Thread(target=follow, args=("mailboxes", opened, [self], stop), name="mailboxes")
        self._thread.daemon = True
        self._thread.start()

    def stop(self, timeout_seconds: float) -> None:
        """End the hooks after what they do now, when `stop` is set."""
        self._thread.join(timeout_seconds)
        for carrier in self._carriers:
            carrier.stop(timeout_seconds)
        for part in self._parts:
            part.stop(timeout_seconds)
        if self._policy is not None:
            self._policy.stop()

    def start_over(self) -> None:
        """Await a log from its beginning."""
        self._standing, self._told = Standing(self._kept), False

    def take(self, events: tuple[Decision, ...], quiet_seconds: float, *, fresh: bool) -> None:  # noqa: ARG002 a log's
        """Take decisions, and give what is barred to the hooks if that changed."""
        self._standing.take(events)
        told, self._told = self._told, self._standing.tells(quiet_seconds)
        if not events and told == self._told:
            return
        kept = self._standing.now(quiet_seconds)
        if kept == self._kept:
            return
        before, self._kept = self._kept.barred, kept
        if self._settings.dry_run:
            self._tell(before, kept.barred)
            return
        try:
            write(self._folder / _KEPT, msgspec.json.format(msgspec.json.encode(kept), indent=1).decode(), mode=0o600)
        except OSError as error:
            _log.error("%s: what is barred is in memory only: %s", self._folder / _KEPT, error.strerror)
        if kept.barred != before:
            self._want()

    def _want(self) -> None:
        wanted = Wanted(self._kept.barred, self._kept.released)
        for carrier in self._carriers:
            carrier.want(wanted)

    def _loaded(self, hook: str) -> Carried:
        carried = Carried(self._folder / f"hook-{hook}.json")
        carried.load()
        return carried

    def _policy_server(self, hook: PostfixPolicyHook) -> PolicyServer:
        """Return the server with what is known to be barred; in a dry run it has no opinion about anybody."""
        barred = {} if self._settings.dry_run else self._kept.barred
        first = Policy(barred=barred, suspended=hook.suspended, throttled=hook.throttled)
        return PolicyServer(Senders(self._configuration.networks, hook.programs), first)

    def _keeper(self, host: str, report: Callable[[MailboxSignal], None]) -> Callable[[HoldQueue], None]:
        """Return what takes the orders about the queue: its keeper, where the hook is configured."""
        hook = self._settings.postfix_queue
        if hook is None or self._settings.dry_run:
            return _no_queue
        keeper = QueueKeeper(hook, self._configuration.networks, self._folder, host, report)
        self._parts.append(keeper)
        return keeper.want

    def _mailer(self, report: Callable[[MailboxSignal], None]) -> Callable[[TellCustomers], None]:
        """Return what takes the mails to customers: their mailer, where the hook is configured."""
        hook = self._settings.customer_mail
        if hook is None or self._settings.dry_run:
            return _no_mailer
        mailer = Mailer(self._configuration, hook, self._folder, report)
        self._parts.append(mailer)
        mailer.start()
        return mailer.tell

    def _answer(self, policy: Policy) -> None:
        if self._policy is None:
            raise EffectError("no policy server is configured")
        self._policy.answer(policy)

    def _tell(self, before: Mapping[str, Bar], after: Mapping[str, Bar]) -> None:
        names = ", ".join(bars.configured(self._settings))
        for mailbox in sorted({*before, *after}):
            bar = after.get(mailbox)
            if bar != before.get(mailbox):
                word, reason = (bar.word, bar.reason) if bar else ("release", "")
                _log.info("dry run: %r: %s by %s: %s", mailbox, word, names, reason)

    def _warn_of_others(self) -> None:
        """Say what a hook holds that is not configured any more: nobody would ever release it."""
        for path in sorted(self._folder.glob("hook-*.json")):
            name = path.stem.removeprefix("hook-")
            if name in bars.configured(self._settings):
                continue
            carried = self._loaded(name)
            held = sorted(mailbox for mailbox in carried.held if carried.touched(mailbox))
            if held:
                _log.warning("%s is not configured any more, but still bars %s", name, ", ".join(map(repr, held)))


def _no_queue(effect: HoldQueue) -> None:
    raise EffectError(f"no queue is kept, so {len(effect.suspended)} mailboxes' mail is not on hold")


def _no_mailer(effect: TellCustomers) -> None:
    raise EffectError(f"nobody writes mails, so {len(effect.bars)} customers are not told")


def _read(path: Path) -> Kept:
    try:
        return _DECODER.decode(path.read_bytes())
    except FileNotFoundError:
        return NOTHING
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: no state of what is barred: {error}") from error
