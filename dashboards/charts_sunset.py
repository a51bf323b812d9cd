"""The Sunset page's charts: what is left each week, what letters brought and became, when stages are off.

Colours never stand alone: bars bear the language or state in words, and what is not known is pale in a dashed frame.
"""

from datetime import UTC, date, datetime, timedelta
from math import exp
from typing import Any

import altair as alt
import pandas as pd

from dashboards import stages
from dashboards.charts import Chart, coloured, local
from dashboards.palette import BOUNCED, DEFERRED, DELIVERED, OTHER, QUIET, THIRD
from dashboards.stages import Standing

_LANGUAGES = {"de": DELIVERED, "fr": DEFERRED, "it": OTHER, "en": THIRD, "unknown": QUIET}
_STATES = {
    "delivered": ("● delivered", DELIVERED),
    "sent": ("○ sent", "#A9C9DE"),
    "on its way": ("◆ on its way", OTHER),
    "waiting": ("· waiting", QUIET),
    "withdrawn": ("○ withdrawn", THIRD),
    "bounced": ("■ bounced", BOUNCED),
    "refused": ("■ refused", "#8F3A28"),
    "nobody to write to": ("▲ nobody to write to", DEFERRED),
}
_INK = "#14202A"
_WEEK = timedelta(days=7)
_FORWARD = 400
_BEYOND = timedelta(days=28)
_DASH = [4, 3]
_TALL_ENOUGH = 0.06
_FEW, _LABELLED = 3, 26
_ENTRY = 18  # pixels of a line of a legend
_ROW = 17  # pixels of a bar with what stands beside it
_NAME = 0.3  # of the width is for what stands beside the longest bar: on a phone 80 pixels, "50 % so far" has 65
_TICKS, _MOST_TICKS = (5, 10, 25), 6
_DAY = 86_400_000_000


def _noon(day: date) -> str:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC).isoformat()


def _start(day: date) -> str:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).isoformat()


def _time(field: str, title: str | None = None) -> alt.X:
    axis = alt.Axis(format="%d %b", grid=False, labelOverlap=True, tickCount=8)
    return alt.X(f"{field}:T", title=title, scale=alt.Scale(type="utc"), axis=axis)


def _colour(field: str, colours: dict[str, str]) -> alt.Color:
    return coloured(field, list(colours), list(colours.values()))


def _rule(day: date, label: str, colour: str = BOUNCED) -> list[alt.Chart]:
    """Return a line of a colour through a day, with its name at the top."""
    data = pd.DataFrame({"day": [_noon(day)], "label": [label]})
    line = alt.Chart(data).mark_rule(color=colour, strokeWidth=2, strokeDash=[6, 3])
    name = alt.Chart(data).mark_text(dy=-3, baseline="bottom", color=BOUNCED, fontWeight=600)
    at_top = name.encode(x=_time("day"), y=alt.value(0), text=alt.Text("label:N"), tooltip=[alt.Tooltip("label:N")])
    return [line.encode(x=_time("day"), tooltip=[alt.Tooltip("label:N")]), at_top]


def parts_of(weeks: pd.DataFrame) -> pd.DataFrame:
    """Return the bars of the burn-down: a row for each week and language, stacked, with its days and what it says."""
    shown = weeks.assign(language=weeks["language"].replace("", "unknown"))
    order = {name: place for place, name in enumerate(_LANGUAGES)}
    shown = shown.assign(place=[order.get(each, len(order)) for each in shown["language"]])
    shown = shown.sort_values(["monday", "place", "language"], ignore_index=True)
    top = shown.groupby("monday")["open"].cumsum()
    most = max(1, int(shown.groupby("monday")["open"].sum().max()))
    told = (shown["open"] >= most * _TALL_ENOUGH) & (shown["monday"].nunique() <= _LABELLED)
    begins = [date.fromisoformat(day) for day in shown["monday"]]
    return shown.assign(
        top=top,
        floor=top - shown["open"],
        middle=top - shown["open"] / 2,
        start=[_start(day) for day in begins],
        noon=[_noon(day + timedelta(days=3)) for day in begins],
        end=[_start(day + _WEEK) for day in begins],
        named=shown["language"].where(told, ""),
        log=["all read" if not days else f"not read on {days} days: may be fewer" for days in shown["unheard"]],
        known=shown["unheard"] == 0,
    )


def line_of(forecast: dict[str, Any], until: date | None) -> pd.DataFrame:
    """Return the forecast, a point a week from the day it was made to the day nothing is left, at most to `until`."""
    if not forecast["nothing_left"] or not forecast["open"]:
        return pd.DataFrame(columns=["day", "open"])
    begin, nothing = (date.fromisoformat(forecast[name]) for name in ("counted", "nothing_left"))
    last = min(nothing, max(until or begin, begin + _BEYOND), begin + timedelta(days=_FORWARD))
    days = [*range(0, (last - begin).days, 7), (last - begin).days]
    left = [exp(forecast["level"] + forecast["slope"] * each) for each in days]
    return pd.DataFrame({"day": [_noon(begin + timedelta(days=each)) for each in days], "open": left})


def burndown(weeks: pd.DataFrame, forecast: dict[str, Any] | None, ends: date | None) -> Chart:
    """Return what is open at each week's end by language, the forecast as a dashed line, and the day it ends."""
    parts = parts_of(weeks)
    tooltip = [
        alt.Tooltip("monday:N", title="week from"),
        alt.Tooltip("language:N"),
        *(alt.Tooltip(f"{name}:Q") for name in ("open", "done", "exempt", "relapsed", "customers", "messages")),
        alt.Tooltip("log:N"),
    ]
    place: dict[str, Any] = {
        "x": _time("start"),
        "x2": alt.X2("end:T"),
        "y": alt.Y("floor:Q", title="open mailboxes", axis=alt.Axis(tickCount=4, tickMinStep=1)),
        "y2": alt.Y2("top:Q"),
        "color": _colour("language", {name: _LANGUAGES.get(name, QUIET) for name in dict.fromkeys(parts["language"])}),
        "tooltip": tooltip,
    }
    layers = [alt.Chart(parts[parts["known"]]).mark_rect(stroke="white", strokeWidth=1).encode(**place)]
    if not parts["known"].all():
        pale = alt.Chart(parts[~parts["known"]]).mark_rect(opacity=0.3, stroke=QUIET, strokeDash=_DASH, strokeWidth=2)
        layers.append(pale.encode(**place))
    for known, ink in ((True, _INK), (False, QUIET)):
        names = alt.Chart(parts[(parts["named"] != "") & (parts["known"] == known)]).mark_text(color=ink, fontSize=11)
        layers.append(names.encode(x=_time("noon"), y=alt.Y("middle:Q"), text=alt.Text("named:N"), tooltip=tooltip))
    line = line_of(forecast, ends + _BEYOND if ends else None) if forecast else pd.DataFrame()
    if len(line):
        drawn = alt.Chart(line.assign(what="forecast")).mark_line(color=QUIET, strokeDash=_DASH, strokeWidth=2.5)
        layers.append(
            drawn.encode(
                x=_time("day"), y=alt.Y("open:Q"), tooltip=[alt.Tooltip("what:N"), alt.Tooltip("open:Q", format=".0f")]
            )
        )
    if ends is not None:
        layers += _rule(ends, f"ends {ends:%d %b}")
    return alt.layer(*layers, height=300)


def responses(told: pd.DataFrame) -> Chart:
    """Return the share that stopped after each letter, a bar a language; pale is what is not known to its end yet."""
    shown = told.assign(
        language=told["language"].replace("", "unknown"),
        share=100 * told["stopped"] / told["mailboxes"].where(told["mailboxes"] > 0),
        letter=told["number"].astype(str),
    )
    so_far = shown["settled"].map({True: "", False: " so far"})
    shown = shown.assign(
        row=shown["letter"] + " " + shown["language"], named=shown["share"].map("{:.0f} %".format) + so_far
    )
    shown = shown.dropna(subset=["share"])
    tooltip = [
        alt.Tooltip("letter:N"),
        alt.Tooltip("language:N"),
        alt.Tooltip("share:Q", format=".1f"),
        alt.Tooltip("mailboxes:Q"),
        alt.Tooltip("stopped:Q"),
        alt.Tooltip("state:N"),
    ]
    most = max(1.0, float(shown["share"].max()))
    room = alt.Scale(domain=[0, most / (1 - _NAME)], nice=False)
    order = {name: place for place, name in enumerate(_LANGUAGES)}
    placed = shown.assign(place=shown["language"].map(order).fillna(len(order)))
    rows = list(placed.sort_values(["number", "place", "language"])["row"])
    tick = next(each for each in _TICKS if most <= _MOST_TICKS * each)
    ticks = alt.Axis(values=list(range(0, int(most) + 1, tick)), grid=False)
    place: dict[str, Any] = {
        "y": alt.Y("row:N", title="letter", sort=rows, axis=alt.Axis(ticks=False, domain=False, labelOverlap=False)),
        "x": alt.X("share:Q", title="stopped within a week, %", scale=room, axis=ticks),
        "tooltip": tooltip,
    }
    colours = {name: _LANGUAGES.get(name, QUIET) for name in dict.fromkeys(shown["language"])}
    colour = _colour("language", colours)
    known, growing = shown[shown["settled"]], shown[~shown["settled"]]
    bars = [alt.Chart(known).mark_bar().encode(**place, color=colour)] if len(known) else []
    if len(growing):
        pale = alt.Chart(growing).mark_bar(opacity=0.4, stroke=QUIET, strokeDash=_DASH)
        bars.append(pale.encode(**place, color=colour))
    names = alt.Chart(shown).mark_text(align="left", dx=5, color=QUIET, fontSize=11)
    layers = [*bars, names.encode(**place, text=alt.Text("named:N"))]
    return alt.layer(*layers, height=alt.Step(_ROW))  # each has a line of its own, on a phone too


def letters(told: pd.DataFrame) -> Chart:
    """Return the letters of each week, stacked by what became of them."""
    order = {state: place for place, state in enumerate(_STATES)}
    shown = told.assign(
        place=told["state"].map(order).fillna(len(order)),
        told=[_STATES[each][0] if each in _STATES else f"? {each}" for each in told["state"]],
        number=told["week"].astype(str),
    )
    colours = {label: colour for label, colour in _STATES.values() if label in set(shown["told"])}
    colours |= {label: QUIET for label in shown["told"] if label not in colours}
    bars = alt.Chart(shown).mark_bar(stroke="white", strokeWidth=1)
    drawn = bars.encode(
        x=alt.X("number:O", title="week", sort=None, axis=alt.Axis(labelAngle=0)),
        y=alt.Y("letters:Q", title="letters", axis=alt.Axis(tickCount=4, tickMinStep=1)),
        color=_colour("told", colours),
        order=alt.Order("place:Q"),
        tooltip=[alt.Tooltip("number:N", title="week"), alt.Tooltip("told:N", title="state"), alt.Tooltip("letters:Q")],
    )
    return alt.layer(drawn, height=220 + _ENTRY * len(colours))  # on a phone the legend has a line for each state


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1_000_000, UTC).isoformat()


def plan(every: list[Standing], now: int, ends: date | None) -> Chart:
    """Return when each stage is planned to be off: brown-outs, and from its close on; with now and the day it ends."""
    lanes = {each.stage.number: f"{each.stage.number}: {stages.cut(each.stage)}" for each in every}
    last = max(now, *(each.stage.closes for each in every))
    edge = max(_moment(last + 3 * _DAY), _start(ends + timedelta(days=3)) if ends else "")
    rows = []
    for each in every:
        lane = lanes[each.stage.number]
        rows += [
            (lane, _moment(off.begins), _moment(off.ends), "◆ brown-out", f"{lane}: brown-out")
            for off in each.stage.brownouts
        ]
        rows.append((lane, _moment(each.stage.closes), edge, "■ closed", f"{lane}: closes"))
    data = pd.DataFrame(rows, columns=["lane", "start", "end", "what", "said"])
    axis = alt.Axis(labelLimit=180, labelOverlap=False, ticks=False, domain=False)
    place = alt.Y("lane:N", title=None, sort=list(lanes.values()), axis=axis)
    bars = (
        alt.Chart(data)
        .mark_rect(stroke=QUIET, strokeWidth=1)
        .encode(
            x=_time("start"),
            x2=alt.X2("end:T"),
            y=place,
            color=_colour("what", {"◆ brown-out": DEFERRED, "■ closed": BOUNCED}),
            tooltip=[
                alt.Tooltip("said:N"),
                *(
                    alt.Tooltip(f"{end}:T", format="%d %b %H:%M UTC", timeUnit="utcyearmonthdatehoursminutes")
                    for end in ("start", "end")
                ),
                local("start", "start, local time"),
            ],
        )
    )
    closes = data[data["what"] == "■ closed"].assign(mark="■")
    marks = (
        alt.Chart(closes)
        .mark_text(color=BOUNCED, align="right", dx=-3)
        .encode(x=_time("start"), y=place, text=alt.Text("mark:N"))
    )
    here = pd.DataFrame({"at": [_moment(now)], "label": ["now"]})
    rule = alt.Chart(here).mark_rule(color=QUIET, strokeWidth=2).encode(x=_time("at"), tooltip=[alt.Tooltip("label:N")])
    name = alt.Chart(here).mark_text(dy=-3, baseline="bottom", color=QUIET, fontWeight=600)
    layers = [bars, marks, rule, name.encode(x=_time("at"), y=alt.value(0), text=alt.Text("label:N"))]
    if ends is not None:
        layers += _rule(ends, f"ends {ends:%d %b}", QUIET)
    return alt.layer(*layers, height=30 * max(_FEW, len(every)) + 110)
