"""The configuration of what is decided about mailboxes, and of what follows from it."""

import re
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from schemas.checked import Name
from schemas.mailbox_hooks import MailboxHooks
from schemas.names import canonical_mailbox
from schemas.part import Part

Action = Literal["off", "propose", "enforce"]
_LOCAL = re.compile(r"local:[^:@]*:[\w.-]+\$?")
_FOLLOW = frozenset(("postfix_queue", "customer_mail"))  # hooks that follow from a suspension, and bar nobody


class Mailboxes(Part):
    """When a mailbox counts as compromised, and what follows (docs/mailboxes.md).

    `rules` gives a rule less weight than `action` does: points of "off" rules do not count, and where rules only
    propose, a step is enforced only if the others' points suffice. `throttle_score` 0: nobody is throttled by score.
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
    hooks: Annotated[MailboxHooks, Field(validate_default=True)] = MailboxHooks()

    @field_validator("protected")
    @classmethod
    def _one_spelling(cls, names: frozenset[str]) -> frozenset[str]:
        return frozenset(map(canonical_mailbox, names))

    @field_validator("hooks")
    @classmethod
    def _carries_out(cls, hooks: MailboxHooks, info: ValidationInfo) -> MailboxHooks:
        if info.data.get("action") == "enforce" and not bars(hooks):
            raise ValueError(
                "none bars a mailbox from sending, but mailboxes.action is 'enforce': configure one, or say 'propose'"
            )
        return hooks

    def protects(self, mailbox: str) -> bool:
        """Tell whether the rules may only flag: one that is named, a postmaster (RFC 5321, 4.5.1), or a local user.

        No hook could bar a local program (`local:host:uid`, `local:host:name`) from sending.
        """
        return mailbox in self.protected or mailbox.partition("@")[0] == "postmaster" or is_local(mailbox)


def is_local(sender: str) -> bool:
    """Tell whether a sender is the user of a local program, `local:host:uid`; some MTAs log his name instead."""
    return _LOCAL.fullmatch(sender) is not None


def bars(hooks: MailboxHooks) -> bool:
    """Tell whether a hook that bars is configured: each is a part of its own, or a table of such."""
    given = (getattr(hooks, name) for name in type(hooks).model_fields if name not in _FOLLOW)
    return any(isinstance(hook, Part) or (isinstance(hook, dict) and bool(hook)) for hook in given)


class Customer(Part):
    """A customer: his domains, mailboxes and networks' names, and how he is treated, if not like all.

    `cases` false: his mailboxes are strangers to each other, as an ISP's private customers are; there are no cases.
    `mailboxes` are domains or addresses, or names of `[networks]`. A domain of no customer is one of its own.
    """

    mailboxes: tuple[str, ...]
    action: Action | None = None
    cases: bool = True
    contact: str = ""
    language: Literal["", "de", "fr", "it", "en"] = ""
