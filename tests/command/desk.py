"""An operator's desk: the commands of one laboratory."""

import json
from typing import Any

from tests.command.shell import Done, run
from tests.whole.lab import Lab, until

SECONDS = 60.0


class Desk:
    """The operator's desk: the commands of one laboratory."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.env = {lab.settings.clickhouse.password_env: lab.clickhouse.password}

    def say(self, *words: str) -> str:
        done = self.run(*words)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def run(self, *words: str) -> Done:
        return run(*words, "--config", self.lab.config, env=self.env)

    def rows(self, *words: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.say(*words, "--json").splitlines()]

    def row(self, ip: str) -> dict[str, Any]:
        (row,) = [row for row in self.rows("pool", "list") if row["ip"] == ip]
        return row

    def order(self, action: str, subject: str, *more: str, of: str = "pool") -> dict[str, Any]:
        (event,) = self.rows(of, action, subject, "--reason", f"{action} drill", "--operator", "ada", *more)
        return event

    def decided(self, ip: str, kind: str) -> None:
        until(lambda: (kind, ip) in self.lab.rows("SELECT type, ip FROM pool_events"), SECONDS, f"{kind} of {ip}")
