"""The systemd units: one for each process, sound in systemd's eyes, and none without its sandbox."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.mailbox_hooks import PostfixPolicyHook
from schemas.pool_hooks import SocketmapHook
from schemas.pool_hooks_more import PullHook
from schemas.settings import Settings, load
from tests.parts import require

ROOT = Path(__file__).resolve().parents[1]
UNITS = ROOT / "deploy" / "systemd"
PROCESSES = ("api", "collect", "dashboard", "desk", "hooks", "sink", "stream", "up")
PROGRAM = "/opt/relaywarden/.venv/bin/relaywarden"
SANDBOX = {
    "User=relaywarden",
    "NoNewPrivileges=yes",
    "CapabilityBoundingSet=",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "ProtectProc=invisible",
    "PrivateTmp=yes",
    "PrivateDevices=yes",
    "ProtectKernelModules=yes",
    "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
    "PrivateMounts=yes",
    "RestrictNamespaces=yes",
    "RestrictSUIDSGID=yes",
    "SystemCallFilter=@system-service",
    "Restart=always",
}


def _lines(name: str) -> set[str]:
    return set((UNITS / f"relaywarden-{name}.service").read_text().splitlines())


def test_each_process_has_its_unit() -> None:
    assert {path.stem for path in UNITS.glob("*.service")} == {f"relaywarden-{name}" for name in PROCESSES}
    source = (ROOT / "relaywarden.py").read_text()
    for name in PROCESSES:
        assert f"ExecStart={PROGRAM} {name} --config /etc/relaywarden/relaywarden.toml" in _lines(name)
        assert f"\ndef {name}(" in source


@pytest.mark.parametrize("name", PROCESSES)
def test_none_runs_without_its_sandbox(name: str) -> None:
    assert SANDBOX - _lines(name) == set()
    compiles = name == "up"  # ClickHouse compiles its queries
    assert ("MemoryDenyWriteExecute=yes" in _lines(name)) is not compiles


def test_units_and_defaults_name_the_same_places() -> None:
    state = f"StateDirectory={Settings().data.relative_to('/var/lib')}"
    assert all((state in _lines(name)) is (name != "dashboard") for name in PROCESSES), "the pages keep nothing"
    hook = SocketmapHook()
    assert f"ListenStream={hook.host}:{hook.port}" in (UNITS / "relaywarden-hooks.socket").read_text()
    policy = PostfixPolicyHook()
    assert f"ListenStream={policy.host}:{policy.port}" in (UNITS / "relaywarden-policy.socket").read_text()
    pull = PullHook()
    assert f"ListenStream={pull.host}:{pull.port}" in (UNITS / "relaywarden-pull.socket").read_text()
    maildir = load(ROOT / "relaywarden.example.toml").complaints["fbl"].maildir
    assert f"ReadWritePaths=-{maildir}" in _lines("collect") & _lines("up")


@pytest.mark.real
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    program = require("systemd-analyze", "systemd")
    here = str(Path(sys.executable).with_name("relaywarden"))
    units = [*UNITS.glob("*.service"), *UNITS.glob("*.socket")]
    for unit in units:
        (tmp_path / unit.name).write_text(unit.read_text().replace(PROGRAM, here))
    dropped = tmp_path / "relaywarden-hooks.service.d"
    dropped.mkdir()
    for part in (UNITS / dropped.name).glob("*.conf"):
        (dropped / part.name).write_text(part.read_text())
    done = subprocess.run(
        [program, "verify", *(str(tmp_path / unit.name) for unit in units)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    exposure = _exposures(*tmp_path.glob("*.service"))
    assert len(exposure) == len(PROCESSES)
    assert max(exposure) <= 2.6, exposure  # the hooks, with every drop-in at once


@pytest.mark.real
@pytest.mark.parametrize("added", [None, *sorted(UNITS.glob("relaywarden-hooks.service.d/*.conf"))])
def test_hardly_anything_is_exposed_whichever_drop_in_is_used(tmp_path: Path, added: Path | None) -> None:
    units = [tmp_path / unit.name for unit in UNITS.glob("*.service")]
    for unit in units:
        unit.write_text((UNITS / unit.name).read_text())
    if added:
        dropped = tmp_path / added.parent.name
        dropped.mkdir()
        (dropped / added.name).write_text(added.read_text())
    exposure = _exposures(*units)
    assert len(exposure) == len(PROCESSES)
    assert max(exposure) <= 2.5, exposure


def _exposures(*units: Path) -> list[float]:
    """Return what `systemd-analyze security` makes of each: 0 is nothing exposed, 10 all."""
    line = [require("systemd-analyze", "systemd"), "security", "--offline=true", *map(str, units)]
    told = subprocess.run(line, capture_output=True, text=True, check=False)
    return [float(found) for found in re.findall(r"Overall exposure level for \S+: ([\d.]+)", told.stdout)]
