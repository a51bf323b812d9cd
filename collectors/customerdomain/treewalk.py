"""DMARC's walk up the names of the DNS (RFC 9989, 4.10): where a domain's policy stands, and its organizational domain.

No list of public suffixes is needed for it. Receivers of RFC 7489 use one, and look only at the domain itself and its
organizational domain, which for a name two labels below a public suffix is the same.
"""

import msgspec

from collectors.customerdomain import dmarcrecord
from collectors.customerdomain.dmarcrecord import Record
from collectors.customerdomain.inquiry import Inquiry

_MOST_QUESTIONS = 8


class Step(msgspec.Struct, frozen=True):
    """A name of the walk, with the texts of its DMARC records, or why it could not be asked."""

    name: str
    records: tuple[str, ...] = ()
    failure: str = ""

    @property
    def record(self) -> Record | None:
        """Return its record; None where there is none, or several, which count as none."""
        return dmarcrecord.read(self.records[0]) if len(self.records) == 1 else None


def names(domain: str) -> list[str]:
    """Return the names that are asked, from the domain up to the top level: eight at most."""
    labels = domain.split(".")
    above = labels[1:] if len(labels) < _MOST_QUESTIONS else labels[1 - _MOST_QUESTIONS :]
    return [domain, *(".".join(above[start:]) for start in range(len(above)))]


async def walk(domain: str, inquiry: Inquiry) -> list[Step]:
    """Return the steps of the walk, which ends at a record that says psd=n, or above the domain psd=y."""
    steps: list[Step] = []
    for name in names(domain):
        answer = await inquiry(f"_dmarc.{name}", "TXT")
        step = Step(name, dmarcrecord.records_of(answer.values), answer.failure)
        steps.append(step)
        psd = step.record.value("psd") if step.record else ""
        if psd == "n" or (psd == "y" and name != domain):
            break
    return steps


def organizational(steps: list[Step]) -> str:
    """Return the organizational domain of the domain where the walk began."""
    domain = steps[0].name
    valid = [(step.name, step.record) for step in steps if step.record]
    for name, record in valid:
        if record.value("psd") == "n":
            return name
        if record.value("psd") == "y" and name != domain:
            below = domain.removesuffix(f".{name}").rpartition(".")[2]
            return f"{below}.{name}"
    return valid[-1][0] if valid else domain


def policy(steps: list[Step]) -> Step | None:
    """Return the step whose record holds for the domain: its own, its organization's, else a public suffix's."""
    own = steps[0]
    if own.record:
        return own
    organization = organizational(steps)
    by_name = {step.name: step for step in steps if step.record}
    if organization in by_name:
        return by_name[organization]
    return next((step for step in by_name.values() if step.record and step.record.value("psd") == "y"), None)
