"""The hooks: golden files of whole active sets, the registry, and what holds for every set."""

import json
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.pool_settings import Hooks, RandmapHook, SocketmapHook
from streams import hooks
from streams.hooks import Answer, Run, WriteFile, postfix_randmap
from tests.parts import randmap_line

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = ROOT / "tests" / "golden" / "hooks"
SETTINGS = {
    "postfix_socketmap": SocketmapHook(),
    "postfix_randmap": RandmapHook(),
}
TRANSPORTS = st.dictionaries(
    st.from_regex(r"[a-z][a-z0-9_.-]{0,8}", fullmatch=True), st.floats(0.001, 1), min_size=1, max_size=100
)


def _cases() -> list[tuple[str, str, str]]:
    """Return (hook, expected, active set) of the golden files: a line `# expect:` and the set under it."""
    found = []
    for file in sorted(GOLDEN.glob("*.txt")):
        expected = ""
        for line in file.read_text().splitlines():
            if line.startswith("# expect: "):
                expected = line.removeprefix("# expect: ")
            elif line and not line.startswith("#"):
                found.append((file.stem, expected, line))
    return found


@pytest.mark.parametrize(("name", "expected", "active"), _cases())
def test_golden(name: str, expected: str, active: str) -> None:
    effects = hooks.load(name)
    if expected.startswith("ValueError: "):
        with pytest.raises(ValueError, match=re.escape(expected.removeprefix("ValueError: ")) + "$"):
            effects(json.loads(active), SETTINGS[name])
    else:
        assert json.loads(msgspec.json.encode(effects(json.loads(active), SETTINGS[name]))) == json.loads(expected)


def test_every_hook_has_its_golden_file_and_its_settings() -> None:
    assert (
        set(hooks.names()) == {file.stem for file in GOLDEN.glob("*.txt")} == set(Hooks.model_fields) == set(SETTINGS)
    )


def test_an_unknown_hook_is_named_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match="no pool hook 'exim'; there are postfix_randmap, postfix_socketmap"):
        hooks.load("exim")


def test_only_the_hooks_of_the_configuration_run() -> None:
    assert hooks.configured(Hooks()) == {}
    assert hooks.configured(Hooks(postfix_randmap=RandmapHook())) == {"postfix_randmap": RandmapHook()}


@pytest.mark.parametrize("name", hooks.names())
@pytest.mark.parametrize("share", [0.0, -0.1, 1.1, float("nan"), float("inf")])
def test_an_impossible_share_is_refused(name: str, share: float) -> None:
    with pytest.raises(ValueError, match="of out1 is not above 0 and up to 1"):
        hooks.load(name)({"out1": share}, SETTINGS[name])


@given(TRANSPORTS)
def test_the_table_is_always_full_and_fair(active: dict[str, float]) -> None:
    held = postfix_randmap.slots(active)
    assert sum(held.values()) == postfix_randmap.SLOTS
    assert set(held) == set(active)
    assert min(held.values()) >= 1
    total = sum(active.values())
    if all(share / total >= 1 / postfix_randmap.SLOTS for share in active.values()):
        assert all(abs(held[name] - postfix_randmap.SLOTS * share / total) <= 1 for name, share in active.items())


@given(TRANSPORTS)
def test_a_withdrawn_transport_is_in_no_effect(active: dict[str, float]) -> None:
    gone = max(active)
    rest = {f"out-{name}": share for name, share in active.items() if name != gone} or {"out-rest": 1.0}
    table, reload = hooks.load("postfix_randmap")(rest, SETTINGS["postfix_randmap"])
    (answer,) = hooks.load("postfix_socketmap")(rest, SETTINGS["postfix_socketmap"])
    assert isinstance(table, WriteFile)
    assert isinstance(reload, Run)
    assert isinstance(answer, Answer)
    rows = [line.split(" ") for line in table.content.splitlines()[1:]]
    assert [slot for slot, _ in rows] == [f"{slot:02}" for slot in range(100)]
    assert {transport for _, transport in rows} == {f"{name}:" for name in rest}
    assert answer.shares == rest


def test_the_manuals_line_of_main_cf_draws_every_slot_of_the_table() -> None:
    numbers = ",".join(f"{slot:02}" for slot in range(postfix_randmap.SLOTS))
    wanted = (
        f"sender_dependent_default_transport_maps = pipemap:{{randmap:{{{numbers}}},texthash:{RandmapHook().path}}}"
    )
    assert randmap_line(str(RandmapHook().path)) == f"{wanted}\n"


def test_the_manual_has_the_lines_of_every_hook() -> None:
    manual = (ROOT / "docs" / "hooks-postfix.md").read_text()
    assert all(name in manual for name in hooks.names())
    chosen = SocketmapHook()
    place = f"socketmap:inet:{chosen.host}:{chosen.port}:main"
    assert f"    sender_dependent_default_transport_maps = {place}\n" in manual
    assert (
        f"ListenStream={chosen.host}:{chosen.port}\n" in (ROOT / "deploy/systemd/relaywarden-hooks.socket").read_text()
    )
