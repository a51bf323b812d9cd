"""What is going away: how many mailboxes use it still, week by week; of a customer, which of his own."""

from streams.reports.document import AnyBlock, Chart, Section, Series, Text
from streams.reports.figures import Ending, Figures
from streams.reports.parts import View, named, said
from streams.reports.periods import over_on
from streams.reports.words import NONE

_MOST_WEEKS = 26


def section(figures: Figures, view: View) -> Section:
    """Return the section."""
    title = view.tongue.say("sunset")
    if not figures.endings:
        return Section(title=title, blocks=view.none("no_own_sunset") if view.own else said(view, "no_sunset"))
    of = _own if view.own else _whole
    return Section(title=title, blocks=tuple(block for each in figures.endings for block in of(each, view)))


def _lead(ending: Ending, view: View) -> str:
    tongue = view.tongue
    name = "ends_on" if over_on(view.period) <= ending.ends else "ended_on"
    return tongue.say(name, kind=tongue.say(ending.kind), day=tongue.written(ending.ends))


def _own(ending: Ending, view: View) -> list[AnyBlock]:
    tongue, told = view.tongue, [_lead(ending, view)]
    if ending.done:
        told.append(tongue.say("own_done", ending.done))
    if ending.exempt:
        told.append(tongue.say("own_exempt", ending.exempt))
    if not ending.using:
        return [Text(text=" ".join(told))]
    told.append(tongue.say("own_using", len(ending.using)))
    rows = [(named(each.mailbox), tongue.moment(each.last) if each.last else NONE) for each in ending.using]
    return [Text(text=" ".join(told), call=True), view.table(("mailbox", "last_use"), rows)]


def _whole(ending: Ending, view: View) -> list[AnyBlock]:
    tongue, told = view.tongue, [_lead(ending, view)]
    if not ending.weeks:
        return [Text(text=" ".join([*told, tongue.say("not_counted")]))]
    newest = ending.weeks[-1]
    told.append(tongue.say("left_open", newest.open, found=tongue.number(newest.found)))
    told.append(
        tongue.say("forecast", day=tongue.written(ending.nothing_left))
        if ending.nothing_left
        else tongue.say("no_forecast")
    )
    weeks = ending.weeks[-_MOST_WEEKS:]
    figures = ", ".join(f"{tongue.week(each.monday)}: {tongue.number(each.open)}" for each in weeks)
    chart = Chart(
        title=tongue.say("chart_open"),
        alt=tongue.say("alt_open", figures=figures),
        labels=tuple(tongue.week(each.monday) for each in weeks),
        series=(Series(tongue.say("mailboxes"), "delivered", tuple(float(each.open) for each in weeks)),),
        lines=True,
    )
    return [Text(text=" ".join(told)), chart]
