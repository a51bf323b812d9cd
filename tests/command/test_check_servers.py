"""`relaywarden check --online` asks the servers that inputs read from: an IMAP folder, a Kafka topic."""

from contextlib import closing
from typing import Any

import pytest
from kafka import KafkaAdminClient

from embedded.broker import Broker, free_port
from embedded.checking_servers import unreachable
from schemas.settings import Settings
from tests.imap_server import ImapServer

PLAIN = {"kind": "imap", "host": "127.0.0.1", "tls": "none", "user": "fbl"}


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAYWARDEN_IMAP_PASSWORD", "correct-horse")


def _told(given: dict[str, Any]) -> list[str]:
    return [*unreachable(Settings.model_validate({"input": {"box": given}}))]


def test_an_imap_folder_is_opened_and_nothing_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    with ImapServer() as server:
        given = PLAIN | {"port": server.port, "done": "Done", "folder": "fbl"}
        assert _told(given) == []
        assert [said.split()[0] for said in server.said if said.startswith(("CREATE", "SELECT", "EXAMINE"))] == [
            "EXAMINE"
        ]
        where = f"127.0.0.1:{server.port}"
        server.refuses = lambda said: "NO [NONEXISTENT] no such folder" if said.startswith("EXAMINE") else ""
        assert _told(given) == [
            f"input.box.host: {where}, folder fbl: select failed: [NONEXISTENT] no such folder",
        ]
        server.refuses = lambda said: "NO [AUTHENTICATIONFAILED] wrong" if said.startswith("LOGIN") else ""
        assert _told(given) == [
            f"input.box.user: fbl at {where}: the login is refused: [AUTHENTICATIONFAILED] wrong",
        ]
    assert _told(given) == [f"input.box.host: {where}, folder fbl: [Errno 111] Connection refused"]
    monkeypatch.delenv("RELAYWARDEN_IMAP_PASSWORD")
    assert _told(given) == [], "told without asking anybody"


def test_a_topic_that_is_not_there_is_named_and_not_made(broker: Broker) -> None:
    with closing(KafkaAdminClient(bootstrap_servers=[broker.bootstrap])) as admin:
        wanted = {"checked": {"num_partitions": 1, "replication_factor": 1}}
        admin.create_topics(wanted, timeout_ms=10_000, wait_for_metadata=True)
        given = {"kind": "kafka", "topic": "checked", "bootstrap": [broker.bootstrap]}
        assert _told(given) == []
        expected = f"input.box.topic: absent at {broker.bootstrap}: the broker has no topic absent"
        assert _told(given | {"topic": "absent"}) == [expected]
        assert "absent" not in admin.list_topics()
    away = f"127.0.0.1:{free_port()}"
    (told,) = _told(given | {"bootstrap": [away]})
    assert told.startswith(f"input.box.topic: checked at {away}: ")
