"""The counter of one laboratory: the API as a process, its clients, and decisions as a worker would write them."""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
from kafka import KafkaProducer

from embedded.broker import Broker, free_port
from schemas import codec
from schemas.events import Event
from schemas.names import EMBEDDED
from schemas.pool_events import IpRestored
from schemas.topics import place_of
from tests.whole.lab import TRANSPORTS, Lab, until

SECRETS = {
    name: f"{name}-0123456789-0123456789"
    for name in ("viewer", "panel", "boss", "mailer", "hasty", "busy", "everything")
}
SCOPES = {
    "viewer": ["read"],
    "panel": ["order"],
    "boss": ["order", "admin"],
    "mailer": ["complaints"],
    "hasty": ["read"],
    "busy": ["read", "order"],
    "everything": ["read", "order", "complaints"],
}
TIGHT = {"tight1": "192.0.2.21", "tight2": "192.0.2.22"}
NOW = 1_790_000_000_000_000


class Counter(Lab):
    """Servers, the sink and the API."""

    def __init__(self, folder: Path, **more: object) -> None:
        for part in ("new", "cur", "tmp"):
            (folder / "fbl" / part).mkdir(parents=True)
        tokens = {}
        for name, secret in SECRETS.items():
            file = folder / f"{name}.token"
            file.write_text(secret + "\n")
            file.chmod(0o600)
            tokens[name] = {"scopes": SCOPES[name], "token_file": str(file), "requests_per_minute": 5000}
        tokens["hasty"]["requests_per_minute"] = 3
        self.port = free_port()
        api = {"port": self.port, "complaints": "fbl", "token": tokens, "streams": 4, **more}
        config = {
            "api": api,
            "complaints": {"fbl": {"maildir": str(folder / "fbl")}},
            "pool": {
                "main": {"transports": TRANSPORTS, "min_active": 2},
                "tight": {"transports": TIGHT, "min_active": 2},
            },
        }
        super().__init__(folder, config, Broker(folder / "broker.log", 0, f"{EMBEDDED}1"))

    def serve(self) -> None:
        """Start the API and wait until it answers."""
        self.run("api")
        until(lambda: not self.alive("api") or self._answers(), 60, "the API")
        assert self.alive("api"), self.log("api")

    def _answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/healthz").status_code == 200
        except httpx.HTTPError:
            return False

    @contextmanager
    def client(self, name: str = "viewer") -> Iterator[httpx.Client]:
        """Give a client that shows a token, "" for none."""
        headers = {"Authorization": f"Bearer {SECRETS[name]}"} if name else {}
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=60) as client:
            yield client

    def get(self, path: str, name: str = "viewer", **more: Any) -> httpx.Response:  # noqa: ANN401 as httpx takes it
        """Ask for a path."""
        with self.client(name) as client:
            return client.get(path, **more)

    def post(self, path: str, body: object, name: str = "panel", **headers: str) -> httpx.Response:
        """Post JSON."""
        with self.client(name) as client:
            return client.post(path, json=body, headers={key.replace("_", "-"): each for key, each in headers.items()})

    def publish(self, events: Sequence[Event], *, refilled: bool = False) -> None:
        """Write decisions as a worker does, or as a refill."""
        headers = [("refilled", b"1")] if refilled else []
        with closing(KafkaProducer(bootstrap_servers=[self.broker.bootstrap])) as producer:
            for event in events:
                topic, partition = place_of(event, self.settings.kafka.partitions)
                producer.send(topic.name, codec.encode(event), partition=partition, headers=headers).get(60)


def restored(number: int, prefix: str = "decision") -> Event:
    """Return a decision of the pool."""
    return IpRestored(id=f"{prefix}-{number:04d}", at=NOW + number * 1_000_000, pool="main", ip="192.0.2.11")


class Follower(threading.Thread):
    """A client of the stream: what came, in order, and the last id; `stop` ends it, as kill -9 would."""

    def __init__(self, counter: Counter, last: str = "", begin: str = "now", name: str = "viewer") -> None:
        super().__init__(daemon=True)
        self._counter, self._begin, self._name = counter, begin, name
        self.last = last
        self.events: list[dict[str, Any]] = []
        self.status = 0
        self.said = ""
        self._client = httpx.Client(timeout=httpx.Timeout(10, read=60))
        self.start()

    def run(self) -> None:
        headers = {"Authorization": f"Bearer {SECRETS[self._name]}"}
        if self.last:
            headers["Last-Event-ID"] = self.last
        url = f"http://127.0.0.1:{self._counter.port}/v1/events?from={self._begin}"
        try:
            with self._client.stream("GET", url, headers=headers) as response:
                self.status = response.status_code
                if response.status_code != 200:
                    self.said = response.read().decode()
                    return
                self._read(response.iter_lines())
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            self.said = repr(error)
        finally:
            self._client.close()

    def _read(self, lines: Iterator[str]) -> None:
        data, given = "", ""
        for line in lines:
            name, _, value = line.partition(": ")
            if name == "id":
                given = value
            elif name == "data":
                data = value
            elif not line:
                self.last = given or self.last
                if data:
                    self.events.append(json.loads(data))
                data = given = ""

    @property
    def ids(self) -> list[str]:
        """Return the ids of the decisions that came."""
        return [event["id"] for event in self.events]

    def begun(self) -> "Follower":
        """Wait until the stream tells where it is."""
        until(lambda: bool(self.last) or not self.is_alive(), 30, "the stream begins")
        return self

    def stop(self) -> str:
        """Go away; return the last id."""
        self._client.close()
        self.join(5)
        return self.last


def settle(seconds: float = 1.5) -> None:
    """Give what must not come the time to come."""
    time.sleep(seconds)
