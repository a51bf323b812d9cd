"""What `up` writes down is read by its processes as the settings it has, whatever the configuration holds."""

from pathlib import Path

import pytest

from collectors import checkpoint
from embedded import effective
from embedded.rewinding import Rewinding
from schemas.settings import Settings, load, parse

EXAMPLE = Path(__file__).parents[1] / "relaywarden.example.toml"
WITH_INPUTS = """
data = "{folder}/state"
[input.relays]
kind = "syslog"
tcp = "127.0.0.1:5514"
[input.post]
kind = "http"
token_env = "T"
[input.drop]
kind = "files"
pattern = "/srv/log/*.log"
[input.fbl]
kind = "mbox"
path = "/var/mail/fbl"
[mta.sys]
format = "postfix"
input = "relays"
[mta.posted]
format = "exim"
input = "post"
[logins.imap1]
format = "dovecot"
input = "drop"
[complaints.own]
input = "fbl"
"""


def read_again(settings: Settings, folder: Path) -> Settings:
    """Return the settings as the processes of `up` read them."""
    return load(effective.write(settings, folder))


@pytest.mark.parametrize("text", [WITH_INPUTS, EXAMPLE.read_text()], ids=["inputs", "example"])
def test_what_is_written_is_read_again(text: str, tmp_path: Path) -> None:
    given = parse(text.replace("{folder}", str(tmp_path)), "x.toml")
    assert read_again(given, tmp_path) == given
    assert read_again(read_again(given, tmp_path), tmp_path) == given


def test_where_lines_of_an_input_wait_is_the_same_for_all_processes(tmp_path: Path) -> None:
    given = parse(WITH_INPUTS.replace("{folder}", str(tmp_path)), "x.toml")
    read = read_again(effective.effective(given, tmp_path), tmp_path)
    waiting = tmp_path / "state" / "spool"
    assert read.mta["sys"].log == waiting / "relays" / "lines"
    assert read.mta["posted"].log == waiting / "post" / "lines"
    assert read.logins["imap1"].log == waiting / "drop" / "lines"
    assert read.complaints["own"].maildir == tmp_path / "state" / "mails" / "fbl"


def test_what_an_input_remembers_is_no_checkpoint_of_a_log(tmp_path: Path) -> None:
    settings = parse(WITH_INPUTS.replace("{folder}", str(tmp_path)), "x.toml")
    checkpoints = tmp_path / "state" / "checkpoints"
    checkpoints.mkdir(parents=True)
    log, remembered, base = (checkpoints / name for name in ("mta-sys.json", "input-fbl.json", "input-drop.json"))
    checkpoint.save(log, checkpoint.Checkpoint("/before"))
    remembered.write_text('{"validity": 7, "next": 12}')
    base.write_bytes(b"\x92\xa0\x80")  # of the kind "files", which keeps no JSON there
    rewinding = Rewinding(settings, tmp_path / "folded")
    rewinding.settled()
    assert [path.name for path in (tmp_path / "folded").iterdir()] == ["mta-sys.json"]
    checkpoint.save(log, checkpoint.Checkpoint("/after"))
    rewinding.rewind()
    assert checkpoint.load(log) == checkpoint.Checkpoint("/before")
