"""The golden files of the parsers: each input gives what stands above it, and no format lacks its file."""

import runpy
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collectors import complaints, logins, mta

GOLDEN = Path(__file__).parent / "golden"
_files: Callable[[], Iterator[tuple[Path, str]]] = runpy.run_path(str(Path(__file__).parent / "golden.py"))["files"]


@pytest.mark.parametrize(("path", "expected"), [pytest.param(*file, id=file[0].name) for file in _files()])
def test_golden_file_is_what_the_code_says(path: Path, expected: str) -> None:
    assert path.read_text(encoding="utf-8") == expected


def test_formats_and_golden_files_match() -> None:
    assert mta.names() == tuple(sorted(path.stem for path in (GOLDEN / "mta").glob("*.txt"))) == ("postfix",)
    assert logins.names() == tuple(sorted(path.stem for path in (GOLDEN / "logins").glob("*.txt"))) == ("dovecot",)
    assert complaints.names() == tuple(sorted(path.name for path in (GOLDEN / "complaints").iterdir())) == ("arf",)


@pytest.mark.parametrize("kind", ["mta", "logins"])
def test_every_golden_file_holds_every_answer_and_an_attack(kind: str) -> None:
    for path in (GOLDEN / kind).glob("*.txt"):
        text = path.read_text(encoding="utf-8")
        wanted = ("# expect: {", "# expect: ignored", "# expect: dead letter: ", "# Attack: ")
        assert [start for start in wanted if start not in text] == []


@pytest.mark.parametrize("load", [mta.load, logins.load, complaints.load])
def test_an_unknown_format_names_those_there_are(load: Callable[[str], object]) -> None:
    with pytest.raises(ValueError, match=r"'join'; there are (postfix|dovecot|arf)$"):
        load("join")
