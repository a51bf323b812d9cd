"""What became of our mail: how much each provider took, and why the rest was refused or deferred."""

from collections.abc import Mapping

from schemas.reasons.words import language
from streams.reports.document import AnyBlock, Chart, Section, Series, Text
from streams.reports.figures import Counts, Figures, Traffic
from streams.reports.parts import View, named, said
from streams.reports.periods import bars

_MOST_REMEDIES = 3
_UNKNOWN = "unknown"


def section(figures: Figures, view: View) -> Section:
    """Return the section; where no log was read it says only that."""
    return Section(title=view.tongue.say("deliverability"), blocks=tuple(_blocks(figures, view)))


def _blocks(figures: Figures, view: View) -> list[AnyBlock]:
    if not figures.heard.slots:
        return [Text(text=view.tongue.say("age_none"), call=True)]
    if not figures.traffic.providers:
        return list(view.none("no_own_traffic" if view.own else "no_traffic"))
    found: list[AnyBlock] = [Text(text=_lead(figures, view)), _chart(figures, view), _providers(figures, view)]
    if not view.compares:
        found.append(Text(text=view.tongue.say("no_change" if figures.heard.before else "no_before")))
    return found + _reasons(figures.traffic, view)


def total(counts: Mapping[str, Counts]) -> Counts:
    """Return the sum of all."""
    return sum(counts.values(), Counts())


def _lead(figures: Figures, view: View) -> str:
    now = total(figures.traffic.providers).share()
    before = total(figures.traffic.before).share() if view.compares else None
    if now is None:
        return view.tongue.say("nothing_ended")
    name = "delivered_lead" if before is not None else "delivered_alone"
    return view.tongue.say(name, share=view.tongue.percent(now), change=view.tongue.change(now, before))


def _chart(figures: Figures, view: View) -> Chart:
    tongue, spans = view.tongue, bars(view.period)
    slots = [begins // 1_000_000 for begins, _ in spans]
    counts = [figures.traffic.slots.get(slot, Counts()) for slot in slots]
    whole = sum(counts, Counts())
    peak = max(range(len(spans)), key=lambda each: counts[each].all)
    unheard = {number for number, slot in enumerate(slots) if slot not in figures.heard.slots}
    partly = {number for number, span in enumerate(spans) if figures.heard.missing(*span)}
    daily = view.period.every == "daily"
    labels = [(tongue.hour if daily else tongue.short_day)(begins) for begins, _ in spans]
    at, _ = spans[peak]
    return Chart(
        title=tongue.say("chart_traffic"),
        alt=tongue.say(
            "alt_traffic",
            sent=view.count(whole.sent),
            deferred=view.count(whole.deferred),
            bounced=view.count(whole.bounced),
            peak=tongue.time(at) if daily else tongue.short_day(at),
            most=tongue.number(counts[peak].all),
        ),
        labels=tuple(labels),
        series=(
            Series(tongue.say("delivered"), "delivered", tuple(float(each.sent) for each in counts)),
            Series(tongue.say("deferred"), "deferred", tuple(float(each.deferred) for each in counts)),
            Series(tongue.say("bounced"), "bounced", tuple(float(each.bounced) for each in counts)),
        ),
        unknown=tuple(sorted({*unheard, *partly})),
        unknown_label=tongue.say("unknown" if not partly - unheard else "partly_unknown"),
    )


def _providers(figures: Figures, view: View) -> AnyBlock:
    traffic, tongue = figures.traffic, view.tongue
    before = traffic.before if view.compares else {}
    ranked = sorted(traffic.providers.items(), key=lambda each: (-each[1].all, each[0]))
    rows = [
        (
            named(name) or "?",
            tongue.number(now.all),
            tongue.percent(now.share()),
            tongue.change(now.share(), before.get(name, Counts()).share()),
            view.count(now.deferred),
            view.count(now.bounced),
        )
        for name, now in ranked
    ]
    return view.table(("provider", "attempts", "share", "points", "deferred", "bounced"), rows, numbers=5, less=(3, 4))


def _reasons(traffic: Traffic, view: View) -> list[AnyBlock]:
    if not traffic.reasons:
        return []
    words = language(view.tongue.language).words
    known: dict[str, Counts] = {}
    for name, counts in traffic.reasons.items():
        place = name if name in words else _UNKNOWN
        known[place] = known.get(place, Counts()) + counts
    ranked = sorted(known.items(), key=lambda each: (-each[1].bounced, -each[1].deferred, each[0]))
    rows = [(words[name].title, view.count(counts.bounced), view.count(counts.deferred)) for name, counts in ranked]
    remedies = [
        Text(
            text=view.tongue.say(
                "labelled",
                label=words[name].title,
                text=words[name].customer if view.own else words[name].operator,
            )
        )
        for name, _ in ranked[:_MOST_REMEDIES]
    ]
    return [*said(view, "why"), view.table(("reason", "bounced", "deferred"), rows, numbers=2), *remedies]
