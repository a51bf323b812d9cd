"""compose.yaml and its configuration: accepted, complete, and started as far as that goes without Docker."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from embedded.broker import free_port
from embedded.health import ailments
from embedded.zones import Zones
from schemas.settings import load
from tests.command.shell import run
from tests.parts import require
from tests.whole.lab import Lab, until

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "deploy" / "compose" / "relaywarden.toml"
PROCESSES = {"topics", "migrate", "collect", "stream", "hooks", "sink", "desk", "dashboard", "api"}
ASKED = ("zen.spamhaus.org", "bl.spamcop.net")
LINE = "Nov 21 17:35:44 mx1 postfix/qmgr[12]: 4F1qXz3: from=<a@example.net>, size=1000, nrcpt=1 (queue active)\n"


@pytest.fixture(scope="module")
def composed() -> str:
    """Return the compose file as docker-compose understands it, without anchors."""
    program = require("docker-compose", "docker-compose")
    done = subprocess.run(
        [program, "--file", str(ROOT / "compose.yaml"), "--profile", "api", "config"],
        env={"RELAYWARDEN_CLICKHOUSE_PASSWORD": "x", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _service(composed: str, name: str) -> str:
    found = re.search(rf"^  {name}:\n((?:    .*\n)+)", composed.partition("\nservices:\n")[2], re.MULTILINE)
    assert found is not None, name
    return found[1]


def _mounts(composed: str, name: str) -> dict[str, str]:
    """Return the folders and files that a service finds, with how they may be used."""
    return dict(re.findall(r"^    - \S+?:(/[^:]+):(r[ow])$", _service(composed, name), re.MULTILINE))


@pytest.mark.real
def test_docker_compose_accepts_the_compose_file(composed: str) -> None:
    services = re.findall(
        r"^  (\w+):$", composed.partition("\nservices:\n")[2].partition("\nversion:")[0], re.MULTILINE
    )
    assert {*PROCESSES, "kafka", "clickhouse", "resolver"} <= set(services)


def test_every_service_of_the_compose_file_is_a_command() -> None:
    commands = set(re.findall(r"^    command: \[(\w+)\]$", (ROOT / "compose.yaml").read_text(), re.MULTILINE))
    source = (ROOT / "relaywarden.py").read_text()
    assert commands == PROCESSES
    for command in commands:
        assert f"\ndef {command}(" in source


@pytest.mark.real
def test_hosts_of_the_configuration_are_services_and_its_ports_are_published(composed: str) -> None:
    settings = load(CONFIG)
    assert settings.kafka.bootstrap == ("kafka:9092",)
    assert "PLAINTEXT://kafka:9092" in _service(composed, "kafka")
    assert _service(composed, settings.clickhouse.host)
    assert [f"ipv4_address: {ip}" for ip in settings.dnsbl.resolvers] == re.findall(
        r"ipv4_address: \S+", _service(composed, "resolver")
    )
    unbound = (ROOT / "deploy" / "compose" / "resolver" / "unbound.conf").read_text()
    assert f"    port: {settings.dnsbl.port}\n" in unbound
    (subnet,) = re.findall(r"subnet: (\S+)", composed)
    assert f"    access-control: {subnet} allow\n" in unbound
    hook = settings.pool["main"].hooks.postfix_socketmap
    assert hook is not None
    for service, host, port in (
        ("hooks", hook.host, hook.port),
        ("dashboard", settings.dashboard.host, settings.dashboard.port),
    ):
        assert host == "0.0.0.0", "a published port leads to the container's own address"
        assert f"127.0.0.1:{port}:{port}" in _service(composed, service)


@pytest.mark.real
def test_every_path_of_the_configuration_is_mounted_where_it_is_used(composed: str) -> None:
    settings = load(CONFIG)
    hook = settings.pool["main"].hooks.postfix_socketmap
    assert hook is not None
    assert settings.pool["main"].hooks.postfix_randmap is None, "a container cannot write the host's /etc/postfix"
    logs = (*settings.mta.values(), *settings.logins.values())
    wanted = [("collect", log.log.parent, "ro") for log in logs]
    wanted += [("collect", box.maildir, "rw") for box in settings.complaints.values()]
    wanted += [(process, settings.data, "rw") for process in ("collect", "stream", "sink", "hooks", "desk", "api")]
    wanted += [("hooks", hook.state.parent, "rw")]
    for service, path, mode in wanted:
        assert _mounts(composed, service).get(str(path)) == mode, f"{service}: {path}"
    for process in PROCESSES:
        assert _mounts(composed, process)["/etc/relaywarden/relaywarden.toml"] == "ro"
    owned = (ROOT / "Containerfile").read_text()
    for path in (settings.data, *(box.maildir / "new" for box in settings.complaints.values())):
        assert f" {path}" in owned, f"{path} belongs to the image's user, and so does a volume made there"


def _here(folder: Path, zones: Zones) -> dict[str, Any]:
    """Return the configuration with what only the containers have replaced: servers, paths and ports."""
    table = tomllib.loads(CONFIG.read_text())
    for part in ("kafka", "clickhouse"):
        del table[part]
    log = folder / "mail.log"
    log.write_text(LINE)
    for part in ("new", "cur", "tmp"):
        (folder / "fbl" / part).mkdir(parents=True)
    table["mta"]["mx1"]["log"] = table["logins"]["imap1"]["log"] = str(log)
    table["complaints"]["fbl"]["maildir"] = str(folder / "fbl")
    table["dnsbl"] |= {"resolvers": ["127.0.0.1"], "port": zones.port, "timeout_seconds": 0.5}
    table["pool"]["main"]["hooks"]["postfix_socketmap"] |= {
        "port": free_port(),
        "state": str(folder / "state" / "socketmap.json"),
    }
    table["dashboard"]["port"] = free_port()
    return table


def test_the_configuration_is_sound(tmp_path: Path) -> None:
    with Zones(ASKED) as zones:
        config = tmp_path / "relaywarden.toml"
        config.write_text(tomli_w.dumps({**_here(tmp_path, zones), "data": str(tmp_path / "state")}))
        done = run("check", "--config", config, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert '"place":"pool.main.dry_run"' in done.stdout, "nothing is told to Postfix until its owner says so"
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.slow
def test_all_processes_work_with_it(tmp_path: Path) -> None:
    with Zones(ASKED) as zones, Lab(tmp_path, _here(tmp_path, zones)) as lab:
        processes = ("sink", "stream", "hooks", "collect", "desk")
        for name in processes:
            lab.run(name)
        for name in processes:
            until(lambda name=name: ailments(lab.settings, name) == [], 60, f"{name} is healthy")  # type: ignore[misc]
        until(lambda: lab.value("SELECT count() FROM mail_events WHERE host = 'mx1'") > 0, 30, "the log is read")
        for name in processes:
            assert lab.end(name) == 0, lab.log(name)
