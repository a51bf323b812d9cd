"""`relaywarden check` and `healthy` about the suspension hooks: files, programs, secrets, the policy's port."""

import socket
from pathlib import Path
from typing import Any

import pytest

from embedded.broker import free_port
from embedded.checking_bars import loose, suspensions
from embedded.health import ailments
from embedded.listening import faults
from schemas.settings import Settings
from streams.bars import Policy
from streams.policy import PolicyServer, Senders
from streams.serving import listen

PLACE = "mailboxes.hooks"


def _settings(**hooks: Any) -> Settings:  # noqa: ANN401 tables of the configuration
    ports = {"port": free_port()}
    return Settings.model_validate({"dashboard": ports, "mailboxes": {"hooks": hooks}})


def _ldap(**more: object) -> dict[str, object]:
    return {"bind_dn": "cn=r", "dn": "uid={user}", "suspend": {"a": ["b"]}, "release": {"a": []}, **more}


def test_what_works_here_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAYWARDEN_SQL_URL", "sqlite:////tmp/x")
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    here = _settings(
        postfix_policy={"port": free_port()},
        postfix_access={"path": str(tmp_path / "a"), "senders": str(tmp_path / "b"), "build": ["sh"]},
        dovecot_deny={"path": str(tmp_path / "deny"), "kick": ["sh"]},
        command={"suspend": ["sh"], "release": ["sh"]},
        sql={"suspend": "UPDATE x SET y = 1", "release": "UPDATE x SET y = 0"},
        ldap=_ldap(password_file=str(secret)),
        webhook={"url": "https://panel.example.net", "secret_file": str(secret)},
    )
    assert [*suspensions(here), *loose(here), *faults(here)] == []


def test_everything_wrong_is_named_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAYWARDEN_SQL_URL", "postgresql+psycopg://mail:s3cret@db.example.net/mail")
    for variable in ("RELAYWARDEN_LDAP_PASSWORD", "RELAYWARDEN_WEBHOOK_SECRET"):
        monkeypatch.delenv(variable, raising=False)
    secret = tmp_path / "secret"
    secret.touch(mode=0o644)
    secret.chmod(0o644)
    here = _settings(
        postfix_access={"path": str(tmp_path), "senders": str(tmp_path / "x"), "build": ["no-such-postmap"]},
        dovecot_deny={"path": str(tmp_path / "x"), "kick": ["no-such-doveadm"]},
        command={"suspend": ["no-such-lock"], "throttle": ["sh"], "release": ["no-such-unlock"]},
        sql={"suspend": "UPDATE x SET y = 1"},
        ldap=_ldap(),
        webhook={"url": "https://panel.example.net", "secret_file": str(secret)},
    )
    assert list(suspensions(here)) == [
        f"{PLACE}.postfix_access.path: {tmp_path} is a folder",
        f"{PLACE}.dovecot_deny.path: {tmp_path}/x is written as postfix_access.senders already",
        f"{PLACE}.postfix_access.build: no program 'no-such-postmap'",
        f"{PLACE}.dovecot_deny.kick: no program 'no-such-doveadm'",
        f"{PLACE}.command.suspend: no program 'no-such-lock'",
        f"{PLACE}.command.release: no program 'no-such-unlock'",
        f"{PLACE}.ldap.password_env: the variable RELAYWARDEN_LDAP_PASSWORD is not set here, and there is no file",
        f"{PLACE}.webhook.secret_file: {secret} is open to others (mode 0644); chmod 600 it",
        f"{PLACE}.sql.url: No module named 'psycopg'",
    ]
    monkeypatch.setenv("RELAYWARDEN_SQL_URL", "s3cret")
    assert list(suspensions(here))[-1] == f"{PLACE}.sql.url: no URL of SQLAlchemy", "without the URL: it has a password"


def test_what_works_otherwise_than_meant_is_noted() -> None:
    here = _settings(
        dry_run=True,
        command={"suspend": ["sh"]},
        ldap=_ldap(url="ldap://ldap.example.net"),
        webhook={"url": "http://panel.example.net"},
    )
    assert list(loose(here)) == [
        f"{PLACE}.dry_run: true: decisions are recorded, the mailboxes are left alone",
        f"{PLACE}: none holds a throttled mailbox to its number: postfix_policy does, the others suspend",
        f"{PLACE}.ldap.url: ldap://ldap.example.net: the password goes there in clear; say ldaps:// or starttls = true",
        f"{PLACE}.webhook.url: http://panel.example.net: names of mailboxes go there in clear; say https://",
        f"{PLACE}.command.release: none: what it does is never undone",
    ]
    near = _settings(
        postfix_policy={}, ldap=_ldap(), webhook={"url": "http://localhost/x"}, sql={"suspend": "a", "release": "b"}
    )
    assert list(loose(near)) == []


def test_the_policys_port_is_free_or_held_by_the_policy_server() -> None:
    port = free_port()
    here = _settings(postfix_policy={"port": port})
    assert list(faults(here)) == []
    assert ailments(here, "hooks") == [f"hooks: the policy server does not answer on 127.0.0.1:{port}"]
    with socket.create_server(("127.0.0.1", port)):
        assert list(faults(here)) == [f"{PLACE}.postfix_policy.port: 127.0.0.1:{port}: Address already in use"]
    server = PolicyServer(Senders({}, ()), Policy(barred={}, suspended="", throttled=""))
    server.start([listen("127.0.0.1", port)])
    assert list(faults(here)) == []
    assert ailments(here, "hooks") == []
    server.stop()
    taken = here.dashboard.port
    twice = here.model_copy(update={"mailboxes": _settings(postfix_policy={"port": taken}).mailboxes})
    assert list(faults(twice)) == [f"{PLACE}.postfix_policy.port: {taken} is the dashboard's port too"]
