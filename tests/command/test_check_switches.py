"""What `check` and `hooks` say about stages: days, the switches' files, programs and ports, the tickets' token."""

import json
from pathlib import Path

import pytest

from embedded.broker import free_port
from embedded.checking_sunsets import unwritten
from embedded.checking_switches import stages
from embedded.health import ailments
from schemas.settings import Settings, SettingsError, parse
from streams.switching import Switching
from tests.command.shell import run


def _settings(folder: Path, more: str) -> Settings:
    text = f"""
    data = "{folder}/data"
    [sunset.pop]
    kind = "smtp_after_pop"
    begins = 2027-01-01
    ends = 2027-03-01
    [sunset.pop.stages]
    [sunset.late]
    kind = "smtp_after_pop"
    begins = 2027-01-01
    ends = 2027-03-01
    [sunset.late.stages]
    {more}
    """
    return parse(text, "test")


def test_what_would_not_work_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RELAYWARDEN_TICKETS_TOKEN", raising=False)
    settings = _settings(
        tmp_path,
        f"""
        [sunset.late.stages.tickets]
        [sunset.pop.switch.postfix_access]
        path = "{tmp_path}/not there/table"
        reload = ["no-such-program"]
        [sunset.pop.switch.exim]
        path = "{tmp_path}/table"
        [sunset.late.switch.exim]
        path = "{tmp_path}/table"
        [sunset.pop.switch.postfix_policy]
        port = 10026
        [mailboxes.hooks.postfix_policy]
        """,
    )
    clashes = [
        "sunset.pop.switch.postfix_policy.port: 10026 is the port of mailboxes.hooks.postfix_policy too",
        f"sunset.late.switch.exim.path: {tmp_path}/table is written by sunset.pop.switch.exim already",
    ]
    folder = f"{tmp_path}/not there"
    assert list(stages(settings)) == [
        f"sunset.pop.switch.postfix_access.path: {folder} is not there, so {folder}/table cannot be written",
        "sunset.pop.switch.postfix_access.reload: no program 'no-such-program'",
        *clashes,
        "sunset.late.stages.tickets.token_env: the variable RELAYWARDEN_TICKETS_TOKEN is not set, and there is no file",
    ]
    with pytest.raises(SettingsError) as told:
        Switching(settings)
    assert str(told.value) == "; ".join(clashes)


def test_a_policy_that_does_not_answer_is_an_ailment_of_hooks(tmp_path: Path) -> None:
    port = free_port()
    settings = _settings(tmp_path, f"[sunset.pop.switch.postfix_policy]\nport = {port}")
    assert ailments(settings, "hooks") == [
        f"hooks: sunset.pop.switch.postfix_policy does not answer on 127.0.0.1:{port}"
    ]


def test_hooks_clear_lets_no_switch_refuse_anybody_and_tells_what_could_not_be_cleared(tmp_path: Path) -> None:
    table, config = tmp_path / "table", tmp_path / "relaywarden.toml"
    table.write_text("/^/ REJECT 5.7.1 No\n")
    switch = f"[sunset.pop.switch.postfix_access]\npath = '{table}'\nreload = []"
    text = f"""
    data = "{tmp_path}/data"
    [sunset.pop]
    kind = "smtp_after_pop"
    begins = 2027-01-01
    ends = 2027-03-01
    [sunset.pop.stages]
    {switch}
    """
    config.write_text(text)
    done = run("hooks", "--clear", "--config", config, "--json")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"sunset": "pop", "switch": "postfix_access", "path": str(table), "problem": ""}
    ]
    assert (done.returncode, "REJECT" in table.read_text()) == (0, False)
    table.unlink()
    table.mkdir()
    done = run("hooks", "--clear", "--config", config)
    assert done.returncode == 1
    assert "Is a directory" in done.stdout
    config.write_text(text.replace(switch, ""))
    assert run("hooks", "--clear", "--config", config).returncode == 1, "it is noted, and still there"
    table.rmdir()
    assert run("hooks", "--clear", "--config", config).returncode == 0
    assert "no switch wrote anything" in run("hooks", "--clear", "--config", config).stdout


def test_a_first_stage_before_the_day_that_letters_tell_is_noted(tmp_path: Path) -> None:
    def noted(first_day: str, mail: str) -> list[str]:
        table = f"first_day = {first_day}\n{mail}\n[logins.imap]\nformat = 'dovecot'\nlog = '{tmp_path}/log'"
        return list(unwritten(_settings(tmp_path, f"{table}\n[customers.acme]\nmailboxes = ['acme.example']")))

    mail = (
        "[sunset.late.mail]\nsender = 'a@isp.example'\ncompany = 'I'\nsupport = '1'\nsmtp_server = 'smtp.isp.example'"
    )
    closes = "the first stage closes on 2027-02-22, before it ends on 2027-03-01"
    letters = "letters that go before relaywarden sunset plan tell everybody that he has until 2027-03-01"
    nobody = [f"sunset.{name}.mail: none: nobody is written to" for name in ("pop", "late")]
    assert noted("2027-02-20", mail) == [
        nobody[0],
        f"sunset.late.stages.first_day: 2027-02-20: {closes}: {letters}; plan before the first goes, on 2027-01-05",
    ]
    assert noted("2027-02-27", mail) == [nobody[0]], "a Saturday: it closes on Monday, when the sunset ends"
    assert noted("2027-02-20", "") == nobody
