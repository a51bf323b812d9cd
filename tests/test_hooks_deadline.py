"""A server that answers byte by byte, or without end, holds a hook no longer than its time, and tells no secret."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from embedded.hooks_plan import rows
from schemas.settings import Settings
from streams import effects_haproxy, effects_http, effects_kumomta
from streams.deeds import HaproxyServers, HttpCall, KumoEpoch, KumoServer, KumoSuspensions, Secret
from streams.effects import EffectError

SECRET = Secret(setting="s", env="TEST_SECRET")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"


@contextmanager
def _dripping(begin: bytes, drip: bytes, times: int = 50, pace_seconds: float = 0.05) -> Iterator[int]:
    """Serve one client: the beginning at once, then the drip again and again; after `times` it is over."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            try:
                client, _ = listening.accept()
                with client:
                    client.recv(65536)
                    client.sendall(begin)
                    for _ in range(times):
                        if ended.wait(pace_seconds):
                            return
                        client.sendall(drip)
            except OSError:
                return

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            ended.set()
            thread.join()


@pytest.mark.parametrize(("begin", "drip"), [(HEAD, b"x"), (b"HTTP/1.1 200 OK\r\nX: ", b"a")])
def test_a_webhook_ends_by_its_time(begin: bytes, drip: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SECRET", "s3cret")
    with _dripping(begin, drip) as port:
        call = HttpCall(
            url=f"http://127.0.0.1:{port}/tok", body="{}", idempotency_key="k", secret=SECRET, timeout_seconds=0.5
        )
        with pytest.raises(EffectError) as failed:
            effects_http.call(call)
    assert str(failed.value) == f"http://127.0.0.1:{port}: took longer than 0.5 s"


def test_kumomta_ends_by_its_time() -> None:
    with _dripping(HEAD, b"x") as port:
        server = KumoServer(url=f"http://127.0.0.1:{port}", user="", password=SECRET, timeout_seconds=0.5)
        with pytest.raises(EffectError) as failed:
            effects_kumomta.bump(KumoEpoch(server=server))
    assert str(failed.value) == f"http://127.0.0.1:{port}: took longer than 0.5 s"


def test_haproxy_ends_by_its_time() -> None:
    with _dripping(b"1\n", b"x") as port:
        effect = HaproxyServers(socket=f"127.0.0.1:{port}", backend="b", weights={"out1": 1}, timeout_seconds=0.5)
        with pytest.raises(EffectError, match=r"^127.0.0.1:\d+: (took longer than 0.5 s|timed out)$"):
            effects_haproxy.ask(effect, "show servers state b")


def test_haproxy_that_says_too_much_is_not_believed() -> None:
    with _dripping(b"1\n", b"x" * 500_000, pace_seconds=0.0) as port:
        effect = HaproxyServers(socket=f"127.0.0.1:{port}", backend="b", weights={"out1": 1}, timeout_seconds=10)
        with pytest.raises(EffectError, match=r"answers with more than 1000000 bytes$"):
            effects_haproxy.ask(effect, "show servers state b")


def test_an_error_of_kumomta_tells_the_host_only() -> None:
    server = KumoServer(url="http://u:t0psecret@127.0.0.1:9/t0ken", user="", password=SECRET, timeout_seconds=1)
    effect = KumoSuspensions(server=server, pool="main", decision="", queues=(), barred={}, minutes=1)
    for ask in (lambda: effects_kumomta.bump(KumoEpoch(server=server)), lambda: effects_kumomta.differs(effect)):
        with pytest.raises(EffectError, match=r"^http://127.0.0.1:9: ") as failed:
            ask()
        assert "t0" not in str(failed.value)


def test_the_plan_tells_no_token_of_a_url() -> None:
    hooks = {
        "webhook": {"url": "https://panel.example.net/t0ken?k=t0ken"},
        "kumomta": {"url": "http://127.0.0.1:9/t0ken"},
    }
    pool = {"transports": {"out1": "192.0.2.1"}, "hooks": hooks}
    plan = [str(row) for row in rows(Settings.model_validate({"pool": {"main": pool}}))]
    assert sum("https://panel.example.net" in row for row in plan) == 1
    assert "t0ken" not in "".join(plan)
