"""What customers' domains publish for our mail (MX, SPF, DKIM, DMARC), by the newest look at each."""

from schemas.domain_events import FAILING, GRAVITY
from schemas.domain_words import sentence
from streams.notices import visible
from streams.reports.document import AnyBlock, Section, Text
from streams.reports.figures import Checked, Domains, Figures
from streams.reports.parts import View, named, said

_SORTS = ("mx", "spf", "dkim", "dmarc")
_MOST_NAMES, _MOST_FINDINGS = 10, 20
_TOLD_SO = {"no_such_domain": "no_such_domain_told"}


def section(figures: Figures, view: View) -> Section:
    """Return the section; a customer is told what to publish."""
    found = figures.domains
    if found is None:
        blocks: list[AnyBlock] = list(said(view, "domains_off"))
    elif not found.seen and not found.unseen:
        blocks = list(said(view, "no_domains"))
    else:
        blocks = [*_seen(found, view), *_unseen(found, view), *(_findings(found, view) if view.own else ())]
    return Section(title=view.tongue.say("domains"), blocks=tuple(blocks))


def _seen(found: Domains, view: View) -> list[AnyBlock]:
    if not found.seen:
        return []
    tongue = view.tongue
    failing = sum(each.outcome in FAILING for each in found.seen)
    lead = Text(
        text=tongue.say("domains_lead", failing, total=tongue.number(len(found.seen))), call=view.own and failing > 0
    )
    ranked = sorted(found.seen, key=lambda each: (-_weight(each.outcome), each.domain))
    told = ranked if view.own else [each for each in ranked if each.outcome in FAILING]
    rows = [(named(each.domain), *(tongue.say(f"result_{outcome}") for outcome in _results(each))) for each in told]
    if not rows:
        return [lead]
    return [lead, view.table(("domain", *_SORTS), rows)]


def _results(each: Checked) -> tuple[str, ...]:
    return each.mx, each.spf, each.dkim, each.dmarc


def _weight(outcome: str) -> int:
    return GRAVITY.index(outcome) if outcome in GRAVITY else 0


def _plain(text: str) -> str:
    return visible(text, len(text))


def _unseen(found: Domains, view: View) -> list[AnyBlock]:
    if not found.unseen:
        return []
    names = [named(each) for each in found.unseen[:_MOST_NAMES]]
    if len(found.unseen) > _MOST_NAMES:
        names.append("…")
    return [Text(text=view.tongue.say("unseen", len(found.unseen), names=", ".join(names)))]


def _findings(found: Domains, view: View) -> list[AnyBlock]:
    """Return what fails at a customer's domains, and the records to publish; of many at the first of the table."""
    told: list[AnyBlock] = []
    failing = sorted(
        (look for look in found.looks if any(check.outcome in FAILING for check in look.checks)),
        key=lambda look: (-_weight(look.outcome), look.domain),
    )
    for look in failing[:_MOST_FINDINGS]:
        for check in look.checks:
            if check.outcome in FAILING:
                words = sentence(_TOLD_SO.get(check.code, check.code), check.facts, view.tongue.language)
                told.append(Text(text=view.tongue.say("labelled", label=named(look.domain), text=_plain(words))))
                told += [
                    Text(text=view.tongue.say("publish", record=_plain(line))) for line in check.publish.splitlines()
                ]
    left = len(failing) - _MOST_FINDINGS
    return told if left <= 0 else [*told, Text(text=view.tongue.say("more_findings", left))]
