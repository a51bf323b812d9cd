"""What is seen of customers' domains: whether each publishes what our mail in its name needs.

A fact for people: it withdraws no IP and counts for no mailbox. The same rules hold as in `schemas.events`.
"""

from typing import Literal

import msgspec

from schemas.facts import Fact

DomainCheckName = Literal["domain", "mx", "spf", "dkim", "dmarc"]
DomainOutcome = Literal["", "pass", "advice", "fail", "absent", "unknown"]
"""How a check came out: it passes; it passes and could be better; it fails; there is no record; it could not be asked.
"" is what was not looked at. Unknown is never a pass and never a fail.
"""
GRAVITY: tuple[DomainOutcome, ...] = ("", "pass", "advice", "unknown", "absent", "fail")
"""The outcomes from the best to the worst: a domain's is the worst of its checks'."""
FAILING: frozenset[DomainOutcome] = frozenset(("fail", "absent"))


class DomainCheck(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that was looked at: how it came out, as which finding, in an English sentence (`text`).

    `code` and `facts` say the same for other languages (`schemas.domain_words`). `record` is what is published now,
    `publish` what should be, as lines of a zone file, "" where nothing is to change. `subject` is a DKIM selector.
    """

    name: DomainCheckName
    outcome: DomainOutcome
    code: str
    text: str = ""
    subject: str = ""
    facts: tuple[str, ...] = ()
    record: str = ""
    publish: str = ""


class CustomerDomainChecked(Fact, frozen=True, kw_only=True):
    """What a customer's domain publishes: the outcome of all, of each sort of check, and each finding.

    `questions` is how many questions to the DNS it took.
    """

    domain: str
    customer: str = ""
    outcome: DomainOutcome = ""
    mx: DomainOutcome = ""
    spf: DomainOutcome = ""
    dkim: DomainOutcome = ""
    dmarc: DomainOutcome = ""
    checks: tuple[DomainCheck, ...] = ()
    questions: int = 0


class CustomerDomainRemoved(Fact, frozen=True, kw_only=True):
    """A customer's domain is configured no more: what was seen of it before counts no longer."""

    domain: str


DomainEvent = CustomerDomainChecked | CustomerDomainRemoved


def worst(outcomes: "tuple[DomainOutcome, ...]") -> DomainOutcome:
    """Return the worst of some outcomes, "" where there are none."""
    return max(outcomes, key=GRAVITY.index, default="")
