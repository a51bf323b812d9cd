"""Mails the customers of barred and released mailboxes from this host: each once where that can be known, none lost.

An event says `intended` before a mail is handed over, and how it ended afterwards. Both are written down on disk first
(`streams/outbox.py`), so a process that dies in between hands the mail over again, with the same Message-ID and Date.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from schemas.mailbox_events import NoticeSent
from schemas.mailbox_hooks import CustomerMailHook
from schemas.names import derived_id
from schemas.settings import Settings
from streams.bars import Bar, TellCustomers
from streams.effects import EffectError
from streams.notice_files import texts
from streams.notices import OF_STEP, Notice
from streams.notices.addressing import Addressing
from streams.notices.examples import examples
from streams.notices.letter import letter, message_id
from streams.notices.rendering import Renderer
from streams.outbox import Item, Outbox
from streams.smtp import handed_over

_HOUR_SECONDS = 3600
_LONGEST_PAUSE_SECONDS = 900.0
_FIRST_PAUSE_SECONDS = 15.0
_LOOK_SECONDS = 5.0
_BROKEN_SECONDS = 30.0
_TOLD_AGAIN_SECONDS = 3600
_PLACE = "mailboxes.hooks.customer_mail"
_log = logging.getLogger(__name__)


def pause_seconds(attempts: int) -> float:
    """Return how long to wait after so many tries: twice as long each time, up to a quarter of an hour."""
    return float(min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** min(attempts - 1, 10)))


class Mailer:
    """The mails of one host: `tell` takes what was decided, and a thread sends."""

    def __init__(
        self,
        settings: Settings,
        hook: CustomerMailHook,
        folder: Path,
        report: Callable[[NoticeSent], None],
        pause: Callable[[int], float] = pause_seconds,
    ) -> None:
        """Read the templates and the outbox. ValueError where a template cannot be used, OSError for the outbox."""
        self._hook = hook
        self._renderer = Renderer(texts(hook.templates), hook)
        wrong = self._renderer.wrong(examples())
        if wrong:
            raise ValueError(f"mailboxes.hooks.customer_mail.templates: {'; '.join(wrong)}")
        self._addressing = Addressing(settings, hook)
        self._report = report
        self._pause = pause
        self._outbox = Outbox(folder / "notices.db")
        self._began = self._outbox.began(_now() / 1_000_000)
        self._turn = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._work, name="notices", daemon=True)

    def start(self) -> None:
        """Send from now on; what ended lately is told again, since its event may have been lost with the process."""
        for item in self._outbox.ended_since(_now() - _TOLD_AGAIN_SECONDS * 1_000_000):
            for event in facts_of(item):
                self._report(event)
        self._thread.start()

    def tell(self, effect: TellCustomers) -> None:
        """Take in the mails that follow from these. EffectError where the outbox cannot take them."""
        notices = [notice for name, bar in effect.bars.items() for notice in self._notice(name, bar)]
        with self._turn:
            try:
                taken = self._outbox.take(notices, _now() / 1_000_000)
            except sqlite3.Error as error:
                raise EffectError(f"the outbox of notices: {error}") from error
            self._turn.notify()
        if taken:
            _log.info("notices: %d to write", taken)

    def stop(self, timeout_seconds: float) -> None:
        """End the thread after the mail that it hands over now."""
        with self._turn:
            self._stopped = True
            self._turn.notify()
        self._thread.join(timeout_seconds)

    def _notice(self, mailbox: str, bar: Bar) -> Iterator[Notice]:
        if bar.since < self._began * 1_000_000:
            _log.info("notices: %s: %s was decided before notices were turned on", mailbox, bar.word)
            return
        addressee = self._addressing.of(mailbox)
        notice = Notice(
            mailbox=mailbox,
            customer=addressee.customer,
            recipient=addressee.recipient,
            language=addressee.language,
            template=OF_STEP[bar.step],
            message_id=message_id(mailbox, bar.step, bar.decision, self._hook.sender),
            decision=bar.decision,
            since=bar.since,
            recipients_per_hour=bar.recipients_per_hour,
            evidence=bar.evidence,
        )
        if addressee.problem:
            _log.warning("notices: %s: %s", mailbox, addressee.problem)
        if addressee.recipient:
            yield notice
        else:
            told = Item(notice=notice, taken=0.0, reply=f"not sent: {addressee.problem}", status="refused")
            self._report(_fact(told, "refused", bar.since))

    def _work(self) -> None:
        while True:
            with self._turn:
                if self._stopped:
                    return
                try:
                    item, wait = self._due()
                    begun = self._outbox.intend(item, _now()) if item else None
                except sqlite3.Error as error:
                    _log.error("the outbox of notices: %s", error)
                    begun, wait = None, _BROKEN_SECONDS
                if begun is None:
                    self._turn.wait(wait)
                    continue
            self._send(begun)

    def _due(self) -> tuple[Item | None, float]:
        """Return the mail to send now, or None and how long to wait: for a newer one, its time, or the hour's limit."""
        first = self._outbox.next()
        if first is None:
            return None, _LOOK_SECONDS
        now = _now()
        item, due = first
        wait = due - now / 1_000_000
        begun = self._outbox.begun_since(now - _HOUR_SECONDS * 1_000_000)
        if not item.began and len(begun) >= self._hook.per_hour:
            wait = max(wait, (begun[-self._hook.per_hour] - now) / 1_000_000 + _HOUR_SECONDS)
        return (item, 0.0) if wait <= 0 else (None, min(wait, _LOOK_SECONDS))

    def _send(self, item: Item) -> None:
        notice = item.notice
        self._report(_fact(item, "intended", item.began))
        try:
            mail = letter(notice, self._renderer.words(notice), self._hook, item.began)
        except ValueError as error:
            self._end(item, "refused", f"no mail can be made of it: {error}")
            return
        reply = handed_over(mail, notice.recipient, self._hook.sender, self._hook, _PLACE)
        if reply.status in {"sent", "refused"}:
            self._end(item, "sent" if reply.status == "sent" else "refused", reply.words)
        elif _now() / 1_000_000 - item.taken > self._hook.give_up_hours * _HOUR_SECONDS:
            self._end(item, "refused", f"given up after {item.attempts} tries: {reply.words}")
        else:
            _log.warning("notices: %s: try %d: %s", notice.mailbox, item.attempts, reply.words)
            due = _now() / 1_000_000 + self._pause(item.attempts)
            self._noted(lambda: self._outbox.later(item, reply.words, due))

    def _end(self, item: Item, status: Literal["sent", "refused"], words: str) -> None:
        at, notice = _now(), item.notice
        self._noted(lambda: self._outbox.end(item, status, words, at))
        level = logging.INFO if status == "sent" else logging.ERROR
        _log.log(level, "notices: %s to %s about %s: %s", status, notice.recipient, notice.mailbox, words)
        self._report(_fact(msgspec.structs.replace(item, reply=words), status, at))

    def _noted(self, note: Callable[[], None]) -> None:
        """Write down how a mail ended, for as long as it takes: forgotten it would be sent again."""
        with self._turn:
            while True:
                try:
                    note()
                except sqlite3.Error as error:
                    _log.error("the outbox of notices: %s", error)
                    if self._turn.wait_for(lambda: self._stopped, timeout=_BROKEN_SECONDS):
                        return
                else:
                    return


def facts_of(item: Item) -> tuple[NoticeSent, NoticeSent]:
    """Return both events of a mail that ended, as they were told the first time."""
    status: Literal["sent", "refused"] = "sent" if item.status == "sent" else "refused"
    return _fact(item, "intended", item.began), _fact(item, status, item.ended)


def _fact(item: Item, status: Literal["intended", "sent", "refused"], at: int) -> NoticeSent:
    notice = item.notice
    return NoticeSent(
        id=derived_id("notice", notice.message_id, status),
        at=at,
        mailbox=notice.mailbox,
        customer=notice.customer,
        recipient=notice.recipient,
        template=notice.template,
        language=notice.language,
        message_id=notice.message_id,
        status=status,
        reply=item.reply if status != "intended" else "",
        decision=notice.decision,
    )


def _now() -> int:
    return time.time_ns() // 1000  # noqa: TID251 a mail is dated when it is written
