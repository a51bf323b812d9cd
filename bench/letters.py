"""How many letters of a sunset a desk hands over in a second: `python -m bench.letters [LETTERS]`.

From the topic of a real broker through the letterbox to a real SMTP server (aiosmtpd, a process of its own, which
writes nothing), and back to the topic: each step is on the disk and acknowledged before the next.
"""

import logging
import multiprocessing
import sys
import tempfile
import threading
import time
from datetime import date
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from bench.sunset import Clock, Domains, uses
from collectors.admin import ensure_topics
from embedded.broker import Broker, free_port
from schemas.events import Event
from schemas.names import derived_id
from schemas.settings import Settings
from schemas.sunset_events import LetterDue
from schemas.sunset_settings import Sunset, SunsetMail
from streams.journal import Journal
from streams.letter_task import Posted
from streams.sunset.ledger import Ledgers, fold
from streams.sunset.weeks import moment

_MAILBOXES = 3


class _Taking:
    """A server that takes everything and keeps nothing."""

    async def handle_DATA(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802 aiosmtpd's name
        return "250 2.0.0 taken"


def _serve(port: int) -> None:
    Controller(_Taking(), hostname="127.0.0.1", port=port).start()
    threading.Event().wait()


def _sunset(port: int) -> Sunset:
    mail = SunsetMail(
        sender="care@isp.example",
        company="Example ISP",
        support="+49",
        smtp_server="smtp.isp.example",
        port=port,
        per_hour=1_000_000,
    )
    return Sunset(kind="smtp_after_pop", begins=date(2027, 2, 1), ends=date(2027, 3, 22), mail=mail)


def _letter(number: int, at: int) -> LetterDue:
    identity = derived_id("bench", number)
    return LetterDue(
        id=identity,
        at=at,
        sunset="pop",
        customer=f"customer{number}",
        recipient=f"it@customer{number}.example",
        language="de",
        kind="letter",
        number=1,
        of=6,
        week=1,
        ends="2027-03-22",
        due=at,
        uses=tuple(uses(_MAILBOXES, at)),
        message_id=f"<{identity}@isp.example>",
    )


def _settings(folder: Path, bootstrap: str, port: int) -> Settings:
    return Settings.model_validate(
        {
            "data": str(folder),
            "kafka": {"bootstrap": [bootstrap]},
            "sunset": {"pop": _sunset(port).model_dump(mode="json", exclude_none=True)},
        }
    )


def _carry(settings: Settings, at: int, clock: Clock, letters: int) -> None:
    ledgers: Ledgers = {}
    posted = Posted(settings, lambda: at, lambda: ledgers, Domains)

    def take(event: Event) -> None:
        fold(ledgers, (event,))
        posted.take(event)

    with Journal(settings.kafka, take, lambda: None) as journal:
        journal.append(_letter(number, at) for number in range(letters))
        journal.read()
        clock.tell(f"{letters} letters on the topic and read")
        began, used = time.monotonic(), time.process_time()
        posted.turn(journal)
        while posted.left():
            journal.read()
            posted.turn(journal)
        milliseconds = 1000 * (time.process_time() - used) / letters
        clock.tell(
            f"{letters / (time.monotonic() - began):.0f} letters a second, {milliseconds:.1f} ms of CPU time each"
        )
    file = settings.data / "letters.db"
    print(f"{file.stat().st_size / 1e6:.0f} MB of {file.name}")


def main(letters: int) -> None:
    """Hand so many letters over, each about three mailboxes."""
    logging.disable(logging.WARNING)
    port, clock = free_port(), Clock()
    server = multiprocessing.Process(target=_serve, args=(port,), daemon=True)
    server.start()
    with tempfile.TemporaryDirectory() as folder, Broker(Path(folder) / "broker.log") as broker:
        settings = _settings(Path(folder) / "data", broker.bootstrap, port)
        ensure_topics(settings)
        time.sleep(1)  # the server has its port by then
        _carry(settings, moment(_sunset(port), 1), clock, letters)
    server.terminate()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
