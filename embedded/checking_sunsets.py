"""What `relaywarden check` says of sunsets: days that are past, letters that never go, logs that tell of nothing."""

import re
from collections.abc import Iterator
from pathlib import Path

from schemas.settings import Settings
from schemas.sunset_settings import Sunset
from schemas.sunset_stages import Stages
from streams.sunset.laying import Calendar
from streams.sunset.weeks import last_week, left_out, letter_day

_DOT = r"\s*\.\s*"


def past(settings: Settings, config: Path, at: int) -> Iterator[str]:
    """Yield a sentence for each sunset that ended a while ago, with the file and line of its day; the others go on."""
    lines = config.read_text(encoding="utf-8").splitlines()
    for name, sunset in settings.sunset.items():
        if left_out(sunset, at):
            place = f"{config} line {line}" if (line := line_of(lines, f"sunset.{name}", "ends")) else str(config)
            but = ", unless a stage is planned for later" if sunset.stages else ""
            yield f"sunset.{name}.ends: {sunset.ends} is past: the sunset is left out{but} ({place})"


def line_of(lines: list[str], table: str, key: str) -> int:
    """Return the number of the line on which a key of a table of a TOML text stands; 0 where it stands otherwise.

    As people write tables: a header of its own and a key a line. What is written inline is not found.
    """
    dotted = _DOT.join(map(_quoted, table.split(".")))
    header = re.compile(rf"\s*\[\s*{dotted}\s*\]")
    here = False
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith("["):
            here = header.match(line) is not None
        elif here and re.match(rf"\s*{_quoted(key)}\s*=", line):
            return number
    return 0


def _quoted(name: str) -> str:
    return rf"[\"']?{re.escape(name)}[\"']?"


def blind(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each sunset whose users can never be found, or never be written to."""
    for name, sunset in settings.sunset.items():
        if sunset.kind == "smtp_after_pop" and not settings.pop_before_smtp_minutes:
            yield f"pop_before_smtp_minutes: 0: nobody is found whom sunset.{name} concerns"
        if sunset.mail is not None and not last_week(sunset):
            days = f"from {sunset.begins} on before it ends on {sunset.ends}"
            yield f"sunset.{name}.weekday: there is no {sunset.weekday} {days}: no letter would ever go"


def unwritten(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each sunset that works, but hardly as it was meant."""
    for name, sunset in settings.sunset.items():
        yield from (f"sunset.{name}.{sentence}" for sentence in _odd(sunset, settings))


def _odd(sunset: Sunset, settings: Settings) -> Iterator[str]:
    if sunset.mail is None:
        yield "mail: none: nobody is written to"
    elif 0 < last_week(sunset) < sunset.letters:
        days = f"{last_week(sunset)} {sunset.weekday}s" if last_week(sunset) != 1 else f"one {sunset.weekday}"
        yield f"letters: {sunset.letters}, but there are {days} before it ends on {sunset.ends}"
    if sunset.mail is not None and settings.directory is None and not settings.customers:
        yield "mail: neither [directory] nor [customers] is configured: nobody has an address to write to"
    if sunset.mail is not None and sunset.stages is not None:
        yield from _early(sunset, sunset.stages)
    if not settings.logins:
        yield f"kind: {sunset.kind}: no log of logins is configured: nobody is found on this host"


def _early(sunset: Sunset, stages: Stages) -> Iterator[str]:
    """Yield that letters tell a day that is too late, unless the stages are planned before the first goes."""
    first, _ = Calendar(sunset, stages).begin
    if first < sunset.ends:
        closes = f"{stages.first_day}: the first stage closes on {first}, before it ends on {sunset.ends}"
        told = f"letters that go before relaywarden sunset plan tell everybody that he has until {sunset.ends}"
        yield f"stages.first_day: {closes}: {told}; plan before the first goes, on {letter_day(sunset, 1)}"
