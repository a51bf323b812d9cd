"""Customers' zones as files, in the place of the DNS: `name TYPE value` a line; `name ! reason` could not be asked.

`# wanted: {…}` changes what is looked for, `# look: name` the domain. Other comments tell what is odd about the zone.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from collectors import customerdomain
from collectors.customerdomain.inquiry import Answer
from collectors.customerdomain.wanted import Wanted
from collectors.spf import Kind
from schemas.domain_events import CustomerDomainChecked
from schemas.domain_list import Listed
from streams import domainreport
from streams.domain_desk import texts
from streams.domainreport import Report
from streams.notices import LANGUAGES

GOLDEN = Path(__file__).parent / "golden"
WANTED = Wanted(ips=("192.0.2.1", "192.0.2.2", "2001:db8::1"), selectors=("s1",), spf_include="spf.isp.example")
AT = 1_772_363_045_000_000  # 2026-03-01, 11:04:05 UTC
_MOST_ALIASES = 16
REPORTED = (
    "01-all_in_order",
    "02-nothing_published",
    "03-no_such_domain",
    "05-two_of_each",
    "15-dkim_cname_wanted",
    "18-dmarc_reports_elsewhere",
)


class Zones:
    """What the DNS says, and how often it was asked."""

    def __init__(self, records: Mapping[tuple[str, str], tuple[str, ...]]) -> None:
        self._records = records
        self._names = {name for name, _ in records}
        self.asked: list[tuple[str, str]] = []

    async def __call__(self, name: str, kind: Kind) -> Answer:
        """Answer as a resolver does: aliases are followed, and a name exists where one below it does."""
        self.asked.append((name, kind))
        at = name
        for _ in range(_MOST_ALIASES):
            alias = "" if at == name else at
            if failure := self._records.get((at, "!")):
                return Answer(failure=failure[0], alias=alias)
            if values := self._records.get((at, kind)):
                return Answer(values, alias=alias)
            if not (target := self._records.get((at, "CNAME"))):
                there = any(each == at or each.endswith(f".{at}") for each in self._names)
                return Answer(missing=not there and not alias, alias=alias)
            at = target[0]
        return Answer(failure="no name server could tell (SERVFAIL or REFUSED)")


def read(text: str) -> tuple[Zones, Listed, Wanted]:
    """Return a file's zones, the domain to look at, and what is looked for."""
    records: dict[tuple[str, str], tuple[str, ...]] = {}
    domain, wanted = "a.example", WANTED
    for line in text.splitlines():
        if line.startswith("# look: "):
            domain = line.removeprefix("# look: ")
        elif line.startswith("# wanted: "):
            given = json.loads(line.removeprefix("# wanted: "))
            wanted = msgspec.structs.replace(WANTED, **{key: _fixed(value) for key, value in given.items()})
        elif line and not line.startswith("#"):
            name, kind, value = line.split(" ", 2)
            value = value.encode().decode("unicode_escape") if "\\x" in value else value
            records[name, kind] = (*records.get((name, kind), ()), value)
    return Zones(records), Listed(domain, "customer 7"), wanted


def _fixed(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def look(text: str) -> CustomerDomainChecked:
    """Return what a file's domain publishes."""
    zones, listed, wanted = read(text)
    return asyncio.run(customerdomain.look(listed, wanted, zones, AT))


def findings(event: CustomerDomainChecked) -> str:
    """Return an event as lines for people."""
    head = f"{event.domain}: {event.outcome} (mx {event.mx or '-'}, spf {event.spf or '-'}, dkim {event.dkim or '-'}"
    lines = [f"{head}, dmarc {event.dmarc or '-'}; {event.questions} questions)"]
    for each in event.checks:
        lines.append(f"{each.name} {each.outcome} {each.code}: {each.text}")
        lines += [f"    now: {each.record}"] if each.record else []
        lines += [f"    publish: {each.publish}"] if each.publish else []
    return "\n".join(lines) + "\n"


def expected() -> Iterator[tuple[Path, str]]:
    """Give each golden file about customers' domains, with what it should hold."""
    folder = GOLDEN / "customer_domains"
    for zone in sorted(folder.glob("*.zone")):
        yield zone.with_suffix(".expected"), findings(look(zone.read_text(encoding="utf-8")))
    looks = []
    for number, name in enumerate(REPORTED):
        event = look((folder / f"{name}.zone").read_text(encoding="utf-8"))
        looks.append(msgspec.structs.replace(event, domain=f"{'abcdef'[number]}.example"))
    for language in LANGUAGES:
        report = Report(
            customer="Müller & <Söhne>",
            language=language,
            looks=tuple(looks),
            unseen=("new.example",),
            company="Example ISP",
            support="+41 44 000 00 00",
        )
        said = domainreport.said(report, texts())
        yield GOLDEN / "domainreport" / f"{language}.txt", f"{said.subject}\n\n{said.text}"
        yield GOLDEN / "domainreport" / f"{language}.html", said.html
