"""Mails of an IMAP folder: those that are there, then what comes, told by the server (IDLE) or asked for each minute.

Where it was read to, UIDVALIDITY and UID, is noted after the delivery. A mail is known by its bytes: when the server
numbers its mails anew and all are fetched again, those that were delivered before are not delivered twice.

A mail that the server refuses to give, alone and twice, is owed: noted with the place, passed over, asked for later.
"""

import logging
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import inf

import msgspec
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, ProtocolError

from collectors.away import Away
from collectors.imapfolder import Fetched, Folder, LoginRefusedError, opened
from collectors.inputs import Outlet
from collectors.inputs._controls import escaped
from collectors.remembered import recalled, remember
from schemas import tls
from schemas.inputs.imap import ImapInput
from schemas.maildrop import Maildrop, seconds_of

LOG = logging.getLogger("relaywarden.collect")
AWAY = (IMAPClientError, OSError, ValueError, LookupError, TypeError, AttributeError)
"""What imapclient raises where a server is away, refuses something, or answers what it does not understand."""
_LONGEST_REASON = 300  # the server's words
_MOST_OWED = 100  # a server that refuses more is ill as a whole, and waited for
_OWED_SECONDS = (60.0, 3600.0)
_PAUSE_SECONDS = (1.0, 300.0)
_LOST = (IMAPClientAbortError, ProtocolError)


class _Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a folder was read, and which mails before that are `owed`, by their UIDs."""

    folder: str
    validity: int
    uid: int
    owed: tuple[int, ...] = ()


class _NotGivenError(Exception):
    """The server did not give a mail that was asked for, or one of several; `lost`: nor will this connection others."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error) or repr(error))
        self.lost = not isinstance(error, IMAPClientError) or isinstance(error, _LOST)


def run(settings: ImapInput, outlet: Outlet, stop: threading.Event) -> None:
    """Deliver the mails of the folder until `stop`. ValueError for an unset password, a damaged state or `ca`."""
    place = f"input.{outlet.name}"
    with ready(settings, place, LOG.warning) as (password, context):
        pass
    if outlet.mails is None:
        stop.wait()
        return
    reader = _Reader(settings, outlet, outlet.mails, stop)
    what = f"{place}: {settings.user} at {settings.host}"
    away = Away(what, longest=300.0)
    refused = Away(what, first=60.0, longest=3600.0)  # a server bars who tries a wrong password too often
    while not stop.is_set():
        try:
            with opened(settings, password, context) as folder:
                refused.well()
                reader.follow(folder, away)
        except LoginRefusedError as error:
            stop.wait(refused.failed(str(error)))
        except _NotGivenError:
            stop.wait(reader.pause())
        except AWAY as error:
            stop.wait(away.failed(str(error) or repr(error)))


@contextmanager
def ready(settings: ImapInput, place: str, warn: tls.Warn) -> Iterator[tuple[str, ssl.SSLContext]]:
    """Give the password, and whom to trust."""
    yield settings.password(place), tls.client(place, settings.ca, warn)


class _Reader:
    """Brings what is new in a folder."""

    def __init__(self, settings: ImapInput, outlet: Outlet, mails: Maildrop, stop: threading.Event) -> None:
        self._settings, self._outlet, self._mails, self._stop = settings, outlet, mails, stop
        self._folder = f"{settings.user}@{settings.host}/{settings.folder}"
        self._at = recalled(outlet.state, _Place)
        self._alone_to = 0  # up to this UID each is asked for alone: with one of them the server refused others
        self._doubted = 0  # this UID was refused once
        self._owed_at, self._owed_pause = 0.0, _OWED_SECONDS[0]
        self._pause = _PAUSE_SECONDS[0]

    def follow(self, folder: Folder, away: Away) -> None:
        """Deliver what is there and what comes, until `stop`; whatever fails is raised."""
        at = self._begin(folder)
        while not self._stop.is_set():
            at = self._take(folder, at)
            if at.owed and time.monotonic() >= self._owed_at:
                at = self._take_owed(folder, at)
            away.well()
            folder.wait(self._stop, max(0.0, self._owed_at - time.monotonic()) if at.owed else inf)

    def pause(self) -> float:
        """Return after how many seconds to connect again: the longer, the more often none was given before it broke."""
        pause, self._pause = self._pause, min(2 * self._pause, _PAUSE_SECONDS[1])
        return pause

    def _begin(self, folder: Folder) -> _Place:
        at = self._at
        if at is None or at.folder != self._folder:
            uid = folder.highest() if self._settings.start == "end" else 0
        elif at.validity == folder.validity:
            return at
        else:
            LOG.warning(
                "input.%s: %s numbers its mails anew (UIDVALIDITY); all are fetched again, those delivered before are "
                "known by their bytes",
                self._outlet.name,
                self._folder,
            )
            uid = self._alone_to = self._doubted = 0
        return self._noted(_Place(self._folder, folder.validity, uid))

    def _take(self, folder: Folder, at: _Place) -> _Place:
        for uids in folder.after(at.uid):
            alone = [uid for uid in uids if uid <= self._alone_to]
            for some in (*([uid] for uid in alone), uids[len(alone) :]):
                if self._stop.is_set():
                    return at
                if some:
                    at = self._passed(folder, at, some)
        return at

    def _passed(self, folder: Folder, at: _Place, uids: Sequence[int]) -> _Place:
        """Return the place behind these mails: taken together, else one by one, at last without the one that is owed.

        _NotGivenError where this connection is lost with it.
        """
        try:
            for mails in self._given(folder, uids):
                self._deliver(folder, mails)
                if mails:
                    at = self._noted(msgspec.structs.replace(at, uid=mails[-1].uid))
                if self._stop.is_set():
                    break
        except _NotGivenError as error:
            left = [uid for uid in uids if uid > at.uid]
            self._alone_to = max((self._alone_to, *left))
            if len(left) == 1:
                at = self._owing(at, left[0], error)
            if error.lost:
                raise
            for uid in left:
                if uid > at.uid and not self._stop.is_set():
                    at = self._passed(folder, at, [uid])
        return at

    def _owing(self, at: _Place, uid: int, error: _NotGivenError) -> _Place:
        """Return the place behind a mail that was refused twice, which is owed now; the first time it stays."""
        if uid != self._doubted:
            self._doubted = uid
            return at
        if len(at.owed) >= _MOST_OWED:
            raise IMAPClientError(str(error)) from error
        said = escaped(str(error)[:_LONGEST_REASON].encode("utf-8", "replace")).decode()
        reason = f"a mail that the server does not give, asked for again later: {said}"
        self._outlet.losses.note(reason, sample=b"UID %d" % uid)
        if not at.owed:
            LOG.warning("input.%s: %s: %s (UID %d)", self._outlet.name, self._folder, reason, uid)
            self._owed_pause = _OWED_SECONDS[0]
            self._owed_at = time.monotonic() + self._owed_pause
        return self._noted(msgspec.structs.replace(at, uid=uid, owed=(*at.owed, uid)))

    def _take_owed(self, folder: Folder, at: _Place) -> _Place:
        """Ask for each mail that is owed once more; the last of those to be asked for is the one refused last."""
        self._owed_pause = min(2 * self._owed_pause, _OWED_SECONDS[1])
        self._owed_at = time.monotonic() + self._owed_pause
        for uid in at.owed:
            if self._stop.is_set():
                break
            try:
                mails = [each for group in self._given(folder, [uid]) for each in group]
            except _NotGivenError as error:
                at = self._at = msgspec.structs.replace(at, owed=(*_without(at.owed, uid), uid))
                if error.lost:
                    self._pause = _PAUSE_SECONDS[0]
                    raise
                continue
            self._deliver(folder, mails)
            at = self._noted(msgspec.structs.replace(at, owed=_without(at.owed, uid)))
            how = "given at last" if mails else "not there any more"
            LOG.info("input.%s: %s: the mail with the UID %d is %s", self._outlet.name, self._folder, uid, how)
        return at

    @staticmethod
    def _given(folder: Folder, uids: Sequence[int]) -> Iterator[list[Fetched]]:
        """Yield mails as of `Folder.mails`. _NotGivenError where the server gives them not."""
        try:
            yield from folder.mails(uids)
        except AWAY as error:
            raise _NotGivenError(error) from error

    def _deliver(self, folder: Folder, mails: Sequence[Fetched]) -> None:
        for each in mails:
            self._mails.deliver(each.mail, came=seconds_of(each.came))
            self._pause = _PAUSE_SECONDS[0]
        folder.move([each.uid for each in mails])

    def _noted(self, place: _Place) -> _Place:
        remember(self._outlet.state, place)
        self._at = place
        return place


def _without(owed: tuple[int, ...], uid: int) -> tuple[int, ...]:
    return tuple(other for other in owed if other != uid)
