"""What the tests of mails' inputs share: an outlet into a Maildir, the intake behind it, a report to be sent."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from collectors.inputs import Outlet, Run
from collectors.intake import Intake
from collectors.losses import Losses
from schemas.events import Event
from schemas.maildrop import Maildrop
from schemas.settings import Maildir

REPORT = """\
From: feedback@provider.example.net
Date: Sun, 1 Mar 2026 10:00:00 +0000
Subject: complaint {number}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary=b

--b
Content-Type: text/plain

A complaint.
--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Example/1
Version: 1
Source-IP: 192.0.2.11

--b
Content-Type: message/rfc822

Received: from mx1.example.net (mx1.example.net [192.0.2.11])
\tby mx.example.com with ESMTPS; Sun, 1 Mar 2026 09:00:01 +0000
From: eve@example.net
Message-ID: <{number}@example.net>

Buy!
--b--
"""

BOUNCE = """\
From: MAILER-DAEMON@mx.example.com
Date: Sun, 1 Mar 2026 10:00:00 +0000
Subject: Undelivered Mail
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

Sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; bob@example.com
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--b--
"""


class Box:
    """An input's outlet in a folder, and the intake that reads what it delivers."""

    def __init__(self, folder: Path, kind: str, **more: Any) -> None:  # noqa: ANN401 a Maildir's settings
        self.losses = Losses("box", kind)
        self._settings = Maildir(maildir=folder / "mails", **more)
        self.outlet = Outlet("box", None, Maildrop(folder / "mails"), self.losses, folder / "input-box.json")
        self.new, self.cur = folder / "mails" / "new", folder / "mails" / "cur"

    def mails(self) -> list[bytes]:
        """Return what was delivered, read or not."""
        return sorted(path.read_bytes() for folder in (self.new, self.cur) for path in folder.iterdir())

    def events(self) -> list[Event]:
        """Return the events of what was delivered and not read yet."""
        found: list[Event] = []
        intake = Intake(self._settings, "box")
        while intake.take(found.extend):
            pass
        return found

    def lost(self) -> dict[str, str]:
        """Return what was noted as lost since the last time: the reasons, each with its sample."""
        letters: list[Any] = []
        stop = threading.Event()
        stop.set()
        self.losses.run(letters.extend, stop)
        return {letter.reason: letter.text for letter in letters}


@contextmanager
def running(run: Run, settings: object, outlet: Outlet) -> Iterator[Callable[[], bool]]:
    """Run an input in a thread until the end; give what tells whether it still does. Its error is raised at the end."""
    stop = threading.Event()
    failed: list[ValueError | OSError] = []

    def work() -> None:
        try:
            run(settings, outlet, stop)
        except (ValueError, OSError) as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield thread.is_alive
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()
    if failed:
        raise failed[0]
