"""Performs the effects of suspension hooks, each by the module that knows how."""

from collections.abc import Callable
from dataclasses import dataclass

from schemas.mailbox_events import MailboxSignal
from streams.bars import HoldQueue, LdapModify, Policy, TellCustomers, Whole
from streams.deeds import HttpCall, Run, RunWith, SqlStatement, WriteFile
from streams.effects import put, run
from streams.effects_http import call
from streams.effects_ldap import modify
from streams.effects_sql import execute


@dataclass(frozen=True)
class Tools:
    """What performing needs besides the effect: who answers and who holds, where facts are told, this host's name."""

    policy: Callable[[Policy], None]
    queue: Callable[[HoldQueue], None]
    notices: Callable[[TellCustomers], None]
    report: Callable[[MailboxSignal], None]
    host: str


def perform(effect: Whole, tools: Tools) -> None:
    """Perform one effect. EffectError says what could not be done; HopelessError, that trying again is of no use."""
    match effect:
        case WriteFile():
            put(effect)
        case Run(command=command, timeout_seconds=timeout_seconds):
            run(command, timeout_seconds)
        case RunWith(command=command, timeout_seconds=timeout_seconds, stdin=stdin, fine=fine):
            run(command, timeout_seconds, stdin, fine)
        case HttpCall():
            call(effect)
        case SqlStatement():
            execute(effect)
        case LdapModify():
            modify(effect)
        case Policy():
            tools.policy(effect)
        case HoldQueue():
            tools.queue(effect)
        case TellCustomers():
            tools.notices(effect)
