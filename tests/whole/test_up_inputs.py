"""`relaywarden up` with inputs: what comes by syslog, by HTTP and out of an mbox reaches ClickHouse, over a restart.

Where nothing is hooked there is no process for the hooks, which would end at once.
"""

import socket
import tomllib
from pathlib import Path

import pytest
import tomli_w

from embedded.broker import free_port
from tests.http_inputs import TOKEN, client_of, listens
from tests.mail_inputs import REPORT
from tests.syslog_lab import delivery
from tests.whole.lab import until
from tests.whole.upping import Up

STORED = "SELECT recipient FROM mail_events WHERE type = 'delivery_attempted' ORDER BY recipient"
COMPLAINTS = "SELECT count() FROM complaints FINAL"


class Given(Up):
    """An `up` whose logs and complaints come by inputs alone."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.syslog, self.http, self.mbox = free_port(), free_port(), folder / "fbl"
        (folder / "token").write_text(TOKEN)
        (folder / "token").chmod(0o600)
        table = tomllib.loads(self.config.read_text())
        table["input"] = {
            "relays": {"kind": "syslog", "tcp": f"127.0.0.1:{self.syslog}"},
            "post": {"kind": "http", "listen": f"127.0.0.1:{self.http}", "token_file": str(folder / "token")},
            "fbl": {"kind": "mbox", "path": str(self.mbox)},
        }
        table["mta"] = {
            "sys": {"format": "postfix", "input": "relays", "host": "mx1"},
            "posted": {"format": "postfix", "input": "post", "host": "mx2"},
        }
        del table["pool"]["main"]["hooks"]
        table["complaints"] = {"own": {"input": "fbl"}}
        self.config.write_text(tomli_w.dumps(table))

    def sends(self, number: int) -> None:
        """Send a line by syslog and one by HTTP, and deliver a complaint, as if `up` had always run."""
        until(lambda: listens(self.syslog) and listens(self.http), 60, "the inputs listen")
        with socket.create_connection(("127.0.0.1", self.syslog)) as sender:
            sender.sendall(delivery(b"syslog%d" % number, b"E2AE29B5D%d" % number) + b"\n")
        with client_of(self.http) as client:
            line = delivery(b"http%d" % number, b"A2AE29B5D%d" % number).partition(b">")[2]
            assert client.post("/v1/lines", content=line + b"\n", headers={"Content-Type": "text/plain"}).is_success
        with self.mbox.open("a") as box:
            box.write(f"From feedback@provider.example.net Sun Mar  1 10:00:00 2026\n{REPORT.format(number=number)}\n")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_inputs_bring_is_stored_once_over_kill_9(tmp_path: Path) -> None:
    with Given(tmp_path) as up:
        up.begin()
        up.sends(1)
        first = [("http1@gmail.com",), ("syslog1@gmail.com",)]
        until(lambda: up.rows(STORED) == first and up.value(COMPLAINTS) == 1, 60, "what was sent is stored")
        assert up.process is not None
        up.process.kill()
        up.process.wait()
        up.begin()
        up.sends(2)
        both = [("http1@gmail.com",), ("http2@gmail.com",), ("syslog1@gmail.com",), ("syslog2@gmail.com",)]
        until(lambda: up.rows(STORED) == both and up.value(COMPLAINTS) == 2, 60, "all that was sent is stored")
        assert up.child("sink") is not None
        assert up.child("hooks") is None
        assert "hooks ended" not in up.messages()
        assert up.end() == 0
        assert up.tracebacks() == []
