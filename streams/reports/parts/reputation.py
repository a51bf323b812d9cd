"""What others make of the pool's IPs: which list named which, how long each was withdrawn, how listings ended."""

from streams.reports.document import AnyBlock, Chart, Section, Series, Text
from streams.reports.figures import Counts, Figures, Reputation
from streams.reports.parts import View, named, said

_HOUR_SECONDS = 3600
_MOST_BARS = 24


def section(figures: Figures, view: View) -> Section:
    """Return the section."""
    found = figures.reputation
    blocks = [*_listings(found, view), *_ips(found, view), *_delisted(found, view)]
    return Section(title=view.tongue.say("reputation"), blocks=tuple(blocks))


def _listings(found: Reputation, view: View) -> list[AnyBlock]:
    tongue = view.tongue
    if not found.lists:
        return [Text(text=tongue.say("no_lists"), call=True)]
    silent = [named(each.list) for each in found.lists if each.unknown == each.answers]
    told = [tongue.say("lists_asked", len(found.lists))]
    if silent:
        told.append(tongue.say("lists_silent", len(silent), names=tongue.listed(silent)))
    if not found.listings:
        return [Text(text=" ".join([*told, tongue.say("no_listing")]))]
    rows = [
        (named(each.ip), named(each.list), tongue.moment(each.since), tongue.say("still" if each.still else "gone"))
        for each in sorted(found.listings, key=lambda each: (not each.still, each.ip, each.list))
    ]
    told.append(tongue.say("listings", len(rows)))
    return [Text(text=" ".join(told)), view.table(("ip", "list", "since", "state"), rows)]


def _ips(found: Reputation, view: View) -> list[AnyBlock]:
    """Return how each IP did; of the management's report only which were withdrawn."""
    tongue = view.tongue
    away = sorted(found.hours.items(), key=lambda each: (-each[1], each[0]))
    blocks: list[AnyBlock] = [_chart(away[:_MOST_BARS], view)] if away else list(said(view, "none_withdrawn"))
    rows = [
        (
            ip,
            tongue.number(found.hours.get(ip, 0.0), 1),
            view.count(found.traffic.get(ip, Counts()).all),
            tongue.percent(found.traffic.get(ip, Counts()).share()),
        )
        for ip in dict.fromkeys((*(ip for ip, _ in away), *found.ips))
    ]
    if rows and view.audience == "noc":
        blocks.append(view.table(("ip", "withdrawn_hours", "attempts", "share"), rows, numbers=3))
    return blocks


def _chart(away: list[tuple[str, float]], view: View) -> Chart:
    tongue = view.tongue
    figures = ", ".join(f"{named(ip)}: {tongue.number(hours, 1)}" for ip, hours in away)
    return Chart(
        title=tongue.say("chart_withdrawn"),
        alt=tongue.say("alt_withdrawn", figures=figures),
        labels=tuple(named(ip) for ip, _ in away),
        series=(Series(tongue.say("withdrawn_hours"), "bounced", tuple(hours for _, hours in away)),),
    )


def _delisted(found: Reputation, view: View) -> list[AnyBlock]:
    if not found.delisted:
        return []
    rows = [
        (
            named(each.list),
            named(each.subject),
            view.tongue.say(f"outcome_{each.outcome}"),
            view.tongue.number(each.took_seconds / _HOUR_SECONDS, 1),
        )
        for each in found.delisted
    ]
    return [*said(view, "delisted"), view.table(("list", "ip", "outcome", "took"), rows, numbers=1)]
