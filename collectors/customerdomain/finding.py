"""A finding with its English sentence; what a stranger's zone says in it is one line of bounded length."""

from schemas.domain_events import DomainCheck, DomainCheckName, DomainOutcome
from schemas.domain_words import sentence

_VALUE_LENGTH, _RECORD_LENGTH = 300, 1000


def check(  # noqa: PLR0913 a finding has as many parts
    name: DomainCheckName,
    outcome: DomainOutcome,
    code: str,
    *values: str,
    subject: str = "",
    record: str = "",
    publish: str = "",
) -> DomainCheck:
    """Return a finding; `values` fill in the sentence of its code."""
    shown = tuple(line(value, _VALUE_LENGTH) for value in values)
    return DomainCheck(
        name=name,
        outcome=outcome,
        code=code,
        text=sentence(code, shown, "en"),
        subject=subject,
        facts=shown,
        record=line(record, _RECORD_LENGTH),
        publish=publish,
    )


def line(text: str, longest: int) -> str:
    """Return text as one line of visible signs, cut where it is longer."""
    shown = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[: longest + 1])
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"
