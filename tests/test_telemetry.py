"""What a process tells of itself: /metrics, /healthz and /ready, where it tells it, and what is refused."""

import socket
from collections.abc import Iterator

import httpx
import pytest
from prometheus_client import REGISTRY

from embedded.broker import free_port
from schemas.metrics_settings import Metrics
from schemas.readiness import NOT_YET, READINESS, Readiness
from schemas.settings import SettingsError, parse
from schemas.telemetry import PORT_ENV, port_of, telling
from tests.scraped import asked, said, samples, wait_for_nothing


@pytest.fixture(autouse=True)
def _nothing_waited_for() -> Iterator[None]:
    """Begin and end without anything: other tests of this process may have left something."""
    wait_for_nothing()
    yield
    wait_for_nothing()


def metrics(**ports: int) -> Metrics:
    """Return settings in which only the named processes have a port."""
    none = dict.fromkeys(("collect", "stream", "hooks", "sink", "desk", "dashboard"), 0)
    return Metrics.model_validate(none | ports)


def test_a_process_tells_what_is_wrong_what_it_waits_for_and_what_it_counts() -> None:
    port, wrong = free_port(), ["sink: no sign of life for 61 s"]
    with telling(metrics(sink=port), "sink", lambda: wrong):
        assert said(port, "/healthz") == (503, {"works": False, "problems": wrong})
        assert samples(port)["relaywarden_works"] == 0
    with telling(metrics(sink=port), "sink", lambda: wrong, ("kafka",)):
        assert said(port, "/ready") == (503, {"ready": False, "waits_for": {"kafka": NOT_YET}})
        assert samples(port)['relaywarden_waiting{what="kafka"}'] == 1
        READINESS.waits("kafka", "no broker at 192.0.2.1:9092: refused")
        assert said(port, "/ready")[1] == {
            "ready": False,
            "waits_for": {"kafka": "no broker at 192.0.2.1:9092: refused"},
        }
        wrong.clear()
        READINESS.has("kafka")
        assert said(port, "/healthz") == (200, {"works": True, "problems": []})
        assert said(port, "/ready") == (200, {"ready": True, "waits_for": {}})
        assert samples(port)['relaywarden_waiting{what="kafka"}'] == 0
        assert samples(port)["relaywarden_works"] == 1
        assert samples(port)["process_resident_memory_bytes"] > 10_000_000
        assert asked(port, "/")[0] == 404
    with pytest.raises(ConnectionRefusedError):
        asked(port, "/healthz")


def test_what_the_work_itself_does_not_see_is_looked_at_when_somebody_asks() -> None:
    port, place = free_port(), Readiness()

    def look() -> None:
        place.waits("never asked", "")
        READINESS.waits("ClickHouse", "no route to host")

    with telling(metrics(dashboard=port), "dashboard", list, look=look):
        assert place.missing == {}
        assert said(port, "/ready") == (503, {"ready": False, "waits_for": {"ClickHouse": "no route to host"}})


def test_a_process_without_a_port_or_a_table_serves_nothing() -> None:
    with telling(None, "stream", list), telling(metrics(), "stream", list):
        assert REGISTRY.get_sample_value("relaywarden_waiting", {"what": "nothing that was named"}) is None


def test_a_port_that_is_taken_is_named_with_its_setting_and_the_work_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with telling(metrics(hooks=port), "hooks", list):
            pass
    place = f"metrics.hooks: 127.0.0.1:{port}"
    assert caplog.messages == [f"{place}: Address already in use: nobody is told what is counted"]


def test_who_is_started_anew_has_its_port_at_once() -> None:
    port = free_port()
    for _ in range(3):
        with telling(metrics(sink=port), "sink", list), httpx.Client() as client:
            for _ in range(5):
                assert client.get(f"http://127.0.0.1:{port}/healthz").status_code == 200


def test_while_something_is_waited_for_the_work_is_not_called_stuck(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    with telling(metrics(sink=port), "sink", lambda: ["sink: no sign of life for 61 s"]):
        assert said(port, "/healthz")[0] == 503
        READINESS.waits("ClickHouse", "frozen")
        assert (said(port, "/healthz")[0], said(port, "/ready")[0]) == (200, 503)
        READINESS.has("ClickHouse")
        assert said(port, "/healthz")[0] == 200, "it had no time to go on yet"
        monkeypatch.setattr("schemas.telemetry._RESUMES_SECONDS", 0.0)
        assert said(port, "/healthz")[0] == 503


def test_one_of_several_processes_takes_the_port_of_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setenv(PORT_ENV, str(port))
    with telling(metrics(stream=1), "stream", list):
        assert said(port, "/healthz")[0] == 200


@pytest.mark.parametrize("given", ["", "-1", "65536", "9861 ", "٩", "http"])
def test_an_environment_that_names_no_port_is_told(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(PORT_ENV, given)
    with pytest.raises(ValueError, match=rf"^{PORT_ENV}: {given!r} is no port$"):
        port_of(metrics(), "stream")


def test_it_serves_over_ipv6() -> None:
    port = free_port()
    settings = metrics(desk=port).model_copy(update={"host": "::1"})
    with telling(settings, "desk", list):
        assert asked(port, "/healthz", "::1")[0] == 200


def test_settings_that_cannot_be_are_named() -> None:
    with pytest.raises(SettingsError) as told:
        parse("[metrics]\nsink = 9861\n", "relaywarden.toml")
    assert str(told.value) == "relaywarden.toml: metrics: sink and collect have the same port 9861"
    with pytest.raises(SettingsError) as told:
        parse('[metrics]\nsink = 70000\nhost = "anywhere"\n', "relaywarden.toml")
    assert "metrics.host: 'anywhere' is no IP address" in str(told.value)
    assert "metrics.sink: input should be less than or equal to 65535 (is 70000)" in str(told.value)
