"""Hands one mail to an SMTP server, and tells apart what is refused for good, can be tried again, or may be taken."""

import re
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Literal

from schemas.redaction import redacted
from schemas.smtp_settings import Smtp
from streams.deeds import Secret
from streams.hook_secrets import secret_of

_WORDS = 300
_DONE = 2  # RFC 5321: the first digit
_GO_ON = 354
_DOT = re.compile(rb"^\.", re.MULTILINE)
_REFUSED = 500
_OF_THE_SESSION = frozenset((530, 534, 535, 538))  # RFC 3207, 4954: STARTTLS or a login is wanted; no fault of the mail


@dataclass(frozen=True)
class Reply:
    """How it ended: `sent`, `refused` for good, or `later`; in the server's words, or ours where it said nothing.

    `unsure`: the whole mail was given, and no answer came; the server may have taken it.
    """

    status: Literal["sent", "refused", "later", "unsure"]
    words: str


class _UnansweredError(Exception):
    """The mail was given up to its last dot, and then nothing was heard."""


class _RefusedError(Exception):
    def __init__(self, command: str, code: int, words: bytes) -> None:
        super().__init__(f"{command}: {code} {words.decode(errors='replace')}")
        final = code >= _REFUSED and code not in _OF_THE_SESSION and command != "MAIL"
        self.status: Literal["refused", "later"] = "refused" if final else "later"


def handed_over(mail: EmailMessage, recipient: str, sender: str, settings: Smtp, place: str) -> Reply:
    """Hand a mail over. An answer 5xx to recipient or text is final; what else goes wrong is the server's trouble.

    `sender` is the envelope's; `place` is that of the settings in the configuration.
    """
    try:
        server = _connected(settings, place)
        try:
            return Reply("sent", _shown(_sent(server, mail, recipient, sender)))
        finally:
            _leave(server)
    except _UnansweredError as error:
        return Reply("unsure", _shown(f"no answer to the whole mail: {error}"))
    except _RefusedError as error:
        return Reply(error.status, _shown(str(error)))
    except smtplib.SMTPServerDisconnected as error:
        return Reply("later", _shown(f"the server ended the connection: {error}"))
    except smtplib.SMTPResponseException as error:
        words = error.smtp_error
        said = words.decode(errors="replace") if isinstance(words, bytes) else str(words)
        return Reply("later", _shown(f"{error.smtp_code} {said}"))
    except (smtplib.SMTPException, OSError, ValueError) as error:
        return Reply("later", _shown(f"{settings.host} port {settings.port}: {error}"))


def _leave(server: smtplib.SMTP) -> None:
    """Part politely; what the server says to that changes nothing any more."""
    with suppress(smtplib.SMTPException, OSError):
        server.quit()
    server.close()


def _connected(settings: Smtp, place: str) -> smtplib.SMTP:
    """Return a connection that may send. OSError, SMTPException or ValueError where there is none."""
    timeout = settings.timeout_seconds
    if settings.security == "ssl":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            settings.host, settings.port, timeout=timeout, context=ssl.create_default_context()
        )
    else:
        server = smtplib.SMTP(settings.host, settings.port, timeout=timeout)
    try:
        if settings.security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if settings.user:
            server.login(settings.user, secret_of(_password(settings, place)))
    except BaseException:
        server.close()
        raise
    return server


def _password(settings: Smtp, place: str) -> Secret:
    return Secret(
        setting=f"{place}.password",
        env=settings.password_env,
        file=str(settings.password_file or ""),
    )


def _sent(server: smtplib.SMTP, mail: EmailMessage, recipient: str, sender: str) -> str:
    """Return the server's words about a mail that it took."""
    server.ehlo_or_helo_if_needed()
    _taken("MAIL", *server.mail(sender))
    _taken("RCPT", *server.rcpt(recipient))
    code, words = server.docmd("DATA")
    if code != _GO_ON:
        raise _RefusedError("DATA", code, words)
    text = mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))
    ending = b".\r\n" if text.endswith(b"\r\n") else b"\r\n.\r\n"
    server.send(_DOT.sub(b"..", text) + ending)  # a line that begins with a dot gets another (RFC 5321, 4.5.2)
    try:
        code, words = server.getreply()
    except (smtplib.SMTPException, OSError) as error:
        raise _UnansweredError(str(error) or type(error).__name__) from error
    return _taken("DATA", code, words)


def _taken(command: str, code: int, words: bytes) -> str:
    if code // 100 != _DONE:
        raise _RefusedError(command, code, words)
    return f"{code} {words.decode(errors='replace')}"


def _shown(words: str) -> str:
    return redacted(" ".join("".join(sign if sign.isprintable() else " " for sign in words).split()))[:_WORDS]
