"""What is alerted, by which channels, and when nobody is woken (docs/alerts.md)."""

import re
from datetime import time
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from schemas.alert_events import Severity
from schemas.checked import Minutes, Name, Variable, Zone
from schemas.part import Part

PULSE = "alerts"
"""The sign of life of what alerts, a part of the desk."""
_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")
_LINK = re.compile(r"https?://[A-Za-z0-9._~:\[\]-]+(/[A-Za-z0-9._~/-]*)?")
_NoMinutes = Annotated[float, Field(ge=0, le=525_600, allow_inf_nan=False)]


def _quiet(text: str) -> str:
    if text and (not _HOURS.fullmatch(text) or text[:5] == text[6:]):
        raise ValueError(f"{text!r} is no time of the day like 22:00-07:00")
    return text


def _no_url(path: Path) -> Path:
    if path.parts and path.parts[0].endswith(":"):
        raise ValueError("is a URL, which is a secret: write it into a file that only its owner reads, and name that")
    return path


def _link(text: str) -> str:
    if text and not _LINK.fullmatch(text):
        raise ValueError(f"{text!r} is no address like https://relaywarden.isp.example")
    return text.rstrip("/")


class AlertRule(Part):
    """What is changed of a rule: whether it is watched, how severe it is, how long a cause has to last."""

    enabled: bool = True
    severity: Severity | None = None
    delay_minutes: _NoMinutes | None = None


class AlertChannel(Part):
    """Where alerts go: an Apprise URL out of a variable or a file, since it holds secrets.

    Only those of `severities` and `rules` (none: all). In `quiet_hours` of `timezone` only critical ones go, the others
    when these are over. What is still so, and acknowledged by nobody, is told again after `repeat_hours` (0: never),
    and to the channels `escalate_to` after `escalate_after_minutes`.
    """

    url_env: Variable = ""
    url_file: Annotated[Path, AfterValidator(_no_url)] | None = None
    severities: tuple[Severity, ...] = ("critical", "warning", "notice")
    rules: tuple[Name, ...] = ()
    quiet_hours: Annotated[str, AfterValidator(_quiet)] = ""
    timezone: Zone = "UTC"
    repeat_hours: Annotated[float, Field(ge=0, le=8760, allow_inf_nan=False)] = 0.0
    escalate_to: tuple[Name, ...] = ()
    escalate_after_minutes: Minutes = 30.0

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if not self.url_env and self.url_file is None:
            raise ValueError("url_env or url_file: one of them says where the Apprise URL is")
        return self

    @property
    def quiet(self) -> tuple[time, time] | None:
        """Return when the quiet hours begin and end by the wall clock; None where there are none."""
        if not self.quiet_hours:
            return None
        begins, _, ends = self.quiet_hours.partition("-")
        return time.fromisoformat(begins), time.fromisoformat(ends)


class Alerting(Part):
    """Alerts of all rules: those that begin within `group_seconds` share a message.

    One that is over for `calm_minutes` is resolved, later the more often it came back. `dashboard_url` is where people
    reach the pages.
    """

    dashboard_url: Annotated[str, AfterValidator(_link)] = ""
    group_seconds: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)] = 30.0
    calm_minutes: Minutes = 10.0
    rule: dict[Name, AlertRule] = Field(default_factory=dict)
    channel: dict[Name, AlertChannel] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _escalated(self) -> Self:
        for name, channel in self.channel.items():
            for other in channel.escalate_to:
                if other not in self.channel or other == name:
                    there = ", ".join(sorted(set(self.channel) - {name})) or "no other"
                    raise ValueError(f"channel.{name}.escalate_to: no other channel {other!r}; there is {there}")
        return self
