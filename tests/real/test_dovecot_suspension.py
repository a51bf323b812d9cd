"""A real Dovecot whose deny list follows the log: who is suspended cannot log in, and is put out."""

import imaplib
from pathlib import Path

import pytest

from collectors.admin import ensure_topics
from embedded.broker import Broker
from schemas.settings import parse
from tests.barring_lab import hooks_running, publish, release, suspension, throttle, until
from tests.parts import require, require_root
from tests.real.dovecot_lab import DovecotLab

pytestmark = [
    pytest.mark.real,
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"),
]
ALICE, BOB = "alice@example.net", "bob@example.net"


@pytest.fixture(autouse=True)
def _dovecot() -> None:
    require("dovecot", "dovecot-core dovecot-imapd")
    require_root("Dovecot's master")


def deny_lines() -> str:
    """Return the manual's lines of dovecot.conf, with {path} for the list."""
    manual = (Path(__file__).resolve().parents[2] / "docs" / "hooks-mailboxes.md").read_text()
    lines = manual.partition("    passdb {\n")[2].partition("    }\n")[0]
    return "passdb {\n" + lines.replace("/etc/dovecot/relaywarden-deny", "{path}") + "}\n"


def test_the_suspended_cannot_log_in_and_are_put_out_until_they_are_released(
    tmp_path: Path, fresh_broker: Broker
) -> None:
    with DovecotLab(deny_lines()) as lab:
        configuration = parse(
            f"""
            data = "{tmp_path}"
            [kafka]
            bootstrap = ["{fresh_broker.bootstrap}"]
            [mailboxes.hooks.dovecot_deny]
            path = "{lab.deny}"
            kick = ["doveadm", "-c", "{lab.config}", "kick", "--", "{{mailbox}}"]
            """,
            "test",
        )
        ensure_topics(configuration)
        with hooks_running(configuration):
            opened, others = lab.session(ALICE), lab.session(BOB)
            publish(configuration, suspension(1, ALICE), throttle(2, BOB, 5))
            until(lambda: not lab.lets_in(ALICE), "the denial")
            assert not lab.lets_in("Alice@Example.net"), "spelled otherwise it is the same mailbox"
            assert lab.lets_in(BOB), "a throttled mailbox logs in"
            until(lambda: _is_gone(opened), "the end of the session")
            assert others.noop()[0] == "OK"
            others.logout()
            publish(configuration, release(3, ALICE))
            until(lambda: lab.lets_in(ALICE), "the release")
            assert lab.deny.read_text() == ""


def _is_gone(session: imaplib.IMAP4) -> bool:
    try:
        session.noop()
    except (imaplib.IMAP4.error, OSError):
        session.shutdown()
        return True
    return False
