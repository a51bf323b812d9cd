"""What a customer's administrator must publish for his domains, in his language, with the records to copy. Pure.

Of a template (`streams.notices.paragraphs`) a paragraph that begins with `# ` is a heading, lines that begin with `- `
are a list, and lines that begin with four blanks are records to copy.
"""

import re
from collections.abc import Mapping, Sequence

import msgspec
from babel import Locale
from babel.dates import format_date

from schemas.domain_events import FAILING, GRAVITY, CustomerDomainChecked, DomainCheck
from schemas.domain_words import sentence
from schemas.moments import moment_of
from streams.notices import LAYOUT, Language, visible
from streams.notices.paragraphs import LIST, LOCALES, Words, blocks, environment, parted

_MARKS = (("h2", re.compile("# ")), LIST, ("pre", re.compile("    ")))
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


def said(report: Report, texts: Mapping[str, str]) -> Words:
    """Return a report in words; `texts` are the templates by their names (`de.txt`, `layout.html`)."""
    filling = environment(texts)
    first, text = parted(filling.get_template(f"{report.language}.txt").render(_context(report)))
    subject = first.removeprefix("Subject: ").strip()
    context = {"subject": subject, "language": report.language, "blocks": blocks(text, _MARKS)}
    return Words(subject, text, filling.get_template(LAYOUT).render(context))


def _context(report: Report) -> dict[str, object]:
    locale = Locale.parse(LOCALES[report.language])
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
    return visible(text, len(text))
