"""The hooks that tell programs of one's own the whole set: a signed call, a program, a file."""

import hmac
import json
import sys
from pathlib import Path

import pytest

from schemas.part import Part
from schemas.pool_hooks_more import PoolCommandHook, PoolFileHook, PoolWebhookHook
from schemas.settings import SettingsError, parse
from streams import hooks
from streams.bringing import Tools, differs, perform
from streams.effects import EffectError
from streams.hooks import ActiveSet, Answer, Effect
from tests.panel import Panel, served

IPS = {"out1": "192.0.2.1", "out2": "192.0.2.2"}


def _nobody(effect: Answer) -> None:
    raise AssertionError(f"{effect} is not meant here")


NONE = Tools(answer=_nobody)


def _effect(name: str, settings: Part, *active: str, decision: str = "d7") -> Effect:
    given = ActiveSet(pool="main", shares=dict.fromkeys(active, 1.0), ips=IPS, decision=decision)
    (effect,) = hooks.load(name)(given, settings)
    return effect


def test_the_webhook_is_signed_and_a_repeat_is_known_by_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SECRET", "s3cret")
    with served(Panel()) as panel:
        settings = PoolWebhookHook(url=panel.url, secret_env="TEST_SECRET")
        for effect in (
            _effect("webhook", settings, "out1"),
            _effect("webhook", settings, "out1"),
            _effect("webhook", settings, "out1", "out2"),
            _effect("webhook", settings, "out1", decision="d9"),
        ):
            perform(effect, NONE)
            assert differs(effect) == ""
        (headers, body), *others = panel.told
        expected = hmac.new(b"s3cret", f"{headers['Relaywarden-Timestamp']}.{body}".encode(), "sha256").hexdigest()
        assert headers["Relaywarden-Signature"] == f"sha256={expected}"
        assert [each["ip"] for each in json.loads(body)["active"]] == ["192.0.2.1"]
        keys = [told["Idempotency-Key"] for told, _ in (panel.told[0], *others)]
        assert (keys[0] == keys[1], len(set(keys))) == (True, 3)
        panel.status = 503
        with pytest.raises(EffectError, match=r"^http://127.0.0.1:\d+: 503 Service Unavailable"):
            perform(_effect("webhook", settings, "out1"), NONE)


def test_the_program_gets_the_set_and_its_failure_is_told(tmp_path: Path) -> None:
    told = tmp_path / "told"
    program = f"import sys; open({str(told)!r}, 'w').write(sys.stdin.read())"
    perform(_effect("command", PoolCommandHook(command=(sys.executable, "-c", program)), "out2"), NONE)
    assert [each["transport"] for each in json.loads(told.read_text())["withdrawn"]] == ["out1"]
    failing = PoolCommandHook(command=(sys.executable, "-c", "import sys; sys.exit('no such pool')"))
    with pytest.raises(EffectError, match="ended with 1: no such pool"):
        perform(_effect("command", failing, "out2"), NONE)


def test_the_file_is_looked_at_and_put_right(tmp_path: Path) -> None:
    path = tmp_path / "pool.json"
    effect = _effect("pool_file", PoolFileHook(path=path), "out1")
    perform(effect, NONE)
    assert json.loads(path.read_text())["decision"] == "d7"
    assert differs(effect) == ""
    path.write_text("{}")
    assert differs(effect) == f"{path} was changed by somebody else"
    perform(effect, NONE)
    assert differs(effect) == ""


@pytest.mark.parametrize(
    ("hook", "wrong"),
    [
        ("kumomta = { sites = { gogle = ['mx.example.net'] } }", "no provider 'gogle'"),
        ("kumomta = { sites = { google = ['mx example'] } }", "kumomta.sites.google.0"),
        ("kumomta = { egress_pool = 'a b' }", "kumomta.egress_pool"),
        ("powermta = { virtual_mta = '--help' }", "powermta.virtual_mta"),
        ("powermta = { domains = { google = ['-x'] } }", "powermta.domains.google.0"),
        ("powermta = { command = [] }", "powermta.command"),
        ("zonemta = { names = { out1 = 'a\"b' } }", "zonemta.names.out1"),
        ("zonemta = { zone_pool = 'a\"]' }", "zonemta.zone_pool"),
        ("webhook = { url = 'ftp://t0ken@example.net/' }", "webhook.url"),
        ("command = { command = [''] }", "begins with no program"),
        ("pool_file = { path = '/x', format = 'xml' }", "pool_file.format"),
        ("pull = { port = 70000 }", "pull.port"),
        ("sendmail = {}", "pool.main.hooks.sendmail"),
    ],
)
def test_a_wrong_setting_is_named_at_its_place(hook: str, wrong: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse(f"[pool.main]\ntransports = {{ out1 = '192.0.2.1' }}\n[pool.main.hooks]\n{hook}\n", "test")
    assert wrong in str(refused.value)
    assert "t0ken" not in str(refused.value)
