"""Performs `HttpCall`: one signed POST.

The signature is HMAC-SHA256 over `TIMESTAMP.BODY`, so that a recorded call cannot be played again later.
"""

import hmac
import socket
import ssl
import time
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx

from streams.deeds import HttpCall
from streams.effects import EffectError, HopelessError
from streams.hook_secrets import secret_of

_SAID_CHARACTERS = 200
_PASSING = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.CONFLICT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
}
"""What an operator, or time, repairs; other answers of 400 to 499 say that this very call will never be taken."""


def signature(secret: str, timestamp: int, body: str) -> str:
    """Return the value of the header `Relaywarden-Signature`."""
    return "sha256=" + hmac.new(secret.encode(), f"{timestamp}.{body}".encode(), "sha256").hexdigest()


def _place(text: str) -> str:
    """Return what may be told of a URL: the rest may hold a token. EffectError where it is none."""
    try:
        url = urlsplit(text)
    except ValueError as error:
        raise EffectError("the URL cannot be read: its host is none") from error
    return f"{url.scheme}://{url.hostname}"


def call(effect: HttpCall) -> None:
    """Call the URL. EffectError for any answer but 200 to 299, HopelessError where it refuses this very call."""
    place = _place(effect.url)
    timestamp = time.time_ns() // 1_000_000_000  # noqa: TID251 the receiver compares it with its clock
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "relaywarden",
        "Idempotency-Key": effect.idempotency_key,
        "Relaywarden-Timestamp": str(timestamp),
        "Relaywarden-Signature": signature(secret_of(effect.secret), timestamp, effect.body),
    }
    try:
        answer = httpx.post(effect.url, content=effect.body, headers=headers, timeout=effect.timeout_seconds)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OverflowError, OSError) as error:  # as of a host's name
        raise EffectError(f"{place}: {error or type(error).__name__}") from error
    if answer.is_success:
        return
    said = " ".join(answer.text.split())[:_SAID_CHARACTERS]
    failure = f"{place}: {answer.status_code} {answer.reason_phrase}: {said}"
    if answer.is_client_error and answer.status_code not in _PASSING:
        raise HopelessError(failure)
    raise EffectError(failure)


def reach(effect: HttpCall) -> None:
    """Connect to the URL's host, with TLS where it says so, and ask nothing. EffectError says why that fails."""
    place, url = _place(effect.url), urlsplit(effect.url)
    secret_of(effect.secret)
    secure = url.scheme == "https"
    try:
        port = url.port or (443 if secure else 80)
        with socket.create_connection((url.hostname or "", port), timeout=effect.timeout_seconds) as plain:
            if secure:
                ssl.create_default_context().wrap_socket(plain, server_hostname=url.hostname).close()
    except (OSError, ValueError) as error:
        raise EffectError(f"{place}: {getattr(error, 'strerror', '') or error}") from error
