"""A real SMTP server for tests: it answers as it is told, and keeps what it took."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Server:
    """An SMTP server on loopback that answers DATA as it is told, and keeps what it took."""

    def __init__(self, port: int, **more: Any) -> None:  # noqa: ANN401 aiosmtpd's own parameters
        self.taken: list[tuple[str, EmailMessage]] = []
        self.tried = 0
        self.answers: list[str] = []
        self.recipient_answer = ""
        self.slow_seconds = 0.0
        self.port = port
        self._more = more
        self._controller: Controller | None = None

    async def handle_RCPT(  # noqa: N802 aiosmtpd's name and shape
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.recipient_answer:
            return self.recipient_answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.tried += 1
        if self.answers:
            return self.answers.pop(0)
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.taken.append((envelope.rcpt_tos[0], mail))
        return "250 2.0.0 queued as 4F1qXz3"

    def start(self) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **self._more)
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
