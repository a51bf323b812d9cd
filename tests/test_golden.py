"""The golden files of the parsers: each input gives what stands above it, and no format lacks its file."""

import runpy
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from collectors import complaints, feedback, logins, mta

GOLDEN = Path(__file__).parent / "golden"
_files: Callable[[], Iterator[tuple[Path, str]]] = runpy.run_path(str(Path(__file__).parent / "golden.py"))["files"]


# The folders whose files hold what is expected; those of the others are read by tests of their own.
KINDS = [
    "bounces",
    "complaints",
    "customer_domains",
    "detectors",
    "domainreport",
    "feedback",
    "hooks",
    "letters",
    "logins",
    "mta",
    "notices",
    "programs",
    "reasons",
    "replies",
    "reports",
]


@pytest.fixture(scope="module")
def expected() -> Mapping[str, dict[Path, str]]:
    """Return by folder what its files should hold; it takes long, so that no worker does it that only collects."""
    found: dict[str, dict[Path, str]] = defaultdict(dict)
    for path, text in _files():
        found[path.relative_to(GOLDEN).parts[0]][path] = text
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_golden_files_are_what_the_code_says(expected: Mapping[str, dict[Path, str]], kind: str) -> None:
    assert {path.name: path.read_text(encoding="utf-8") for path in expected[kind]} == {
        path.name: text for path, text in expected[kind].items()
    }


def test_each_kind_of_golden_files_is_looked_at(expected: Mapping[str, dict[Path, str]]) -> None:
    assert sorted(expected) == KINDS
    assert all(expected.values())


def test_formats_and_golden_files_match() -> None:
    assert mta.names() == tuple(sorted(path.stem for path in (GOLDEN / "mta").glob("*.txt")))
    assert {"postfix", "rspamd", "spamassassin"} <= set(mta.names())
    assert logins.names() == tuple(sorted(path.stem for path in (GOLDEN / "logins").glob("*.txt")))
    assert {"courier_imap", "cyrus", "dovecot", "uw_imap"} <= set(logins.names())
    assert complaints.names() == tuple(sorted(path.name for path in (GOLDEN / "complaints").iterdir()))
    assert complaints.names() == ("any", "arf", "jmrp", "spamcop", "xarf")


@pytest.mark.parametrize("name", feedback.names())
def test_every_report_format_has_all_answers_and_an_attack(name: str) -> None:
    inputs = sorted(path for path in (GOLDEN / "feedback" / name).iterdir() if path.suffix != ".expected")
    expected = [path.with_name(f"{path.name}.expected").read_text(encoding="utf-8") for path in inputs]
    assert "" in expected
    assert any(text.startswith('{"error": ') for text in expected)
    assert any(text.startswith('{"type":') for text in expected)
    attacked = [text for path, text in zip(inputs, expected, strict=True) if "192.0.2.66" in path.read_text("utf-8")]
    assert [text for text in attacked if 'ip":"192.0.2.66"' in text or "victim" in text] == []
    assert attacked or name == "postmaster"


def test_report_formats_and_golden_files_match() -> None:
    assert feedback.names() == tuple(sorted(path.name for path in (GOLDEN / "feedback").iterdir()))
    assert feedback.names() == ("dmarc_aggregate", "dmarc_failure", "postmaster", "snds", "tls_rpt")


@pytest.mark.parametrize("kind", ["mta", "logins"])
def test_every_golden_file_holds_every_answer_and_an_attack(kind: str) -> None:
    for path in (GOLDEN / kind).glob("*.txt"):
        text = path.read_text(encoding="utf-8")
        wanted = ("# expect: {", "# expect: ignored", "# expect: dead letter: ", "# Attack: ")
        assert [start for start in wanted if start not in text] == []


@pytest.mark.parametrize("name", [name for name in complaints.names() if name != "any"])
def test_every_complaint_format_has_mails_that_are_none_and_attacks(name: str) -> None:
    mails = sorted((GOLDEN / "complaints" / name).glob("*.eml"))
    expected = [mail.with_suffix(".json").read_text(encoding="utf-8") for mail in mails]
    assert any('"sender": "alice@example.net"' in text for text in expected)
    assert "null\n" in expected
    attacked = [text for mail, text in zip(mails, expected, strict=True) if b"victim@example.net" in mail.read_bytes()]
    assert attacked != []
    assert [text for text in attacked if "victim" in text or "192.0.2.66" in text or "FORGED" in text] == []


@pytest.mark.parametrize("load", [mta.load, logins.load, complaints.load])
def test_an_unknown_format_names_those_there_are(load: Callable[[str], object]) -> None:
    with pytest.raises(ValueError, match=r"'join'; there are .*(postfix, |dovecot|any, arf, jmrp, spamcop, xarf$)"):
        load("join")
