"""`relaywarden desk` as a process, killed while it sends reports: no customer has two, and none is forgotten."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import tomli_w
from aiosmtpd.smtp import SMTP, Envelope, Session
from clickhouse_connect.driver.client import Client

from collectors.admin import ensure_topics
from embedded.broker import Broker, free_port
from embedded.clickhouse import PASSWORD_ENV, ClickHouseServer
from schemas.settings import Settings
from streams.letterbox import Letterbox
from streams.report_task import FILE
from tests.mail_server import Server
from tests.migrated import migrate
from tests.reports.scene import MAIL
from tests.waits import until

CUSTOMERS, KILLS = 16, 3


class Slow(Server):
    """Takes its time before and after it has taken a mail, and logs it in between, as Postfix does."""

    def __init__(self, port: int, client: Client) -> None:
        super().__init__(port)
        self._client = client

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = await super().handle_DATA(server, session, envelope)
        mail = self.taken[-1][1]
        row = {"type": "message_submitted", "id": mail["Message-ID"], "at": time.time_ns() // 1000, "host": "mx1"}
        row["message_id"] = mail["Message-ID"].strip("<>")
        self._client.raw_insert("mail_events", insert_block=json.dumps(row), fmt="JSONEachRow")
        await asyncio.sleep(0.2)
        return answer


def _settings(broker: Broker, clickhouse: ClickHouseServer, database: str, folder: Path, port: int) -> Settings:
    report = {"audience": "customer", "every": "daily", "pdf": False, "mail": {**MAIL, "port": port, "per_hour": 1000}}
    return Settings.model_validate(
        {
            "data": folder,
            "kafka": {"bootstrap": [broker.bootstrap]},
            "clickhouse": {"host": clickhouse.host, "port": clickhouse.port, "database": database},
            "report": {"day": report},
            "customers": {
                f"c{number}": {"mailboxes": [f"c{number}.example"], "contact": f"it@c{number}.example"}
                for number in range(CUSTOMERS)
            },
        }
    )


def _desk(config: Path, password: str) -> "subprocess.Popen[bytes]":
    env = {**os.environ, PASSWORD_ENV: password}
    with (config.parent / "desk.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "relaywarden", "desk", "--config", str(config)], env=env, stdout=log, stderr=log
        )


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # connections that the killed leaves
def test_a_desk_that_is_killed_again_and_again_sends_each_report_once(
    fresh_broker: Broker, clickhouse: ClickHouseServer, database: str, tmp_path: Path
) -> None:
    migrate(clickhouse.connect(), database)
    server = Slow(free_port(), clickhouse.connect(database))
    server.start()
    configured = _settings(fresh_broker, clickhouse, database, tmp_path / "state", server.port)
    ensure_topics(configured)
    config = tmp_path / "relaywarden.toml"
    config.write_text(tomli_w.dumps(configured.model_dump(mode="json", exclude_none=True)))
    configured.data.mkdir()
    (configured.data / "reports.json").write_text('{"day": 0}')  # it was configured long ago
    for kill in range(1, KILLS + 1):
        desk = _desk(config, clickhouse.password)
        until(lambda: server.tried >= kill * 4, f"report {kill * 4}", 90)  # noqa: B023 it is called here
        desk.kill()
        desk.wait(10)
    desk = _desk(config, clickhouse.password)
    try:
        until(lambda: len(server.taken) == CUSTOMERS, "the last report", 90)
        time.sleep(1)
    finally:
        desk.terminate()
        desk.wait(30)
        server.stop()
    assert Counter(recipient for recipient, _ in server.taken) == {
        f"it@c{number}.example": 1 for number in range(CUSTOMERS)
    }
    box = Letterbox(configured.data / FILE)
    ended = box.ended_since(0)
    box.close()
    assert [each.status for each in ended] == ["sent"] * CUSTOMERS
    assert any(each.reply == "the mail log says that it was taken" for each in ended), "one was cut off"
