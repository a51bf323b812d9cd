"""Performs `HttpCall`: one signed POST.

The signature is HMAC-SHA256 over `TIMESTAMP.BODY`, so that a recorded call cannot be played again later.
"""

import asyncio
import hmac
import ssl
import time
from http import HTTPStatus
from urllib.parse import urlsplit

from streams.asking import calling, place_of, within
from streams.deeds import HttpCall
from streams.effects import EffectError, HopelessError
from streams.hook_secrets import secret_of

_MOST_BYTES = 65536
"""How much of an answer is read: the status decides, the rest is for the error's text."""
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


def call(effect: HttpCall) -> None:
    """Call the URL. EffectError for any answer but 200 to 299, HopelessError where it refuses this very call."""
    place = place_of(effect.url)
    timestamp = time.time_ns() // 1_000_000_000  # noqa: TID251 the receiver compares it with its clock
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "relaywarden",
        "Idempotency-Key": effect.idempotency_key,
        "Relaywarden-Timestamp": str(timestamp),
        "Relaywarden-Signature": signature(secret_of(effect.secret), timestamp, effect.body),
    }
    with calling(effect.url, effect.timeout_seconds) as caller:
        answer = caller.ask("POST", effect.url, _MOST_BYTES, effect.body.encode(), headers)
    if answer.fine:
        return
    failure = f"{place}: {answer}"
    refused = HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
    if refused and answer.status not in _PASSING:
        raise HopelessError(failure)
    raise EffectError(failure)


def reach(effect: HttpCall) -> None:
    """Connect to the URL's host, with TLS where it says so, and ask nothing. EffectError says why that fails."""
    place, url = place_of(effect.url), urlsplit(effect.url)
    secret_of(effect.secret)
    secure = url.scheme == "https"
    loop = asyncio.new_event_loop()
    try:
        context = ssl.create_default_context() if secure else None
        opening = asyncio.open_connection(url.hostname, url.port or (443 if secure else 80), ssl=context)
        _, writer = loop.run_until_complete(within(effect.timeout_seconds, opening))
        writer.transport.abort()
    except (OSError, ValueError) as error:
        raise EffectError(f"{place}: {getattr(error, 'strerror', '') or error}") from error
    finally:
        loop.run_until_complete(asyncio.sleep(0))  # a connection is closed by the loop's next turn
        loop.close()
