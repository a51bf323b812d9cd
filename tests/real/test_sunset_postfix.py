"""A real Postfix with clients that may relay by POP: refused in a brown-out and after the close, as the manual says."""

import smtplib
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collectors.admin import ensure_topics
from embedded.broker import Broker, free_port
from schemas.settings import Settings, parse
from schemas.sunset_events import Stage, StagesPlanned, UserExempted
from streams.sunset.stepping import stepped
from tests.barring_lab import hooks_running, publish, until
from tests.parts import require, require_root
from tests.real.sasl_lab import SaslLab

pytestmark = [
    pytest.mark.real,
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"),
]
CLIENT, STRANGER = "192.0.2.7", "198.51.100.9"
ANNA, ZOE, BOSS = "Anna@example.test", "zoe@example.test", "fax.o'brien@example.test"
SECOND = 1_000_000
_OURS = {
    "virtual_mailbox_domains": "ours.example",
    "virtual_transport": "discard:",
    "relay_domains": "backup.example",
    "relay_transport": "discard:",
}
STAGES = (Stage(number=1, first="", beyond="n"), Stage(number=2, first="n"))


@pytest.fixture(autouse=True)
def _servers() -> None:
    require("postfix", "postfix")
    require("dovecot", "dovecot-core")
    require_root("Postfix's and Dovecot's masters")


def _manual(title: str, replaced: dict[str, str]) -> dict[str, str]:
    """Return the manual's lines of main.cf under a title, by parameter."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "sunset-stages.md").read_text()
    part = text.partition(f"### Postfix, `{title}`\n")[2].partition("\n### ")[0]
    lines = [line.removeprefix("    ") for line in part.splitlines() if line.startswith("    ")]
    joined = "\n".join(lines).replace("\n    ", " ")
    for old, new in replaced.items():
        assert old in joined
        joined = joined.replace(old, new)
    return dict(
        line.split(" = ", 1) for line in joined.replace(" =\n", " = ").replace(" = \n", " = ").splitlines() if line
    )


def _configuration(folder: Path, bootstrap: str, switch: str) -> Settings:
    return parse(
        f"""
        data = "{folder}"
        kafka.bootstrap = ["{bootstrap}"]
        customers.acme.mailboxes = ["{BOSS}"]
        [sunset.pop]
        kind = "smtp_after_pop"
        begins = 2027-01-01
        ends = 2027-03-01
        [sunset.pop.stages]
        reply = "5.7.1 It costs $1 to send without a login"
        [sunset.pop.switch.{switch}
        """,
        "test",
    )


@contextmanager
def _lab(title: str, replaced: dict[str, str], pops: Path, told: str = "OK") -> Iterator[SaslLab]:
    pops.write_text(f"{CLIENT} {told}\n")
    subprocess.run(["postmap", f"lmdb:{pops}"], check=True)
    changes = _manual(title, replaced | {"/etc/postfix/pop-before-smtp": str(pops)})
    changes |= {"smtpd_recipient_restrictions": "", "mynetworks": "127.0.0.0/8", "max_idle": "3600s"}
    changes |= _OURS
    escaped = {name: value.replace("{", "{{").replace("}", "}}") for name, value in changes.items()}
    with SaslLab(("login@example.test",), escaped) as lab:
        yield lab


def _answer(
    lab: SaslLab, sender: str, client: str = CLIENT, login: str = "", recipient: str = "friend@example.net"
) -> str:
    """Return "accepted", or what the client is told."""
    try:
        lab.submit_as(login, client, sender, recipient)
    except smtplib.SMTPRecipientsRefused as error:
        ((code, text),) = error.recipients.values()
        return f"{code} {text.decode()}"
    return "accepted"


def _refused(lab: SaslLab, sender: str) -> bool:
    answer = _answer(lab, sender)
    return answer.startswith("554 5.7.1 <") and answer.endswith("rejected: It costs $1 to send without a login")


def _plan() -> StagesPlanned:
    return StagesPlanned(id="plan", at=1, sunset="pop", stages=STAGES)


def _now() -> int:
    return time.time_ns() // 1000


def _runs_its_course(lab: SaslLab, configuration: Settings) -> None:
    assert _answer(lab, ANNA) == "accepted", "before anything is off"
    brownout = stepped("pop", 1, "brownout", _now(), until=_now() + 8 * SECOND)
    exemption = UserExempted(id="e", at=2, sunset="pop", subject="acme", operator="ann", reason="a fax machine")
    publish(configuration, exemption, brownout)
    until(lambda: _refused(lab, ANNA), "the brown-out")
    assert _answer(lab, ZOE) == "accepted", "another stage"
    assert _answer(lab, BOSS) == "accepted", "exempt, by its customer"
    assert _answer(lab, ANNA, login="login@example.test") == "accepted", "logged in"
    assert "Relay access denied" in _answer(lab, ANNA, STRANGER), "no client by POP: not our answer"
    assert _answer(lab, "") == "accepted", "without a sender: the last stage's"
    until(lambda: _answer(lab, ANNA) == "accepted", "its end, though nobody said so")
    publish(configuration, stepped("pop", 1, "closed", _now()), stepped("pop", 2, "closed", _now()))
    until(lambda: _refused(lab, ZOE), "the close")
    assert _refused(lab, ANNA)
    assert _refused(lab, "")
    for client in (CLIENT, STRANGER):
        assert _answer(lab, ANNA, client, recipient="info@ours.example") == "accepted", "mail to the hoster himself"
        assert _answer(lab, ANNA, client, recipient="info@backup.example") == "accepted", "a domain that he relays to"
    publish(configuration, stepped("pop", 1, "rolled_back", _now(), operator="ann", reason="phones"))
    until(lambda: _answer(lab, ANNA) == "accepted", "the rollback")
    assert _refused(lab, ZOE)


def test_the_access_map_refuses_a_stage_in_its_brown_out_and_after_its_close(
    tmp_path: Path, fresh_broker: Broker
) -> None:
    table, pops = tmp_path / "sunset", tmp_path / "pops"
    tmp_path.chmod(0o755)
    table.touch()
    with _lab("postfix_access", {"/etc/postfix/relaywarden-sunset": str(table)}, pops) as lab:
        switch = f'postfix_access]\npath = "{table}"\nreload = ["postfix", "-c", "{lab.config}", "reload"]'
        configuration = _configuration(tmp_path / "data", fresh_broker.bootstrap, switch)
        ensure_topics(configuration)
        with hooks_running(configuration):
            publish(configuration, _plan())
            until(lambda: "DUNNO" in table.read_text(), "the table")
            _runs_its_course(lab, configuration)
            resumed = stepped("pop", 1, "open", _now(), operator="ann", reason="phones are still")
            publish(configuration, resumed, stepped("pop", 1, "brownout", _now(), until=_now() + 3600 * SECOND))
            until(lambda: _refused(lab, ANNA), "another brown-out")
        until(lambda: _answer(lab, ANNA) == "accepted", "its end by an orderly stop")
        assert _refused(lab, ZOE), "closed is closed"
        without = configuration.model_copy(update={"sunset": {}})
        with hooks_running(without):
            until(lambda: _answer(lab, ZOE) == "accepted", "a sunset that is taken out of the configuration")


def test_the_policy_refuses_a_stage_in_its_brown_out_and_after_its_close(tmp_path: Path, fresh_broker: Broker) -> None:
    port = free_port()
    configuration = _configuration(tmp_path / "data", fresh_broker.bootstrap, f"postfix_policy]\nport = {port}")
    ensure_topics(configuration)
    tmp_path.chmod(0o755)
    with (
        _lab("postfix_policy", {"10028": str(port)}, tmp_path / "pops") as lab,
        hooks_running(configuration),
    ):
        publish(configuration, _plan())
        _runs_its_course(lab, configuration)


@pytest.mark.parametrize(("told", "answer"), [("OK", "accepted"), ("permit", ""), ("1790000000", "")])
def test_a_map_that_answers_anything_but_ok_lets_nobody_relay(tmp_path: Path, told: str, answer: str) -> None:
    tmp_path.chmod(0o755)
    table, pops = tmp_path / "sunset", tmp_path / "pops"
    table.touch()
    with _lab("postfix_access", {"/etc/postfix/relaywarden-sunset": str(table)}, pops, told) as lab:
        asked = subprocess.run(["postmap", "-q", CLIENT, f"lmdb:{pops}"], capture_output=True, text=True, check=True)
        assert asked.stdout == f"{told}\n"
        denied = "554 5.7.1 <friend@example.net>: Relay access denied"
        assert _answer(lab, ANNA) == (answer or denied)
