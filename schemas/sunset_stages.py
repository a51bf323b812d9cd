"""In which stages a sunset is switched off, when they pause by themselves, and where their state is written.

docs/sunset-stages.md has the lines for Postfix, Exim and Dovecot.
"""

from datetime import date
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from schemas.checked import Ip, Port, Seconds
from schemas.mailbox_hooks import Address, Url
from schemas.part import Part

_Hour = Annotated[int, Field(ge=0, le=23)]
Hours = Annotated[float, Field(gt=0, le=168)]
Days = Annotated[int, Field(ge=1, le=90)]
Reply = Annotated[str, Field(pattern=r"^5\.[0-9]{1,3}\.[0-9]{1,3} [!-~]([ -~]{0,198}[!-~])?$")]
"""A permanent refusal as a client is told it: an enhanced status (RFC 3463), then ASCII without blanks around it."""


def _program(command: tuple[str, ...]) -> tuple[str, ...]:
    if not command or not command[0]:
        raise ValueError("begins with no program")
    return command


class Tickets(Part):
    """Where the desk is told of tickets: `POST /v1/tickets` at one TCP port of its host, with a token."""

    host: Ip = "127.0.0.1"
    port: Port = 10029
    token_env: str = "RELAYWARDEN_TICKETS_TOKEN"  # noqa: S105 the variable's name, no token
    token_file: Path | None = None


class Stages(Part):
    """So many parts of the mailboxes, by how their addresses begin, switched off one after the other.

    The first closes on `first_day` (the day the sunset ends, if not said) at `first_hour`, each other `hours_apart`
    later; what would come after `last_hour` waits for the next day's `first_hour`. So many days before it closes a
    stage is off for some hours, to be noticed: working days with `weekdays_only`, and no weekend. Clients are told
    `reply`.

    Of the stages that went off within `watch_hours` one is paused when more than `tickets_per_hour` came, they refused
    more than `refused_per_hour` senders, or logins fail more than `failed_logins_times` as often as usual. While a host
    that was heard within a week is silent the logs do not tell, but for `hosts_gone`. Those whom it shall `tell` get a
    mail of a pause, by the server of the sunset's letters.
    """

    count: Annotated[int, Field(ge=1, le=200)] = 10
    first_day: date | None = None
    first_hour: _Hour = 9
    last_hour: _Hour = 17
    hours_apart: Annotated[int, Field(ge=1, le=24 * 14)] = 24
    weekdays_only: bool = True
    brownout_hours: tuple[Hours, ...] = (1.0, 4.0, 24.0)
    brownout_days: tuple[Days, ...] = (14, 7, 3)
    reply: Reply = "5.7.1 Sending without a login has ended: switch on authentication for outgoing mail in your program"
    tickets_per_hour: Annotated[int, Field(ge=1)] | None = None
    refused_per_hour: Annotated[int, Field(ge=1)] | None = None
    failed_logins_times: Annotated[float, Field(gt=1)] | None = None
    watch_hours: Hours = 24.0
    hosts_gone: tuple[str, ...] = ()
    tell: tuple[Address, ...] = ()
    tickets: Tickets | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last_hour < self.first_hour:
            raise ValueError(f"last_hour {self.last_hour} is before first_hour {self.first_hour}")
        if len(self.brownout_hours) != len(self.brownout_days):
            raise ValueError(f"{len(self.brownout_hours)} brownout_hours but {len(self.brownout_days)} brownout_days")
        ends = [24 * days - hours for days, hours in zip(self.brownout_days, self.brownout_hours, strict=True)]
        for end, days in zip(ends, (*self.brownout_days[1:], 0), strict=False):
            if end <= 24 * days:
                raise ValueError("a brown-out ends before the next begins, and the last before the stage closes")
        week = 5 * 24 - self.first_hour
        if self.weekdays_only and max(self.brownout_hours, default=0.0) > week:
            most = f"from first_hour {self.first_hour} of a Monday to the end of a Friday are {week} hours"
            raise ValueError(f"brownout_hours {max(self.brownout_hours):g} lie in a weekend with weekdays_only: {most}")
        if self.tickets_per_hour is not None and self.tickets is None:
            raise ValueError("tickets_per_hour needs [sunset.NAME.stages.tickets]: nobody could tell of tickets")
        return self

    @property
    def limited(self) -> bool:
        """Tell whether any load pauses a stage."""
        return self.tickets_per_hour is not None or self.logged

    @property
    def logged(self) -> bool:
        """Tell whether a load that the mail and login logs tell pauses a stage."""
        return self.refused_per_hour is not None or self.failed_logins_times is not None


class PostfixAccessSwitch(Part):
    """A regexp table for check_sender_access, for clients that may relay by POP, and what makes Postfix read it."""

    path: Path = Path("/etc/postfix/relaywarden-sunset")
    reload: tuple[str, ...] = ("postfix", "reload")


class PostfixPolicySwitch(Part):
    """A policy server for the same place: one TCP port of each relay host; no file, no restart of a process."""

    host: Ip = "127.0.0.1"
    port: Port = 10028


class EximSwitch(Part):
    """A file that an ACL looks up with `nwildlsearch`."""

    path: Path = Path("/etc/exim4/relaywarden-sunset")


class DovecotSwitch(Part):
    """A passwd-file for a passdb with `deny = yes` that only logins without TLS are looked up in."""

    path: Path = Path("/etc/dovecot/relaywarden-sunset")


class CommandSwitch(Part):
    """A program of your own, with the whole state as JSON on its standard input."""

    command: Annotated[tuple[str, ...], AfterValidator(_program)]
    timeout_seconds: Seconds = 30.0


class WebhookSwitch(Part):
    """A URL that is told the whole state as JSON, signed with the secret."""

    url: Url
    secret_env: str = "RELAYWARDEN_WEBHOOK_SECRET"  # noqa: S105 the variable's name, no secret
    secret_file: Path | None = None
    timeout_seconds: Seconds = 10.0


class Switches(Part):
    """Where each relay host writes which stages are off; what is left out does not run."""

    postfix_access: PostfixAccessSwitch | None = None
    postfix_policy: PostfixPolicySwitch | None = None
    exim: EximSwitch | None = None
    dovecot: DovecotSwitch | None = None
    command: CommandSwitch | None = None
    webhook: WebhookSwitch | None = None


KINDS = {
    "postfix_access": "smtp_after_pop",
    "postfix_policy": "smtp_after_pop",
    "exim": "smtp_after_pop",
    "dovecot": "cleartext_login",
}
"""The kind of sunset that a switch can carry out; `command` and `webhook` take any."""


def misplaced(kind: str, stages: Stages | None, switches: Switches) -> list[str]:
    """Return a sentence for each switch that cannot carry out a sunset of this kind, and for what counts nothing."""
    if kind == "old_tls" and stages is not None and stages.refused_per_hour is not None:
        uncounted = ["stages.refused_per_hour counts nothing of old_tls: no mailbox is known when a handshake fails"]
    else:
        uncounted = []
    return uncounted + [
        f"switch.{name} switches {only} off, not {kind}"
        for name, only in KINDS.items()
        if getattr(switches, name) is not None and only != kind
    ]
