"""The desk's task for stages: writes the steps that are due, pauses what is too much for support, and takes tickets.

It knows plans, steps and tickets from the topic alone, and asks ClickHouse for the load once a minute while a plan with
limits is at work.
"""

import logging
import os
from collections.abc import Callable, Sequence

from schemas.events import Event
from schemas.names import canonical_mailbox, derived_id
from schemas.settings import Settings, SettingsError
from schemas.sunset_events import (
    StageOrdered,
    StageRefused,
    StagesPlanned,
    StageStepped,
    SunsetEvent,
    TicketOpened,
    UserExempted,
    UserFound,
)
from schemas.sunset_stages import Stages
from schemas.sunset_stages import Tickets as TicketSettings
from streams import serving
from streams.deeds import Secret
from streams.effects import EffectError
from streams.hook_secrets import secret_of
from streams.journal import Journal
from streams.stage_asked import Asked, answer
from streams.stage_load import load_now, unknown
from streams.sunset.ledger import Ledger, Ledgers, fold
from streams.sunset.load import Load, known, pauses
from streams.sunset.stepping import steps
from streams.switched import wanted
from streams.tickets import Tickets, Waiting

LOG = logging.getLogger("relaywarden.desk")
_MINUTE = 60_000_000
_NOBODY_KNOWS = Load()


class StageTask:
    """The stages of the configuration's sunsets; `clock` tells the time in µs.

    With `dry_run` what would be written is told, and no ticket is taken. SettingsError where the token of the tickets
    cannot be had, OSError where their port cannot be used.
    """

    def __init__(self, settings: Settings, clock: Callable[[], int], *, dry_run: bool = False) -> None:
        self._settings, self._clock, self._dry_run = settings, clock, dry_run
        self._stages = {name: sunset.stages for name, sunset in settings.sunset.items() if sunset.stages is not None}
        limited = {name for name, stages in self._stages.items() if stages.limited}
        self._listed = {name for name in limited if settings.sunset[name].kind == "cleartext_login"}
        self._loads: dict[str, Load] = {}
        self._looked = 0
        self._told: set[str] = set()
        self._servers: dict[str, Tickets] = {}
        self.ledgers: Ledgers = {}
        self._asked = Asked()
        if not dry_run:
            for name, stages in self._stages.items():
                if stages.tickets is not None:
                    self._servers[name] = _server(name, stages.tickets)

    def start_over(self) -> None:
        """Forget all: the topic comes from its beginning."""
        self.ledgers, self._asked = {}, Asked()
        self._loads, self._looked = {}, 0

    def take(self, event: Event) -> None:
        """Take in an event of the topic."""
        if isinstance(event, StageOrdered | StageStepped | StageRefused):
            self._asked.take(event)
        if isinstance(event, StagesPlanned | StageStepped | TicketOpened):
            fold(self.ledgers, (event,))
        elif isinstance(event, UserFound | UserExempted) and event.sunset in self._listed:
            fold(self.ledgers, filter(None, (wanted(event),)))
        if isinstance(event, StagesPlanned | StageStepped):
            self._loads.pop(event.sunset, None)  # another stage is at work, or none
            self._looked = 0

    def turn(self, journal: Journal) -> None:
        """Write what is due now."""
        for name, server in self._servers.items():
            self._tickets(name, server.waiting(), journal)
        self._follow(journal)
        at = self._clock()
        look = not self._looked <= at < self._looked + _MINUTE
        self._looked = at if look else self._looked
        for name, stages in self._stages.items():
            if not self.ledgers.get(name, Ledger()).stages:
                continue
            if look:
                self._loads[name] = self._load(name, stages, at)
            if self._due(name, stages, at):
                journal.rest()
                self._write(journal, self._due(name, stages, at))

    def stop(self) -> None:
        """Take no more tickets."""
        for server in self._servers.values():
            server.stop()

    def _follow(self, journal: Journal) -> None:
        """Answer what operators ordered on pages, each by all that the log holds by then."""
        while self._asked.next() is not None:
            journal.rest()
            if order := self._asked.next():
                self._write(journal, answer(order, self._settings.sunset, self.ledgers, self._clock()))

    def _due(self, name: str, stages: Stages, at: int) -> list[SunsetEvent]:
        ledger, load = self.ledgers.setdefault(name, Ledger()), self._loads.get(name, _NOBODY_KNOWS)
        quiet = known(stages, load) and not any(pauses(name, stages, ledger, load, at))
        return [
            *pauses(name, stages, ledger, load, at),
            *steps(name, self._settings.sunset[name], ledger, at, known=quiet),
        ]

    def _write(self, journal: Journal, events: Sequence[SunsetEvent]) -> None:
        for event in events:
            if isinstance(event, StagesPlanned):
                LOG.warning("sunset %s: the stages are laid anew: %s", event.sunset, event.reason)
            if isinstance(event, StageStepped):
                why = "; ".join([event.reason, *(each.text for each in event.evidence)]).strip("; ")
                words = "would be" if self._dry_run else "is"
                LOG.warning(
                    "sunset %s: stage %d %s %s%s", event.sunset, event.stage, words, event.step, why and f": {why}"
                )
            if isinstance(event, StageRefused):
                LOG.warning("sunset %s: stage %d: %s: %s", event.sunset, event.stage, event.action, event.reason)
        if self._dry_run:
            for event in events:
                self.take(event)
            return
        journal.append(events)
        journal.rest()

    def _load(self, name: str, stages: Stages, at: int) -> Load:
        """Return the load; what nobody can tell is told once."""
        load = load_now(self._settings, name, self.ledgers[name], at)
        if not (why := unknown(stages, load)):
            self._told.discard(name)
        elif name not in self._told:
            LOG.error("sunset %s: the load is not known, so no stage goes off: %s", name, why)
            self._told.add(name)
        return load

    def _tickets(self, name: str, waiting: Sequence[Waiting], journal: Journal) -> None:
        """Write the tickets that are new, and tell each client that waits."""
        if not waiting:
            return
        journal.rest()
        ledger, at = self.ledgers.setdefault(name, Ledger()), self._clock()
        new = {ticket.ticket: ticket for ticket, _ in reversed(waiting) if ticket.ticket not in ledger.tickets}
        events = [
            TicketOpened(
                id=derived_id("ticket", name, ticket.ticket),
                at=at,
                sunset=name,
                ticket=ticket.ticket,
                customer=ticket.customer,
                mailbox=canonical_mailbox(ticket.mailbox),
            )
            for ticket in new.values()
        ]
        journal.append(events)
        journal.rest()
        for _, done in waiting:
            done.set_result(None)


def token_of(name: str, settings: TicketSettings) -> str:
    """Return the token that a ticket system needs. EffectError, naming the setting, where it cannot be had."""
    setting = f"sunset.{name}.stages.tickets.token"
    return secret_of(Secret(setting=setting, env=settings.token_env, file=str(settings.token_file or "")))


def _server(name: str, settings: TicketSettings) -> Tickets:
    try:
        token = token_of(name, settings)
    except EffectError as error:
        raise SettingsError(str(error)) from error
    try:
        listening = serving.listen(settings.host, settings.port)
    except OSError as error:
        raise OSError(
            f"sunset.{name}.stages.tickets.port: {error.filename}: {os.strerror(error.errno or 0)}"
        ) from error
    LOG.info("sunset %s: POST /v1/tickets: listening on %s port %d", name, settings.host, settings.port)
    return Tickets(listening, token)
