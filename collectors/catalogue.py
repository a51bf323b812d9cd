"""The catalogue of lists as rows for `relaywarden dnsbl --catalogue`, and as the tables of docs/lists.md.

`python -m collectors.catalogue --write` brings the document up to date.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path

import msgspec

from collectors import dnsbl
from collectors.dead_lists import NO_LISTS
from collectors.dnsbl import Dnsbl

DOCUMENT = Path(__file__).parents[1] / "docs" / "lists.md"
BEGIN, END = "<!-- tables: python -m collectors.catalogue --write -->\n", "<!-- end -->\n"
_URL = re.compile(r"https?://[^\s)>\"]+")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one list: `codes` maps each return code (or bit, or network of codes) to its meaning."""

    list: str
    kind: str
    zone: str
    operator: str
    scope: str
    weight: float
    about: str
    codes: dict[str, str]
    removal: str
    lasts_hours: int
    lasts: str
    needs: str
    key_env: str
    queries_a_day: int
    seen: str
    includes: tuple[str, ...]
    sources: tuple[str, ...]


def entry(name: str) -> Entry:
    """Return what is known of the list called `name`. ValueError where there is none."""
    known = dnsbl.load(name)
    text = import_module(f"collectors.dnsbl.{name}").__doc__ or ""
    return Entry(
        list=name,
        kind=known.kind,
        zone=known.zone,
        operator=known.operator,
        scope=known.scope,
        weight=known.weight,
        about=text.partition("\n")[0],
        codes=_codes(known),
        removal=known.way_out,
        lasts_hours=known.lasts_hours,
        lasts=known.lasts or (f"{known.lasts_hours} h after the last hit" if known.lasts_hours else ""),
        needs=known.needs,
        key_env=known.key_env,
        queries_a_day=known.queries_a_day,
        seen=known.seen,
        includes=known.includes,
        sources=tuple(_URL.findall(text)),
    )


def entries() -> tuple[Entry, ...]:
    """Return what is known of all lists: those of IPs first, then those of domains."""
    found = map(entry, dnsbl.names())
    return tuple(sorted(found, key=lambda each: (each.kind != "ip", each.list)))


def _codes(known: Dnsbl) -> dict[str, str]:
    """Return the meaning of each code; what is no listing says so."""
    return (
        known.listed
        | {f"bit {bit}": text for bit, text in known.bits.items()}
        | ({"any other": known.other} if known.other else {})
        | {code: f"no listing: {text}" for code, text in known.good.items()}
        | {code: f"unknown: {text}" for code, text in known.errors.items()}
    )


def shown(each: Entry) -> dict[str, object]:
    """Return the columns that a terminal has room for."""
    return {
        "list": each.list,
        "kind": each.kind,
        "zone": each.zone,
        "operator": each.operator,
        "scope": each.scope if each.kind == "ip" else "domain",
        "weight": f"{each.weight:g}" if each.kind == "ip" else "-",
        "lasts": each.lasts or "-",
        "needs": each.needs or "-",
        "a day": each.queries_a_day or "-",
        "removal": each.removal,
    }


def tables() -> str:
    """Return the tables of the document."""
    lines: list[str] = []
    for kind, title in (("ip", "Lists of IPs"), ("domain", "Lists of domains")):
        found = [each for each in entries() if each.kind == kind]
        lines += [f"## {title} ({len(found)})", "", *_table(found, with_weight=kind == "ip"), ""]
    lines += ["## What each code means", ""]
    lines += [line for each in entries() for line in _section(each)]
    lines += ["## Refused", "", "| zone, with all below it | why |", "|---|---|"]
    lines += [f"| {zone} | {why} |" for zone, why in NO_LISTS.items()]
    return "\n".join(lines) + "\n"


def _table(found: Iterable[Entry], *, with_weight: bool) -> Iterator[str]:
    weight = " scope | weight |" if with_weight else ""
    yield f"| list | zone | operator |{weight} lasts | needs | questions a day | removal | seen alive |"
    yield "|---|---|---|" + ("---|---|" if with_weight else "") + "---|---|---|---|---|"
    for each in found:
        of_ips = f" {each.scope} | {each.weight:g} |" if with_weight else ""
        removal = each.removal.removeprefix("mailto:")
        yield (
            f"| `{each.list}` | `{each.zone}` | {each.operator} |{of_ips} {each.lasts} | {each.needs} | "
            f"{each.queries_a_day or ''} | {removal} | {each.seen} |"
        )


def _section(each: Entry) -> Iterator[str]:
    yield f"### {each.list}"
    yield ""
    yield each.about
    if each.includes:
        yield f"Holds what is in {', '.join(each.includes)}, too: ask either."
    yield ""
    yield from (f"- {code}: {text}" for code, text in each.codes.items())
    yield ""
    if each.sources:
        yield "Sources: " + ", ".join(f"<{url}>" for url in each.sources)
        yield ""


def renewed(text: str) -> str:
    """Return the document with the tables as the catalogue is now. ValueError where its marks are missing."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{DOCUMENT}: lacks the mark {BEGIN.strip()!r} or {END.strip()!r}")
    return f"{before}{begin}{tables()}{end}{after}"


def main() -> int:
    """Print the tables, or write them into the document."""
    if "--write" in sys.argv[1:]:
        DOCUMENT.write_text(renewed(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        sys.stdout.write(tables())
    return 0


if __name__ == "__main__":
    sys.exit(main())
