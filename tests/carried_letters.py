"""Carries letters of a letterbox until none is left, as the desk does; killed, it is started again.

`python -m tests.carried_letters FOLDER PORT`: the server's mail log is FOLDER/mail.log, a Message-ID a line;
events go to FOLDER/events.
"""

import sys
import time
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path

from schemas import codec
from schemas.mailbox_events import NoticeSent
from schemas.names import derived_id
from schemas.smtp_settings import Posting
from streams.carrying import Carrier, Proof, Route
from streams.letterbox import Letter, Letterbox

SENDER = "support@isp.example"


def letter(name: str, due: int = 1) -> Letter:
    """Return a letter of the route `test` to a customer."""
    message_id = f"<{name}@isp.example>"
    notice = NoticeSent(
        id=derived_id("notice", message_id, "intended"),
        at=0,
        customer=name,
        recipient=f"{name}@example.net",
        template="letter",
        language="de",
        message_id=message_id,
        status="intended",
        decision=f"due-{name}",
        sunset="smtp_after_pop",
    )
    return Letter(route="test", notice=notice, content=f"Dear {name}".encode(), due=due)


def compose(given: Letter, at: int) -> EmailMessage:
    """Return a mail; ValueError for the letter called `impossible`."""
    if given.notice.customer == "impossible":
        raise ValueError("a name that stands in no header")
    mail = EmailMessage()
    mail["Message-ID"] = given.message_id
    mail["Date"] = formatdate(at / 1_000_000)
    mail.set_content(f"{given.content.decode()}\n.\n..two dots\n")
    return mail


def route(port: int, **more: object) -> Route:
    """Return a way to the server of a test."""
    given = Posting.model_validate({"port": port, "timeout_seconds": 5, "per_hour": 100_000, **more})
    return Route(given, SENDER, "sunset.test.mail", compose)


def main(folder: Path, port: int) -> None:
    """Carry what is in the box; one turn a few milliseconds, so that a kill finds it anywhere."""

    def publish(event: NoticeSent) -> None:
        with (folder / "events").open("ab") as file:
            file.write(codec.encode(event) + b"\n")

    def proof(asked: Letter, _: int) -> Proof:
        taken = (folder / "mail.log").read_text().split()
        return "taken" if asked.message_id in taken else "not_taken"

    def clock() -> int:
        return time.time_ns() // 1000

    box = Letterbox(folder / "letters.db")
    carrier = Carrier(box, {"test": route(port)}, publish, proof, clock)
    carrier.begin()
    while carrier.turn():
        pass


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
