"""What a customer's administrator must publish for his domains, in his language, with the records to copy. Pure.

A template is a text of paragraphs parted by blank lines; its first line is `Subject: …`. A paragraph that begins with
`# ` is a heading, lines that begin with `- ` are a list, and lines that begin with four blanks are records to copy.
The HTML is made of the same paragraphs by `layout.html`, so that both say the same.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
from babel import Locale
from babel.dates import format_date
from jinja2 import DictLoader, Environment, StrictUndefined

from schemas.domain_events import FAILING, GRAVITY, CustomerDomainChecked, DomainCheck
from schemas.domain_words import sentence
from schemas.moments import moment_of

Language = Literal["de", "fr", "it", "en"]
LANGUAGES: tuple[Language, ...] = ("de", "fr", "it", "en")
LAYOUT = "layout.html"
_LOCALES = {"de": "de", "fr": "fr", "it": "it", "en": "en_GB"}
_TITLES = {"domain": "DNS", "mx": "MX", "spf": "SPF", "dkim": "DKIM", "dmarc": "DMARC"}
_TOLD_SO = {"no_such_domain": "no_such_domain_told"}
"""Findings of which the customer is told in other words than the abuse desk."""
_TO_DO, _TOLD = ("fail", "absent"), ("advice", "unknown")


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be told a customer: the newest look at each domain, and those that were never looked at."""

    customer: str
    language: Language
    looks: tuple[CustomerDomainChecked, ...] = ()
    unseen: tuple[str, ...] = ()
    company: str = ""
    support: str = ""


class Said(msgspec.Struct, frozen=True):
    """A report's words."""

    subject: str
    text: str
    html: str


class Block(msgspec.Struct, frozen=True):
    """A paragraph of the HTML ("text", "ul", "pre" or "h2"), with its lines."""

    kind: str
    lines: tuple[str, ...]


def said(report: Report, texts: Mapping[str, str]) -> Said:
    """Return a report in words; `texts` are the templates by their names (`de.txt`, `layout.html`)."""
    environment = Environment(
        loader=DictLoader(dict(texts)),
        undefined=StrictUndefined,
        autoescape=lambda name: name == LAYOUT,  # noqa: S701 the text part is no HTML
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filled = environment.get_template(f"{report.language}.txt").render(_context(report))
    first, _, rest = filled.partition("\n")
    subject, text = first.removeprefix("Subject: ").strip(), re.sub(r"\n{3,}", "\n\n", rest.strip("\n")) + "\n"
    context = {"subject": subject, "language": report.language, "blocks": blocks(text)}
    return Said(subject, text, environment.get_template(LAYOUT).render(context))


def _context(report: Report) -> dict[str, object]:
    locale = Locale.parse(_LOCALES[report.language])
    looks = sorted(report.looks, key=lambda each: (-GRAVITY.index(each.outcome), each.domain))
    return {
        "customer": _visible(report.customer),
        "company": report.company,
        "support": report.support,
        "failing": sum(each.outcome in FAILING for each in looks),
        "domains": [
            {
                "name": _visible(each.domain),
                "day": format_date(moment_of(each.at), "long", locale=locale),
                "to_do": _findings(each, _TO_DO, report.language),
                "told": _findings(each, _TOLD, report.language),
                "in_order": _in_order(each),
            }
            for each in looks
        ],
        "unseen": [_visible(name) for name in report.unseen],
    }


def _findings(look: CustomerDomainChecked, outcomes: Sequence[str], language: str) -> list[dict[str, object]]:
    return [
        {
            "title": _TITLES[each.name],
            "code": each.code,
            "sentence": _visible(sentence(_TOLD_SO.get(each.code, each.code), each.facts, language)),
            "record": _visible(each.record),
            "publish": [_visible(line) for line in each.publish.splitlines()],
            "ours_to_send": _ours_to_send(each),
            "elsewhere": each.code == "dmarc_rua_refused",
        }
        for each in look.checks
        if each.outcome in outcomes
    ]


def _ours_to_send(each: DomainCheck) -> bool:
    """Tell whether the record is a key that only we know."""
    return each.name == "dkim" and each.outcome in FAILING and not each.publish


def _in_order(look: CustomerDomainChecked) -> str:
    """Return the sorts of checks of which each passes."""
    outcomes = {"MX": look.mx, "SPF": look.spf, "DKIM": look.dkim, "DMARC": look.dmarc}
    return ", ".join(title for title, outcome in outcomes.items() if outcome == "pass")


def _visible(text: str) -> str:
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def blocks(text: str) -> list[Block]:
    """Return the paragraphs, lists, records and headings of a text."""
    found: list[Block] = []
    for part in filter(None, (part.strip("\n") for part in re.split(r"\n[ \t]*\n", text))):
        lines = part.split("\n")
        for kind, mark in (("h2", "# "), ("ul", "- "), ("pre", "    ")):
            if all(line.startswith(mark) for line in lines):
                found.append(Block(kind, tuple(line.removeprefix(mark) for line in lines)))
                break
        else:
            found.append(Block("text", tuple(lines)))
    return found
