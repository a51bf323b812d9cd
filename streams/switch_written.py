"""Which files the switches of this host write, kept on disk: none shall refuse anybody once it is configured no more.

A file is noted before it is written first. What is noted and configured no more is emptied by the next start.
"""

import logging
from collections.abc import Iterable
from pathlib import Path

import msgspec

from schemas.part import Part
from schemas.settings import Settings
from schemas.sunset_stages import Switches
from streams import switches
from streams.effects import write
from streams.switchplaces import switched

_log = logging.getLogger(__name__)


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a switch of a sunset writes, with the switch's settings as JSON."""

    sunset: str
    switch: str
    path: str
    settings: str

    def part(self) -> Part:
        """Return the switch's settings. ValueError where this release knows none such."""
        found = Switches.model_validate_json(f'{{"{self.switch}": {self.settings}}}')
        return switches.configured(found)[self.switch]


_DECODER = msgspec.json.Decoder(tuple[Written, ...])


def configured(configuration: Settings) -> tuple[Written, ...]:
    """Return the files that the configuration's switches write."""
    return tuple(
        Written(sunset=name, switch=switch, path=str(path), settings=part.model_dump_json())
        for name, sunset in switched(configuration).items()
        for switch, part in switches.configured(sunset.switch).items()
        if (path := getattr(part, "path", None)) is not None
    )


def noted(configuration: Settings) -> tuple[Written, ...]:
    """Return what was noted. ValueError where the note is damaged, OSError where it is unreadable."""
    path = _file(configuration)
    try:
        found = _DECODER.decode(path.read_bytes())
        for each in found:
            each.part()
    except FileNotFoundError:
        return ()
    except (msgspec.DecodeError, ValueError, LookupError) as error:
        raise ValueError(f"{path}: no note of what switches wrote: {error}") from error
    return found


def left(configuration: Settings) -> tuple[Written, ...]:
    """Return what was noted and no switch writes any more. Errors are those of `noted`."""
    taken = {each.path for each in configured(configuration)}
    return tuple(each for each in noted(configuration) if each.path not in taken)


def note(configuration: Settings, files: Iterable[Written]) -> None:
    """Note these files and no others; where that cannot be, an error is logged."""
    path, text = _file(configuration), msgspec.json.encode(tuple(files)).decode() + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, text, mode=0o600)
    except OSError as error:
        _log.error("%s: a switch that is taken out of the configuration would stay on: %s", path, error.strerror)


def _file(configuration: Settings) -> Path:
    return configuration.data / "switches" / "_written.json"  # no sunset's name begins so
