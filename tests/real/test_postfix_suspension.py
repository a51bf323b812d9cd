"""A real Postfix with logins, asked to bar mailboxes by the policy server and by the access tables, as the log says."""

import os
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collectors.admin import ensure_topics
from embedded.broker import Broker, free_port
from schemas.settings import Settings, parse
from tests.barring_lab import hooks_running, publish, release, suspension, throttle, until
from tests.parts import require, require_root
from tests.real.dovecot_lab import PASSWORD, DovecotLab
from tests.real.postfix_lab import PostfixLab

pytestmark = [
    pytest.mark.real,
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"),
]
ALICE, BOB, CAROL = "alice@example.test", "bob@example.test", "carol@example.test"
SHOP = "127.0.3.1"


@pytest.fixture(autouse=True)
def _servers() -> None:
    require("postfix", "postfix")
    require("smtp-sink", "postfix")
    require("dovecot", "dovecot-core dovecot-imapd")
    require_root("Postfix's and Dovecot's masters")


def _restrictions(check: str) -> str:
    """Return the manual's restrictions with this check in them."""
    manual = (Path(__file__).resolve().parents[2] / "docs" / "hooks-mailboxes.md").read_text()
    blocks = manual.split("    smtpd_recipient_restrictions =\n")[1:]
    (block,) = (block.partition("\n\n")[0] for block in blocks if check in block)
    return f"smtpd_recipient_restrictions =\n{block}"


@contextmanager
def _lab(restrictions: str) -> Iterator[PostfixLab]:
    with DovecotLab("") as logins:
        sasl = f"smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\nsmtpd_sasl_path = {logins.auth}\n"
        with PostfixLab({}, f"default_transport = smtp\n{sasl}{restrictions}") as lab:
            yield lab


def _configuration(folder: Path, bootstrap: str, hooks: str) -> Settings:
    return parse(
        f"""
        data = "{folder}"
        kafka.bootstrap = ["{bootstrap}"]
        networks = {{ "{SHOP}/32" = "customer-4711" }}
        {hooks}
        """,
        "test",
    )


def _submit(
    lab: PostfixLab, login: str, recipients: int = 1, sender: str = "someone@example.test", source: str = "127.0.0.1"
) -> list[tuple[int, str]]:
    """Submit a mail and return the answer to each recipient; with an accepted one it is sent."""
    with smtplib.SMTP(
        "127.0.0.1", lab.port, local_hostname="client.test", timeout=30, source_address=(source, 0)
    ) as client:
        client.ehlo()
        if login:
            client.login(login, PASSWORD)
        client.mail(sender)
        asked = (client.rcpt(f"r{number}@example.net") for number in range(recipients))
        answers = [(code, text.decode()) for code, text in asked]
        if any(code == 250 for code, _ in answers):
            assert client.data("Subject: lab\r\n\r\nHello\r\n")[0] == 250
        return answers


def _codes(answers: list[tuple[int, str]]) -> list[int]:
    return [code for code, _ in answers]


def test_the_policy_refuses_the_suspended_and_defers_the_throttled_until_they_are_released(
    tmp_path: Path, fresh_broker: Broker
) -> None:
    port = free_port()
    hooks = f"[mailboxes.hooks.postfix_policy]\nport = {port}"
    configuration = _configuration(tmp_path, fresh_broker.bootstrap, hooks)
    ensure_topics(configuration)
    publish(configuration, suspension(1, ALICE))
    with _lab(_restrictions("check_policy_service").replace("10026", str(port))) as lab, hooks_running(configuration):
        publish(configuration, throttle(2, CAROL, 3), suspension(3, "customer-4711"))
        until(lambda: _codes(_submit(lab, ALICE)) == [554], "the suspension")
        ((code, text),) = _submit(lab, ALICE)
        assert code == 554
        assert text.startswith("5.7.1 <r0@example.net>: Recipient address rejected: This mailbox may not send mail")
        assert _codes(_submit(lab, BOB, sender=ALICE)) == [250], "by its login, whatever sender it writes"
        assert _codes(_submit(lab, "", sender=ALICE)) == [554], "a local program is known by its sender"
        assert _codes(_submit(lab, "", sender=BOB)) == [250]
        until(lambda: _codes(_submit(lab, "", sender=BOB, source=SHOP)) == [554], "a customer, by his network,")
        assert _codes(_submit(lab, BOB, source=SHOP)) == [250], "and a login counts before the network"

        until(lambda: _codes(_submit(lab, CAROL, 5))[3:] == [450, 450], "the throttle")
        ((code, text),) = _submit(lab, CAROL)
        assert (code, text[:6]) == (450, "4.7.1 ")
        publish(configuration, release(4, ALICE), release(5, CAROL))
        until(lambda: _codes(_submit(lab, CAROL, 5)) == [250] * 5, "the release")
        assert _codes(_submit(lab, ALICE, sender="again@example.test")) == [250]
        until(lambda: any("again@" in file.read_text(errors="replace") for file in lab.received.iterdir()), "her mail")


def test_a_throttled_mailbox_sends_exactly_its_number(tmp_path: Path, fresh_broker: Broker) -> None:
    port = free_port()
    configuration = _configuration(tmp_path, fresh_broker.bootstrap, f"[mailboxes.hooks.postfix_policy]\nport = {port}")
    ensure_topics(configuration)
    publish(configuration, throttle(1, CAROL, 7))
    with _lab(_restrictions("check_policy_service").replace("10026", str(port))) as lab, hooks_running(configuration):
        done = tmp_path / "bars" / "hook-postfix_policy.json"
        until(lambda: done.exists() and '"done"' in done.read_text(), "the throttle")
        codes = [code for _ in range(4) for code in _codes(_submit(lab, CAROL, 3))]
        assert codes == [250] * 7 + [450] * 5
        assert _codes(_submit(lab, BOB, 9)) == [250] * 9


def test_killed_and_started_again_it_answers_the_last_good_state_before_the_log(
    tmp_path: Path, fresh_broker: Broker
) -> None:
    port = free_port()
    hooks = f"[mailboxes.hooks.postfix_policy]\nport = {port}"
    configuration = _configuration(tmp_path, fresh_broker.bootstrap, hooks)
    ensure_topics(configuration)
    publish(configuration, suspension(1, ALICE))
    with _lab(_restrictions("check_policy_service").replace("10026", str(port))) as lab:
        with _process(configuration) as process:
            until(lambda: _codes(_submit(lab, ALICE)) == [554], "the suspension")
            process.send_signal(signal.SIGKILL)
            process.wait(10)
        assert _codes(_submit(lab, ALICE)) == [250], "without the server it fails open: default_action=DUNNO"
        without_log = configuration.model_copy(
            update={"kafka": configuration.kafka.model_copy(update={"bootstrap": (f"127.0.0.1:{free_port()}",)})}
        )
        with _process(without_log):
            until(lambda: _codes(_submit(lab, ALICE)) == [554], "the last good state")
            assert _codes(_submit(lab, BOB)) == [250]


@contextmanager
def _process(configuration: Settings) -> Iterator["subprocess.Popen[bytes]"]:
    told = configuration.model_dump_json()
    program = f"from streams import hooking as h; h.run(h.Settings.model_validate_json({told!r}))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([sys.executable, "-c", program], env=environment, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def test_the_tables_refuse_the_suspended_without_any_process(tmp_path: Path, fresh_broker: Broker) -> None:
    logins, senders = tmp_path / "relaywarden-suspended", tmp_path / "relaywarden-suspended-senders"
    restrictions = _restrictions("check_sasl_access").replace("/etc/postfix", str(tmp_path))
    tmp_path.chmod(0o755)
    hooks = f"""
        [mailboxes.hooks.postfix_access]
        path = "{logins}"
        senders = "{senders}"
        build = ["postmap", "hash:{logins}", "hash:{senders}"]
    """
    configuration = _configuration(tmp_path, fresh_broker.bootstrap, hooks)
    ensure_topics(configuration)
    with hooks_running(configuration):
        until(Path(f"{senders}.db").exists, "the first tables")
        with _lab(restrictions) as lab:
            assert _codes(_submit(lab, ALICE)) == [250]
            evil = ("x@example.test OK\n*", "#y@example.test", "-A", "example.test", "@example.test", "example.net")
            publish(configuration, suspension(1, ALICE), *(suspension(2 + n, name) for n, name in enumerate(evil)))
            until(lambda: _codes(_submit(lab, ALICE)) == [554], "the suspension")
            ((_, text),) = _submit(lab, ALICE)
            assert text.startswith("5.7.1 ")
            assert _codes(_submit(lab, "", sender=ALICE)) == [554], "a local program is known by its sender"
            assert _codes(_submit(lab, BOB)) == [250], "no name stands for others"
            assert _codes(_submit(lab, "", sender=BOB)) == [250], "nor for a domain"
            publish(configuration, release(20, ALICE))
            until(lambda: _codes(_submit(lab, ALICE)) == [250], "the release")
