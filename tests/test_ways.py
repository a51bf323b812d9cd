"""What a configuration adds to the ways to a sender: what it may say, and what is missing."""

from pathlib import Path

import pytest

from collectors.ways import NO_WAYS, ways_of
from embedded import checking
from schemas.settings import Maildir, Settings, SettingsError, parse

SIGNED = r"bounce\+(?P<mailbox>[^@]+)-(?P<signature>[0-9a-f]{12})@example\.net"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("verp = 'bounce+(?P<mailbox>.+@x'", "complaints.fbl.verp: 'bounce+(?P<mailbox>.+@x' is no pattern: missing )"),
        ("verp = 'bounce.+@x'", "complaints.fbl.verp: 'bounce.+@x' has no group (?P<mailbox>…)"),
        ('header = "X Customer"', "complaints.fbl.header: "),
        ("attribution_wait_minutes = -1", "complaints.fbl.attribution_wait_minutes: "),
        ("attribution_days = 0", "complaints.fbl.attribution_days: "),
        ("headers = 'X-Customer'", "complaints.fbl.headers: no such setting"),
    ],
)
def test_a_section_that_cannot_be_is_named(line: str, reason: str) -> None:
    with pytest.raises(SettingsError) as told:
        parse(f'[complaints.fbl]\nmaildir = "/var/mail/fbl"\n{line}\n', "relaywarden.toml")
    assert str(told.value).startswith(f"relaywarden.toml: {reason}")


def test_a_section_gives_its_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ways_of(Maildir(maildir=Path("fbl")), "complaints.fbl") == NO_WAYS
    monkeypatch.setenv("VERP", "a key")
    ways = ways_of(Maildir(maildir=Path("fbl"), header="X-Customer", verp=SIGNED, verp_key_env="VERP"), "")
    assert (ways.header, ways.verp and ways.verp.key) == ("X-Customer", b"a key")


def test_a_signature_without_its_key_is_refused_and_check_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RELAYWARDEN_VERP_KEY", raising=False)
    said = "complaints.fbl.verp_key_env: RELAYWARDEN_VERP_KEY is not set, and verp holds a signature"
    box = Maildir(maildir=tmp_path, verp=SIGNED)
    with pytest.raises(ValueError, match=said):
        ways_of(box, "complaints.fbl")
    assert said in checking.findings(Settings(data=tmp_path, complaints={"fbl": box}))
    with pytest.raises(ValueError, match=r"^fbl\.verp_key_env: the variable named there is not set, and verp holds"):
        ways_of(box.model_copy(update={"verp_key_env": "S3CR3TK3Y"}), "fbl")
    monkeypatch.setenv("RELAYWARDEN_VERP_KEY", "a key")
    assert [
        said for said in checking.findings(Settings(data=tmp_path, complaints={"fbl": box})) if "verp" in said
    ] == []
