"""What `relaywarden check` finds about the suspension hooks: files, programs, secrets and drivers of this machine."""

import os
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from embedded.checking_paths import runnable, writable
from schemas.mailbox_hooks import MailboxHooks
from schemas.mailbox_settings import bars as barring
from schemas.password import password_in
from schemas.settings import Settings
from streams import bars

_PLACE = "mailboxes.hooks"


def suspensions(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each thing that would not work."""
    hooks = settings.mailboxes.hooks
    yield from _files(hooks)
    yield from _programs(hooks)
    yield from _secrets(hooks)


def loose(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each thing that works, but hardly as it was meant."""
    hooks = settings.mailboxes.hooks
    if hooks.dry_run and bars.configured(hooks):
        yield f"{_PLACE}.dry_run: true: decisions are recorded, the mailboxes are left alone"
    throttling = (hooks.command and hooks.command.throttle, hooks.sql and hooks.sql.throttle)
    if barring(hooks) and not (hooks.postfix_policy or any(throttling) or (hooks.ldap and hooks.ldap.throttle)):
        yield f"{_PLACE}: none holds a throttled mailbox to its number: postfix_policy does, the others suspend"
    ldap = hooks.ldap
    if ldap is not None and ldap.url.startswith("ldap://") and not ldap.starttls and not is_local(ldap.url):
        yield f"{_PLACE}.ldap.url: {ldap.url}: the password goes there in clear; say ldaps:// or starttls = true"
    webhook = hooks.webhook
    if webhook is not None and webhook.url.startswith("http://") and not is_local(webhook.url):
        yield f"{_PLACE}.webhook.url: {webhook.url}: names of mailboxes go there in clear; say https://"
    for name, orders in (("command", hooks.command), ("sql", hooks.sql), ("ldap", hooks.ldap)):
        if orders is not None and not orders.release:
            yield f"{_PLACE}.{name}.release: none: what it does is never undone"


def _files(hooks: MailboxHooks) -> Iterator[str]:
    access, deny = hooks.postfix_access, hooks.dovecot_deny
    written: dict[Path, str] = {}
    files = (
        ("postfix_access.path", access and access.path),
        ("postfix_access.senders", access and access.senders),
        ("dovecot_deny.path", deny and deny.path),
    )
    for key, path in files:
        if not path:
            continue
        yield from writable(f"{_PLACE}.{key}", path)
        if written.setdefault(path, key) != key:
            yield f"{_PLACE}.{key}: {path} is written as {written[path]} already"


def _programs(hooks: MailboxHooks) -> Iterator[str]:
    if hooks.postfix_access and hooks.postfix_access.build:
        yield from runnable(f"{_PLACE}.postfix_access.build", hooks.postfix_access.build)
    if hooks.dovecot_deny and hooks.dovecot_deny.kick:
        yield from runnable(f"{_PLACE}.dovecot_deny.kick", hooks.dovecot_deny.kick)
    if hooks.command:
        for step in ("suspend", "throttle", "release"):
            order = getattr(hooks.command, step)
            if order:
                yield from runnable(f"{_PLACE}.command.{step}", order)


def _secrets(hooks: MailboxHooks) -> Iterator[str]:
    if hooks.ldap:
        yield from _secret("ldap.password", hooks.ldap.password_env, hooks.ldap.password_file)
    if hooks.webhook:
        yield from _secret("webhook.secret", hooks.webhook.secret_env, hooks.webhook.secret_file)
    if hooks.sql:
        yield from _secret("sql.url", hooks.sql.url_env, hooks.sql.url_file)
        yield from _driver(os.environ.get(hooks.sql.url_env, ""), hooks.sql.url_file)


def _secret(key: str, variable: str, path: Path | None) -> Iterator[str]:
    if os.environ.get(variable):
        return
    if path is None:
        yield f"{_PLACE}.{key}_env: the variable {variable} is not set here, and there is no file"
        return
    try:
        password_in(path, f"{_PLACE}.{key}_file")
    except ValueError as error:
        yield str(error)


def _driver(url: str, path: Path | None) -> Iterator[str]:
    """Name what SQLAlchemy cannot read, or has no driver for; never the URL, which holds a password."""
    try:
        found = url or (password_in(path, "") if path else "")
    except ValueError:
        return
    if not found:
        return
    try:
        make_url(found).get_dialect().import_dbapi()
    except SQLAlchemyError:
        yield f"{_PLACE}.sql.url: no URL of SQLAlchemy"
    except (ImportError, NotImplementedError) as error:
        yield f"{_PLACE}.sql.url: {error}"


def is_local(url: str) -> bool:
    """Tell whether a URL's host is this one."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
