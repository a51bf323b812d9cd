"""`relaywarden dashboard`: Streamlit in our theme, on one address, closed to other origins, no telemetry."""

import os
import sys
from pathlib import Path
from typing import NoReturn

from dashboards.palette import flags
from schemas import oidc_file
from schemas.settings import Settings

_APP = Path(__file__).with_name("app.py")
CONFIG_ENV = "RELAYWARDEN_CONFIG"


def command(settings: Settings) -> list[str]:
    """Return the command line that serves the pages."""
    host, port, access = settings.dashboard.host, settings.dashboard.port, settings.dashboard.access
    here = {"127.0.0.1", "localhost"} if access.hosts else set()  # else nobody says by what names it is reached
    names = {host, "localhost", *access.hosts} if settings.dashboard.is_local else {*here, *access.hosts}
    options = {
        "server.address": host,
        "server.port": str(port),
        "server.headless": "true",
        "server.enableCORS": "true",
        "server.enableXsrfProtection": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "viewer",
        "client.showErrorDetails": "none",
        "runner.postScriptGC": "false",  # with 50 screens it took half the processor; Python collects by itself
    }
    return [
        *(sys.executable, "-m", "dashboards", "run", str(_APP)),
        *(f"--{name}={value}" for name, value in options.items()),
        *(f"--server.allowedHosts={name}" for name in sorted(names)),
        *([f"--secrets.files={access.oidc_file}"] if access.mode == "oidc" else []),
        *flags(),
    ]


def run(settings: Settings, config_path: Path) -> NoReturn:
    """Become the server: this process turns into Streamlit's, which SIGTERM ends with 0.

    ValueError where what a proxy proves itself by cannot be read, or nobody could log in with the `oidc_file`.
    The folder that holds our packages goes to Python's path, since Streamlit puts only the app's own folder there.
    """
    access = settings.dashboard.access
    if access.mode == "header":
        _ = access.secret
    if access.mode == "oidc" and access.oidc_file is not None:
        wrong = list(oidc_file.faults(access.oidc_file, access.hosts, "dashboard.access.oidc_file"))
        if wrong:
            raise ValueError("; ".join(wrong))
    root = str(_APP.parents[1])
    paths = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
    environment = {**os.environ, CONFIG_ENV: str(config_path.resolve()), "PYTHONPATH": paths}
    line = command(settings)
    os.execve(line[0], line, environment)  # noqa: S606 a fixed argument list of our own
