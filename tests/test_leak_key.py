"""The key of leaked identities: made once, from the environment first, and refused where others may read it."""

import stat
from pathlib import Path

import pytest

from schemas.names import partition_of
from streams import leak_key
from streams.leaks import digest, key_of, leaked


def test_it_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert leak_key.known(data) is None
    key = leak_key.made(data)
    assert len(key) >= 32
    assert (leak_key.made(data), leak_key.known(data)) == (key, key)
    place = leak_key.place(data)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert (place.stat().st_uid, place.stat().st_gid) == (data.stat().st_uid, data.stat().st_gid)
    assert [path.name for path in data.iterdir()] == ["leaks.key"]


def test_the_environment_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leak_key.made(tmp_path)
    monkeypatch.setenv(leak_key.VARIABLE, "of all hosts")
    assert leak_key.known(tmp_path) == leak_key.made(tmp_path) == b"of all hosts"


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    leak_key.made(tmp_path)
    leak_key.place(tmp_path).chmod(0o644)
    with pytest.raises(ValueError, match=r"leaks\.key is open to others \(mode 0644\)"):
        leak_key.known(tmp_path)


def test_a_leak_has_one_id_and_one_place_and_tells_no_address() -> None:
    made = [
        leaked(name, key, partitions=8, at=at, source="shop", leaked_at=5, passwords=True)
        for name, key, at in (
            ("Anna@example.net ", b"k", 1),
            ("anna@example.net", b"k", 2),
            ("anna@example.net", b"l", 1),
        )
    ]
    assert made[0].id == made[1].id != made[2].id
    assert {event.partition for event in made} == {partition_of("anna@example.net", 8)}
    assert (made[0].partitions, made[0].source, made[0].leaked_at, made[0].passwords) == (8, "shop", 5, True)
    assert made[0].digest == digest("anna@example.net", b"k")
    assert len(made[0].digest) == 64
    assert key_of(made[0]) == f"{made[0].digest} shop".encode()
