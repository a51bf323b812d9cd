"""Reports that come by mail: for whom, how often, at which hours, with what in them (docs/reports-mailed.md)."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.checked import Zone
from schemas.mailbox_hooks import Address
from schemas.part import Part
from schemas.smtp_settings import Posting
from schemas.sunset_settings import Hour, Language, Weekday

Audience = Literal["noc", "management", "customer"]
Every = Literal["daily", "weekly", "monthly"]
ReportPart = Literal["deliverability", "reputation", "cases", "sunset", "domains"]
_OF_AUDIENCE: dict[str, tuple[ReportPart, ...]] = {
    "noc": ("deliverability", "reputation", "cases", "sunset", "domains"),
    "management": ("deliverability", "reputation", "cases", "sunset", "domains"),
    "customer": ("deliverability", "cases", "sunset", "domains"),
}
_OF_THE_POOL = "reputation"


class ReportMail(Posting):
    """How a report is sent: from whom, over which server; `templates` is a folder with texts of the company's own."""

    sender: Address
    sender_name: str = ""
    reply_to: Address | Literal[""] = ""
    company: Annotated[str, Field(min_length=1)]
    support: str = ""
    templates: Path | None = None


class Report(Part):
    """A report on the day, the week (Monday to Sunday) or the month before, sent at `hours` of `timezone`.

    Weekly ones go on `weekday`, monthly ones on the `day` of the month. Of several hours a day, each report is on the
    time since the one before. Those for customers go to the contacts of the directory, with a `flag` only to customers
    who have it; a customer's own language, hours and time zone count before these. `parts` in their order; without any,
    all that the audience may have.
    """

    audience: Audience
    every: Every = "daily"
    hours: Annotated[tuple[Hour, ...], Field(min_length=1, max_length=24)] = (7,)
    weekday: Weekday = "monday"
    day: Annotated[int, Field(ge=1, le=28)] = 1
    timezone: Zone = "UTC"
    language: Language = "en"
    recipients: tuple[Address, ...] = ()
    flag: Annotated[str, Field(pattern=r"^[^\s,;|:]*$")] = ""
    parts: tuple[ReportPart, ...] = ()
    pdf: bool = True
    mail: ReportMail | None = None

    @model_validator(mode="after")
    def _addressed(self) -> Self:
        if self.audience == "customer" and self.recipients:
            raise ValueError("recipients: a customer's report goes to his contact in the directory, and to nobody else")
        if self.audience != "customer" and not self.recipients:
            raise ValueError(f"recipients: a report for {self.audience} needs at least one")
        if self.audience != "customer" and self.flag:
            raise ValueError(f"flag: {self.flag!r} picks customers, and this report is for {self.audience}")
        return self

    @model_validator(mode="after")
    def _own_only(self) -> Self:
        if self.audience == "customer" and _OF_THE_POOL in self.parts:
            raise ValueError("parts: 'reputation' is of the whole pool; a customer's report has only what is his own")
        if len(set(self.parts)) < len(self.parts):
            raise ValueError("parts: each can stand there once")
        return self

    @model_validator(mode="after")
    def _at_hours(self) -> Self:
        if sorted(set(self.hours)) != list(self.hours):
            raise ValueError(f"hours: {list(self.hours)} must ascend, each once")
        if self.every != "daily" and len(self.hours) > 1:
            raise ValueError(f"hours: a {self.every} report goes once; several hours are for daily ones")
        return self

    @property
    def shown(self) -> tuple[ReportPart, ...]:
        """Return the parts that the report has."""
        return self.parts or _OF_AUDIENCE[self.audience]
