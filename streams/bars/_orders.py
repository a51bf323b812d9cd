"""How an order of the configuration is filled in for one mailbox, so that a name stays a name."""

from collections.abc import Mapping

from schemas.mailbox_hooks import PLACES
from streams.bars import Bar


def values(mailbox: str, bar: Bar) -> dict[str, str | int]:
    """Return what an order may name, each by its place."""
    told = (mailbox, bar.word, bar.reason, bar.decision, bar.recipients_per_hour)
    return dict(zip(PLACES, told, strict=True))


def arguments(command: tuple[str, ...], told: Mapping[str, str | int]) -> tuple[str, ...]:
    """Return a program with its arguments, each filled in by itself.

    ValueError for a value that would be an option there, or that no argument can hold.
    """
    filled = tuple(argument.format_map(told) for argument in command)
    options_ended = False
    for template, argument in zip(command, filled, strict=True):
        if not argument.isprintable():
            raise ValueError(f"{argument!r} has signs that cannot be printed")
        if argument.startswith("-") and not template.startswith("-") and not options_ended:
            raise ValueError(f"{argument!r} would be an option: put '--' before {template!r}")
        options_ended = options_ended or template == "--"
    return filled
