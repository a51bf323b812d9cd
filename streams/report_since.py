"""Since when each report is configured and each of its people gets it, in a file of the desk.

What was due before is no report that was missed: who comes later gets the next.
"""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from streams.reports.choosing import Addressee
from streams.reports.periods import Rhythm

FILE = "reports.json"


class _Known(msgspec.Struct):
    """A report: since when it is configured (µs); of its people since when, and their hours where these are several."""

    since: int
    people: dict[str, tuple[int, str]] | None = None


_KNOWN: msgspec.json.Decoder[dict[str, int | _Known]] = msgspec.json.Decoder(dict[str, int | _Known])


class Since:
    """The file in a folder, which is written only with `keep`; reports without an entry are new `at` (µs).

    OSError where it cannot be read or written.
    """

    def __init__(self, folder: Path, names: Iterable[str], at: int, *, keep: bool) -> None:
        self._path, self._keep = folder / FILE, keep
        try:
            self._kept = self._path.read_bytes()
            known = _KNOWN.decode(self._kept)
        except FileNotFoundError:
            self._kept, known = b"", {}
        except msgspec.MsgspecError as error:
            raise OSError(
                f"{self._path}: {error}; remove it, and reports that were missed are not made up for"
            ) from error
        self._known = {name: _known(known.get(name, at)) for name in names}
        self._write()

    def note(self, name: str, people: Iterable[Addressee], at: int) -> None:
        """Note who gets a report at a moment, and forget who does not any more.

        Who chooses several hours a day, others, or no longer several, is as good as new: his periods are cut elsewhere.
        """
        report = self._known[name]
        known = report.people
        found: dict[str, tuple[int, str]] = {}
        for each in people:
            hours = _several(each.rhythm)
            since, before = (report.since, hours) if known is None else known.get(each.key, (at, hours))
            found[each.key] = (since if before == hours else at, hours)
        report.people = found
        self._write()

    def of(self, name: str, to: Addressee) -> int:
        """Return since when somebody gets a report (µs); he was noted."""
        return (self._known[name].people or {})[to.key][0]

    def _write(self) -> None:
        now = msgspec.json.encode(self._known)
        if not self._keep or now == self._kept:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_suffix(".new")
        beside.write_bytes(now)
        beside.replace(self._path)
        self._kept = now


def _known(told: int | _Known) -> _Known:
    """Return what the file says of a report; an earlier release told of none of its people."""
    return _Known(told) if isinstance(told, int) else told


def _several(rhythm: Rhythm) -> str:
    """Return several hours a day with their zone; "" of one, whose periods are the same days at whatever hour."""
    return f"{'+'.join(map(str, rhythm.hours))} {rhythm.timezone}" if len(rhythm.hours) > 1 else ""
