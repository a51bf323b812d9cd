"""A stolen login sends a burst through a real Postfix: its log lines lead to its own refusal, and to nobody else's."""

import smtplib
from pathlib import Path

import pytest

from embedded.broker import free_port
from tests.parts import require, require_root
from tests.real.sasl_lab import SaslLab
from tests.whole.lab import Lab, until

pytestmark = [pytest.mark.real, pytest.mark.slow]
ALICE, BOB = "alice@example.test", "bob@example.test"
NETWORKS, MAILS = 60, 2
REFUSED = "SELECT count() FROM mail_events WHERE type = 'message_rejected' AND envelope_from = 'alice@example.test'"


def _restrictions(port: int) -> str:
    """Return the manual's restrictions with the policy service on this port, on one line."""
    manual = (Path(__file__).resolve().parents[2] / "docs" / "hooks-mailboxes.md").read_text()
    blocks = manual.split("    smtpd_recipient_restrictions =\n")[1:]
    (block,) = (block.partition("\n\n")[0] for block in blocks if "check_policy_service" in block)
    line = " ".join(block.replace("10026", str(port)).split())
    return line.replace("{", "{{").replace("}", "}}")  # it becomes a format


def _answer(postfix: SaslLab, login: str, client: str, number: int) -> int:
    """Submit a mail to a recipient of that number, and return the code that its recipient got."""
    try:
        postfix.submit_as(login, client, login, f"r{number}@example.net")
    except smtplib.SMTPRecipientsRefused as error:
        ((code, _),) = error.recipients.values()
        return code
    return 250


@pytest.mark.timeout(240)
def test_a_burst_bars_its_mailbox_and_no_other(tmp_path: Path) -> None:
    require("postfix", "postfix")
    require("dovecot", "dovecot-core dovecot-imapd")
    require_root("Postfix's and Dovecot's masters")
    port = free_port()
    postfix = SaslLab((ALICE, BOB), {"smtpd_recipient_restrictions": _restrictions(port)})
    config = {
        "mta": {"mta": {"format": "postfix", "log": str(postfix.lab.log)}},
        "mailboxes": {
            "action": "enforce",
            "throttle_score": 0.0,
            "suspend_score": 100.0,
            "hooks": {"postfix_policy": {"port": port}},
        },
    }
    with postfix, Lab(tmp_path, config) as lab:
        for name in ("sink", "stream", "hooks", "collect"):
            lab.run(name)
        assert _answer(postfix, ALICE, "203.0.113.5", 0) == 250
        assert _answer(postfix, BOB, "203.0.113.6", 0) == 250
        sent = "SELECT uniqExact(sender) FROM mail_events WHERE type = 'message_submitted'"
        until(lambda: lab.value(sent) == 2, 90, "the first mails in the warehouse")

        numbers = iter(range(1, 10**6))
        burst = [
            _answer(postfix, ALICE, f"198.18.{network}.7", next(numbers))
            for network in range(NETWORKS)
            for _ in range(MAILS)
        ]
        assert set(burst) <= {250, 554}
        until(lambda: _answer(postfix, ALICE, "198.18.0.7", next(numbers)) == 554, 60, "the refusal")
        assert _answer(postfix, BOB, "203.0.113.6", next(numbers)) == 250

        until(lambda: lab.value(REFUSED) > 0, 30, "the refusal in the log")
        decided = (
            "SELECT mailbox, mode, operator, score >= 100 FROM mailbox_events FINAL WHERE type = 'mailbox_suspended'"
        )
        until(lambda: lab.rows(decided) != [], 30, "the suspension in the warehouse")
        assert lab.rows(decided) == [(ALICE, "enforce", "", True)]
        rules = "SELECT arrayJoin(evidence).1 FROM mailbox_events FINAL WHERE type = 'mailbox_suspended'"
        assert ("client_networks",) in lab.rows(rules)
        done = "SELECT mailbox, hook FROM mailbox_signals FINAL WHERE type = 'suspension_applied'"
        until(lambda: lab.rows(done) == [(ALICE, "postfix_policy")], 30, "what the hook did")
        for name in ("collect", "stream", "sink", "hooks"):
            assert lab.end(name) == 0, lab.log(name)
