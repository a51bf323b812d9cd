"""KumoMTA's HTTP API as far as the hook asks it, as its reference and source say it answers.

https://docs.kumomta.com/reference/http/ and, for what the reference leaves open: crates/kumod/src/http_server/
admin_suspend_ready_q_v1.rs (a list, a new suspension replaces one of the same name, 404 where there is none, in memory
only), crates/kumo-server-common (401 without a trusted host or a login), docs/reference/http/sample-metrics.json.
"""

import json
import uuid
from base64 import b64encode
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

from tests.panel import served

LOGIN = "Basic " + b64encode(b"relaywarden:s3cret").decode()
SUSPENDED = "/api/admin/suspend-ready-q/v1"


class Kumo(ThreadingHTTPServer):
    """One KumoMTA: its suspensions by id, its ready queues, and how often its configuration was evaluated anew."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.suspensions: dict[str, dict[str, str]] = {}
        self.queues: list[str] = []
        self.epochs = 0
        self.trusts = True
        self.forgets = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def suspended(self) -> set[str]:
        return {entry["name"] for entry in self.suspensions.values()}

    def suspend(self, name: str, reason: str) -> str:
        replaced = [key for key, entry in self.suspensions.items() if entry["name"] == name]
        for key in replaced:
            del self.suspensions[key]
        identity = str(uuid.uuid4())
        if not self.forgets:
            self.suspensions[identity] = {"name": name, "reason": reason, "duration": "23h 59m 59s 998ms 12us 7ns"}
        return identity

    def metrics(self) -> dict[str, object]:
        ready = {f"smtp_client:{queue}": 1.0 for queue in self.queues}
        return {
            "connection_count": {
                "help": "number of active connections",
                "type": "gauge",
                "value": {"service": {"esmtp_listener": 0.0, "smtp_client": 0.0}},
            },
            "lua_count": {"help": "the number of lua contexts currently alive", "type": "gauge", "value": 1.0},
            "ready_count": {
                "help": "number of messages in the ready queue",
                "type": "gauge",
                "value": {"service": ready},
            },
        }


class _Asked(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        kumo = cast("Kumo", self.server)
        if not self._let_in():
            return
        if self.path == "/metrics.json":
            self._say(200, json.dumps(kumo.metrics()))
        elif self.path == SUSPENDED:
            told = {"expires": "2026-11-29T10:00:00Z"}
            self._say(200, json.dumps([{"id": key, **entry, **told} for key, entry in kumo.suspensions.items()]))
        else:
            self._say(404, "")

    def do_POST(self) -> None:
        kumo, body = cast("Kumo", self.server), self._body()
        if not self._let_in():
            return
        if self.path == "/api/admin/bump-config-epoch":
            kumo.epochs += 1
            self._say(200, "")
        elif self.path == SUSPENDED and set(body) == {"name", "reason", "duration"} and body["duration"] == "86400s":
            self._say(200, json.dumps({"id": kumo.suspend(body["name"], body["reason"])}))
        else:
            self._say(422, f"unprocessable: {body}")

    def do_DELETE(self) -> None:
        kumo, body = cast("Kumo", self.server), self._body()
        if self._let_in():
            gone = kumo.suspensions.pop(body["id"], None)
            self._say(200 if gone else 404, f"removed {body['id']}" if gone else "not found")

    def _let_in(self) -> bool:
        if cast("Kumo", self.server).trusts or self.headers.get("Authorization") == LOGIN:
            return True
        self._say(401, "Unauthorized")
        return False

    def _body(self) -> dict[str, str]:
        raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if not raw:
            return {}
        assert self.headers["Content-Type"] == "application/json"
        return cast("dict[str, str]", json.loads(raw))

    def _say(self, status: int, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


def kumomta() -> AbstractContextManager[Kumo]:
    """Give a KumoMTA that runs until the end of the block."""
    return served(Kumo())
