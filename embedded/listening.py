"""Whether the addresses of the configuration are free on this machine, or held by the process they are meant for."""

import errno
import socket
import ssl
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress

from schemas.api_settings import Api
from schemas.settings import Settings
from streams import switchplaces
from streams.socketmap import netstring

_PATIENCE_SECONDS = 2.0
_OWNERS = {
    "dashboard": "the dashboard's",
    "postfix_socketmap": "a socketmap's",
    "pull": "GET /v1/pool's",
    "postfix_policy": "the policy's",
    "api": "the API's",
}


def faults(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each address that cannot be listened on, or that two would listen on."""
    dashboard = (settings.dashboard.host, settings.dashboard.port)
    yield from _problem("dashboard", dashboard, running=_answers_as_dashboard(*dashboard))
    taken = {dashboard: "dashboard"}
    for place, address, answers in _servers(settings):
        other = taken.setdefault(address, place)
        kind = other.rpartition(".")[2]
        if other == place:
            yield from _problem(place, address, running=answers(*address))
        elif kind != place.rpartition(".")[2]:
            yield f"{place}.port: {address[1]} is {_OWNERS[kind]} port too"


def _servers(settings: Settings) -> Iterator[tuple[str, tuple[str, int], Callable[[str, int], bool]]]:
    """Yield where `relaywarden hooks` would listen, and what tells whether it does already."""
    for kind, answers in (("postfix_socketmap", _answers_as_socketmap), ("pull", answers_as_pull)):
        for name, pool in settings.pool.items():
            hook = getattr(pool.hooks, kind)
            if hook is not None:
                yield f"pool.{name}.hooks.{kind}", (hook.host, hook.port), answers
    policy = settings.mailboxes.hooks.postfix_policy
    if policy is not None:
        yield "mailboxes.hooks.postfix_policy", (policy.host, policy.port), answers_as_policy
    api = settings.api
    if api is not None:
        yield "api", (api.host, api.port), lambda *_: answers_as_api(api)
    for place, address in switchplaces.places(settings).items():
        yield place, address, answers_as_policy


def dashboard_is_free(settings: Settings) -> None:
    """Return if the pages can be served where they are configured. OSError says why not."""
    for sentence in _problem("dashboard", (settings.dashboard.host, settings.dashboard.port), running=False):
        raise OSError(sentence)


def _problem(place: str, address: tuple[str, int], *, running: bool) -> Iterator[str]:
    host, port = address
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                yield f"{place}.host: {host} is no address of this machine"
            elif not running:
                yield f"{place}.port: {host}:{port}: {error.strerror}"


def _answers_as_dashboard(host: str, port: int) -> bool:
    """Tell whether Streamlit serves pages there."""
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}/_stcore/health"
    with suppress(OSError, ValueError), urllib.request.urlopen(url, timeout=_PATIENCE_SECONDS) as answer:
        return bool(answer.read(16) == b"ok")
    return False


def _answers_as_socketmap(host: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((host, port), timeout=_PATIENCE_SECONDS) as asked:
        asked.sendall(netstring(b"relaywarden-check check@example.net"))
        content = asked.recv(256).partition(b":")[2]
        return content.startswith((b"OK ", b"PERM no pool"))
    return False


def answers_as_policy(host: str, port: int) -> bool:
    """Tell whether a policy server answers there."""
    with suppress(OSError), socket.create_connection((host, port), timeout=_PATIENCE_SECONDS) as asked:
        asked.sendall(b"request=relaywarden_check\n\n")
        return asked.recv(256) == b"action=DUNNO\n\n"
    return False


def answers_as_pull(host: str, port: int) -> bool:
    """Tell whether GET /v1/pool is served there."""
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}/healthz"
    with suppress(OSError, ValueError), urllib.request.urlopen(url, timeout=_PATIENCE_SECONDS) as answer:
        return bool(answer.headers["Server"] == "relaywarden")
    return False


def answers_as_api(api: Api) -> bool:
    """Tell whether the API is served there; whose certificate it shows does not matter."""
    with suppress(OSError), socket.create_connection((api.host, api.port), timeout=_PATIENCE_SECONDS) as asked:
        with _unverified().wrap_socket(asked) if api.certificate is not None else asked as wrapped:
            wrapped.sendall(b"GET /healthz HTTP/1.1\r\nHost: relaywarden\r\nConnection: close\r\n\r\n")
            answer = b""
            while piece := wrapped.recv(4096):
                answer += piece
        return answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b'{"works":true}')
    return False


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
