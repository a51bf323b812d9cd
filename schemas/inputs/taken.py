"""Which table takes which input, and where what it brings waits until it is taken."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from schemas.inputs._base import Input

_PLACES = {"mta": ("log", "lines"), "logins": ("log", "lines"), "complaints": ("maildir", "mails")}


def spool_of(data: Path, name: str) -> Path:
    """Return the folder in which the lines of an input wait."""
    return data / "spool" / name


def placed(given: dict[str, Any], data: Path) -> dict[str, Any]:
    """Return a configuration in which each table that takes an input has the place where that waits.

    ValueError where a log has both a file of its own and an input. Settings that were written down again (`up` does)
    have that place already: it is no file of its own.
    """
    data = Path(given["data"]) if isinstance(given.get("data"), str | Path) else data
    changed: dict[str, Any] = {}
    for part, (key, kind) in _PLACES.items():
        tables = given.get(part)
        if not isinstance(tables, dict):
            continue
        changed[part] = {name: _with_place(f"{part}.{name}", table, key, data, kind) for name, table in tables.items()}
    return given | changed


def with_brokers(given: dict[str, Any], usual: tuple[str, ...]) -> dict[str, Any]:
    """Return a configuration in which each Kafka input that names no brokers has those of the event log."""
    inputs, kafka = given.get("input"), given.get("kafka")
    if not isinstance(inputs, dict):
        return given
    bootstrap = kafka.get("bootstrap", usual) if isinstance(kafka, dict) else usual
    return given | {
        "input": {
            name: {"bootstrap": bootstrap} | each if isinstance(each, dict) and each.get("kind") == "kafka" else each
            for name, each in inputs.items()
        }
    }


def _with_place(place: str, table: Any, key: str, data: Path, kind: str) -> Any:  # noqa: ANN401 not yet looked at
    name = table.get("input") if isinstance(table, dict) else None
    if not (name and isinstance(name, str)):
        return table
    if kind == "mails":
        return {key: data / "mails" / name} | table
    waiting = spool_of(data, name) / "lines"
    if key in table and table[key] not in {waiting, str(waiting)}:
        raise ValueError(f"{place}: log and input exclude each other (are {str(table[key])!r} and {name!r})")
    return table | {key: waiting}


def taken_wrongly(inputs: Mapping[str, Input], named: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each table (`named` tells its input) whose input is not there, or cannot be its own."""
    mails: dict[str, str] = {}
    for place, name in named.items():
        if not name:
            continue
        part = place.partition(".")[0]
        kind = _PLACES[part][1]
        if name not in inputs:
            yield f"{place}.input: there is no input.{name}"
        elif kind not in inputs[name].gives:
            yield f"{place}.input: input.{name} brings no {kind}"
        elif kind == "mails" and mails.setdefault(name, place) != place:
            yield f"{place}.input: {mails[name]} takes the mails of input.{name} already"
    readers = sorted(name for name, each in inputs.items() if getattr(each, "kind", "") == "stdin")
    if len(readers) > 1:
        yield f"input: only one can read the standard input, not {' and '.join(readers)}"


def not_with_up(inputs: Mapping[str, Input], named: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each input that a table takes (as of `taken_wrongly`) and `relaywarden up` cannot have."""
    for name in sorted({*named.values()} & inputs.keys()):
        if getattr(inputs[name], "kind", "") == "stdin":
            yield f"input.{name}.kind: 'stdin', but the collector of relaywarden up has no standard input"


def not_taken(inputs: Mapping[str, Input], named: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each input that no table takes."""
    for name in sorted(inputs.keys() - set(named.values())):
        yield f"input.{name}: nobody takes it; name it in a log's or a complaints table's `input`"
