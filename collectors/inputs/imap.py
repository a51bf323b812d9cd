"""Mails of an IMAP folder: those that are there, then what comes, told by the server (IDLE) or asked for each minute.

Where it was read to, UIDVALIDITY and UID, is noted after the delivery. A mail is known by its bytes: when the server
numbers its mails anew and all are fetched again, those that were delivered before are not delivered twice.
"""

import logging
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from imapclient.exceptions import IMAPClientError

from collectors import tls
from collectors.away import Away
from collectors.imapfolder import Folder, LoginRefusedError, opened
from collectors.inputs import Outlet
from collectors.maildrop import Maildrop, seconds_of
from collectors.remembered import recalled, remember
from schemas.inputs.imap import ImapInput

LOG = logging.getLogger("relaywarden.collect")
AWAY = (IMAPClientError, OSError, ValueError, LookupError, TypeError, AttributeError)
"""What imapclient raises where a server is away, refuses something, or answers what it does not understand."""


class _Place(msgspec.Struct, frozen=True):
    """How far a folder was read."""

    folder: str
    validity: int
    uid: int


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

    def follow(self, folder: Folder, away: Away) -> None:
        """Deliver what is there and what comes, until `stop`; whatever fails is raised."""
        at = self._begin(folder)
        while not self._stop.is_set():
            at = self._take(folder, at)
            away.well()
            folder.wait(self._stop)

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
            uid = 0
        return self._noted(_Place(self._folder, folder.validity, uid))

    def _take(self, folder: Folder, at: _Place) -> _Place:
        for uids in folder.after(at.uid):
            for mails in folder.mails(uids):
                for each in mails:
                    self._mails.deliver(each.mail, came=seconds_of(each.came))
                folder.move([each.uid for each in mails])
                if mails:
                    at = self._noted(msgspec.structs.replace(at, uid=mails[-1].uid))
                if self._stop.is_set():
                    return at
        return at

    def _noted(self, place: _Place) -> _Place:
        remember(self._outlet.state, place)
        self._at = place
        return place
