"""The hooks: golden files of whole active sets, the registry, and what holds for every set."""

import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.pool_hooks import Hooks, RandmapHook, SocketmapHook
from streams import hooks
from streams.deeds import Run, WriteFile
from streams.hooks import ActiveSet, Answer, Effect
from streams.hooks._slots import SLOTS, slots
from tests.golden import HookCase
from tests.parts import randmap_line

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = ROOT / "tests" / "golden" / "hooks"
NAME_WHO_SENDS = (
    "dns",
    "exim",
    "haproxy",
    "nftables",
    "postfix_lmdb",
    "postfix_randmap",
    "postfix_socketmap",
    "zonemta",
)
TRANSPORTS = st.dictionaries(
    st.from_regex(r"[a-z][a-z0-9_.-]{0,8}", fullmatch=True), st.floats(0.001, 1), min_size=1, max_size=100
)


def _cases(name: str) -> list[HookCase]:
    """Return the sets of a hook's golden file."""
    lines = (GOLDEN / f"{name}.txt").read_text().splitlines()
    return [msgspec.json.decode(line, type=HookCase) for line in lines if line and not line.startswith("#")]


def _settings(name: str) -> dict[str, object]:
    """Return the settings of a hook's first set: those that have no default."""
    return _cases(name)[0].settings


def _effects(name: str, shares: dict[str, float], settings: dict[str, object] | None = None) -> tuple[Effect, ...]:
    """Return what a hook makes of these shares, with the settings of its golden file's first set if not with these."""
    ips = {transport: f"192.0.2.{number}" for number, transport in enumerate(sorted(shares), 1)}
    chosen = _settings(name) if settings is None else settings
    return HookCase(ActiveSet(pool="main", shares=shares, ips=ips), chosen).effects(name)


def test_every_hook_has_its_golden_file_and_its_settings() -> None:
    assert set(hooks.names()) == {file.stem for file in GOLDEN.glob("*.txt")} == set(Hooks.model_fields)


@pytest.mark.parametrize("name", hooks.names())
def test_every_golden_file_holds_an_empty_set_a_forged_name_and_a_provider(name: str) -> None:
    cases = _cases(name)
    assert [case for case in cases if not case.active.shares] != []
    assert [case for case in cases if "out1\n07 evil" in case.active.shares] != []
    assert [case for case in cases if case.active.barred] != []


@pytest.mark.parametrize("name", hooks.names())
def test_a_hook_that_obeys_a_bar_says_so_in_its_settings(name: str) -> None:
    ips = {f"out{number}": f"192.0.2.{number}" for number in (1, 2, 3)}
    free = ActiveSet(pool="main", shares=dict.fromkeys(ips, 1.0), ips=ips)
    barred = msgspec.structs.replace(free, barred={"google": ("out1",)})
    extra = {"names": {one: f"{one}.example.net" for one in ips}} if name == "zonemta" else {}
    obeys = HookCase(free, _settings(name) | extra).effects(name) != HookCase(barred, _settings(name) | extra).effects(
        name
    )
    assert Hooks.model_validate({name: _settings(name) | extra}).bar("google") == obeys


def test_an_unknown_hook_is_named_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match=r"no pool hook 'sendmail'; there are .*dns, exim, haproxy, "):
        hooks.load("sendmail")


def test_only_the_hooks_of_the_configuration_run() -> None:
    assert hooks.configured(Hooks()) == {}
    assert hooks.configured(Hooks(postfix_randmap=RandmapHook())) == {"postfix_randmap": RandmapHook()}


@pytest.mark.parametrize("name", hooks.names())
@pytest.mark.parametrize("share", [0.0, -0.1, 1.1, float("nan"), float("inf")])
def test_an_impossible_share_is_refused(name: str, share: float) -> None:
    with pytest.raises(ValueError, match="of out1 is not above 0 and up to 1"):
        _effects(name, {"out1": share})


@given(TRANSPORTS)
def test_the_table_is_always_full_and_fair(active: dict[str, float]) -> None:
    held = slots(active)
    assert sum(held.values()) == SLOTS
    assert set(held) == set(active)
    assert min(held.values()) >= 1
    total = sum(active.values())
    if all(share / total >= 1 / SLOTS for share in active.values()):
        assert all(abs(held[name] - SLOTS * share / total) <= 1 for name, share in active.items())


@given(TRANSPORTS)
def test_a_withdrawn_transport_is_in_no_effect(active: dict[str, float]) -> None:
    gone = max(active)
    rest = {f"out-{name}": share for name, share in active.items() if name != gone} or {"out-rest": 1.0}
    table, reload = _effects("postfix_randmap", rest)
    (answer,) = _effects("postfix_socketmap", rest)
    assert isinstance(table, WriteFile)
    assert isinstance(reload, Run)
    assert isinstance(answer, Answer)
    rows = [line.split(" ") for line in table.content.splitlines()[1:]]
    assert [slot for slot, _ in rows] == [f"{slot:02}" for slot in range(100)]
    assert {transport for _, transport in rows} == {f"{name}:" for name in rest}
    assert answer.shares == {f"{name}:": share for name, share in rest.items()}


@pytest.mark.parametrize("name", NAME_WHO_SENDS)
@given(data=st.data(), size=st.integers(1, 40))
def test_what_is_withdrawn_stands_in_no_effect_as_one_that_sends(name: str, data: st.DataObject, size: int) -> None:
    ips = {f"t{number}x": f"192.0.2.{number + 100}" for number in range(size)}
    shares = data.draw(st.dictionaries(st.sampled_from(sorted(ips)), st.floats(0.01, 1), min_size=1))
    text = msgspec.json.encode(HookCase(ActiveSet(pool="main", shares=shares, ips=ips), _settings(name)).effects(name))
    gone = set(ips) - set(shares)
    told = text.decode()
    for transport in gone:
        drained = told.replace(f'"{transport}":0,', "").replace(f'"{transport}":0}}', "}")
        asked = re.sub(rf'"{transport}":{{[^}}]*}}', "", drained)  # its own queue's way out, which others are
        assert transport not in asked
        assert ips[transport] not in asked
    assert any(transport in told or ips[transport] in told for transport in shares)


def test_the_manuals_line_of_main_cf_draws_every_slot_of_the_table() -> None:
    numbers = ",".join(f"{slot:02}" for slot in range(SLOTS))
    wanted = (
        f"sender_dependent_default_transport_maps = pipemap:{{randmap:{{{numbers}}},texthash:{RandmapHook().path}}}"
    )
    assert randmap_line(str(RandmapHook().path)) == f"{wanted}\n"


def test_the_manuals_have_the_lines_of_every_hook() -> None:
    manuals = "".join(file.read_text() for file in (ROOT / "docs").glob("hooks-*.md"))
    assert [name for name in hooks.names() if f"[pool.main.hooks.{name}]" not in manuals] == []
    manual = (ROOT / "docs" / "hooks-postfix.md").read_text()
    chosen = SocketmapHook()
    place = f"socketmap:inet:{chosen.host}:{chosen.port}:main"
    assert f"    sender_dependent_default_transport_maps = {place}\n" in manual
    assert (
        f"ListenStream={chosen.host}:{chosen.port}\n" in (ROOT / "deploy/systemd/relaywarden-hooks.socket").read_text()
    )
