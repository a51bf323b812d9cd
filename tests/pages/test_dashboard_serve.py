"""The dashboard as a process: what it is started with, whom it lets in, and that it ends."""

import importlib.machinery
import signal
import sys
from dataclasses import replace
from pathlib import Path

import psutil

import dashboards
from dashboards import serve
from embedded.clickhouse import ClickHouseServer
from schemas.access_settings import Dashboard
from schemas.settings import Settings
from tests.pages.conftest import Hall
from tests.pages.serving import serving, status

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def handshake(port: int, **headers: str) -> int:
    return status(port, "/_stcore/stream", **UPGRADE, **headers)


def test_the_command_binds_where_the_settings_say_and_tells_nobody() -> None:
    line = serve.command(Settings(dashboard=Dashboard(host="192.0.2.7", port=8600)))
    assert line[:4] == [sys.executable, "-m", "dashboards", "run"]
    assert Path(line[4]) == Path(dashboards.__file__).with_name("app.py")
    assert {
        "--server.address=192.0.2.7",
        "--server.port=8600",
        "--server.headless=true",
        "--server.enableCORS=true",
        "--server.enableXsrfProtection=true",
        "--browser.gatherUsageStats=false",
    } <= set(line)


def test_it_serves_refuses_strangers_and_ends_on_sigterm(
    hall: Hall, clickhouse: ClickHouseServer, tmp_path: Path
) -> None:
    config = tmp_path / "relaywarden.toml"
    config.write_text(hall.config.read_text().replace("nice = 0", "nice = 7"))
    yielding = replace(hall, config=config)
    with serving(yielding, clickhouse.password, tmp_path / "log") as (process, port):
        assert psutil.Process(process.pid).nice() == min(psutil.Process().nice() + 7, 19), "it yields the processor"
        assert handshake(port, Origin=f"http://127.0.0.1:{port}") == 101
        assert handshake(port, Origin="https://evil.example") == 403
        assert handshake(port, Host="evil.example", Origin="http://evil.example") == 403
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=15) == 0
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_no_module_of_ours_hides_another_when_streamlit_puts_our_folder_first() -> None:
    folder = Path(dashboards.__file__).parent
    others = [path for path in sys.path if path and Path(path).resolve() != folder]
    for path in folder.iterdir():
        name = path.stem
        if path.suffix not in ("", ".py") or name.startswith(("_", ".")):
            continue
        assert name not in sys.stdlib_module_names, name
        found = importlib.machinery.PathFinder.find_spec(name, others)
        assert found is None or found.origin is None, f"{name} hides {found.origin}"
