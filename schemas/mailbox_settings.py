"""The configuration of what is decided about mailboxes, and of what follows from it."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from schemas.checked import Name
from schemas.part import Part

Action = Literal["off", "propose", "enforce"]


class MailboxHooks(Part):
    """What carries out a suspension or a throttle; what is left out does not run."""


class Mailboxes(Part):
    """When a mailbox counts as compromised, and what follows (docs/adr/0003).

    `rules` gives a rule less weight than `action` does: "off" rules are not asked, and where rules only propose, a
    suspension is enforced only if the others' points suffice. `throttle_score` 0: nobody is throttled.
    """

    action: Action = "propose"
    rules: dict[Name, Action] = Field(default_factory=dict)
    watch_score: Annotated[float, Field(gt=0)] = 45.0
    flag_score: Annotated[float, Field(gt=0)] = 80.0
    throttle_score: Annotated[float, Field(ge=0)] = 100.0
    throttle_recipients_per_hour: Annotated[int, Field(ge=1)] = 20
    suspend_score: Annotated[float, Field(gt=0)] = 130.0
    release_score: Annotated[float, Field(ge=0)] = 25.0
    protected: frozenset[str] = frozenset()
    case_mailboxes: Annotated[int, Field(ge=2)] = 3
    case_hours: Annotated[float, Field(gt=0)] = 24.0
    hooks: MailboxHooks = MailboxHooks()

    @field_validator("action")
    @classmethod
    def _carried_out(cls, action: str) -> str:
        if action == "enforce":
            raise ValueError("'enforce' needs a suspension hook, which this release has not; say 'propose'")
        return action


class Customer(Part):
    """A customer: his domains, mailboxes and networks' names, and how he is treated, if not like all.

    `mailboxes` are domains or addresses, or names of `[networks]`. A domain of no customer is one of its own.
    """

    mailboxes: tuple[str, ...]
    action: Action | None = None
    contact: str = ""
    language: Literal["", "de", "fr", "it", "en"] = ""
