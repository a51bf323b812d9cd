"""Executes an SQL statement per mailbox and step, with bound values: the table that Postfix, Dovecot or a panel asks.

Manual of the URL: https://docs.sqlalchemy.org/en/20/core/engines.html#database-urls
"""

from collections.abc import Mapping

from schemas.mailbox_hooks import SqlHook, bound
from streams.bars import Bar, Effect, ForMailbox, Pass, Refuse
from streams.bars._orders import values
from streams.deeds import Secret, SqlStatement


def effects(
    barred: Mapping[str, Bar],  # noqa: ARG001 the contract's
    changed: Mapping[str, Bar],
    settings: SqlHook,
) -> tuple[Effect, ...]:
    """Return the statement of each change's step."""
    return tuple(_single(name, bar, settings) for name, bar in sorted(changed.items()))


def _single(name: str, bar: Bar, settings: SqlHook) -> Effect:
    orders = {"suspend": settings.suspend, "throttle": settings.throttle, "release": settings.release}
    statement = orders[bar.word]
    if not statement:
        return Pass(mailbox=name, reason=f"no statement for {bar.word}")
    if "\0" in name:
        return Refuse(mailbox=name, reason="no database can hold a name with a zero byte")
    named = bound(statement)
    execute = SqlStatement(
        url=Secret(setting="mailboxes.hooks.sql.url", env=settings.url_env, file=str(settings.url_file or "")),
        statement=statement,
        values={key: value for key, value in values(name, bar).items() if key in named},
        timeout_seconds=settings.timeout_seconds,
    )
    return ForMailbox(mailbox=name, effects=(execute,))
