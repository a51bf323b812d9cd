"""Since when each report is configured, in a file of the desk: what was due before is no report that was missed."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

FILE = "reports.json"
_SINCE: msgspec.json.Decoder[dict[str, int]] = msgspec.json.Decoder(dict[str, int])


def since(folder: Path, names: Iterable[str], at: int, *, keep: bool) -> dict[str, int]:
    """Return when each report was first configured (µs), `at` for one that is new, and `keep` that in the file.

    OSError where the file cannot be read or written.
    """
    path = folder / FILE
    try:
        known = _SINCE.decode(path.read_bytes())
    except FileNotFoundError:
        known = {}
    except msgspec.MsgspecError as error:
        raise OSError(f"{path}: {error}; remove it, and reports that were missed are not made up for") from error
    found = {name: known.get(name, at) for name in names}
    if keep and found != known:
        folder.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".new")
        beside.write_bytes(msgspec.json.encode(found))
        beside.replace(path)
    return found
