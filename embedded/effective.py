"""What `relaywarden up` really runs with: the embedded servers in place of configured ones, kept across restarts."""

import os
import secrets
from pathlib import Path

import tomli_w

from embedded.ports import lasting_port
from schemas.settings import Settings, SettingsError, load

FILE = "effective.toml"
PASSWORD = "clickhouse.password"  # noqa: S105 the file's name


def effective(settings: Settings, folder: Path) -> Settings:
    """Return the settings with the embedded servers, on the ports of last time where these are free."""
    kafka_port, clickhouse_port = _ports_before(folder)
    kafka = settings.kafka.model_copy(
        update={"bootstrap": (f"127.0.0.1:{lasting_port(kafka_port)}",), "replication": 1, "confirm": "sink"}
    )
    clickhouse = settings.clickhouse.model_copy(
        update={
            "host": "127.0.0.1",
            "port": lasting_port(clickhouse_port),
            "secure": False,
            "user": "default",
            "password_file": folder / PASSWORD,
        }
    )
    return settings.model_copy(update={"kafka": kafka, "clickhouse": clickhouse})


def write(settings: Settings, folder: Path) -> Path:
    """Write the settings where processes and operator commands read them; return the file."""
    path = folder / FILE
    fresh = folder / f"{FILE}.new"
    fresh.write_text(tomli_w.dumps(settings.model_dump(mode="json", exclude_none=True)))
    fresh.replace(path)
    return path


def password(settings: Settings) -> str:
    """Return the password of the environment, else of the file, else a new one; it stands in the file afterwards."""
    path = settings.clickhouse.password_file
    if path is None:
        raise ValueError("clickhouse.password_file: the embedded ClickHouse needs one")
    known = os.environ.get(settings.clickhouse.password_env, "")
    chosen = known or (settings.clickhouse.password if path.exists() else "") or secrets.token_urlsafe(24)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(chosen + "\n")
    fresh.replace(path)
    return chosen


def _ports_before(folder: Path) -> tuple[int, int]:
    """Return the ports of Kafka and ClickHouse of the last start, 0 where there was none."""
    try:
        before = load(folder / FILE)
    except SettingsError:
        return 0, 0
    return int(before.kafka.bootstrap[0].rpartition(":")[2]), before.clickhouse.port
