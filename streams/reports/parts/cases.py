"""Mailboxes that look compromised, what was done about them, and the customers of whom several are under attack."""

from streams.reports.document import AnyBlock, Section, Text
from streams.reports.figures import Cases, Figures, Step
from streams.reports.parts import View, named

_SUSPENDED = "mailbox_suspended"
_PROPOSE = "propose"


def section(figures: Figures, view: View) -> Section:
    """Return the section; a customer sees what was done to his mailboxes."""
    title = view.tongue.say("cases_own" if view.own else "cases")
    if not figures.heard.slots:
        return Section(title=title, blocks=(Text(text=view.tongue.say("age_none"), call=True),))
    blocks = [*_steps(figures, view), *(() if view.own else _cases(figures.cases, view))]
    return Section(title=title, blocks=tuple(blocks))


def _steps(figures: Figures, view: View) -> list[AnyBlock]:
    found, tongue = figures.cases, view.tongue
    if not found.steps:
        return list(view.none("no_steps"))
    barred = sum(each.type == _SUSPENDED and each.mode != _PROPOSE for each in found.steps)
    name = "suspended_lead" if figures.heard.before else "suspended_alone"
    lead = Text(text=tongue.say(name, barred, before=tongue.number(found.before)))
    newest = sorted(found.steps, key=lambda each: (-each.at, each.mailbox))
    rows = [(named(each.mailbox), _what(each, view), tongue.moment(each.at)) for each in newest]
    return [lead, view.table(("mailbox", "what", "when"), rows)]


def _what(step: Step, view: View) -> str:
    what = view.tongue.say(step.type)
    return view.tongue.say("proposed", what=what) if step.mode == _PROPOSE else what


def _cases(found: Cases, view: View) -> list[AnyBlock]:
    if not found.cases:
        return []
    tongue = view.tongue
    rows = [
        (
            named(each.customer),
            tongue.moment(each.opened),
            tongue.say("closed" if each.closed else "open"),
            tongue.number(each.mailboxes),
        )
        for each in found.cases
    ]
    return [
        Text(text=tongue.say("open_cases", len(rows))),
        view.table(("customer", "since", "state", "mailboxes"), rows, numbers=1),
    ]
