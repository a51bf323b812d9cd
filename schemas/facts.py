"""What events are made of: the base of all, the evidence of decisions, and the words their fields choose from."""

import re
from typing import Literal

import msgspec

SenderKind = Literal["", "sasl", "pop", "network", "local", "envelope"]
"""By what a sender is known, in this order: its login by SMTP, its customer network, its login by POP3 or IMAP just
before ("pop": where one collector reads mails and logins), the user of the local program that handed it in ("local", as
`local:host:uid`), else only its envelope.
"""
Outcome = Literal["sent", "deferred", "bounced"]
LoginOutcome = Literal["succeeded", "failed", "unavailable"]
Answer = Literal["listed", "not_listed", "unknown"]
Scope = Literal["ip", "network", "as"]
ListFault = Literal["", "test_points", "refused", "outside_127", "lists_most", "silent", "operator"]
"""Why a list has no vote: it does not name its test point, refuses, answers outside 127.0.0.0/8, names what none may
or most of the pool at once, says nothing, or an operator distrusts it.
"""
Mode = Literal["off", "propose", "enforce"]
ReplyKind = Literal["listed", "reputation", "volume", "setup", "greylisted", "content", "recipient", "other", "unknown"]
"""What a refusal is about: our IP is on a list, has a poor name or sent too much; our host's name, HELO or TLS is wrong
("setup"); a delay for the first mail; the mail or its sender's domain; the recipient; anything else; or no pattern
knows it. Only the first three are signs against the IP.
"""


def _tag(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Evidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reason of a decision: the rule, a sentence, what was seen, what is usual, and the points it adds."""

    rule: str
    text: str
    value: float = 0.0
    usual: float = 0.0
    points: float = 0.0


class Culprit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A sender that used an IP, with the messages it sent through it, each recipient's counted.

    Of these: the different `recipients`, those who do not exist (`unknown_users`), what was refused for its content or
    our address (`refusals`), the `complaints`, and from how many client `networks` the sender was used at most. Of a
    decision, `share` (0 to 1) is its part of all messages within the `minutes` before; the ranking: docs/pool.md.
    """

    sender: str
    messages: int = 0
    recipients: int = 0
    unknown_users: int = 0
    refusals: int = 0
    complaints: int = 0
    networks: int = 0
    share: float = 0.0
    minutes: int = 0


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag=_tag):
    """What every event has: a deterministic `id` and the time `at` of the fact."""

    id: str
    at: int
